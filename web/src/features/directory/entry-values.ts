/** A contact's form as the person types it, and how it becomes what is sent. */
import * as z from "zod/mini";
import { typedOf } from "./custom-values";
import type { Entry, EntryInput, TargetKind } from "./kinds";

export const PLATFORMS: readonly string[] = [
  "Facebook",
  "Instagram",
  "LinkedIn",
  "TikTok",
  "Twitter/X",
  "WhatsApp",
];

export interface FormValues {
  name: string;
  gender: string;
  dob: string;
  email: string;
  address: string;
  /** Only asked when editing; a new record is active. */
  active: boolean;
  /** Values of the tenant's own fields, as text. */
  custom: Record<string, string>;
  phones: { number: string; label: string; primary: boolean }[];
  social: { platform: string; url: string }[];
}

export interface Words {
  required: string;
  tooLong: string;
  email: string;
  phone: string;
  url: string;
  future: string;
}

const today = () => new Date().toISOString().slice(0, 10);

/**
 * What can be told while typing. Whether digits are a telephone number only the server can say; that letters are
 * none, anybody.
 */
export function schemaOf(kind: TargetKind, words: Words) {
  const short = z.string().check(z.maxLength(200, words.tooLong));
  return z.object({
    name: z.string().check(z.trim(), z.minLength(1, words.required), z.maxLength(200, words.tooLong)),
    gender: z.string(),
    dob: z.string().check(z.refine((dob) => dob === "" || dob <= today(), words.future)),
    email: kind === "email-contacts" ? z.email(words.email) : z.union([z.literal(""), z.email(words.email)]),
    address: z.string().check(z.maxLength(1000, words.tooLong)),
    active: z.boolean(),
    custom: z.record(z.string(), z.string()),
    phones: z.array(
      z.object({
        number: z.string().check(
          z.refine(
            (text) => text.trim() === "" || /^(tel:|sip:)?[+\d\s()./\-–]*\d.*$/i.test(text.trim()),
            words.phone,
          ),
          z.maxLength(100, words.tooLong),
        ),
        label: z.string().check(z.maxLength(60, words.tooLong)),
        primary: z.boolean(),
      }),
    ),
    social: z.array(
      z.object({
        platform: short,
        url: z
          .string()
          .check(
            z.refine((url) => url.trim() === "" || /^https?:\/\/[^\s/]+\S*$/i.test(url.trim()), words.url),
          ),
      }),
    ),
  });
}

export function valuesOf(entry: Entry | undefined): FormValues {
  return {
    name: entry?.name ?? "",
    gender: entry?.gender ?? "",
    dob: entry?.dob ?? "",
    email: entry?.email ?? "",
    address: entry?.address ?? "",
    active: entry?.active ?? true,
    custom: typedOf(entry?.custom ?? {}),
    phones: entry
      ? entry.phones.map((phone) => ({
          number: phone.e164,
          label: phone.label ?? "",
          primary: phone.primary,
        }))
      : [{ number: "", label: "", primary: true }],
    social: entry?.social.map((link) => ({ ...link })) ?? [],
  };
}

export function inputOf(
  values: FormValues,
  editing: boolean,
  custom: Record<string, unknown> = {},
): EntryInput {
  return {
    name: values.name.trim(),
    gender: values.gender || null,
    dob: values.dob || null,
    address: values.address.trim() || null,
    email: values.email.trim() || null,
    active: editing ? values.active : null,
    custom,
    phones: phonesOf(values.phones),
    social: values.social
      .filter((link) => link.url.trim() !== "")
      .map((link) => ({ platform: link.platform, url: link.url.trim() })),
  };
}

/** Blank rows are left out; one number is the primary one, the first where none is marked. */
export function phonesOf(rows: FormValues["phones"]): EntryInput["phones"] {
  const filled = rows.filter((row) => row.number.trim() !== "");
  const primary = Math.max(
    0,
    filled.findIndex((row) => row.primary),
  );
  return filled.map((row, index) => ({
    number: row.number.trim(),
    label: row.label.trim() || null,
    primary: index === primary,
  }));
}

type Name =
  | "name"
  | "gender"
  | "dob"
  | "email"
  | "address"
  | `custom.${string}`
  | `phones.${number}.number`
  | `phones.${number}.label`
  | `social.${number}.url`
  | `social.${number}.platform`;

/** The field a pointer of the server means. Blank rows were left out of the request: the filled ones count. */
export function fieldOf(values: FormValues, path: string[]): Name | null {
  const [head, index, part] = path;
  const rowOf = (texts: string[]) =>
    texts.flatMap((text, row) => (text.trim() ? [row] : []))[Number(index)] ?? null;
  switch (head) {
    case "full_name":
    case "name":
      return "name";
    case "email":
    case "dob":
    case "gender":
    case "address":
      return head;
    case "custom":
      return index === undefined ? null : `custom.${index}`;
    case "phones": {
      const row = rowOf(values.phones.map((phone) => phone.number));
      return row === null ? null : `phones.${row}.${part === "label" ? "label" : "number"}`;
    }
    case "social_media": {
      const row = rowOf(values.social.map((link) => link.url));
      return row === null ? null : `social.${row}.${part === "platform" ? "platform" : "url"}`;
    }
    default:
      return null;
  }
}
