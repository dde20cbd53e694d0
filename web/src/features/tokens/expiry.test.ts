import { describe, expect, it } from "vitest";
import { expiryOf, untilOf } from "./expiry";

const now = Date.UTC(2026, 0, 10, 12);

describe("a token's end", () => {
  it.each([
    [null, "never"],
    ["2026-01-10T11:59:59Z", "over"],
    ["2026-01-10T12:00:00Z", "over"],
    ["2026-01-23T00:00:00Z", "soon"],
    ["2026-03-01T00:00:00Z", "later"],
  ])("%s is %s", (at, state) => {
    expect(expiryOf(at, now)).toBe(state);
  });

  it("is counted in days from now, or is the end of the chosen day where the person is", () => {
    expect(untilOf("never", "", now)).toBeNull();
    expect(untilOf("30", "", now)).toBe("2026-02-09T12:00:00.000Z");
    expect(untilOf("date", "2026-02-01", now)).toBe(new Date(2026, 1, 1, 23, 59, 59).toISOString());
  });
});
