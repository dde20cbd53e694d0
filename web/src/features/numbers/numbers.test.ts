import { describe, expect, it } from "vitest";
import { ApiError } from "@/lib/api/problem";
import { possible, refusalOf } from "./commands";
import { flagOf } from "./money";

describe("a flag", () => {
  it.each([
    ["FR", "🇫🇷"],
    ["US", "🇺🇸"],
    ["fr", ""],
    ["", ""],
  ])("of %j is %j", (country, flag) => {
    expect(flagOf(country)).toBe(flag);
  });
});

describe("a refusal", () => {
  it.each([
    [new ApiError(409, { type: "number-taken" }), "number-taken"],
    [new ApiError(409, { type: "something-new" }), null],
    [new ApiError(422, { type: "number-taken" }), null],
    [new Error("x"), null],
  ])("%j is %j", (error, expected) => {
    expect(refusalOf(error)).toBe(expected);
  });
});

describe("what may be done with a line", () => {
  const all = { assign: true, release: true, connect: true, platform: false };
  const none = {
    assign: false,
    connect: false,
    disconnect: false,
    release: false,
    reserve: false,
    remove: false,
  };
  const endpoint = { kind: "user" as const, id: "u" };
  it.each([
    [{ status: "available" as const, endpoint: null }, { assign: true }],
    [{ status: "reserved" as const, endpoint: null }, { assign: true }],
    [
      { status: "assigned" as const, endpoint: null },
      { connect: true, release: true },
    ],
    [{ status: "assigned" as const, endpoint }, { disconnect: true }],
  ])("%j", (number, expected) => {
    expect(possible(number, all)).toEqual({ ...none, ...expected });
    const nothing = { assign: false, release: false, connect: false, platform: false };
    expect(possible(number, nothing)).toEqual(none);
  });

  it.each([
    [
      { status: "available" as const, endpoint: null },
      { reserve: true, remove: true },
    ],
    [
      { status: "reserved" as const, endpoint: null },
      { release: true, remove: true },
    ],
    [{ status: "assigned" as const, endpoint: null }, { release: true }],
    [{ status: "assigned" as const, endpoint }, {}],
  ])("by the platform admin: %j", (number, expected) => {
    expect(possible(number, { ...all, platform: true })).toEqual({ ...none, ...expected });
  });
});
