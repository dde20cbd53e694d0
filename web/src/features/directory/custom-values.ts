/** Values of the tenant's own fields, between what is stored and what is typed. */
import type { ContactField } from "@/lib/api/directory-types";

export type Typed = Record<string, string>;

export function typedOf(stored: Record<string, unknown>): Typed {
  return Object.fromEntries(
    Object.entries(stored).flatMap(([key, value]) =>
      value === null || value === undefined ? [] : [[key, String(value)]],
    ),
  );
}

/**
 * What is sent: only what differs, in the type of its field; null takes a value away. What is no number stays text,
 * and the server says so at its field.
 */
export function customOf(
  fields: readonly ContactField[],
  stored: Record<string, unknown>,
  typed: Typed,
): Record<string, unknown> {
  const sent: Record<string, unknown> = {};
  for (const field of fields) {
    const text = (typed[field.key] ?? "").trim();
    const before = stored[field.key];
    const value = text === "" ? null : valueOf(field, text);
    if ((before ?? null) !== value) sent[field.key] = value;
  }
  return sent;
}

function valueOf(field: ContactField, text: string): string | number | boolean {
  if (field.type === "boolean") return text === "true";
  if (field.type !== "number") return text;
  const number = Number(text.replace(",", "."));
  return Number.isFinite(number) ? number : text;
}
