/** What each provider's connection is made of, and the form that asks for it. */
import * as z from "zod/mini";
import type { ConnectionKind, NewConnection } from "@/lib/api/types";

export const CREDENTIAL_NAMES = [
  "secret",
  "auth_token",
  "public_key",
  "signature_secret",
  "api_key",
  "basic_user",
  "basic_password",
] as const;
export type CredentialName = (typeof CREDENTIAL_NAMES)[number];

interface Credential {
  name: CredentialName;
  required: boolean;
  secret: boolean;
}

export const CREDENTIALS: Record<ConnectionKind, readonly Credential[]> = {
  generic: [{ name: "secret", required: false, secret: true }],
  twilio: [{ name: "auth_token", required: true, secret: true }],
  plivo: [{ name: "auth_token", required: true, secret: true }],
  telnyx: [{ name: "public_key", required: true, secret: false }],
  vonage: [
    { name: "signature_secret", required: true, secret: true },
    { name: "api_key", required: false, secret: false },
  ],
  sipgate: [
    { name: "basic_user", required: false, secret: false },
    { name: "basic_password", required: false, secret: true },
  ],
  zammad: [],
};

export type Values = { kind: ConnectionKind; name: string; default_region: string } & Record<
  CredentialName,
  string
>;

export const EMPTY: Values = {
  kind: "generic",
  name: "",
  default_region: "",
  secret: "",
  auth_token: "",
  public_key: "",
  signature_secret: "",
  api_key: "",
  basic_user: "",
  basic_password: "",
};

export interface Words {
  required: string;
  tooLong: string;
  region: string;
  publicKey: string;
  together: string;
}

/** `changing`: credentials may be left empty, and then stay as they are. */
export function schemaOf(words: Words, changing: boolean) {
  const text = z.string().check(z.maxLength(1024, words.tooLong));
  return z
    .object({
      kind: z.string(),
      name: z.string().check(z.trim(), z.minLength(1, words.required), z.maxLength(200, words.tooLong)),
      default_region: z.string().check(z.regex(/^([A-Za-z]{2})?$/, words.region)),
      secret: text,
      auth_token: text,
      public_key: z.string().check(z.regex(/^(\s*[A-Za-z0-9+/]{43}=\s*)?$/, words.publicKey)),
      signature_secret: text,
      api_key: text,
      basic_user: text,
      basic_password: text,
    })
    .check((context) => {
      const values = context.value;
      const given = (name: CredentialName) => values[name].trim() !== "";
      const wrong = (name: CredentialName, message: string) =>
        context.issues.push({ code: "custom", message, path: [name], input: values[name] });
      const credentials = CREDENTIALS[values.kind as ConnectionKind] ?? [];
      const any = credentials.some(({ name }) => given(name));
      for (const { name, required } of credentials) {
        if (required && !given(name) && (!changing || any)) wrong(name, words.required);
      }
      if (values.kind === "sipgate" && given("basic_user") !== given("basic_password")) {
        wrong(given("basic_user") ? "basic_password" : "basic_user", words.together);
      }
    });
}

/** The credentials that were given, under the names of the kind. */
export function credentialsOf(values: Values): Pick<NewConnection, CredentialName> {
  return Object.fromEntries(
    CREDENTIALS[values.kind]
      .map(({ name }) => [name, values[name].trim()] as const)
      .filter(([, value]) => value !== ""),
  );
}
