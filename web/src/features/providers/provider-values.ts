/** An identity provider as it is typed, what can be told while typing, and what is sent of it. */
import * as z from "zod/mini";
import type { IdentityProvider, IdentityProviderBody, IdentityProviderChange } from "@/lib/api/types";

/** Whom a provider may let in; nobody else joins without an invitation. */
export const JOINS = ["agent", "corporate", "member", "client"] as const;
const SCOPES = "openid email profile";
const MOST_OCTETS = 1000;

export interface Values {
  name: string;
  issuer: string;
  client_id: string;
  /** Empty keeps the one there is. */
  client_secret: string;
  drop_secret: boolean;
  scopes: string;
  /** Empty: nobody joins. */
  joins_as: string;
}

export interface Words {
  required: string;
  tooLong: string;
  issuer: string;
  scopes: string;
}

export function schemaOf(words: Words) {
  const text = (most: number) =>
    z.string().check(z.trim(), z.minLength(1, words.required), z.maxLength(most, words.tooLong));
  return z.object({
    name: text(60),
    // Whether one inside the own network will do, the server knows: it may have been told so.
    issuer: z.string().check(
      z.trim(),
      z.refine((url) => /^https?:\/\/[^\s/?#]+[^\s?#]*$/i.test(url), words.issuer),
      z.maxLength(500, words.tooLong),
    ),
    client_id: text(300),
    client_secret: z
      .string()
      .check(z.refine((secret) => new TextEncoder().encode(secret).length <= MOST_OCTETS, words.tooLong)),
    drop_secret: z.boolean(),
    scopes: z.string().check(
      z.refine((scopes) => {
        const each = scopes.trim().split(/ +/);
        return each.includes("openid") && each.every((scope) => /^[!#-[\]-~]+$/.test(scope));
      }, words.scopes),
      z.maxLength(300, words.tooLong),
    ),
    joins_as: z.string(),
  });
}

export const valuesOf = (provider: IdentityProvider | undefined): Values => ({
  name: provider?.name ?? "",
  issuer: provider?.issuer ?? "",
  client_id: provider?.client_id ?? "",
  client_secret: "",
  drop_secret: false,
  scopes: provider?.scopes ?? SCOPES,
  joins_as: provider?.joins_as ?? "",
});

const common = (values: Values) => ({
  name: values.name.trim(),
  issuer: values.issuer.trim(),
  client_id: values.client_id.trim(),
  scopes: values.scopes.trim(),
  joins_as: values.joins_as || null,
});

export const bodyOf = (values: Values): IdentityProviderBody => ({
  ...common(values),
  client_secret: values.client_secret || null,
});

/** The secret is named only where it is to change. */
export const changeOf = (values: Values): IdentityProviderChange => ({
  ...common(values),
  ...(values.drop_secret
    ? { client_secret: null }
    : values.client_secret
      ? { client_secret: values.client_secret }
      : {}),
});
