/** Filters and order of a list that somebody keeps under a name: in this browser, each person their own. */
import { create } from "zustand";

const KEY = "switchroom.views.";
const MOST = 20;

export type Search = Readonly<Record<string, string | number | boolean>>;
export interface SavedView {
  name: string;
  search: Search;
}
type Views = Readonly<Record<string, readonly SavedView[]>>;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isPlain = (value: unknown): value is string | number | boolean =>
  typeof value === "string" || typeof value === "number" || typeof value === "boolean";

/** The part of an address that narrows and orders; which row is open is no part of it. */
export function searchOf(search: Readonly<Record<string, unknown>>): Search {
  return Object.fromEntries(
    Object.entries(search).filter(
      (entry): entry is [string, string | number | boolean] =>
        isPlain(entry[1]) && !["id", "tab", "contact"].includes(entry[0]),
    ),
  );
}

export function sameSearch(a: Search, b: Search): boolean {
  const names = new Set([...Object.keys(a), ...Object.keys(b)]);
  return [...names].every((name) => a[name] === b[name]);
}

/** What an earlier visit stored; anything that is not of the right shape is left out. */
export function parseViews(text: string | null): Views {
  let stored: unknown = null;
  try {
    stored = JSON.parse(text ?? "null");
  } catch {
    // Somebody else's text under our name.
  }
  if (!isRecord(stored)) return {};
  const views: Record<string, SavedView[]> = {};
  for (const [list, saved] of Object.entries(stored)) {
    if (!Array.isArray(saved)) continue;
    views[list] = saved
      .flatMap((each: unknown) =>
        isRecord(each) && typeof each.name === "string" && isRecord(each.search)
          ? [{ name: each.name, search: searchOf(each.search) }]
          : [],
      )
      .slice(0, MOST);
  }
  return views;
}

interface Store {
  person: string | null;
  views: Views;
  /** Reads what this person kept. */
  open: (person: string) => void;
  save: (list: string, view: SavedView) => void;
  remove: (list: string, name: string) => void;
}

export const useSavedViews = create<Store>((set, get) => {
  const keep = (views: Views) => {
    try {
      localStorage.setItem(KEY + (get().person ?? ""), JSON.stringify(views));
    } catch {
      // Kept for this page only.
    }
    set({ views });
  };
  return {
    person: null,
    views: {},
    open: (person) => {
      if (get().person === person) return;
      let text: string | null = null;
      try {
        text = localStorage.getItem(KEY + person);
      } catch {
        // Blocked storage: there is nothing kept.
      }
      set({ person, views: parseViews(text) });
    },
    save: (list, view) => {
      const views = get().views;
      const others = (views[list] ?? []).filter((each) => each.name !== view.name);
      keep({ ...views, [list]: [...others, view].slice(-MOST) });
    },
    remove: (list, name) => {
      const views = get().views;
      keep({ ...views, [list]: (views[list] ?? []).filter((each) => each.name !== name) });
    },
  };
});
