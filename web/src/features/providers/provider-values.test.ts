import { describe, expect, it } from "vitest";
import type { IdentityProvider } from "@/lib/api/types";
import { bodyOf, changeOf, schemaOf, valuesOf } from "./provider-values";

const words = { required: "needed", tooLong: "long", issuer: "issuer", scopes: "scopes" };
const values = {
  ...valuesOf(undefined),
  name: "Company",
  issuer: "https://id.example/realms/main",
  client_id: "switchroom",
};
const faults = (changes: object) => {
  const result = schemaOf(words).safeParse({ ...values, ...changes });
  return result.success
    ? []
    : result.error.issues.map((issue) => `${issue.path.join(".")}: ${issue.message}`);
};

describe("what is typed", () => {
  it.each([
    [{}, []],
    [{ name: " " }, ["name: needed"]],
    [{ name: "x".repeat(61) }, ["name: long"]],
    [{ issuer: "id.example" }, ["issuer: issuer"]],
    [{ issuer: "https://id.example/?realm=main" }, ["issuer: issuer"]],
    [{ issuer: "https://id.example" }, []],
    [{ issuer: "http://127.0.0.1:9000/realms/main" }, []],
    [{ client_id: "" }, ["client_id: needed"]],
    [{ client_secret: "é".repeat(501) }, ["client_secret: long"]],
    [{ client_secret: "é".repeat(500) }, []],
    [{ scopes: "email profile" }, ["scopes: scopes"]],
    [{ scopes: 'openid "x"' }, ["scopes: scopes"]],
    [{ scopes: "  openid   email " }, []],
  ])("%j is told of", (changes, expected) => {
    expect(faults(changes)).toEqual(expected);
  });
});

describe("what is sent", () => {
  it("of a new one names everything", () => {
    expect(bodyOf({ ...values, joins_as: "agent", client_secret: "s" })).toEqual({
      name: "Company",
      issuer: "https://id.example/realms/main",
      client_id: "switchroom",
      client_secret: "s",
      scopes: "openid email profile",
      joins_as: "agent",
    });
    expect(bodyOf(values)).toMatchObject({ client_secret: null, joins_as: null });
  });

  it("of a change names the secret only where it changes", () => {
    expect(changeOf(values)).not.toHaveProperty("client_secret");
    expect(changeOf({ ...values, client_secret: "new" })).toMatchObject({ client_secret: "new" });
    expect(changeOf({ ...values, client_secret: "new", drop_secret: true })).toMatchObject({
      client_secret: null,
    });
  });
});

it("a provider is shown without its secret", () => {
  const provider = { name: "A", joins_as: null, has_secret: true, scopes: "openid" } as IdentityProvider;
  expect(valuesOf(provider)).toMatchObject({ client_secret: "", joins_as: "", scopes: "openid" });
});
