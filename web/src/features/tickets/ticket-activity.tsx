/** What happened to a ticket, oldest first: who did what, and when. */
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Activity, Page, Priority, TicketStatus } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Failed, Loading } from "@/ui/feedback";

export function TicketActivity({
  ticketId,
  nameOf,
}: {
  ticketId: string;
  nameOf: (id: string) => string | null;
}) {
  const { t } = useTranslation();
  const pages = usePages({
    queryKey: [...keys.ticket(ticketId), "activities"],
    fetchPage: (cursor, signal) =>
      take<Page<Activity>>(
        api.GET("/api/v1/tickets/{id}/activities", {
          params: { path: { id: ticketId }, query: { limit: 100, cursor } },
          signal,
        }),
      ),
  });
  if (pages.isPending) return <Loading className="py-4" />;
  if (pages.isError) return <Failed error={pages.error} onRetry={() => void pages.refetch()} />;
  if (pages.items.length === 0) return <p className="p-3 text-muted">{t("timeline.empty")}</p>;
  return (
    <>
      <ol className="grid p-3" data-testid="activities" aria-label={t("tickets.tab.activity")}>
        {pages.items.map((activity, index) => (
          <li
            key={activity.id}
            data-activity={activity.type}
            className="relative grid grid-cols-[0.75rem_minmax(0,1fr)] gap-2 pb-3 last:pb-0"
          >
            <span aria-hidden className="relative flex justify-center">
              <span className="z-1 mt-1.5 size-2 rounded-full bg-accent" />
              {index === pages.items.length - 1 ? null : (
                <span className="absolute top-3 -bottom-3 w-px bg-line" />
              )}
            </span>
            <div className="min-w-0">
              <p className="wrap-anywhere">
                {activity.user_id ? (
                  <span className="font-medium">{nameOf(activity.user_id) ?? t("tickets.somebody")} </span>
                ) : null}
                <Words activity={activity} nameOf={nameOf} />
              </p>
              <p className="text-[0.8667rem] text-muted">
                <When at={activity.created_at} />
              </p>
            </div>
          </li>
        ))}
      </ol>
      {pages.hasNextPage ? (
        <div className="flex justify-center border-t border-line p-2">
          <Button size="sm" busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
            {t("action.load_more")}
          </Button>
        </div>
      ) : null}
    </>
  );
}

const text = (value: unknown): string | null => (typeof value === "string" && value !== "" ? value : null);

function Words({
  activity,
  nameOf,
}: {
  activity: Activity;
  nameOf: (id: string) => string | null;
}): ReactNode {
  const { t } = useTranslation();
  const { data } = activity;
  switch (activity.type) {
    case "created":
      return t("activity.created");
    case "comment":
      return data.visibility === "internal" ? t("activity.note") : t("activity.comment");
    case "status_change": {
      const status = (value: unknown) =>
        t(`ticket_status.${String(value) as TicketStatus}`, { defaultValue: String(value) });
      const reason = text(data.reason);
      return (
        <>
          {t("activity.status_change", { from: status(data.from), to: status(data.to) })}
          {reason ? <span className="text-muted">: {reason}</span> : null}
        </>
      );
    }
    case "priority_change": {
      const priority = (value: unknown) =>
        t(`priority.${String(value) as Priority}`, { defaultValue: String(value) });
      return t("activity.priority_change", { from: priority(data.from), to: priority(data.to) });
    }
    case "agent_assignment": {
      const to = text(data.to);
      return to
        ? t("activity.assigned", { name: nameOf(to) ?? t("tickets.somebody") })
        : t("activity.unassigned");
    }
    case "edited":
      return t("activity.edited", {
        fields: Array.isArray(data.fields) ? data.fields.join(", ").replaceAll("_", " ") : "",
      });
    case "call_linked": {
      const id = text(data.call_id);
      if (!id) return t("activity.call_linked");
      return (
        <Link
          to="/calls/$callId"
          params={{ callId: id }}
          className="text-accent-text underline-offset-2 hover:underline"
        >
          {t("activity.call_linked")}
        </Link>
      );
    }
    default:
      return activity.type.replaceAll("_", " ");
  }
}
