/** What can be done to a line, and why the server may refuse it. */
import { api, idempotencyKey, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { Endpoint, NumberBody, NumberChange, PhoneNumber } from "@/lib/api/types";

export type Command = "assign" | "connect" | "disconnect" | "release" | "reserve" | "remove";
export const COMMANDS: readonly Command[] = [
  "assign",
  "connect",
  "disconnect",
  "reserve",
  "release",
  "remove",
];

/** A command for one line, with what it needs. */
export type Order =
  | { number: PhoneNumber; command: "connect"; endpoint: Endpoint }
  | { number: PhoneNumber; command: "reserve"; tenant: string }
  | { number: PhoneNumber; command: Exclude<Command, "connect" | "reserve"> };

const named = (id: string) => ({
  params: { path: { id } },
  headers: { "Idempotency-Key": idempotencyKey() },
});

export async function runOrder(order: Order): Promise<PhoneNumber | null> {
  const options = { body: {}, ...named(order.number.id) };
  switch (order.command) {
    case "assign":
      return take<PhoneNumber>(api.POST("/api/v1/phone-numbers/{id}/assign", options));
    case "release":
      return take<PhoneNumber>(api.POST("/api/v1/phone-numbers/{id}/release", options));
    case "disconnect":
      return take<PhoneNumber>(api.POST("/api/v1/phone-numbers/{id}/disconnect", options));
    case "connect":
      return take<PhoneNumber>(
        api.POST("/api/v1/phone-numbers/{id}/connect", {
          ...options,
          body:
            order.endpoint.kind === "user" ? { user_id: order.endpoint.id } : { bot_id: order.endpoint.id },
        }),
      );
    case "reserve":
      return take<PhoneNumber>(
        api.POST("/api/v1/phone-numbers/{id}/reserve", {
          ...options,
          headers: { ...options.headers, "X-Tenant": order.tenant },
        }),
      );
    case "remove":
      await take(api.DELETE("/api/v1/phone-numbers/{id}", { params: { path: { id: order.number.id } } }));
      return null;
  }
}

export function createNumber(body: NumberBody, key: string): Promise<PhoneNumber> {
  return take<PhoneNumber>(api.POST("/api/v1/phone-numbers", { body, headers: { "Idempotency-Key": key } }));
}

export function changeNumber(number: PhoneNumber, body: NumberChange): Promise<PhoneNumber> {
  return take<PhoneNumber>(
    api.PATCH("/api/v1/phone-numbers/{id}", {
      body,
      params: { path: { id: number.id }, header: { "If-Match": `"${number.version}"` } },
    }),
  );
}

/** The server's stable words for a refused move of a line (409). */
const REFUSALS = [
  "number-taken",
  "number-connected",
  "number-not-connected",
  "number-not-assigned",
  "number-not-held",
  "number-exists",
  "user-has-number",
  "bot-has-number",
  "changed-meanwhile",
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Why it was refused, where it was the state of the line and not something else. */
export function refusalOf(error: unknown): Refusal | null {
  if (!isApiError(error) || error.status !== 409) return null;
  return REFUSALS.find((known) => known === error.type) ?? null;
}

export interface NumberRights {
  assign: boolean;
  release: boolean;
  connect: boolean;
  /** Whose inventory it is: enters lines, changes and removes them, holds them for somebody. */
  platform: boolean;
}

/** What may be done with a line as it is, by those who may. */
export function possible(
  number: Pick<PhoneNumber, "status" | "endpoint">,
  rights: NumberRights,
): Record<Command, boolean> {
  const own = number.status === "assigned";
  const connected = number.endpoint !== null;
  return {
    // A reserved line that can be seen is held for this account; the platform admin has no account to take it for.
    assign: rights.assign && !rights.platform && !own,
    connect: rights.connect && !rights.platform && own && !connected,
    disconnect: rights.connect && !rights.platform && connected,
    reserve: rights.platform && number.status === "available",
    release: rights.platform
      ? number.status === "reserved" || (own && !connected)
      : rights.release && own && !connected,
    remove: rights.platform && !own,
  };
}
