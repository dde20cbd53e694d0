import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { countries, countryName, countryOf } from "./countries";

describe("countries", () => {
  it("are those of the server", () => {
    const iso = readFileSync(`${import.meta.dirname}/../../../engine/core/src/iso.rs`, "utf8");
    const list = /const COUNTRIES: &str = "([^"]+)"/.exec(iso)?.[1]?.replaceAll("\\\n", "") ?? "";
    const codes = list.split(/\s+/);
    expect(codes.length).toBeGreaterThan(240);
    expect(
      countries()
        .map(({ code }) => code)
        .sort(),
    ).toEqual(codes);
  });

  it("have a name each, and are in its order", () => {
    expect(countryName("FR")).toBe("France");
    expect(countryName("nowhere")).toBe("nowhere");
    const names = countries().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.indexOf("France")).toBeLessThan(names.indexOf("Germany"));
  });

  it.each([
    ["Germany", "DE"],
    [" germany ", "DE"],
    ["de", "DE"],
    ["", null],
    ["Ger", null],
    ["ZZ", null],
  ])("%j is %j", (text, code) => {
    expect(countryOf(text)).toBe(code);
  });
});
