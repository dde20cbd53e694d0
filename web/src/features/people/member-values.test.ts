import { describe, expect, it } from "vitest";
import { changeOf, memberSchema } from "./member-values";

const all = { individuals: true, organizations: true, tickets: true, numbers: true };
const before = { role: "agent", extension: "201", sip_uri: "", modules: all };
const words = { required: "needed", tooLong: "long", extension: "digits", sip: "sip", email: "mail" };

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
    expect(changeOf(before, after)).toEqual(expected);
  });

  it.each([
    [{ extension: "2" }, "digits"],
    [{ extension: "2o1" }, "digits"],
    [{ extension: "1234567" }, "digits"],
    [{ sip_uri: "tel:201" }, "sip"],
    [{ sip_uri: "sip:a b" }, "sip"],
    [{ role: "" }, "needed"],
  ])("%j is told while typing", (wrong, message) => {
    const result = memberSchema(words).safeParse({ ...before, ...wrong });
    expect(result.error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});
