/** Per-browser switches that hold no personal data. */
import { create } from "zustand";

const MUTED = "switchroom.muted";
const COLUMNS = "switchroom.columns";

function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}
function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Kept for this page only.
  }
}

/** Of one list: the columns whose showing was chosen, and how. The others show as the screen has room. */
export type ColumnChoice = Readonly<Record<string, boolean>>;
type ColumnChoices = Readonly<Record<string, ColumnChoice>>;

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** What an earlier visit stored; anything that is not of the right shape is left out. */
export function parseColumns(text: string | null): ColumnChoices {
  let stored: unknown = null;
  try {
    stored = JSON.parse(text ?? "null");
  } catch {
    // Somebody else's text under our name.
  }
  if (!isRecord(stored)) return {};
  const choices: Record<string, ColumnChoice> = {};
  for (const [list, columns] of Object.entries(stored)) {
    if (!isRecord(columns)) continue;
    choices[list] = Object.fromEntries(
      Object.entries(columns).filter((entry): entry is [string, boolean] => typeof entry[1] === "boolean"),
    );
  }
  return choices;
}

interface Preferences {
  muted: boolean;
  setMuted: (muted: boolean) => void;
  columns: ColumnChoices;
  chooseColumn: (list: string, column: string, shown: boolean) => void;
}

export const usePreferences = create<Preferences>((set, get) => ({
  muted: read(MUTED) === "1",
  setMuted: (muted) => {
    write(MUTED, muted ? "1" : "0");
    set({ muted });
  },
  columns: parseColumns(read(COLUMNS)),
  chooseColumn: (list, column, shown) => {
    const columns = get().columns;
    const next = { ...columns, [list]: { ...columns[list], [column]: shown } };
    write(COLUMNS, JSON.stringify(next));
    set({ columns: next });
  },
}));
