import { describe, expect, it } from "vitest";
import { MOVES, STATUSES } from "./moves";

describe("ticket moves", () => {
  it("are the 26 of the contract", () => {
    expect(STATUSES).toHaveLength(8);
    expect(Object.values(MOVES).flat()).toHaveLength(26);
  });

  it("never lead nowhere, to an unknown state, or to the same one", () => {
    for (const status of STATUSES) {
      expect(MOVES[status].length).toBeGreaterThan(0);
      expect(MOVES[status]).not.toContain(status);
      for (const next of MOVES[status]) expect(STATUSES).toContain(next);
      expect(new Set(MOVES[status]).size).toBe(MOVES[status].length);
    }
  });
});
