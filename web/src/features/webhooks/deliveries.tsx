/** What was sent to an endpoint and what it answered; what was given up, to be sent once more. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { DeadLetter, Delivery, Page } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { useErrorText } from "@/ui/feedback";
import { ListFrame } from "@/ui/list";
import type { Column } from "@/ui/table";
import { ReplayAfter } from "./replay";

const tone: Record<string, Tone> = { delivered: "good", failed: "warn", dead: "bad" };

export function Deliveries({ id, mayManage }: { id: string; mayManage: boolean }) {
  const { t } = useTranslation();
  const pages = usePages({
    queryKey: [...keys.webhooks, "deliveries", id],
    fetchPage: (cursor, signal) =>
      take<Page<Delivery>>(
        api.GET("/api/v1/webhook-endpoints/{id}/deliveries", {
          params: { path: { id }, query: { cursor } },
          signal,
        }),
      ),
  });
  const columns = useMemo<Column<Delivery>[]>(
    () => [
      {
        id: "at",
        header: t("field.when"),
        always: true,
        cell: ({ row }) => <When at={row.original.attempted_at} />,
      },
      {
        id: "type",
        header: t("webhooks.event"),
        always: true,
        cell: ({ row }) => <code className="font-mono text-[0.8rem]">{row.original.type}</code>,
      },
      {
        id: "outcome",
        header: t("webhooks.outcome"),
        cell: ({ row }) => (
          <Badge tone={tone[row.original.outcome] ?? "neutral"} data-outcome={row.original.outcome}>
            {t(`webhooks.outcomes.${row.original.outcome as "delivered" | "failed" | "dead"}`, {
              defaultValue: row.original.outcome,
            })}
          </Badge>
        ),
      },
      {
        id: "answer",
        header: t("webhooks.answer"),
        cell: ({ row }) => <span className="wrap-anywhere">{row.original.fault ?? row.original.status}</span>,
      },
      {
        id: "attempt",
        header: t("webhooks.attempt"),
        cell: ({ row }) => <span className="num">{row.original.attempt}</span>,
      },
      {
        id: "duration",
        header: t("webhooks.duration"),
        onDemand: true,
        cell: ({ row }) => <span className="num">{t("webhooks.ms", { ms: row.original.duration_ms })}</span>,
      },
      {
        id: "cursor",
        header: t("webhooks.cursor"),
        onDemand: true,
        cell: ({ row }) => <code className="font-mono text-[0.8rem]">{row.original.cursor}</code>,
      },
      ...(mayManage
        ? [
            {
              id: "actions",
              header: t("field.actions"),
              className: "@3xl:w-20",
              always: true,
              cell: ({ row }) => <ReplayAfter id={id} delivery={row.original} />,
            } satisfies Column<Delivery>,
          ]
        : []),
    ],
    [t, id, mayManage],
  );
  return (
    <ListFrame
      name="deliveries"
      label={t("webhooks.tab.deliveries")}
      columns={columns}
      pages={pages}
      rowId={(delivery) => delivery.id}
      emptyTitle={t("webhooks.no_deliveries")}
      emptyText={t("webhooks.no_deliveries_text")}
    />
  );
}

export function DeadLetters({ id, mayManage }: { id: string; mayManage: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const pages = usePages({
    queryKey: [...keys.webhooks, "dead", id],
    fetchPage: (cursor, signal) =>
      take<Page<DeadLetter>>(
        api.GET("/api/v1/webhook-endpoints/{id}/dead-letters", {
          params: { path: { id }, query: { cursor } },
          signal,
        }),
      ),
  });
  const replay = useMutation({
    mutationFn: (letter: string | null) =>
      take<{ replaying: number }>(
        api.POST("/api/v1/webhook-endpoints/{id}/dead-letters/replay", {
          params: { path: { id } },
          body: letter ? { id: letter } : {},
          headers: { "Idempotency-Key": idempotencyKey() },
        }),
      ),
    onSuccess: ({ replaying }) => toast.success(t("webhooks.replaying", { count: replaying })),
    onError: (error) => toast.error(errorText(error)),
    onSettled: () => client.invalidateQueries({ queryKey: keys.webhooks }),
  });
  const { mutate } = replay;
  const columns = useMemo<Column<DeadLetter>[]>(
    () => [
      {
        id: "at",
        header: t("webhooks.given_up"),
        always: true,
        cell: ({ row }) => <When at={row.original.died_at} />,
      },
      {
        id: "type",
        header: t("webhooks.event"),
        always: true,
        cell: ({ row }) => <code className="font-mono text-[0.8rem]">{row.original.type}</code>,
      },
      {
        id: "fault",
        header: t("webhooks.answer"),
        cell: ({ row }) => <span className="wrap-anywhere">{row.original.fault ?? "–"}</span>,
      },
      {
        id: "state",
        header: t("field.state"),
        always: true,
        cell: ({ row }) =>
          row.original.delivered_at ? (
            <Badge tone="good">{t("webhooks.outcomes.delivered")}</Badge>
          ) : row.original.replaying ? (
            <Badge tone="accent">{t("webhooks.sending_again")}</Badge>
          ) : mayManage ? (
            <Button size="sm" onClick={() => mutate(row.original.id)}>
              {t("webhooks.replay")}
            </Button>
          ) : (
            <Badge tone="bad">{t("webhooks.outcomes.dead")}</Badge>
          ),
      },
    ],
    [t, mayManage, mutate],
  );
  const waiting = pages.items.some((letter) => !letter.delivered_at && !letter.replaying);
  return (
    <ListFrame
      name="dead-letters"
      label={t("webhooks.tab.dead")}
      columns={columns}
      pages={pages}
      rowId={(letter) => letter.id}
      emptyTitle={t("webhooks.no_dead")}
      emptyText={t("webhooks.no_dead_text")}
      toolbar={
        mayManage && waiting ? (
          <Button busy={replay.isPending} onClick={() => mutate(null)}>
            {t("webhooks.replay_all")}
          </Button>
        ) : null
      }
    />
  );
}
