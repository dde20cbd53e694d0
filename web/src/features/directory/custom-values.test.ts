import { describe, expect, it } from "vitest";
import type { ContactField } from "@/lib/api/directory-types";
import { customOf, typedOf } from "./custom-values";

const field = (key: string, type: ContactField["type"]): ContactField => ({
  id: key,
  kind: "individual",
  key,
  label: key,
  type,
  choices: [],
  required: false,
  position: 0,
  created_at: "",
  updated_at: "",
  version: 1,
});
const FIELDS = [field("no", "text"), field("size", "number"), field("vip", "boolean")];

describe("values of own fields", () => {
  it("are typed as text", () => {
    expect(typedOf({ no: "A1", size: 2.5, vip: false, gone: null })).toEqual({
      no: "A1",
      size: "2.5",
      vip: "false",
    });
  });

  it.each([
    [{ no: "A1", size: "2.5", vip: "false" }, {}],
    [
      { no: " ", size: "2,75", vip: "true" },
      { no: null, size: 2.75, vip: true },
    ],
    [
      { no: "A1", size: "many", vip: "" },
      { size: "many", vip: null },
    ],
  ])("%j is sent as what differs", (typed, expected) => {
    expect(customOf(FIELDS, { no: "A1", size: 2.5, vip: false }, typed)).toEqual(expected);
  });
});
