/** A contact's form as the person types it, and how it becomes what is sent. */
import * as z from "zod/mini";
import { countryName, countryOf } from "@/lib/countries";
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

/** A number or an address, as it is typed. */
export interface Row {
  value: string;
  label: string;
  primary: boolean;
}

export interface FormValues {
  name: string;
  gender: string;
  dob: string;
  tax_id: string;
  address: string;
  city: string;
  state: string;
  /** As it is typed: the name, or the code. */
  country: string;
  /** Only asked when editing; a new record is active. */
  active: boolean;
  /** Values of the tenant's own fields, as text. */
  custom: Record<string, string>;
  phones: Row[];
  emails: Row[];
  social: { platform: string; url: string }[];
}

export const EMPTY_ROW: Row = { value: "", label: "", primary: false };

export interface Words {
  required: string;
  tooLong: string;
  email: string;
  phone: string;
  url: string;
  future: string;
  country: string;
}

const filled = (row: Row) => row.value.trim() !== "";
const email = z.email();
const today = () => new Date().toISOString().slice(0, 10);

/**
 * What can be told while typing. Whether digits are a telephone number only the server can say; that letters are
 * none, anybody.
 */
export function schemaOf(kind: TargetKind, words: Words) {
  const short = z.string().check(z.maxLength(200, words.tooLong));
  const rowOf = (...checks: Parameters<z.ZodMiniString["check"]>) =>
    z.object({
      value: z.string().check(...checks),
      label: z.string().check(z.maxLength(60, words.tooLong)),
      primary: z.boolean(),
    });
  return z.object({
    name: z.string().check(z.trim(), z.minLength(1, words.required), z.maxLength(200, words.tooLong)),
    gender: z.string(),
    dob: z.string().check(z.refine((dob) => dob === "" || dob <= today(), words.future)),
    tax_id: z.string().check(z.maxLength(64, words.tooLong)),
    address: z.string().check(z.maxLength(1000, words.tooLong)),
    city: short,
    state: short,
    country: z
      .string()
      .check(z.refine((text) => text.trim() === "" || countryOf(text) !== null, words.country)),
    active: z.boolean(),
    custom: z.record(z.string(), z.string()),
    phones: z.array(
      rowOf(
        z.refine(
          (text) => text.trim() === "" || /^(tel:|sip:)?[+\d\s()./\-–]*\d.*$/i.test(text.trim()),
          words.phone,
        ),
        z.maxLength(100, words.tooLong),
      ),
    ),
    emails: z
      .array(
        rowOf(
          z.refine((text) => text.trim() === "" || email.safeParse(text.trim()).success, words.email),
          z.maxLength(320, words.tooLong),
        ),
      )
      .check(
        z.refine((rows) => kind !== "email-contacts" || rows.some(filled), {
          message: words.required,
          path: [0, "value"],
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
    tax_id: entry?.taxId ?? "",
    address: entry?.address ?? "",
    city: entry?.city ?? "",
    state: entry?.state ?? "",
    country: entry?.country ? countryName(entry.country) : "",
    active: entry?.active ?? true,
    custom: typedOf(entry?.custom ?? {}),
    phones: rowsOf(entry?.phones.map((phone) => ({ ...phone, value: phone.e164 }))),
    emails: rowsOf(entry?.emails.map((each) => ({ ...each, value: each.email }))),
    social: entry?.social.map((link) => ({ ...link })) ?? [],
  };
}

/** Where there is none yet, a blank row asks for the first. */
const rowsOf = (stored: { value: string; label: string | null; primary: boolean }[] = []): Row[] =>
  stored.length === 0
    ? [{ ...EMPTY_ROW, primary: true }]
    : stored.map(({ value, label, primary }) => ({ value, label: label ?? "", primary }));

export function inputOf(
  values: FormValues,
  editing: boolean,
  custom: Record<string, unknown> = {},
): EntryInput {
  return {
    name: values.name.trim(),
    gender: values.gender || null,
    dob: values.dob || null,
    taxId: values.tax_id.trim() || null,
    address: values.address.trim() || null,
    city: values.city.trim() || null,
    state: values.state.trim() || null,
    country: countryOf(values.country),
    active: editing ? values.active : null,
    custom,
    phones: settled(values.phones).map(({ value, ...row }) => ({ number: value, ...row })),
    emails: settled(values.emails).map(({ value, ...row }) => ({ email: value, ...row })),
    social: values.social
      .filter((link) => link.url.trim() !== "")
      .map((link) => ({ platform: link.platform, url: link.url.trim() })),
  };
}

/** Blank rows are left out; one of the others is the primary one, the first where none is marked. */
export function settled(rows: Row[]): { value: string; label: string | null; primary: boolean }[] {
  const sent = rows.filter(filled);
  const primary = primaryOf(sent);
  return sent.map((row, index) => ({
    value: row.value.trim(),
    label: row.label.trim() || null,
    primary: index === primary,
  }));
}

const primaryOf = (rows: Row[]) =>
  Math.max(
    0,
    rows.findIndex((row) => row.primary),
  );

type Name =
  | "name"
  | "gender"
  | "dob"
  | "tax_id"
  | "address"
  | "city"
  | "state"
  | "country"
  | `custom.${string}`
  | `${"phones" | "emails"}.${number}.${"value" | "label"}`
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
    case "dob":
    case "gender":
    case "tax_id":
    case "address":
    case "city":
    case "state":
    case "country":
      return head;
    case "custom":
      return index === undefined ? null : `custom.${index}`;
    case "phones":
    case "emails": {
      const row = rowOf(values[head].map((each) => each.value));
      return row === null ? null : `${head}.${row}.${part === "label" ? "label" : "value"}`;
    }
    case "email": {
      const sent = values.emails.filter(filled);
      const row = values.emails.indexOf(sent[primaryOf(sent)] ?? EMPTY_ROW);
      return `emails.${Math.max(0, row)}.value`;
    }
    case "social_media": {
      const row = rowOf(values.social.map((link) => link.url));
      return row === null ? null : `social.${row}.${part === "platform" ? "platform" : "url"}`;
    }
    default:
      return null;
  }
}
