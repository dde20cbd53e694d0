import { describe, expect, it, vi } from "vitest";
import { forEachOf } from "./bulk";

describe("forEachOf", () => {
  it("goes on after a refusal and tells whose it was", async () => {
    const progress = vi.fn<(finished: number) => void>();
    const result = await forEachOf(
      [1, 2, 3],
      async (item) => {
        if (item === 2) throw new Error("taken");
      },
      progress,
    );
    expect(result.done).toEqual([1, 3]);
    expect(result.refused.map(({ item, error }) => [item, (error as Error).message])).toEqual([[2, "taken"]]);
    expect(progress.mock.calls).toEqual([[1], [2], [3]]);
  });
});
