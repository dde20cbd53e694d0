import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Call, CallState, Page } from "@/lib/api/types";
import { formatAge } from "@/lib/time";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Field, Input, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { NumberText } from "@/ui/number";
import { CallStateBadge } from "@/ui/states";
import type { Column } from "@/ui/table";

export const CALL_STATES: readonly CallState[] = ["ringing", "answered", "held", "transferring", "ended"];

export interface CallFilter {
  state?: CallState;
  from?: string;
  to?: string;
  after?: string;
  before?: string;
}

/** A day or minute of the user's clock as an instant for the server. */
function instant(local: string | undefined): string | undefined {
  if (!local) return undefined;
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

export function CallList({
  filter,
  onFilter,
  onOpen,
}: {
  filter: CallFilter;
  onFilter: (filter: CallFilter) => void;
  onOpen: (call: Call) => void;
}) {
  const { t } = useTranslation();
  const from = useDebounced(filter.from);
  const to = useDebounced(filter.to);
  const pages = usePages({
    queryKey: [...keys.calls, "list", { ...filter, from, to }],
    fetchPage: (cursor, signal) =>
      take<Page<Call>>(
        api.GET("/api/v1/calls", {
          params: {
            query: {
              cursor,
              state: filter.state,
              from: from || undefined,
              to: to || undefined,
              started_after: instant(filter.after),
              started_before: instant(filter.before),
            },
          },
          signal,
        }),
      ),
  });
  const columns = useMemo<Column<Call>[]>(
    () => [
      {
        id: "state",
        header: t("field.state"),
        className: "@3xl:w-44",
        cell: ({ row }) => <CallStateBadge state={row.original.state} endReason={row.original.end_reason} />,
      },
      { id: "from", header: t("call.from"), cell: ({ row }) => <NumberText number={row.original.from} /> },
      { id: "to", header: t("call.to"), cell: ({ row }) => <NumberText number={row.original.to} /> },
      {
        id: "direction",
        header: t("call.direction"),
        className: "@3xl:w-28",
        wideOnly: true,
        cell: ({ row }) => t(`direction.${row.original.direction}`, { defaultValue: row.original.direction }),
      },
      {
        id: "queue",
        header: t("call.queue"),
        wideOnly: true,
        cell: ({ row }) => row.original.queue ?? <span className="text-muted">–</span>,
      },
      {
        id: "started",
        header: t("call.started"),
        className: "@3xl:w-44",
        cell: ({ row }) => <When at={row.original.started_at} />,
      },
      {
        id: "talk",
        header: t("call.talk_time"),
        className: "@3xl:w-24",
        cell: ({ row }) => <TalkTime call={row.original} />,
      },
      {
        id: "tickets",
        header: t("nav.tickets"),
        className: "@3xl:w-20",
        wideOnly: true,
        cell: ({ row }) => <span className="num">{row.original.ticket_ids?.length || "–"}</span>,
      },
    ],
    [t],
  );
  const filtered = Object.values(filter).some(Boolean);
  return (
    <ListFrame
      label={t("nav.calls")}
      columns={columns}
      pages={pages}
      rowId={(call) => call.id}
      onOpen={onOpen}
      emptyTitle={filtered ? t("state.no_match") : t("calls.empty")}
      emptyText={filtered ? t("state.no_match_text") : t("calls.empty_text")}
      toolbar={
        <>
          <Field label={t("field.state")} className="w-36">
            <Select
              value={filter.state ?? ""}
              onChange={(event) =>
                onFilter({ ...filter, state: (event.target.value || undefined) as CallState })
              }
            >
              <option value="">{t("filter.any")}</option>
              {CALL_STATES.map((state) => (
                <option key={state} value={state}>
                  {t(`call_state.${state}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("call.from")} className="w-40 grow">
            <Input
              type="search"
              inputMode="tel"
              value={filter.from ?? ""}
              placeholder="+33…"
              onChange={(event) => onFilter({ ...filter, from: event.target.value || undefined })}
            />
          </Field>
          <Field label={t("call.to")} className="w-40 grow">
            <Input
              type="search"
              inputMode="tel"
              value={filter.to ?? ""}
              placeholder="+33…"
              onChange={(event) => onFilter({ ...filter, to: event.target.value || undefined })}
            />
          </Field>
          <Field label={t("filter.after")} className="w-48">
            <Input
              type="datetime-local"
              value={filter.after ?? ""}
              onChange={(event) => onFilter({ ...filter, after: event.target.value || undefined })}
            />
          </Field>
          <Field label={t("filter.before")} className="w-48">
            <Input
              type="datetime-local"
              value={filter.before ?? ""}
              onChange={(event) => onFilter({ ...filter, before: event.target.value || undefined })}
            />
          </Field>
        </>
      }
    />
  );
}

function TalkTime({ call }: { call: Call }) {
  if (!call.answered_at || !call.ended_at) return <span className="text-muted">–</span>;
  return (
    <span className="num">
      {formatAge(new Date(call.answered_at).getTime(), new Date(call.ended_at).getTime())}
    </span>
  );
}
