/** Per-browser switches that hold no personal data. */
import { create } from "zustand";

const MUTED = "switchroom.muted";

function read(key: string): boolean {
  try {
    return localStorage.getItem(key) === "1";
  } catch {
    return false;
  }
}
function write(key: string, value: boolean): void {
  try {
    localStorage.setItem(key, value ? "1" : "0");
  } catch {
    // Kept for this page only.
  }
}

interface Preferences {
  muted: boolean;
  setMuted: (muted: boolean) => void;
}

export const usePreferences = create<Preferences>((set) => ({
  muted: read(MUTED),
  setMuted: (muted) => {
    write(MUTED, muted);
    set({ muted });
  },
}));
