import { describe, expect, it } from "vitest";
import type { ContactField } from "@/lib/api/directory-types";
import { choicesOf, keyOf, moved, nextPosition, schemaOf } from "./field-values";

const words = { required: "needed", tooLong: "long", key: "key", choices: "choices", twice: "twice" };
const values = { label: "Size", key: "size", type: "text", choices: "", required: false };
const faults = (changes: object) => {
  const result = schemaOf(words).safeParse({ ...values, ...changes });
  return result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
};

describe("a definition", () => {
  it.each([
    [{}, []],
    [{ label: "  " }, ["label: needed"]],
    [{ label: "x".repeat(101) }, ["label: long"]],
    [{ key: "Size" }, ["key: key"]],
    [{ key: "9size" }, ["key: key"]],
    [{ key: "s".repeat(41) }, ["key: key"]],
    [{ type: "choice" }, ["choices: choices"]],
    [{ type: "choice", choices: " \n" }, ["choices: choices"]],
    [{ type: "choice", choices: "S\nM" }, []],
    [{ type: "choice", choices: "S\n s " }, ["choices: twice"]],
    [{ type: "choice", choices: "x".repeat(101) }, ["choices: long"]],
    [{ type: "choice", choices: Array.from({ length: 201 }, (_, i) => i).join("\n") }, ["choices: choices"]],
  ])("with %j", (changes, expected) => {
    expect(faults(changes)).toEqual(expected);
  });

  it.each([
    ["Customer number", "customer_number"],
    ["  Größe (cm) ", "große_cm".replace("ß", "_")],
    ["2nd Étage", "nd_etage"],
    ["日本", ""],
    ["a".repeat(50), "a".repeat(40)],
  ])("called %j has a key of its own", (label, key) => {
    expect(keyOf(label)).toBe(key);
  });

  it("has its choices line by line", () => {
    expect(choicesOf(" S \n\nM\n")).toEqual(["S", "M"]);
  });
});

describe("the order", () => {
  const fields = ["a", "b", "c"].map((id) => ({ id, position: 0 }) as ContactField);
  const order = (of: ContactField[]) => of.map((field) => `${field.id}${field.position}`).join(" ");
  it.each([
    ["a", 1, "b1 a2 c3"],
    ["c", -1, "a1 c2 b3"],
    ["a", -1, "a1 b2 c3"],
    ["c", 1, "a1 b2 c3"],
    ["gone", 1, "a1 b2 c3"],
  ] as const)("after %s goes by %i", (id, step, expected) => {
    expect(order(moved(fields, id, step))).toBe(expected);
  });

  it("ends with a new one", () => {
    expect(nextPosition([])).toBe(1);
    expect(nextPosition(moved(fields, "a", 1))).toBe(4);
  });
});
