import { describe, expect, it, vi } from "vitest";
import { ApiError } from "./api/problem";
import { placeProblem } from "./form-problem";

interface Values {
  name: string;
  email: string;
}
const fieldOf = ([head]: string[]) => (head === "name" || head === "email" ? head : null);

function placed(error: unknown) {
  const setError = vi.fn<(...args: unknown[]) => void>();
  const taken = placeProblem<Values>({ setError } as never, error, fieldOf, "check");
  return {
    taken,
    calls: setError.mock.calls.map(([field, what, how]) => [field, (what as Error).message, how]),
  };
}

describe("placeProblem", () => {
  it("marks every field and moves to the first", () => {
    const error = new ApiError(422, {
      errors: [
        { pointer: "/email", detail: "is odd" },
        { pointer: "/name", detail: "is short" },
      ],
    });
    expect(placed(error)).toEqual({
      taken: true,
      calls: [
        ["email", "is odd", { shouldFocus: true }],
        ["name", "is short", { shouldFocus: false }],
        ["root", "check", undefined],
      ],
    });
  });

  it.each([
    [new ApiError(409, { detail: "Taken." }), "Taken."],
    [new ApiError(422, { errors: [{ pointer: "/dob", detail: "is odd" }] }), "dob: is odd"],
  ])("says what has no field above the buttons: %j", (error, message) => {
    expect(placed(error).calls).toEqual([["root", message, undefined]]);
  });

  it("leaves what is no refusal to the caller", () => {
    expect(placed(new Error("bug"))).toEqual({ taken: false, calls: [] });
  });
});
