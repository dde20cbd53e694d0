import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import type { Ticket, TicketStatus } from "@/lib/api/types";
import { Button } from "@/ui/button";
import { InlineError } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { Panel, PanelHead } from "@/ui/panel";
import { moveTicket } from "./commands";
import { MOVES } from "./moves";
import { useTicketCommand } from "./use-command";

/** The moves the table allows from here, and no others. */
export function TicketMoves({ ticket }: { ticket: Ticket }) {
  const { t } = useTranslation();
  const [reason, setReason] = useState("");
  const move = useTicketCommand(
    ticket.id,
    (status: TicketStatus) => moveTicket(ticket, status, reason),
    (updated) => {
      setReason("");
      toast.success(t("tickets.moved", { status: t(`ticket_status.${updated.status}`) }));
    },
  );
  return (
    <Panel>
      <PanelHead title={t("tickets.moves")} />
      <div className="grid gap-3 p-3">
        <Field label={t("tickets.move_reason")}>
          <Input value={reason} maxLength={500} onChange={(event) => setReason(event.target.value)} />
        </Field>
        <div className="flex flex-wrap gap-2" data-testid="ticket-moves">
          {MOVES[ticket.status].map((status) => (
            <Button
              key={status}
              onClick={() => move.mutate(status)}
              busy={move.isPending && move.variables === status}
              disabled={move.isPending}
            >
              {t(`ticket_move.${status}`)}
            </Button>
          ))}
        </div>
        <InlineError error={move.error} />
      </div>
    </Panel>
  );
}
