/** A figure above a list; where it can be picked, it narrows the list to what it counts. */
import type { ReactNode } from "react";

export function FigureCard({
  name,
  label,
  note,
  pressed,
  onPick,
  children,
}: {
  name: string;
  label: string;
  note?: string;
  /** Whether the list is narrowed to it; left out where picking leads elsewhere. */
  pressed?: boolean;
  onPick?: () => void;
  children: ReactNode;
}) {
  const inner = (
    <>
      <span className="text-[0.8667rem] text-muted">{label}</span>
      <span className="flex flex-wrap items-baseline gap-x-2">
        <span className="num text-xl font-semibold tracking-tight" data-testid={`card-${name}`}>
          {children}
        </span>
        {note ? <span className="text-[0.8667rem] text-muted">{note}</span> : null}
      </span>
    </>
  );
  const style = `grid w-full gap-0.5 rounded-lg border bg-surface px-3 py-2 text-left shadow-card ${pressed ? "border-accent" : "border-line"}`;
  return (
    <li className="grid">
      {onPick ? (
        <button type="button" aria-pressed={pressed} onClick={onPick} className={`${style} hover:bg-sunken`}>
          {inner}
        </button>
      ) : (
        <div className={style}>{inner}</div>
      )}
    </li>
  );
}
