import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Ticket, TicketStatus } from "@/lib/api/types";
import { useTopic } from "@/lib/ws/live";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Failed, InlineError, Loading } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { NumberText } from "@/ui/number";
import { Fact, Facts, PageHead, Panel, PanelHead } from "@/ui/panel";
import { PriorityBadge, TicketStatusBadge } from "@/ui/states";
import { MOVES } from "./moves";
import { TicketReplies } from "./ticket-replies";

export interface TicketRights {
  move: boolean;
  reply: boolean;
  note: boolean;
}

export function TicketDetail({
  ticketId,
  rights,
  nameOf,
}: {
  ticketId: string;
  rights: TicketRights;
  nameOf: (id: string) => string | null;
}) {
  const { t } = useTranslation();
  useTopic(`tickets:${ticketId}`);
  const query = useQuery({
    queryKey: keys.ticket(ticketId),
    queryFn: ({ signal }) =>
      take<Ticket>(api.GET("/api/v1/tickets/{id}", { params: { path: { id: ticketId } }, signal })),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  const ticket = query.data;
  const caller = ticket.caller;
  return (
    <article aria-label={t("tickets.one", { number: ticket.number })}>
      <PageHead
        title={
          <span className="wrap-anywhere">
            <span className="num text-muted">#{ticket.number}</span> {ticket.title}
          </span>
        }
        actions={
          <>
            <PriorityBadge priority={ticket.priority} />
            <TicketStatusBadge status={ticket.status} />
          </>
        }
      />
      <div className="grid gap-3 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <div className="grid content-start gap-3">
          <Panel>
            <PanelHead title={t("field.description")} />
            <p className="p-3 wrap-anywhere whitespace-pre-wrap">
              {ticket.description || <span className="text-muted">{t("tickets.no_description")}</span>}
            </p>
          </Panel>
          {rights.move ? <Moves ticket={ticket} /> : null}
          <TicketReplies ticketId={ticketId} mayReply={rights.reply} mayNote={rights.note} nameOf={nameOf} />
        </div>
        <div className="grid content-start gap-3">
          <Panel>
            <PanelHead title={t("tickets.caller")} />
            <Facts className="p-3">
              <Fact term={t("field.phone")}>
                <NumberText number={caller?.phone_number} />
              </Fact>
              {caller?.customer_type ? (
                <Fact term={t("field.customer_type")}>
                  {caller.customer_type === "organization"
                    ? t("customer_type.organization")
                    : caller.customer_type === "individual"
                      ? t("customer_type.individual")
                      : caller.customer_type}
                </Fact>
              ) : null}
              {caller?.customer_name ? (
                <Fact term={t("field.customer_name")}>{caller.customer_name}</Fact>
              ) : null}
              {caller?.contact_person ? (
                <Fact term={t("field.contact_person")}>{caller.contact_person}</Fact>
              ) : null}
              {caller?.customer_email ? <Fact term={t("field.email")}>{caller.customer_email}</Fact> : null}
              {ticket.contact ? (
                <Fact term={t("tickets.contact")}>
                  <ContactLink contact={ticket.contact} />
                </Fact>
              ) : null}
            </Facts>
          </Panel>
          <Panel>
            <PanelHead title={t("tickets.links")} />
            <div className="p-3">
              {ticket.call_ids.length === 0 ? (
                <p className="text-muted">{t("tickets.no_calls")}</p>
              ) : (
                <ul className="grid gap-1">
                  {ticket.call_ids.map((id) => (
                    <li key={id}>
                      <Link
                        to="/calls/$callId"
                        params={{ callId: id }}
                        className="text-accent-text underline-offset-2 hover:underline"
                      >
                        {t("call.one")} <span className="num">{id.slice(0, 8)}</span>
                      </Link>
                    </li>
                  ))}
                </ul>
              )}
            </div>
          </Panel>
          <Panel>
            <PanelHead title={t("tickets.history")} />
            <Facts className="p-3">
              <Fact term={t("field.created")}>
                <When at={ticket.created_at} />
              </Fact>
              <Fact term={t("tickets.first_response")}>
                <When at={ticket.first_response_at} />
              </Fact>
              <Fact term={t("tickets.resolved")}>
                <When at={ticket.resolved_at} />
              </Fact>
              <Fact term={t("tickets.closed")}>
                <When at={ticket.closed_at} />
              </Fact>
              <Fact term={t("tickets.reopened")}>
                <span className="num">{ticket.reopen_count}</span>
              </Fact>
            </Facts>
          </Panel>
        </div>
      </div>
    </article>
  );
}

function ContactLink({ contact }: { contact: NonNullable<Ticket["contact"]> }) {
  const { t } = useTranslation();
  const kind = (
    { individual: "individuals", organization: "organizations", email_contact: "email-contacts" } as const
  )[contact.kind as string];
  const label = t(`kind.${contact.kind}`, { defaultValue: contact.kind });
  if (!kind) return <Badge>{label}</Badge>;
  return (
    <Link
      to="/directory/$kind"
      params={{ kind }}
      search={{ id: contact.id }}
      className="text-accent-text underline-offset-2 hover:underline"
    >
      {label}
    </Link>
  );
}

function Moves({ ticket }: { ticket: Ticket }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [reason, setReason] = useState("");
  const move = useMutation({
    mutationFn: (status: TicketStatus) =>
      take<Ticket>(
        api.POST("/api/v1/tickets/{id}/status", {
          body: reason.trim() ? { status, reason: reason.trim() } : { status },
          params: { path: { id: ticket.id } },
          headers: { "Idempotency-Key": idempotencyKey() },
        }),
      ),
    onSuccess: (updated) => {
      setReason("");
      client.setQueryData(keys.ticket(ticket.id), updated);
      toast.success(t("tickets.moved", { status: t(`ticket_status.${updated.status}`) }));
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.tickets }),
  });
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
