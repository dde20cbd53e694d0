import { useNavigate, useSearch } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { TicketForm } from "@/features/tickets/ticket-form";
import { TicketList } from "@/features/tickets/ticket-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { useAgents } from "./use-agents";

export function TicketsRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const filter = useSearch({ from: "/app/tickets" });
  const allowed = useCan("tickets.read");
  const mayCreate = useCan("tickets.create");
  const rights = {
    take: useCan("tickets.take"),
    assign: useCan("tickets.assign"),
    close: useCan("tickets.close"),
  };
  const { agents, nameOf } = useAgents();
  const [creating, setCreating] = useState(false);
  useEffect(() => setPageTitle(t("nav.tickets")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <>
      <PageHead
        title={t("nav.tickets")}
        actions={
          mayCreate ? (
            <Button look="primary" onClick={() => setCreating(true)}>
              <Plus aria-hidden />
              {t("tickets.new")}
            </Button>
          ) : null
        }
      />
      <TicketList
        filter={filter}
        rights={rights}
        agents={agents}
        nameOf={nameOf}
        onFilter={(next) => void navigate({ to: "/tickets", search: next, replace: true })}
        onOpen={(ticket) => void navigate({ to: "/tickets/$ticketId", params: { ticketId: ticket.id } })}
      />
      <Dialog open={creating} onOpenChange={setCreating} title={t("tickets.new")}>
        <div className="@container -m-3">
          <TicketForm
            callId={null}
            draft={null}
            onFiled={(ticket) => {
              setCreating(false);
              void navigate({ to: "/tickets/$ticketId", params: { ticketId: ticket.id } });
            }}
          />
        </div>
      </Dialog>
    </>
  );
}
