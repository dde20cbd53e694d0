/** An entry of the audit log, as people read it. */

/** `api_token.created` → `api token created`. */
export function wordsOf(action: string): string {
  return action.replace(".", " ").replaceAll("_", " ");
}

export interface Difference {
  field: string;
  before: string | null;
  after: string | null;
}

const textOf = (value: unknown): string | null => {
  if (value === undefined || value === null) return null;
  return typeof value === "string" ? value : JSON.stringify(value);
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Field by field, what was and what is. */
export function differencesOf(before: unknown, after: unknown): Difference[] {
  const [was, is] = [isRecord(before) ? before : {}, isRecord(after) ? after : {}];
  return [...new Set([...Object.keys(was), ...Object.keys(is)])]
    .map((field) => ({ field, before: textOf(was[field]), after: textOf(is[field]) }))
    .filter((each) => each.before !== each.after);
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
