/** Which rows of a list are ticked, for what can be done with several at once. */
import { useCallback, useState } from "react";

export interface Selection<T> {
  ids: ReadonlySet<string>;
  /** The ticked rows that are still in the list. */
  rows: T[];
  toggle: (id: string) => void;
  set: (ids: Iterable<string>) => void;
  clear: () => void;
}

export function useSelection<T>(rows: T[], rowId: (row: T) => string): Selection<T> {
  const [ids, setIds] = useState<ReadonlySet<string>>(() => new Set());
  const set = useCallback((next: Iterable<string>) => setIds(new Set(next)), []);
  const clear = useCallback(() => setIds(new Set()), []);
  const toggle = useCallback(
    (id: string) =>
      setIds((before) => {
        const next = new Set(before);
        if (!next.delete(id)) next.add(id);
        return next;
      }),
    [],
  );
  // A row that left the list (another filter, somebody else's change) must not be acted on unseen.
  const shown = rows.filter((row) => ids.has(rowId(row)));
  return { ids, rows: shown, toggle, set, clear };
}
