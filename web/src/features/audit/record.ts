/** An entry of the audit log, as people read it. */

/** `api_token.created` → `api token created`. */
export function wordsOf(action: string): string {
  return action.replace(".", " ").replaceAll("_", " ");
}

export interface Difference {
  field: string;
  before: unknown;
  after: unknown;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Field by field, what was and what is; null where there was or is nothing. */
export function differencesOf(before: unknown, after: unknown): Difference[] {
  const [was, is] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .map((field) => ({ field, before: was[field] ?? null, after: is[field] ?? null }))
    .filter((each) => JSON.stringify(each.before) !== JSON.stringify(each.after));
}

/** A value, as it is to be read. */
export type Shown =
  | { kind: "nothing" }
  | { kind: "flag"; is: boolean }
  | { kind: "text"; text: string }
  | { kind: "list"; items: unknown[] }
  | { kind: "object"; fields: [name: string, value: unknown][] };

export function linesOf(value: unknown): Shown {
  if (value === undefined || value === null || value === "") return { kind: "nothing" };
  if (typeof value === "boolean") return { kind: "flag", is: value };
  if (Array.isArray(value)) return value.length > 0 ? { kind: "list", items: value } : { kind: "nothing" };
  if (isRecord(value)) {
    const fields = Object.entries(value);
    return fields.length > 0 ? { kind: "object", fields } : { kind: "nothing" };
  }
  return { kind: "text", text: String(value) };
}

/** The nouns whose acts are asked for most; anything else can be typed. */
export const FAMILIES = [
  "session",
  "account",
  "password",
  "second_factor",
  "device",
  "user",
  "invitation",
  "registration",
  "role",
  "team",
  "identity_provider",
  "api_token",
  "connection",
  "webhook_endpoint",
  "individual",
  "organization",
  "organization_contact",
  "email_contact",
  "contact",
  "caller",
  "call",
  "ticket",
  "number",
  "bot",
  "tenant",
  "platform",
  "audit",
] as const;

/** What alarms at a glance. */
export const isAlarming = (action: string): boolean =>
  /\.(refused|refresh_reused|reset_requested|backup_used|locked)$/.test(action);
export const isEnding = (action: string): boolean =>
  /\.(deleted|revoked|erased|deactivated|removed)$/.test(action);
