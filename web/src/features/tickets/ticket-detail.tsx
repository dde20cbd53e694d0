import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Agent, Ticket } from "@/lib/api/types";
import { useTopic } from "@/lib/ws/live";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { ContactLink } from "@/ui/contact-link";
import { Confirm } from "@/ui/dialog";
import { Empty, Failed, InlineError, Loading } from "@/ui/feedback";
import { NumberText } from "@/ui/number";
import { Fact, Facts, PageHead, Panel, PanelHead } from "@/ui/panel";
import { PriorityBadge, TicketStatusBadge } from "@/ui/states";
import { Tabs } from "@/ui/tabs";
import { deleteTicket } from "./commands";
import { TicketActivity } from "./ticket-activity";
import { TicketEdit } from "./ticket-edit";
import { DialledLine, LinkedCalls } from "./ticket-links";
import { TicketMoves } from "./ticket-moves";
import { TicketOwner } from "./ticket-owner";
import { TicketReplies } from "./ticket-replies";

export interface TicketRights {
  move: boolean;
  reply: boolean;
  note: boolean;
  edit: boolean;
  remove: boolean;
  take: boolean;
  assign: boolean;
  /** See lines of ours by number. */
  lines: boolean;
}

type Tab = "conversation" | "activity";

export function TicketDetail({
  ticketId,
  rights,
  agents,
  nameOf,
  onGone,
}: {
  ticketId: string;
  rights: TicketRights;
  agents: Agent[];
  nameOf: (id: string) => string | null;
  onGone: () => void;
}) {
  const { t } = useTranslation();
  useTopic(`tickets:${ticketId}`);
  const [tab, setTab] = useState<Tab>("conversation");
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const query = useQuery({
    queryKey: keys.ticket(ticketId),
    queryFn: ({ signal }) =>
      take<Ticket>(api.GET("/api/v1/tickets/{id}", { params: { path: { id: ticketId } }, signal })),
  });
  if (query.isPending) return <Loading />;
  // It was here a moment ago: handed to somebody else, or deleted.
  if (isApiError(query.error) && query.error.status === 404 && query.data) {
    return (
      <Empty
        title={t("tickets.left_title")}
        text={t("tickets.left_text")}
        action={<Button onClick={onGone}>{t("nav.tickets")}</Button>}
      />
    );
  }
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  const ticket = query.data;
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
            {rights.edit ? (
              <Button size="sm" onClick={() => setEditing(true)}>
                <Pencil aria-hidden />
                {t("action.edit")}
              </Button>
            ) : null}
            {rights.remove ? (
              <Button size="sm" onClick={() => setDeleting(true)}>
                <Trash2 aria-hidden />
                {t("action.delete")}
              </Button>
            ) : null}
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
          {rights.move ? <TicketMoves ticket={ticket} /> : null}
          <Panel>
            <Tabs<Tab>
              label={t("tickets.history")}
              value={tab}
              onChange={setTab}
              tabs={[
                { value: "conversation", label: t("tickets.tab.conversation") },
                { value: "activity", label: t("tickets.tab.activity") },
              ]}
            >
              {tab === "conversation" ? (
                <TicketReplies
                  ticketId={ticketId}
                  closed={ticket.status === "closed"}
                  mayReply={rights.reply}
                  mayNote={rights.note}
                  nameOf={nameOf}
                />
              ) : (
                <TicketActivity ticketId={ticketId} nameOf={nameOf} />
              )}
            </Tabs>
          </Panel>
        </div>
        <div className="grid content-start gap-3">
          <TicketOwner ticket={ticket} rights={rights} agents={agents} nameOf={nameOf} />
          <CallerFacts ticket={ticket} lines={rights.lines} />
          <LinkedCalls ticket={ticket} />
          <TicketDates ticket={ticket} nameOf={nameOf} />
        </div>
      </div>
      {editing ? <TicketEdit ticket={ticket} onClose={() => setEditing(false)} /> : null}
      {deleting ? <DeleteTicket ticket={ticket} onClose={() => setDeleting(false)} onGone={onGone} /> : null}
    </article>
  );
}

function CallerFacts({ ticket, lines }: { ticket: Ticket; lines: boolean }) {
  const { t } = useTranslation();
  const { caller, contact } = ticket;
  return (
    <Panel>
      <PanelHead title={t("tickets.caller")} />
      <Facts className="p-3">
        <Fact term={t("field.phone")}>
          <NumberText number={caller.phone_number} />
        </Fact>
        {lines && ticket.phone_number_id ? <DialledLine id={ticket.phone_number_id} /> : null}
        {caller.customer_type ? (
          <Fact term={t("field.customer_type")}>
            {t(`customer_type.${caller.customer_type as "individual" | "organization"}`, {
              defaultValue: caller.customer_type,
            })}
          </Fact>
        ) : null}
        {caller.customer_name ? <Fact term={t("field.customer_name")}>{caller.customer_name}</Fact> : null}
        {caller.contact_person ? <Fact term={t("field.contact_person")}>{caller.contact_person}</Fact> : null}
        {caller.customer_email ? <Fact term={t("field.email")}>{caller.customer_email}</Fact> : null}
        {contact ? (
          <Fact term={t("tickets.contact")}>
            <ContactLink contact={contact} name={null} organizationId={ticket.organization_id} />
          </Fact>
        ) : null}
      </Facts>
    </Panel>
  );
}

function TicketDates({ ticket, nameOf }: { ticket: Ticket; nameOf: (id: string) => string | null }) {
  const { t } = useTranslation();
  const author = ticket.created_by ? nameOf(ticket.created_by) : null;
  return (
    <Panel>
      <PanelHead title={t("tickets.history")} />
      <Facts className="p-3">
        <Fact term={t("field.created")}>
          <When at={ticket.created_at} />
        </Fact>
        {author ? <Fact term={t("tickets.created_by")}>{author}</Fact> : null}
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
        {ticket.status_reason ? <Fact term={t("tickets.reason")}>{ticket.status_reason}</Fact> : null}
      </Facts>
    </Panel>
  );
}

function DeleteTicket({
  ticket,
  onClose,
  onGone,
}: {
  ticket: Ticket;
  onClose: () => void;
  onGone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => deleteTicket(ticket.id),
    onSuccess: () => {
      toast.success(t("tickets.deleted", { number: ticket.number }));
      onGone();
      client.removeQueries({ queryKey: keys.ticket(ticket.id) });
      void client.invalidateQueries({ queryKey: [...keys.tickets, "list"] });
    },
  });
  return (
    <Confirm
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("tickets.delete_title", { number: ticket.number })}
      text={t("tickets.delete_text")}
      action={t("action.delete")}
      busy={remove.isPending}
      error={<InlineError error={remove.error} />}
      onConfirm={() => remove.mutate()}
    />
  );
}
