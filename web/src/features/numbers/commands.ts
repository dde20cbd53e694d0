/** What can be done to a line, and why the server may refuse it. */
import { api, idempotencyKey, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { PhoneNumber } from "@/lib/api/types";

export type Command = "assign" | "release" | "disconnect";

const named = (id: string) => ({
  params: { path: { id } },
  headers: { "Idempotency-Key": idempotencyKey() },
});

export function runCommand(number: PhoneNumber, command: Command): Promise<PhoneNumber> {
  const options = { body: {}, ...named(number.id) };
  switch (command) {
    case "assign":
      return take<PhoneNumber>(api.POST("/api/v1/phone-numbers/{id}/assign", options));
    case "release":
      return take<PhoneNumber>(api.POST("/api/v1/phone-numbers/{id}/release", options));
    case "disconnect":
      return take<PhoneNumber>(api.POST("/api/v1/phone-numbers/{id}/disconnect", options));
  }
}

export function connectNumber(id: string, userId: string): Promise<PhoneNumber> {
  return take<PhoneNumber>(
    api.POST("/api/v1/phone-numbers/{id}/connect", { body: { user_id: userId }, ...named(id) }),
  );
}

/** The server's stable words for a refused move of a line (409). */
const REFUSALS = [
  "number-taken",
  "number-connected",
  "number-not-connected",
  "number-not-assigned",
  "user-has-number",
  "changed-meanwhile",
] as const;
export type Refusal = (typeof REFUSALS)[number];

/** Why it was refused, where it was the state of the line and not something else. */
export function refusalOf(error: unknown): Refusal | null {
  if (!isApiError(error) || error.status !== 409) return null;
  return REFUSALS.find((known) => known === error.type) ?? null;
}

/** What may be done with a line as it is, by those who may. */
export function possible(
  number: Pick<PhoneNumber, "status" | "endpoint">,
  rights: { assign: boolean; release: boolean; connect: boolean },
): { assign: boolean; connect: boolean; disconnect: boolean; release: boolean } {
  const own = number.status === "assigned";
  const connected = number.endpoint !== null;
  return {
    // A reserved line that can be seen is held for this account.
    assign: rights.assign && !own,
    connect: rights.connect && own && !connected,
    disconnect: rights.connect && connected,
    release: rights.release && own && !connected,
  };
}
