import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { TicketDetail } from "@/features/tickets/ticket-detail";
import { setPageTitle } from "@/lib/alerts/title";
import { can } from "@/lib/permissions";
import { useMe } from "@/lib/session";
import { useAgents } from "./use-agents";

export function TicketRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { ticketId } = useParams({ from: "/app/tickets/$ticketId" });
  const me = useMe();
  const { agents, nameOf } = useAgents();
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
      <TicketDetail
        key={ticketId}
        ticketId={ticketId}
        rights={{
          move: can(me, "tickets.move"),
          reply: can(me, "tickets.reply"),
          note: can(me, "tickets.note"),
          edit: can(me, "tickets.edit"),
          remove: can(me, "tickets.delete"),
          take: can(me, "tickets.take"),
          assign: can(me, "tickets.assign"),
          lines: can(me, "numbers.read"),
        }}
        agents={agents}
        nameOf={nameOf}
        onGone={() => void navigate({ to: "/tickets" })}
      />
    </>
  );
}
