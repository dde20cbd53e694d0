import { beforeEach, describe, expect, it, vi } from "vitest";
import { parseColumns } from "./preferences";

describe("stored columns", () => {
  it.each([
    [null, {}],
    ["{", {}],
    ["[1]", {}],
    ['{"tickets":{"created":false,"number":"yes"},"calls":3}', { tickets: { created: false } }],
  ])("%j", (text, expected) => {
    expect(parseColumns(text)).toEqual(expected);
  });
});

describe("a chosen column", () => {
  beforeEach(() => {
    localStorage.clear();
    vi.resetModules();
  });
  it("is remembered by the next page", async () => {
    const first = await import("./preferences");
    first.usePreferences.getState().chooseColumn("tickets", "created", false);
    first.usePreferences.getState().chooseColumn("calls", "queue", true);
    vi.resetModules();
    const second = await import("./preferences");
    expect(second.usePreferences.getState().columns).toEqual({
      tickets: { created: false },
      calls: { queue: true },
    });
  });
});
