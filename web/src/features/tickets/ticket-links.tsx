/** What a ticket is linked with: its calls, and the line of ours that was dialled. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Call, PhoneNumber, Ticket } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { NumberText } from "@/ui/number";
import { Fact, Panel, PanelHead } from "@/ui/panel";
import { CallStateBadge } from "@/ui/states";

const FIRST = 5;

export function LinkedCalls({ ticket }: { ticket: Ticket }) {
  const { t } = useTranslation();
  const [all, setAll] = useState(false);
  const ids = all ? ticket.call_ids : ticket.call_ids.slice(0, FIRST);
  return (
    <Panel>
      <PanelHead title={t("tickets.links")} />
      <div className="p-3" data-testid="linked-calls">
        {ticket.call_ids.length === 0 ? (
          <p className="text-muted">{t("tickets.no_calls")}</p>
        ) : (
          <ul className="grid gap-2">
            {ids.map((id) => (
              <LinkedCall key={id} id={id} />
            ))}
          </ul>
        )}
        {ids.length < ticket.call_ids.length ? (
          <Button size="sm" className="mt-2" onClick={() => setAll(true)}>
            {t("tickets.all_calls", { count: ticket.call_ids.length })}
          </Button>
        ) : null}
      </div>
    </Panel>
  );
}

function LinkedCall({ id }: { id: string }) {
  const { t } = useTranslation();
  const call = useQuery({
    queryKey: keys.call(id),
    queryFn: ({ signal }) => take<Call>(api.GET("/api/v1/calls/{id}", { params: { path: { id } }, signal })),
    retry: 1,
  });
  return (
    <li className="grid gap-0.5">
      <span className="flex flex-wrap items-center justify-between gap-2">
        <Link
          to="/calls/$callId"
          params={{ callId: id }}
          className="text-accent-text underline-offset-2 hover:underline"
        >
          {call.data ? <When at={call.data.started_at} /> : t("call.one")}
        </Link>
        {call.data ? <CallStateBadge state={call.data.state} endReason={call.data.end_reason} /> : null}
      </span>
      {call.data ? (
        <span className="flex flex-wrap gap-x-1.5 text-muted">
          <NumberText number={call.data.from} />
          <span aria-hidden>→</span>
          <span className="sr-only">{t("call.to_word")}</span>
          <NumberText number={call.data.to} />
        </span>
      ) : null}
    </li>
  );
}

/** The line dialled; nothing for those who may not see lines, or once it was given back. */
export function DialledLine({ id }: { id: string }) {
  const { t } = useTranslation();
  const line = useQuery({
    queryKey: [...keys.numbers, "one", id],
    queryFn: ({ signal }) =>
      take<PhoneNumber>(api.GET("/api/v1/phone-numbers/{id}", { params: { path: { id } }, signal })),
    retry: false,
  });
  if (!line.data) return null;
  return (
    <Fact term={t("call.line_called")}>
      <NumberText number={line.data.number} />
    </Fact>
  );
}
