import { describe, expect, it } from "vitest";
import { changeOf, isClient, memberSchema } from "./member-values";

const all = { individuals: true, organizations: true, tickets: true, numbers: true };
const before = {
  role: "agent",
  extension: "201",
  sip_uri: "",
  modules: all,
  contact: "",
  metadata: { payroll: "4711", "cost.centre[0]": "12", site: '{"floor":2}' },
  added: [] as { key: string; value: string }[],
};
const stored = { payroll: "4711", "cost.centre[0]": 12, site: { floor: 2 } };
const words = {
  required: "needed",
  tooLong: "long",
  extension: "digits",
  sip: "sip",
  email: "mail",
  twice: "twice",
};

describe("a changed member", () => {
  it.each([
    [before, {}],
    [{ ...before, role: "supervisor" }, { role: "supervisor" }],
    [{ ...before, role: "id:7f" }, { role_id: "7f" }],
    [{ ...before, extension: " " }, { extension: null }],
    [
      { ...before, extension: "202 ", sip_uri: "sip:202@pbx" },
      { extension: "202", sip_uri: "sip:202@pbx" },
    ],
    [{ ...before, modules: { ...all, tickets: false } }, { modules: { tickets: false } }],
  ])("%j is sent as what differs", (after, expected) => {
    expect(changeOf(before, after, false)).toEqual(expected);
  });

  it.each([
    // A text stays one, whatever it looks like.
    [{ payroll: "42" }, [], { payroll: "42" }],
    [{ "cost.centre[0]": "13" }, [], { "cost.centre[0]": 13 }],
    [{ site: '{"floor":3}' }, [], { site: { floor: 3 } }],
    [{ site: "none" }, [], { site: "none" }],
    [{ payroll: null }, [{ key: " new ", value: "1" }], { payroll: null, new: "1" }],
    // Under another name.
    [{ payroll: null }, [{ key: "payroll", value: "1" }], { payroll: "1" }],
    [{}, [{ key: "", value: "" }], undefined],
  ])("has notes that are sent key by key: %j and %j", (changed, added, metadata) => {
    const after = { ...before, metadata: { ...before.metadata, ...changed }, added };
    expect(changeOf(before, after, false, stored)).toEqual(metadata ? { metadata } : {});
  });

  it("is a contact only as a client", () => {
    const chosen = { ...before, contact: "individual:7f" };
    expect(changeOf(before, chosen, true)).toEqual({ contact: { kind: "individual", id: "7f" } });
    expect(changeOf(chosen, before, true)).toEqual({ contact: null });
    expect(changeOf(chosen, chosen, true)).toEqual({});
    // Chosen, and then another role after all.
    expect(changeOf(before, chosen, false)).toEqual({});
    const roles = [
      { name: "client", id: null, base: "client" },
      { name: "Key account", id: "7f", base: "client" },
      { name: "agent", id: null, base: "agent" },
    ];
    expect(["client", "id:7f", "agent", "id:8"].filter((choice) => isClient(choice, roles))).toEqual([
      "client",
      "id:7f",
    ]);
  });

  it.each([
    [{ extension: "2" }, "digits"],
    [{ extension: "2o1" }, "digits"],
    [{ extension: "1234567" }, "digits"],
    [{ sip_uri: "tel:201" }, "sip"],
    [{ sip_uri: "sip:a b" }, "sip"],
    [{ role: "" }, "needed"],
    [{ added: [{ key: " ", value: "1" }] }, "needed"],
    [{ added: [{ key: "k".repeat(65), value: "1" }] }, "long"],
    [{ added: [{ key: "payroll", value: "1" }] }, "twice"],
    [
      {
        added: [
          { key: "a", value: "1" },
          { key: "a", value: "2" },
        ],
      },
      "twice",
    ],
  ])("%j is told while typing", (wrong, message) => {
    const result = memberSchema(words).safeParse({ ...before, ...wrong });
    expect(result.error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});
