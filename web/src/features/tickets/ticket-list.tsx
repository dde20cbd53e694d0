import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/lib/api/query";
import type { Agent, Priority, Ticket } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { BulkConfirm, useBulk } from "@/ui/bulk";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { FilterChip, ListFrame } from "@/ui/list";
import { useSelection } from "@/ui/selection";
import { assignTicket, closeTicket, takeTicket } from "./commands";
import { PRIORITIES, STATUSES } from "./moves";
import { useTicketColumns } from "./ticket-columns";
import { type StatusFilter, type TicketFilter, useTicketPages } from "./ticket-pages";

export interface TicketListRights {
  take: boolean;
  assign: boolean;
  close: boolean;
}

/** Filters that come with a link from elsewhere. */
const LINKED = ["contact", "organization", "call"] as const;

const idOf = (ticket: Ticket) => ticket.id;
const nameOfTicket = (ticket: Ticket) => `#${ticket.number}`;

export function TicketList({
  filter,
  onFilter,
  onOpen,
  rights,
  agents,
  nameOf,
}: {
  filter: TicketFilter;
  onFilter: (filter: TicketFilter) => void;
  onOpen: (ticket: Ticket) => void;
  rights: TicketListRights;
  agents: Agent[];
  nameOf: (id: string) => string | null;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const pages = useTicketPages({ ...filter, q: useDebounced(filter.q) });
  const columns = useTicketColumns(nameOf);
  const selection = useSelection(pages.items, idOf);
  const bulk = useBulk(nameOfTicket);
  const [closing, setClosing] = useState(false);
  const { sort, ...narrowed } = filter;
  const filtered = Object.values(narrowed).some(Boolean);
  const clear = () => onFilter({ sort });
  const done = () => {
    selection.clear();
    void client.invalidateQueries({ queryKey: keys.tickets });
  };
  const runBulk = (command: (ticket: Ticket) => Promise<unknown>) =>
    void bulk.run(selection.rows, command).then(done);
  const busy = bulk.progress !== null;

  return (
    <>
      <ListFrame
        views
        name="tickets"
        label={t("nav.tickets")}
        columns={columns}
        pages={pages}
        rowId={idOf}
        rowLabel={nameOfTicket}
        selection={rights.take || rights.assign || rights.close ? selection : undefined}
        sort={sort ?? "-created_at"}
        onSort={(next) => onFilter({ ...filter, sort: next })}
        onOpen={onOpen}
        emptyTitle={filtered ? t("state.no_match") : t("tickets.empty")}
        emptyText={filtered ? t("state.no_match_text") : t("tickets.empty_text")}
        emptyAction={
          filtered ? (
            <Button size="sm" onClick={clear}>
              {t("filter.clear")}
            </Button>
          ) : null
        }
        bulk={
          <>
            {rights.take ? (
              <Button size="sm" disabled={busy} onClick={() => runBulk(takeTicket)}>
                {t("tickets.take")}
              </Button>
            ) : null}
            {rights.assign ? (
              <Field label={t("tickets.assign_to")} hideLabel className="w-44">
                <Select
                  className="h-7"
                  value=""
                  disabled={busy}
                  onChange={(event) => {
                    const to = event.target.value;
                    if (to) runBulk((ticket) => assignTicket(ticket, to === "none" ? null : to));
                  }}
                >
                  <option value="">{t("tickets.assign_to")}</option>
                  <option value="none">{t("tickets.nobody")}</option>
                  {agents.map((agent) => (
                    <option key={agent.user_id} value={agent.user_id}>
                      {agent.name}
                    </option>
                  ))}
                </Select>
              </Field>
            ) : null}
            {rights.close ? (
              <Button size="sm" disabled={busy} onClick={() => setClosing(true)}>
                {t("ticket_move.closed")}
              </Button>
            ) : null}
          </>
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
            {LINKED.map((each) =>
              filter[each] ? (
                <FilterChip
                  key={each}
                  label={t(`filter.only.${each}`)}
                  onRemove={() => onFilter({ ...filter, [each]: undefined })}
                />
              ) : null,
            )}
          </>
        }
        activeFilters={Object.values(narrowed).filter(Boolean).length - (filter.q ? 1 : 0)}
        filters={
          <>
            <Field label={t("field.status")} className="w-40">
              <Select
                value={filter.status ?? ""}
                onChange={(event) =>
                  onFilter({ ...filter, status: (event.target.value || undefined) as StatusFilter })
                }
              >
                <option value="">{t("filter.any")}</option>
                <option value="active">{t("tickets.active")}</option>
                {STATUSES.map((status) => (
                  <option key={status} value={status}>
                    {t(`ticket_status.${status}`)}
                  </option>
                ))}
              </Select>
            </Field>
            <Field label={t("field.priority")} className="w-28">
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
            <Field label={t("tickets.assigned_to")} className="w-40">
              <Select
                value={filter.assigned ?? ""}
                onChange={(event) => onFilter({ ...filter, assigned: event.target.value || undefined })}
              >
                <option value="">{t("filter.any")}</option>
                <option value="me">{t("tickets.me")}</option>
                <option value="none">{t("tickets.nobody")}</option>
                {agents.map((agent) => (
                  <option key={agent.user_id} value={agent.user_id}>
                    {agent.name}
                  </option>
                ))}
              </Select>
            </Field>
            {filtered ? (
              <Button look="ghost" onClick={clear}>
                {t("filter.clear")}
              </Button>
            ) : null}
          </>
        }
      />
      {closing ? (
        <BulkConfirm
          items={selection.rows}
          nameOf={nameOfTicket}
          title={t("tickets.close_many", { count: selection.rows.length })}
          text={t("tickets.close_many_text")}
          action={t("ticket_move.closed")}
          command={closeTicket}
          onDone={() => {
            setClosing(false);
            done();
          }}
          onClose={() => setClosing(false)}
        />
      ) : null}
    </>
  );
}
