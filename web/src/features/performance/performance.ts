/** Which period is looked at, what the server says of it, and in which order it is shown. */
import { api, take } from "@/lib/api/client";
import type { AgentPerformance, OnePerformance, TeamPerformance } from "@/lib/api/types";
import { formatAge } from "@/lib/time";

/** The longest period that the server counts at once. */
export const LONGEST_DAYS = 92;
const DAY_MS = 86_400_000;

export const PERIODS = ["week", "month", "quarter", "own"] as const;
export type PeriodName = (typeof PERIODS)[number];
const DAYS: Record<Exclude<PeriodName, "own">, number> = { week: 7, month: 30, quarter: 90 };

/** As it stands in the address: so many days up to now, or days of the person's own calendar, both included. */
export interface PeriodSearch {
  period?: PeriodName | undefined;
  from?: string | undefined;
  to?: string | undefined;
}

export type PeriodFault = "missing" | "backwards" | "long";
interface Instants {
  from: string;
  to: string;
}

export function instantsOf(search: PeriodSearch, now: number): Instants | PeriodFault {
  const period = search.period ?? "week";
  if (period !== "own") {
    return {
      from: new Date(now - DAYS[period] * DAY_MS).toISOString(),
      to: new Date(now).toISOString(),
    };
  }
  const from = midnight(search.from, 0);
  const to = midnight(search.to, 1);
  if (from === null || to === null) return "missing";
  if (from >= to) return "backwards";
  if (to.getTime() - from.getTime() > LONGEST_DAYS * DAY_MS) return "long";
  return { from: from.toISOString(), to: to.toISOString() };
}

/** Why there is nothing to ask for; null where there is. */
export function faultOf(search: PeriodSearch): PeriodFault | null {
  const instants = instantsOf(search, Date.now());
  return typeof instants === "string" ? instants : null;
}

function midnight(day: string | undefined, later: number): Date | null {
  if (!day || !/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const date = new Date(`${day}T00:00:00`);
  if (Number.isNaN(date.getTime())) return null;
  // By the calendar and not by 24 hours: days on which the clocks change are longer or shorter.
  date.setDate(date.getDate() + later);
  return date;
}

function asked(search: PeriodSearch): Instants {
  const instants = instantsOf(search, Date.now());
  if (typeof instants === "string") throw new Error(`no period: ${instants}`);
  return instants;
}

export function loadTeam(search: PeriodSearch, team: string | undefined, signal: AbortSignal) {
  const query = { ...asked(search), team_id: team };
  return take<TeamPerformance>(api.GET("/api/v1/agents/performance", { params: { query }, signal }));
}

export function loadAgent(id: string, search: PeriodSearch, signal: AbortSignal) {
  const query = asked(search);
  return take<OnePerformance>(
    api.GET("/api/v1/agents/{id}/performance", { params: { path: { id }, query }, signal }),
  );
}

/** What the list can be ordered by. */
export type Figure = Exclude<keyof AgentPerformance, "user_id" | "is_active">;

/** In the order `field` or `-field`; who has no such figure comes last either way, and equals go by name. */
export function ordered(items: readonly AgentPerformance[], sort: string): AgentPerformance[] {
  const descending = sort.startsWith("-");
  const field = (descending ? sort.slice(1) : sort) as Figure;
  const byName = (a: AgentPerformance, b: AgentPerformance) => a.name.localeCompare(b.name);
  return [...items].sort((a, b) => {
    if (field === "name") return descending ? byName(b, a) : byName(a, b);
    const [x, y] = [a[field] ?? null, b[field] ?? null];
    if (x === null || y === null) return x === y ? byName(a, b) : x === null ? 1 : -1;
    return (descending ? y - x : x - y) || byName(a, b);
  });
}

/** `0:07`, `12:40`, `3:02:11`; a dash where there was nothing to measure. */
export function lengthText(seconds: number | null): string {
  return seconds === null ? "–" : formatAge(0, Math.round(seconds) * 1000);
}

const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", timeZone: "UTC" });

/** A UTC day, which is what the server counts by, whatever the zone of the person. */
export function dayText(day: string): string {
  return dayFormat.format(new Date(`${day}T00:00:00Z`));
}
