import { describe, expect, it } from "vitest";
import { formatAge, formatDateTime, formatTime } from "./time";

describe("formatAge", () => {
  it.each([
    [0, "0:00"],
    [7_400, "0:07"],
    [760_000, "12:40"],
    [10_931_000, "3:02:11"],
    [-5_000, "0:00"],
  ])("%i ms → %s", (ms, text) => {
    expect(formatAge(1_000_000, 1_000_000 + ms)).toBe(text);
  });
});

describe("dates", () => {
  it.each([null, undefined, "", "not a date"])("of nothing are nothing: %s", (value) => {
    expect(formatTime(value)).toBe("");
    expect(formatDateTime(value)).toBe("");
  });
});
