import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Call } from "@/lib/api/types";
import { formatAge } from "@/lib/time";
import { When } from "@/ui/age";
import { ContactLink } from "@/ui/contact-link";
import { NumberText } from "@/ui/number";
import { CallStateBadge } from "@/ui/states";
import type { Column } from "@/ui/table";

const none = <span className="text-muted">–</span>;

export function useCallColumns(agentName: (id: string) => string | null): Column<Call>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "state",
        header: t("field.state"),
        className: "@3xl:w-44",
        always: true,
        cell: ({ row }) => <CallStateBadge state={row.original.state} endReason={row.original.end_reason} />,
      },
      { id: "from", header: t("call.from"), cell: ({ row }) => <NumberText number={row.original.from} /> },
      { id: "to", header: t("call.to"), cell: ({ row }) => <NumberText number={row.original.to} /> },
      {
        id: "contact",
        header: t("call.contact"),
        cell: ({ row }) => {
          const { contact } = row.original;
          if (!contact) return none;
          return (
            <ContactLink contact={contact} name={contact.name} organizationId={contact.organization_id} />
          );
        },
      },
      {
        id: "direction",
        header: t("call.direction"),
        className: "@3xl:w-28",
        onDemand: true,
        cell: ({ row }) => t(`direction.${row.original.direction}`, { defaultValue: row.original.direction }),
      },
      {
        id: "queue",
        header: t("call.queue"),
        onDemand: true,
        cell: ({ row }) => row.original.queue ?? none,
      },
      {
        id: "agent",
        header: t("call.agent"),
        wideOnly: true,
        cell: ({ row }) =>
          row.original.agent_id
            ? (agentName(row.original.agent_id) ?? row.original.agent_id.slice(0, 8))
            : none,
      },
      {
        id: "started",
        header: t("call.started"),
        className: "@3xl:w-44",
        sortBy: "started_at",
        sortFirst: "descending",
        cell: ({ row }) => <When at={row.original.started_at} />,
      },
      {
        id: "talk",
        header: t("call.talk_time"),
        className: "@3xl:w-24",
        wideOnly: true,
        cell: ({ row }) => <TalkTime call={row.original} />,
      },
      {
        id: "tickets",
        header: t("nav.tickets"),
        className: "@3xl:w-24",
        cell: ({ row }) => <TicketsOf call={row.original} />,
      },
    ],
    [t, agentName],
  );
}

function TicketsOf({ call }: { call: Call }) {
  const { t } = useTranslation();
  const count = call.ticket_ids.length;
  const [only] = call.ticket_ids;
  if (!only) return none;
  const style = "num text-accent-text underline-offset-2 hover:underline";
  if (count === 1) {
    return (
      <Link to="/tickets/$ticketId" params={{ ticketId: only }} className={style}>
        {t("call.ticket_count", { count })}
      </Link>
    );
  }
  return (
    <Link to="/tickets" search={{ call: call.id }} className={style}>
      {t("call.ticket_count", { count })}
    </Link>
  );
}

function TalkTime({ call }: { call: Call }) {
  if (!call.answered_at || !call.ended_at) return none;
  return (
    <span className="num">
      {formatAge(new Date(call.answered_at).getTime(), new Date(call.ended_at).getTime())}
    </span>
  );
}
