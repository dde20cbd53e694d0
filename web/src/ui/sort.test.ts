import { describe, expect, it } from "vitest";
import { directionOf, nextSort } from "./sort";

describe("nextSort", () => {
  it.each([
    [undefined, "name", "ascending", "name"],
    ["name", "name", "ascending", "-name"],
    ["-name", "name", "ascending", "name"],
    ["name", "created_at", "descending", "-created_at"],
    ["-created_at", "created_at", "descending", "created_at"],
  ] as const)("from %j by %s", (sort, field, first, expected) => {
    expect(nextSort(sort, field, first)).toBe(expected);
  });

  it("knows which way a list is sorted", () => {
    expect(directionOf("-name", "name")).toBe("descending");
    expect(directionOf("name", "name")).toBe("ascending");
    expect(directionOf("-named", "name")).toBeNull();
  });
});
