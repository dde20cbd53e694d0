import { describe, expect, it } from "vitest";
import type { PermissionItem } from "@/lib/api/types";
import { familiesOf, verbOf, withReading } from "./permission-text";

const permission = (name: string, grantable = true): PermissionItem => ({
  name,
  family: name.split(".")[0] ?? "",
  module: null,
  grantable,
});
const ALL = ["tickets.read", "tickets.view_all", "wallboard.read", "presence.set"].map((name) =>
  permission(name),
);

describe("permissions", () => {
  it("stand in families, in the server's order", () => {
    expect(familiesOf(ALL).map(({ name, permissions }) => [name, permissions.length])).toEqual([
      ["tickets", 2],
      ["wallboard", 1],
      ["presence", 1],
    ]);
    expect(verbOf("tickets.view_all")).toBe("view all");
  });

  it("bring reading with them, and go alone", () => {
    const none = new Set<string>();
    expect([...withReading(none, "tickets.view_all", ALL)]).toEqual(["tickets.view_all", "tickets.read"]);
    expect([...withReading(none, "presence.set", ALL)]).toEqual(["presence.set"]);
    const both = new Set(["tickets.view_all", "tickets.read"]);
    expect([...withReading(both, "tickets.view_all", ALL)]).toEqual(["tickets.read"]);
  });
});
