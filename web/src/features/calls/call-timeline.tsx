/** What happened in a call, from the numbered log: effective events, and struck out those that came too late. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { CallEvent, Page } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { formatTime } from "@/lib/time";
import { Failed, Loading } from "@/ui/feedback";

const NAMED = [
  "ringing",
  "answered",
  "held",
  "resumed",
  "transferring",
  "transferred",
  "ended",
  "offered",
  "popped",
  "withdrawn",
  "missed",
] as const;
type Named = (typeof NAMED)[number];

function wordOf(type: string): string {
  return type.replace(/^call[._]/, "");
}

export function CallTimeline({ callId, live }: { callId: string; live?: boolean }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: keys.callEvents(callId),
    queryFn: ({ signal }) =>
      take<Page<CallEvent>>(
        api.GET("/api/v1/calls/{id}/events", {
          params: { path: { id: callId }, query: { limit: 200 } },
          signal,
        }),
      ),
    retry: live ? 3 : 1,
  });
  if (query.isPending) return <Loading className="py-4" />;
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  const items = query.data.items;
  if (items.length === 0) return <p className="p-3 text-muted">{t("timeline.empty")}</p>;
  return (
    <ol className="grid gap-0 p-3" data-testid="timeline" aria-label={t("timeline.title")}>
      {items.map((event, index) => (
        <Entry key={event.event_id} event={event} last={index === items.length - 1} />
      ))}
    </ol>
  );
}

function Entry({ event, last }: { event: CallEvent; last: boolean }) {
  const { t } = useTranslation();
  const word = wordOf(event.type);
  const label = NAMED.includes(word as Named) ? t(`event.${word as Named}`) : word.replaceAll(/[._]/g, " ");
  return (
    <li
      className="relative grid grid-cols-[5.5rem_0.75rem_minmax(0,1fr)] gap-2 pb-2 last:pb-0"
      data-event={word}
    >
      <time
        className="num text-right whitespace-nowrap text-muted"
        dateTime={event.provider_at ?? event.recorded_at}
        title={t("timeline.recorded", { at: formatTime(event.recorded_at) })}
      >
        {formatTime(event.provider_at ?? event.recorded_at)}
      </time>
      <span aria-hidden className="relative flex justify-center">
        <span
          className={cn(
            "z-1 mt-1.5 size-2 rounded-full",
            event.effective ? "bg-accent" : "border border-line-strong bg-surface",
          )}
        />
        {last ? null : <span className="absolute top-3 -bottom-2 w-px bg-line" />}
      </span>
      <span className={cn("min-w-0 wrap-anywhere", !event.effective && "text-muted")}>
        <span className={cn(!event.effective && "line-through")}>{label}</span>
        {event.effective ? null : <span> {t("timeline.ignored")}</span>}
      </span>
    </li>
  );
}
