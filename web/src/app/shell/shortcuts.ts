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

export interface ShortcutActions {
  palette: () => void;
  help: () => void;
  search: () => void;
  /** `g` followed by this key. */
  go: (key: string) => boolean;
  /** Next or previous pop. */
  pop: (step: 1 | -1) => void;
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
      if (key === "g") goUntil = performance.now() + SEQUENCE_MS;
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
