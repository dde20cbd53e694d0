import { describe, expect, it } from "vitest";
import { addressOf } from "./download";

describe("a file's address", () => {
  it.each([
    [{}, "/api/v1/audit/export"],
    [{ action: "session.*", actor_id: undefined, address: "" }, "/api/v1/audit/export?action=session.*"],
    [{ q: "a b&c=d", count: true }, "/api/v1/audit/export?q=a+b%26c%3Dd&count=true"],
  ])("%j", (query, expected) => {
    expect(addressOf("/api/v1/audit/export", query)).toBe(expected);
  });
});
