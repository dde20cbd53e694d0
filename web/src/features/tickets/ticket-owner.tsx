/** Who has the ticket: take it, hand it over, give it to somebody. Each role sees what it may. */
import { Hand } from "lucide-react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import type { Agent, Ticket } from "@/lib/api/types";
import { Button } from "@/ui/button";
import { InlineError } from "@/ui/feedback";
import { Field, Select } from "@/ui/field";
import { Panel, PanelHead } from "@/ui/panel";
import { assignTicket, takeTicket, transferTicket } from "./commands";
import { useTicketCommand } from "./use-command";

const NOBODY = "none";

export function TicketOwner({
  ticket,
  rights,
  agents,
  nameOf,
}: {
  ticket: Ticket;
  rights: { take: boolean; assign: boolean };
  agents: Agent[];
  nameOf: (id: string) => string | null;
}) {
  const { t } = useTranslation();
  const owner = ticket.assigned_to;
  const told = (updated: Ticket) => {
    const name = updated.assigned_to ? nameOf(updated.assigned_to) : null;
    toast.success(name ? t("tickets.now_with", { name }) : t("tickets.now_with_nobody"));
  };
  const take = useTicketCommand(ticket.id, () => takeTicket(ticket), told);
  const give = useTicketCommand(
    ticket.id,
    (to: string) => {
      if (rights.assign) return assignTicket(ticket, to === NOBODY ? null : to);
      return transferTicket(ticket, to);
    },
    told,
  );
  // Whoever may assign gives it to anybody; whoever may only take hands over what somebody has.
  const mayGive = rights.assign || (rights.take && owner !== null);
  const others = agents.filter((agent) => agent.user_id !== owner);
  const busy = take.isPending || give.isPending;
  return (
    <Panel data-testid="ticket-owner">
      <PanelHead
        title={t("tickets.assigned_to")}
        actions={
          rights.take && owner === null ? (
            <Button size="sm" busy={take.isPending} disabled={busy} onClick={() => take.mutate(undefined)}>
              <Hand aria-hidden />
              {t("tickets.take")}
            </Button>
          ) : null
        }
      />
      <div className="grid gap-2 p-3">
        <p className="font-medium" data-testid="ticket-owner-name">
          {owner ? (
            (nameOf(owner) ?? owner.slice(0, 8))
          ) : (
            <span className="text-muted">{t("tickets.nobody")}</span>
          )}
        </p>
        {mayGive ? (
          <Field label={rights.assign ? t("tickets.assign_to") : t("tickets.transfer_to")}>
            <Select
              value=""
              disabled={busy}
              onChange={(event) => {
                if (event.target.value) give.mutate(event.target.value);
              }}
            >
              <option value="">{t("numbers.choose_agent")}</option>
              {rights.assign && owner ? <option value={NOBODY}>{t("tickets.nobody")}</option> : null}
              {others.map((agent) => (
                <option key={agent.user_id} value={agent.user_id}>
                  {agent.name}
                </option>
              ))}
            </Select>
          </Field>
        ) : null}
        <InlineError error={take.error ?? give.error} />
      </div>
    </Panel>
  );
}
