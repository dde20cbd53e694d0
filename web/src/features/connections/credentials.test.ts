import { describe, expect, it } from "vitest";
import { credentialsOf, EMPTY, schemaOf, type Values } from "./credentials";

const words = {
  required: "required",
  tooLong: "long",
  region: "region",
  publicKey: "key",
  together: "together",
};
const problems = (values: Partial<Values>, changing = false) => {
  const result = schemaOf(words, changing).safeParse({ ...EMPTY, name: "PBX", ...values });
  return result.success
    ? {}
    : Object.fromEntries(result.error.issues.map((i) => [i.path.join("."), i.message]));
};

describe("a connection's form", () => {
  it.each<[Partial<Values>, object]>([
    [{}, {}],
    [{ name: "  " }, { name: "required" }],
    [{ default_region: "fra" }, { default_region: "region" }],
    [{ kind: "twilio" }, { auth_token: "required" }],
    [{ kind: "twilio", auth_token: "t" }, {}],
    [{ kind: "telnyx", public_key: "short" }, { public_key: "key" }],
    [{ kind: "sipgate", basic_user: "u" }, { basic_password: "together" }],
    [{ kind: "sipgate", basic_password: "p" }, { basic_user: "together" }],
    [{ kind: "zammad" }, {}],
  ])("%j", (values, expected) => {
    expect(problems(values)).toEqual(expected);
  });

  it("keeps credentials that are left empty when changing, but takes them whole or not at all", () => {
    expect(problems({ kind: "vonage" }, true)).toEqual({});
    expect(problems({ kind: "vonage", api_key: "k" }, true)).toEqual({ signature_secret: "required" });
  });

  it("sends only what belongs to the kind", () => {
    expect(credentialsOf({ ...EMPTY, kind: "vonage", signature_secret: " s ", auth_token: "old" })).toEqual({
      signature_secret: "s",
    });
  });
});
