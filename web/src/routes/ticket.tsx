import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { TicketDetail } from "@/features/tickets/ticket-detail";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { useAgents } from "./use-agents";

export function TicketRoute() {
  const { t } = useTranslation();
  const { ticketId } = useParams({ from: "/app/tickets/$ticketId" });
  const move = useCan("tickets.move");
  const reply = useCan("tickets.reply");
  const note = useCan("tickets.note");
  const { nameOf } = useAgents();
  useEffect(() => setPageTitle(t("tickets.title")), [t]);
  return (
    <>
      <Link
        to="/tickets"
        className="mb-2 inline-flex items-center gap-1 text-accent-text underline-offset-2 hover:underline"
      >
        <ArrowLeft className="size-4" aria-hidden />
        {t("nav.tickets")}
      </Link>
      <TicketDetail ticketId={ticketId} rights={{ move, reply, note }} nameOf={nameOf} />
    </>
  );
}
