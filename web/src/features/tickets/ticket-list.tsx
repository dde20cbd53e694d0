import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Priority, Ticket, TicketStatus } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Field, Input, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { PriorityBadge, TicketStatusBadge } from "@/ui/states";
import type { Column } from "@/ui/table";
import { PRIORITIES, STATUSES } from "./moves";

export interface TicketFilter {
  q?: string;
  status?: TicketStatus;
  priority?: Priority;
}

export function TicketList({
  filter,
  onFilter,
  onOpen,
}: {
  filter: TicketFilter;
  onFilter: (filter: TicketFilter) => void;
  onOpen: (ticket: Ticket) => void;
}) {
  const { t } = useTranslation();
  const q = useDebounced(filter.q);
  const pages = usePages({
    queryKey: [...keys.tickets, "list", { ...filter, q }],
    fetchPage: (cursor, signal) =>
      take<Page<Ticket>>(
        api.GET("/api/v1/tickets", {
          params: {
            query: { cursor, q: q || undefined, status: filter.status, priority: filter.priority },
          },
          signal,
        }),
      ),
  });
  const columns = useMemo<Column<Ticket>[]>(
    () => [
      {
        id: "number",
        header: t("field.number"),
        className: "@3xl:w-20",
        cell: ({ row }) => (
          <Link
            to="/tickets/$ticketId"
            params={{ ticketId: row.original.id }}
            className="num font-medium text-accent-text underline-offset-2 hover:underline"
          >
            #{row.original.number}
          </Link>
        ),
      },
      {
        id: "title",
        header: t("field.title"),
        cell: ({ row }) => <span className="wrap-anywhere">{row.original.title}</span>,
      },
      {
        id: "customer",
        header: t("field.customer"),
        cell: ({ row }) => row.original.caller?.customer_name ?? <span className="text-muted">–</span>,
      },
      {
        id: "status",
        header: t("field.status"),
        className: "@3xl:w-44",
        cell: ({ row }) => <TicketStatusBadge status={row.original.status} />,
      },
      {
        id: "priority",
        header: t("field.priority"),
        className: "@3xl:w-24",
        cell: ({ row }) => <PriorityBadge priority={row.original.priority} />,
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
    ],
    [t],
  );
  return (
    <ListFrame
      label={t("nav.tickets")}
      columns={columns}
      pages={pages}
      rowId={(ticket) => ticket.id}
      onOpen={onOpen}
      emptyTitle={filter.q || filter.status || filter.priority ? t("state.no_match") : t("tickets.empty")}
      emptyText={
        filter.q || filter.status || filter.priority ? t("state.no_match_text") : t("tickets.empty_text")
      }
      toolbar={
        <>
          <Field label={t("field.search")} className="min-w-48 flex-1">
            <Input
              type="search"
              value={filter.q ?? ""}
              placeholder={t("tickets.search")}
              onChange={(event) => onFilter({ ...filter, q: event.target.value || undefined })}
            />
          </Field>
          <Field label={t("field.status")} className="w-40">
            <Select
              value={filter.status ?? ""}
              onChange={(event) =>
                onFilter({ ...filter, status: (event.target.value || undefined) as TicketStatus })
              }
            >
              <option value="">{t("filter.any")}</option>
              {STATUSES.map((status) => (
                <option key={status} value={status}>
                  {t(`ticket_status.${status}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("field.priority")} className="w-32">
            <Select
              value={filter.priority ?? ""}
              onChange={(event) =>
                onFilter({ ...filter, priority: (event.target.value || undefined) as Priority })
              }
            >
              <option value="">{t("filter.any")}</option>
              {PRIORITIES.map((priority) => (
                <option key={priority} value={priority}>
                  {t(`priority.${priority}`)}
                </option>
              ))}
            </Select>
          </Field>
        </>
      }
    />
  );
}
