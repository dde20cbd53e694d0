import { renderHook } from "@testing-library/react";
import { expect, it } from "vitest";
import { useSameKey } from "./same-key";

it("keeps a body's key until another body, or an answer", () => {
  const { result, rerender } = renderHook(() => useSameKey());
  const first = result.current.of({ name: "a" });
  rerender();
  expect(result.current.of({ name: "a" })).toBe(first);
  const other = result.current.of({ name: "b" });
  expect(other).not.toBe(first);
  result.current.done();
  expect(result.current.of({ name: "b" })).not.toBe(other);
});
