/** The calls on this agent's screen, newest first; one is shown below. */
import { X } from "lucide-react";
import { type KeyboardEvent, useRef } from "react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { isFinished, type Pop } from "@/lib/ws/reducer";
import { Age } from "@/ui/age";
import { Dot } from "@/ui/badge";
import { partyNumber, useCallerLine } from "./pop-name";
import { usePopStatus } from "./pop-status";

export function PopTabs({
  pops,
  focused,
  onFocus,
  onDismiss,
  panelId,
}: {
  pops: Pop[];
  focused: string | null;
  onFocus: (callId: string) => void;
  onDismiss: (callId: string) => void;
  panelId: string;
}) {
  const { t } = useTranslation();
  const list = useRef<HTMLDivElement>(null);
  const line = useCallerLine();
  const status = usePopStatus();

  const onKeyDown = (event: KeyboardEvent, index: number) => {
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 1, ArrowUp: -1 }[event.key];
    const last = pops.length - 1;
    const target =
      step !== undefined ? (index + step + pops.length) % pops.length : { Home: 0, End: last }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      const pop = pops[target];
      if (!pop) return;
      onFocus(pop.call.id);
      list.current?.querySelectorAll<HTMLElement>('[role="tab"]')[target]?.focus();
    }
    const current = pops[index];
    if (event.key === "Delete" && current && isFinished(current)) onDismiss(current.call.id);
  };

  return (
    <div className="flex gap-1.5 overflow-x-auto p-0.5 pb-1.5">
      <div ref={list} role="tablist" aria-label={t("pop.tabs")} className="flex gap-1.5">
        {pops.map((pop, index) => {
          const selected = pop.call.id === focused;
          const { tone, label, pulse } = status(pop);
          const text = line(pop.caller, partyNumber(pop.call));
          return (
            <button
              type="button"
              key={pop.call.id}
              role="tab"
              id={`pop-tab-${pop.call.id}`}
              aria-selected={selected}
              aria-controls={selected ? panelId : undefined}
              tabIndex={selected ? 0 : -1}
              data-pop={pop.call.id}
              onClick={() => onFocus(pop.call.id)}
              onKeyDown={(event) => onKeyDown(event, index)}
              className={cn(
                "flex h-12 w-52 shrink-0 items-center gap-2 rounded-md border px-2.5 text-left transition-colors",
                selected ? "border-accent bg-surface shadow-card" : "border-line bg-sunken hover:bg-surface",
                isFinished(pop) && !selected && "border-dashed",
              )}
            >
              <Dot tone={tone} pulse={pulse} />
              <span className="min-w-0 flex-1">
                <span className="block truncate font-medium">{text}</span>
                <span className="flex gap-1.5 text-[0.8rem] text-muted">
                  <span className="truncate">{label}</span>
                  {isFinished(pop) ? null : <Age since={pop.call.started_at ?? pop.shownAt} />}
                </span>
              </span>
            </button>
          );
        })}
      </div>
      {pops.some(isFinished) && pops.length > 1 ? (
        <button
          type="button"
          onClick={() => {
            for (const pop of pops) if (isFinished(pop)) onDismiss(pop.call.id);
          }}
          className="flex h-12 shrink-0 items-center gap-1 rounded-md px-2 text-[0.8667rem] text-muted hover:bg-sunken hover:text-fg"
        >
          <X className="size-4" aria-hidden />
          {t("pop.close_finished")}
        </button>
      ) : null}
    </div>
  );
}
