import { describe, expect, it } from "vitest";
import { formatNumber } from "./phone";

describe("formatNumber", () => {
  it.each([
    ["+33612345678", "+33 6 12 34 56 78"],
    ["+12125550100", "+1 212 555 0100"],
    ["+442071838750", "+44 2071 838 750"],
    ["+35312345678", "+353 123 45 678"],
    ["+4930901820", "+49 309 01 820"],
    ["+79161234567", "+7 916 123 4567"],
    ["205", "205"],
    ["anonymous", "anonymous"],
    ["+0123", "+0123"],
    ["", ""],
    [null, ""],
  ])("%s → %s", (number, shown) => {
    expect(formatNumber(number)).toBe(shown);
  });

  it("never loses or moves a digit", () => {
    for (let i = 0; i < 2000; i++) {
      const length = 6 + (i % 9);
      const digits = `${1 + (i % 9)}${String(i * 7_919_993)
        .padStart(14, "3")
        .slice(0, length)}`;
      expect(formatNumber(`+${digits}`).replaceAll(" ", "")).toBe(`+${digits}`);
    }
  });
});
