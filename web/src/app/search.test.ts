import { describe, expect, it } from "vitest";
import { flag, oneOf, search, text } from "./search";

const read = search({ q: text, state: oneOf(["ringing", "ended"]), ended: flag });

describe("the address bar", () => {
  it.each([
    [
      { q: "claire", state: "ended", ended: true },
      { q: "claire", state: "ended", ended: true },
    ],
    [{ q: 33612345678 }, { q: "33612345678" }],
    [{ q: "", state: "flying", ended: "yes", other: 1 }, {}],
    [{ q: "x".repeat(201) }, {}],
    [{ q: { $ne: null } }, {}],
    [{}, {}],
  ])("%j", (input, expected) => {
    expect(read(input)).toEqual(expected);
  });
});
