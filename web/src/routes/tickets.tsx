import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { TicketList } from "@/features/tickets/ticket-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";

export function TicketsRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const filter = useSearch({ from: "/app/tickets" });
  const allowed = useCan("tickets.read");
  useEffect(() => setPageTitle(t("nav.tickets")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <>
      <PageHead title={t("nav.tickets")} />
      <TicketList
        filter={filter}
        onFilter={(next) => void navigate({ to: "/tickets", search: next, replace: true })}
        onOpen={(ticket) => void navigate({ to: "/tickets/$ticketId", params: { ticketId: ticket.id } })}
      />
    </>
  );
}
