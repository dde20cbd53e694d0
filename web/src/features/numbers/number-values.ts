/** A line as the platform admin types it. */
import * as z from "zod/mini";
import type { NumberBody, NumberChange, PhoneNumber } from "@/lib/api/types";

export interface NumberValues {
  number: string;
  country: string;
  region: string;
  provider: string;
  monthly_cost: string;
  currency: string;
  voice: boolean;
  sms: boolean;
}

export interface Words {
  e164: string;
  country: string;
  cost: string;
  currency: string;
  tooLong: string;
}

/** The number as it is stored: spaces and the like are for reading. */
export const e164Of = (text: string) => text.replace(/[\s().\-–/]/g, "");

export function numberSchema(words: Words) {
  return z.object({
    number: z.string().check(z.refine((text) => /^\+[1-9]\d{6,14}$/.test(e164Of(text)), words.e164)),
    country: z.string().check(z.refine((text) => /^[a-z]{2}$/i.test(text.trim()), words.country)),
    region: z.string().check(z.maxLength(100, words.tooLong)),
    provider: z.string().check(z.maxLength(60, words.tooLong)),
    monthly_cost: z
      .string()
      .check(z.refine((text) => /^(\d{1,10}([.,]\d{1,2})?)?$/.test(text.trim()), words.cost)),
    currency: z.string().check(z.refine((text) => /^([a-z]{3})?$/i.test(text.trim()), words.currency)),
    voice: z.boolean(),
    sms: z.boolean(),
  });
}

const can = (number: PhoneNumber | undefined, name: string, otherwise: boolean): boolean => {
  const value = (number?.capabilities as Record<string, unknown> | undefined)?.[name];
  return typeof value === "boolean" ? value : otherwise;
};

export function valuesOf(number: PhoneNumber | undefined): NumberValues {
  return {
    number: number?.number ?? "",
    country: number?.country ?? "",
    region: number?.region ?? "",
    provider: number?.provider ?? "",
    monthly_cost: number?.monthly_cost ?? "",
    currency: number?.currency ?? "EUR",
    voice: can(number, "voice", number === undefined),
    sms: can(number, "sms", false),
  };
}

export function bodyOf(values: NumberValues): NumberBody {
  const cost = values.monthly_cost.trim().replace(",", ".");
  return {
    number: e164Of(values.number),
    country: values.country.trim().toUpperCase(),
    // The document says of an object only that it is one.
    capabilities: { voice: values.voice, sms: values.sms } as unknown as NumberBody["capabilities"],
    ...(values.region.trim() ? { region: values.region.trim() } : {}),
    ...(values.provider.trim() ? { provider: values.provider.trim() } : {}),
    ...(cost ? { monthly_cost: cost } : {}),
    ...(values.currency.trim() ? { currency: values.currency.trim().toUpperCase() } : {}),
  };
}

/** Capabilities that have no box stay as they are. */
export function changeOf(number: PhoneNumber, values: NumberValues): NumberChange {
  const { number: _, ...body } = bodyOf(values);
  return {
    ...body,
    region: values.region.trim() || null,
    capabilities: { ...number.capabilities, ...body.capabilities },
  };
}
