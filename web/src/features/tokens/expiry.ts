/** How long a token is good: what is offered when one is made, and what is said about one that exists. */
export const TERMS = ["30", "90", "365", "date", "never"] as const;
export type Term = (typeof TERMS)[number];

const DAY_MS = 86_400_000;
const SOON_DAYS = 14;

/** The instant until which the token is good, at the end of a chosen day; null for one without end. */
export function untilOf(term: Term, date: string, now: number): string | null {
  if (term === "never") return null;
  if (term !== "date") return new Date(now + Number(term) * DAY_MS).toISOString();
  const [year = 0, month = 1, day = 1] = date.split("-").map(Number);
  return new Date(year, month - 1, day, 23, 59, 59).toISOString();
}

export function expiryOf(at: string | null, now: number): "never" | "over" | "soon" | "later" {
  if (!at) return "never";
  const left = new Date(at).getTime() - now;
  if (left <= 0) return "over";
  return left < SOON_DAYS * DAY_MS ? "soon" : "later";
}
