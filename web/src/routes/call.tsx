import { Link, useNavigate, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { CallDetail } from "@/features/calls/call-detail";
import { TicketForm } from "@/features/tickets/ticket-form";
import { setPageTitle } from "@/lib/alerts/title";
import type { Call, TicketDraft } from "@/lib/api/types";
import { useCan } from "@/lib/session";
import { useTopic } from "@/lib/ws/live";
import { Dialog } from "@/ui/dialog";
import { useAgents } from "./use-agents";

/** What the call itself says of a ticket about it. */
function draftOf(call: Call): TicketDraft {
  const party = call.direction === "outbound" ? call.to : call.from;
  const { contact } = call;
  if (contact?.kind === "organization_contact") {
    return {
      phone_number: party,
      customer_type: "organization",
      contact_person: contact.name,
      organization_id: contact.organization_id,
    };
  }
  return {
    phone_number: party,
    customer_type: contact?.kind === "organization" ? "organization" : contact ? "individual" : null,
    customer_name: contact?.name ?? null,
  };
}

export function CallRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { callId } = useParams({ from: "/app/calls/$callId" });
  const { nameOf } = useAgents();
  const mayFile = useCan("tickets.create");
  const [filing, setFiling] = useState<Call | null>(null);
  useTopic("calls");
  useEffect(() => setPageTitle(t("call.one")), [t]);
  return (
    <>
      <Link
        to="/calls"
        className="mb-2 inline-flex items-center gap-1 text-accent-text underline-offset-2 hover:underline"
      >
        <ArrowLeft className="size-4" aria-hidden />
        {t("nav.calls")}
      </Link>
      <CallDetail callId={callId} agentName={nameOf} onFile={mayFile ? setFiling : null} />
      {filing ? (
        <Dialog open onOpenChange={(open) => (open ? undefined : setFiling(null))} title={t("tickets.new")}>
          <div className="@container -m-3">
            <TicketForm
              callId={filing.id}
              draft={draftOf(filing)}
              onFiled={(ticket) => {
                setFiling(null);
                void navigate({ to: "/tickets/$ticketId", params: { ticketId: ticket.id } });
              }}
            />
          </div>
        </Dialog>
      ) : null}
    </>
  );
}
