/** What an admin types about a person, as it becomes what is sent. */
import * as z from "zod/mini";
import type { Member, MemberChange, Modules } from "@/lib/api/types";
import { contactOfText, textOfContact } from "@/lib/client-contact";

export const MODULES = ["individuals", "organizations", "tickets", "numbers"] as const;

export interface MemberValues {
  role: string;
  extension: string;
  sip_uri: string;
  modules: Modules;
  /** Of a client: as `textOfContact` writes it. */
  contact: string;
  /** What is noted down for programs, as text; null of what is to go. */
  metadata: Record<string, string | null>;
  /** What is noted down besides. */
  added: { key: string; value: string }[];
}

export interface Words {
  required: string;
  tooLong: string;
  extension: string;
  sip: string;
  email: string;
  /** A key that is there already. */
  twice: string;
}

export const extensionField = (words: Words) =>
  z.string().check(z.refine((text) => text.trim() === "" || /^\d{2,6}$/.test(text.trim()), words.extension));

const sipField = (words: Words) =>
  z.string().check(
    z.maxLength(512, words.tooLong),
    z.refine((text) => text.trim() === "" || /^sips?:[^\s]+$/i.test(text.trim()), words.sip),
  );

export const modulesField = z.object({
  individuals: z.boolean(),
  organizations: z.boolean(),
  tickets: z.boolean(),
  numbers: z.boolean(),
});

export function memberSchema(words: Words) {
  return z
    .object({
      role: z.string().check(z.minLength(1, words.required)),
      extension: extensionField(words),
      sip_uri: sipField(words),
      modules: modulesField,
      contact: z.string(),
      metadata: z.record(z.string(), z.nullable(z.string())),
      added: z.array(
        z
          .object({ key: z.string().check(z.trim(), z.maxLength(64, words.tooLong)), value: z.string() })
          .check(
            z.refine((row) => row.key !== "" || row.value.trim() === "", {
              message: words.required,
              path: ["key"],
            }),
          ),
      ),
    })
    .check((context) => {
      const { metadata, added } = context.value;
      const keys = added.map((row) => row.key);
      keys.forEach((key, index) => {
        const there = metadata[key] !== undefined && metadata[key] !== null;
        if (key !== "" && (there || keys.indexOf(key) < index)) {
          const path = ["added", index, "key"];
          context.issues.push({ code: "custom", message: words.twice, input: key, path });
        }
      });
    });
}

export function inviteSchema(words: Words) {
  return z.object({
    email: z.string().check(z.trim(), z.email(words.email), z.maxLength(320, words.tooLong)),
    name: z.string().check(z.maxLength(200, words.tooLong)),
    role: z.string().check(z.minLength(1, words.required)),
    extension: extensionField(words),
    modules: modulesField,
    contact: z.string(),
  });
}

const OWN = "id:";
/** A choice among built-in roles and the tenant's own: the name of the one, the id of the other. */
export const choiceOf = (role: { name?: string; id: string | null; role?: string }): string =>
  role.id ? `${OWN}${role.id}` : (role.name ?? role.role ?? "");
/** As it is sent. */
export const roleOf = (choice: string): { role?: string; role_id?: string } =>
  choice.startsWith(OWN) ? { role_id: choice.slice(OWN.length) } : { role: choice };

export const valuesOf = (member: Member): MemberValues => ({
  role: choiceOf({ id: member.role_id, role: member.role }),
  extension: member.extension ?? "",
  sip_uri: member.sip_uri ?? "",
  modules: member.modules,
  contact: textOfContact(member.contact),
  metadata: Object.fromEntries(
    Object.entries(member.metadata ?? {}).map(([key, value]) => [key, textOfNote(value)]),
  ),
  added: [],
});

/** A text as it is, anything else as JSON. */
export const textOfNote = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value);

/** What was a number or a list stays one where what is typed is one; a text stays a text, whatever it looks like. */
function noteOfText(text: string, was: unknown): unknown {
  if (was === undefined || typeof was === "string") return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Which keys are set to what, and which go. */
export function notesOf(
  before: MemberValues,
  after: MemberValues,
  stored: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const changed = Object.entries(after.metadata).filter(([key, text]) => text !== before.metadata[key]);
  const added = after.added.map((row) => ({ ...row, key: row.key.trim() })).filter((row) => row.key !== "");
  return Object.fromEntries([
    ...changed.map(([key, text]) => [key, text === null ? null : noteOfText(text, stored[key])] as const),
    ...added.map(({ key, value }) => [key, value] as const),
  ]);
}

/** Whether a choice of role makes a client, the only one who can be a contact. */
export const isClient = (
  choice: string,
  roles: readonly { name: string; id: string | null; base: string }[],
): boolean => roles.find((role) => choiceOf(role) === choice)?.base === "client";

/**
 * Only what differs is sent, so that a form never undoes what it did not touch. Who is no client is no contact: that the
 * server sees to, and a contact chosen before another role was is not meant any more.
 */
export function changeOf(
  before: MemberValues,
  after: MemberValues,
  client: boolean,
  /** The notes as they are stored, of which the form has the texts. */
  stored: Readonly<Record<string, unknown>> = {},
): MemberChange {
  const change: MemberChange = {};
  if (after.role !== before.role) Object.assign(change, roleOf(after.role));
  if (after.extension.trim() !== before.extension) change.extension = after.extension.trim() || null;
  if (after.sip_uri.trim() !== before.sip_uri) change.sip_uri = after.sip_uri.trim() || null;
  if (client && after.contact !== before.contact) change.contact = contactOfText(after.contact);
  const modules = MODULES.filter((each) => after.modules[each] !== before.modules[each]);
  if (modules.length > 0) {
    change.modules = Object.fromEntries(
      modules.map((each) => [each, after.modules[each]]),
    ) as MemberChange["modules"];
  }
  const notes = notesOf(before, after, stored);
  // The document says of an object only that it is one.
  if (Object.keys(notes).length > 0) change.metadata = notes as Record<string, never>;
  return change;
}
