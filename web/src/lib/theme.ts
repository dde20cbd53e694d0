import { create } from "zustand";

export type ThemeChoice = "system" | "light" | "dark";
const KEY = "switchroom.theme";

function stored(): ThemeChoice {
  try {
    const value = localStorage.getItem(KEY);
    return value === "light" || value === "dark" ? value : "system";
  } catch {
    return "system";
  }
}

function systemIsDark(): boolean {
  return globalThis.matchMedia?.("(prefers-color-scheme: dark)").matches ?? false;
}

export function apply(choice: ThemeChoice): void {
  const dark = choice === "dark" || (choice === "system" && systemIsDark());
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

interface ThemeStore {
  choice: ThemeChoice;
  set: (choice: ThemeChoice) => void;
}

export const useTheme = create<ThemeStore>((set) => ({
  choice: stored(),
  set: (choice) => {
    try {
      if (choice === "system") localStorage.removeItem(KEY);
      else localStorage.setItem(KEY, choice);
    } catch {
      // Blocked storage: the choice lasts for this page only.
    }
    apply(choice);
    set({ choice });
  },
}));

/** Follows the system while the choice is "system". */
export function watchSystemTheme(): () => void {
  const media = globalThis.matchMedia?.("(prefers-color-scheme: dark)");
  if (!media) return () => {};
  const listener = () => apply(useTheme.getState().choice);
  media.addEventListener("change", listener);
  apply(useTheme.getState().choice);
  return () => media.removeEventListener("change", listener);
}
