import { afterEach, describe, expect, it } from "vitest";
import { stepRow } from "./shortcuts";

function list(rows: number): HTMLElement {
  const main = document.createElement("main");
  main.innerHTML = `<table><tbody>${'<tr data-row="x" tabindex="0"><td><button>b</button></td></tr>'.repeat(rows)}</tbody></table>`;
  document.body.append(main);
  return main;
}
const focused = (main: HTMLElement) =>
  [...main.querySelectorAll("tr")].findIndex((row) => row.contains(document.activeElement));

afterEach(() => document.body.replaceChildren());

describe("stepRow", () => {
  it("starts at the top going down, at the bottom going up", () => {
    const main = list(3);
    stepRow(main, 1);
    expect(focused(main)).toBe(0);
    (document.activeElement as HTMLElement).blur();
    stepRow(main, -1);
    expect(focused(main)).toBe(2);
  });

  it("goes on from a control within a row and stops at the ends", () => {
    const main = list(2);
    main.querySelector("button")?.focus();
    stepRow(main, 1);
    expect(focused(main)).toBe(1);
    stepRow(main, 1);
    expect(focused(main)).toBe(1);
    stepRow(main, -1);
    stepRow(main, -1);
    expect(focused(main)).toBe(0);
  });

  it("says so where there is no list", () => {
    expect(stepRow(list(0), 1)).toBe(false);
    expect(stepRow(null, 1)).toBe(false);
  });
});
