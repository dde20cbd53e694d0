/** The tickets of one contact, or of an organization and its people. */
import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Ticket } from "@/lib/api/types";
import { ListFrame } from "@/ui/list";
import { useTicketColumns } from "./ticket-columns";
import { useTicketPages } from "./ticket-pages";

export function TicketHistory({
  of,
  nameOf,
  onOpen,
}: {
  of: { contact: string } | { organization: string };
  nameOf: (id: string) => string | null;
  onOpen: (ticket: Ticket) => void;
}) {
  const { t } = useTranslation();
  const [sort, setSort] = useState("-created_at");
  const pages = useTicketPages({ ...of, sort });
  const columns = useTicketColumns(nameOf).filter((column) => column.id !== "customer");
  return (
    <ListFrame
      name="ticket-history"
      label={t("nav.tickets")}
      columns={columns}
      pages={pages}
      rowId={(ticket) => ticket.id}
      sort={sort}
      onSort={setSort}
      onOpen={onOpen}
      emptyTitle={t("tickets.none_of_contact")}
      emptyText={t("tickets.none_of_contact_text")}
    />
  );
}
