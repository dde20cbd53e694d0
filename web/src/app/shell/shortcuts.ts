/** Keyboard shortcuts of the whole console; the help dialog lists exactly these. */
import { useEffect, useRef } from "react";

export function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable ||
      target.closest(
        "input:not([type=radio]):not([type=checkbox]),textarea,select,[role=menu],[role=dialog],[role=alertdialog]",
      ) !== null)
  );
}

/**
 * Moves the keyboard to the next or previous row of the list within `root`: from the row it is in, else from the
 * top or the bottom. False where there is no list.
 */
export function stepRow(root: ParentNode | null, step: 1 | -1): boolean {
  const rows = [...(root?.querySelectorAll<HTMLElement>("tr[data-row][tabindex]") ?? [])];
  if (rows.length === 0) return false;
  const at = rows.findIndex((row) => row.contains(document.activeElement));
  const next =
    at < 0 ? (step === 1 ? 0 : rows.length - 1) : Math.min(rows.length - 1, Math.max(0, at + step));
  rows[next]?.focus();
  rows[next]?.scrollIntoView?.({ block: "nearest" });
  return true;
}

export interface ShortcutActions {
  palette: () => void;
  help: () => void;
  search: () => void;
  /** `g` followed by this key. */
  go: (key: string) => boolean;
  /** Next or previous pop. */
  pop: (step: 1 | -1) => void;
  /** Next or previous row of the list on the screen. */
  row: (step: 1 | -1) => boolean;
  mute: () => void;
}

const SEQUENCE_MS = 1200;

export function useShortcuts(actions: ShortcutActions): void {
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    let goUntil = 0;
    const onKeyDown = (event: KeyboardEvent) => {
      const act = latest.current;
      if (event.defaultPrevented || event.isComposing) return;
      const key = event.key.toLowerCase();
      if ((event.ctrlKey || event.metaKey) && !event.altKey && !event.shiftKey && key === "k") {
        event.preventDefault();
        act.palette();
        return;
      }
      if (event.altKey && !event.ctrlKey && !event.metaKey && (key === "arrowdown" || key === "arrowup")) {
        event.preventDefault();
        act.pop(key === "arrowdown" ? 1 : -1);
        return;
      }
      if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
      if (performance.now() < goUntil) {
        goUntil = 0;
        if (act.go(key)) {
          event.preventDefault();
          return;
        }
      }
      if ((key === "j" || key === "k") && act.row(key === "j" ? 1 : -1)) event.preventDefault();
      else if (key === "g") goUntil = performance.now() + SEQUENCE_MS;
      else if (event.key === "?") act.help();
      else if (event.key === "/") {
        event.preventDefault();
        act.search();
      } else if (key === "m") act.mute();
    };
    addEventListener("keydown", onKeyDown);
    return () => removeEventListener("keydown", onKeyDown);
  }, []);
}
