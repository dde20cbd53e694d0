import { describe, expect, it } from "vitest";
import type { RoleItem } from "@/lib/api/types";
import { grantable, type PeopleRights, possible } from "./people";

const admin: PeopleRights = {
  edit: true,
  signOut: true,
  reachesOwners: false,
  has: new Set(["a.read"]),
  self: "me",
  contacts: true,
};
const owner: PeopleRights = { ...admin, reachesOwners: true };
const agent: PeopleRights = {
  edit: false,
  signOut: false,
  reachesOwners: false,
  has: new Set(),
  self: "me",
  contacts: false,
};
const person = (id: string, role: string, is_active = true) => ({ id, role, is_active });
const role = (name: string, id: string | null, permissions: string[]): RoleItem => ({
  name,
  id,
  permissions,
  base: id ? "agent" : name,
  description: null,
  members: null,
  created_at: null,
  version: null,
});
const words = (result: ReturnType<typeof possible>) =>
  Object.entries(result).flatMap(([name, yes]) => (yes ? [name] : []));

describe("what may be done about somebody", () => {
  it.each([
    [
      "by an admin to an agent",
      admin,
      person("a", "agent"),
      ["edit", "powers", "deactivate", "signOut", "password"],
    ],
    ["by an admin to who is off", admin, person("a", "agent", false), ["edit", "powers", "activate"]],
    ["by an admin to an owner", admin, person("o", "org_owner"), []],
    [
      "by an owner to an owner",
      owner,
      person("o", "org_owner"),
      ["edit", "powers", "deactivate", "signOut", "password"],
    ],
    ["to oneself", admin, person("me", "org_admin"), ["edit", "signOut"]],
    ["by an agent", agent, person("a", "agent"), []],
  ])("%s", (_, rights, whom, expected) => {
    expect(words(possible(whom, rights))).toEqual(expected);
  });

  it("gives the roles one reaches", () => {
    const names = (rights: PeopleRights) =>
      grantable(
        [
          role("org_owner", null, []),
          role("agent", null, ["b.read"]),
          role("mine", "1", ["a.read"]),
          role("more", "2", ["a.read", "b.read"]),
        ],
        rights,
      ).map(({ name }) => name);
    expect(names(admin)).toEqual(["agent", "mine"]);
    expect(names(owner)).toEqual(["org_owner", "agent", "mine"]);
  });
});
