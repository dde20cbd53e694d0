/** A field's definition as it is typed, what can be told while typing, and how the order of fields changes. */
import * as z from "zod/mini";
import type { ContactField, FieldType } from "@/lib/api/directory-types";

export const TYPES = ["text", "number", "date", "boolean", "choice"] as const satisfies readonly FieldType[];
const MOST_CHOICES = 200;

export interface Values {
  label: string;
  key: string;
  type: FieldType;
  /** One a line. */
  choices: string;
  required: boolean;
}

export interface Words {
  required: string;
  tooLong: string;
  key: string;
  choices: string;
  twice: string;
}

export const choicesOf = (text: string): string[] =>
  text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");

const twice = (choices: string[]) =>
  new Set(choices.map((choice) => choice.toLowerCase())).size < choices.length;

export function schemaOf(words: Words) {
  return z
    .object({
      label: z.string().check(z.trim(), z.minLength(1, words.required), z.maxLength(100, words.tooLong)),
      key: z.string().check(z.regex(/^[a-z][a-z0-9_]{0,39}$/, words.key)),
      type: z.enum(TYPES),
      choices: z.string().check(
        z.refine((text) => !twice(choicesOf(text)), words.twice),
        z.refine((text) => choicesOf(text).every((choice) => choice.length <= 100), words.tooLong),
        z.refine((text) => choicesOf(text).length <= MOST_CHOICES, words.choices),
      ),
      required: z.boolean(),
    })
    .check(
      z.refine(({ type, choices }) => type !== "choice" || choicesOf(choices).length > 0, {
        message: words.choices,
        path: ["choices"],
      }),
    );
}

/** A key that the label suggests: its letters and digits, without accents. */
export function keyOf(label: string): string {
  return label
    .normalize("NFD")
    .replaceAll(/\p{M}/gu, "")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "_")
    .replace(/^[^a-z]+/, "")
    .slice(0, 40)
    .replace(/_+$/, "");
}

/** The fields in their new order, each with the position that says so. */
export function moved(fields: readonly ContactField[], id: string, step: 1 | -1): ContactField[] {
  const from = fields.findIndex((field) => field.id === id);
  const to = from + step;
  const next = [...fields];
  if (from >= 0 && to >= 0 && to < fields.length) {
    const [field] = next.splice(from, 1);
    if (field) next.splice(to, 0, field);
  }
  return next.map((field, index) => ({ ...field, position: index + 1 }));
}

/** Behind all others. */
export const nextPosition = (fields: readonly ContactField[]): number =>
  Math.max(0, ...fields.map((field) => field.position)) + 1;
