import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Call, Ticket } from "@/lib/api/types";
import { Age, When } from "@/ui/age";
import { Button } from "@/ui/button";
import { ContactLink } from "@/ui/contact-link";
import { Failed, Loading } from "@/ui/feedback";
import { NumberText } from "@/ui/number";
import { Fact, Facts, PageHead, Panel, PanelHead } from "@/ui/panel";
import { CallStateBadge, TicketStatusBadge } from "@/ui/states";
import { CallTimeline } from "./call-timeline";

export function CallDetail({
  callId,
  agentName,
  onFile,
}: {
  callId: string;
  agentName: (id: string) => string | null;
  /** Opens the form of a ticket about this call; null for those who may not file one. */
  onFile: ((call: Call) => void) | null;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: keys.call(callId),
    queryFn: ({ signal }) =>
      take<Call>(api.GET("/api/v1/calls/{id}", { params: { path: { id: callId } }, signal })),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  const call = query.data;
  return (
    <article aria-label={t("call.one")}>
      <PageHead
        title={
          <span className="flex flex-wrap items-center gap-x-2">
            <NumberText number={call.from} />
            <span aria-label={t("call.to_word")} className="text-muted">
              →
            </span>
            <NumberText number={call.to} />
          </span>
        }
        actions={<CallStateBadge state={call.state} endReason={call.end_reason} />}
      />
      <div className="grid gap-3 lg:grid-cols-[minmax(0,1fr)_22rem]">
        <Panel>
          <PanelHead title={t("timeline.title")} />
          <CallTimeline callId={callId} />
        </Panel>
        <div className="grid content-start gap-3">
          <Panel>
            <PanelHead title={t("call.facts")} />
            <Facts className="p-3">
              <Fact term={t("call.direction")}>
                {t(`direction.${call.direction}`, { defaultValue: call.direction })}
              </Fact>
              <Fact term={t("call.started")}>
                <When at={call.started_at} />
              </Fact>
              <Fact term={t("call.answered")}>
                <When at={call.answered_at} />
              </Fact>
              <Fact term={t("call.ended")}>
                <When at={call.ended_at} />
              </Fact>
              {call.answered_at ? (
                <Fact term={t("call.talk_time")}>
                  <Age since={call.answered_at} until={call.ended_at} />
                </Fact>
              ) : null}
              {call.agent_id ? (
                <Fact term={t("call.agent")}>{agentName(call.agent_id) ?? call.agent_id.slice(0, 8)}</Fact>
              ) : null}
              {call.contact ? (
                <Fact term={t("call.contact")}>
                  <ContactLink
                    contact={call.contact}
                    name={call.contact.name}
                    organizationId={call.contact.organization_id}
                  />
                </Fact>
              ) : null}
              {call.line ? (
                <Fact term={t("call.line_then")}>
                  <LineThen line={call.line} />
                </Fact>
              ) : null}
              {call.queue ? <Fact term={t("call.queue")}>{call.queue}</Fact> : null}
              {call.provider_call_id ? (
                <Fact term={t("call.provider_id")}>
                  <span className="break-all">{call.provider_call_id}</span>
                </Fact>
              ) : null}
            </Facts>
          </Panel>
          <Panel>
            <PanelHead
              title={t("call.tickets")}
              actions={
                onFile ? (
                  <Button size="sm" onClick={() => onFile(call)}>
                    <Plus aria-hidden />
                    {t("tickets.new")}
                  </Button>
                ) : null
              }
            />
            {call.ticket_ids.length === 0 ? (
              <p className="p-3 text-muted">{t("call.no_tickets")}</p>
            ) : (
              <ul className="grid gap-1.5 p-3">
                {call.ticket_ids.map((id) => (
                  <LinkedTicket key={id} id={id} />
                ))}
              </ul>
            )}
          </Panel>
        </div>
      </div>
    </article>
  );
}

/** How the line was held when the call came; it may be another's by now. */
function LineThen({ line }: { line: NonNullable<Call["line"]> }) {
  const { t } = useTranslation();
  const { endpoint } = line;
  return (
    <span data-testid="line-then">
      {endpoint
        ? t(`call.line_rang.${endpoint.kind}`, { name: endpoint.name ?? t("numbers.somebody") })
        : t("call.line_rang.nobody")}
      <span className="block text-[0.8667rem] text-muted">
        {t("call.line_held_from")} <When at={line.held_since} />
        {line.held_until ? (
          <>
            {" "}
            {t("call.line_held_until")} <When at={line.held_until} />
          </>
        ) : null}
      </span>
    </span>
  );
}

function LinkedTicket({ id }: { id: string }) {
  const ticket = useQuery({
    queryKey: keys.ticket(id),
    queryFn: ({ signal }) =>
      take<Ticket>(api.GET("/api/v1/tickets/{id}", { params: { path: { id } }, signal })),
  });
  return (
    <li className="flex min-w-0 items-center gap-2">
      <Link
        to="/tickets/$ticketId"
        params={{ ticketId: id }}
        className="num font-medium text-accent-text underline-offset-2 hover:underline"
      >
        {ticket.data ? `#${ticket.data.number}` : id.slice(0, 8)}
      </Link>
      {ticket.data ? (
        <>
          <span className="min-w-0 flex-1 truncate">{ticket.data.title}</span>
          <TicketStatusBadge status={ticket.data.status} />
        </>
      ) : null}
    </li>
  );
}
