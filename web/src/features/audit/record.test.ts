import { describe, expect, it } from "vitest";
import { differencesOf, wordsOf } from "./record";

describe("an entry of the audit log", () => {
  it("is read as words", () => {
    expect(wordsOf("api_token.created")).toBe("api token created");
  });

  it.each([
    [null, null, []],
    [null, { name: "Ada" }, [{ field: "name", before: null, after: "Ada" }]],
    [{ name: "Ada" }, null, [{ field: "name", before: "Ada", after: null }]],
    [
      { role: "agent", modules: { tickets: true }, extension: "201" },
      { role: "supervisor", modules: { tickets: false }, extension: "201" },
      [
        { field: "role", before: "agent", after: "supervisor" },
        { field: "modules", before: { tickets: true }, after: { tickets: false } },
      ],
    ],
  ])("%j → %j", (before, after, expected) => {
    expect(differencesOf(before, after)).toEqual(expected);
  });
});
