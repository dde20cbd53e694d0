/** Clocks for people: ages tick in the browser from the server's `since`, so no message is needed per second. */
import { useSyncExternalStore } from "react";

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let now = Date.now();

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  if (!timer) {
    now = Date.now();
    timer = setInterval(() => {
      now = Date.now();
      for (const each of listeners) each();
    }, 1000);
  }
  return () => {
    listeners.delete(listener);
    if (listeners.size === 0 && timer) {
      clearInterval(timer);
      timer = undefined;
    }
  };
}

/** The wall clock, one shared tick per second for the whole page. */
export function useNow(): number {
  return useSyncExternalStore(
    subscribe,
    () => (timer ? now : (now = Math.floor(Date.now() / 1000) * 1000)),
    () => now,
  );
}

/** `0:07`, `12:40`, `3:02:11`; never negative, even when the server's clock is ahead of ours. */
export function formatAge(fromMs: number, toMs: number): string {
  const seconds = Math.max(0, Math.floor((toMs - fromMs) / 1000));
  const h = Math.floor(seconds / 3600);
  const m = Math.floor((seconds % 3600) / 60);
  const s = String(seconds % 60).padStart(2, "0");
  return h > 0 ? `${h}:${String(m).padStart(2, "0")}:${s}` : `${m}:${s}`;
}

const timeFormat = new Intl.DateTimeFormat(undefined, {
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit",
});
const minuteFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dateTimeFormat = new Intl.DateTimeFormat(undefined, {
  year: "numeric",
  month: "short",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
});

function parse(value: string | number | null | undefined): Date | null {
  if (value === null || value === undefined || value === "") return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}
export function formatTime(value: string | number | null | undefined): string {
  const date = parse(value);
  return date ? timeFormat.format(date) : "";
}
export function formatMinute(value: string | number | null | undefined): string {
  const date = parse(value);
  return date ? minuteFormat.format(date) : "";
}
export function formatDateTime(value: string | number | null | undefined): string {
  const date = parse(value);
  return date ? dateTimeFormat.format(date) : "";
}
