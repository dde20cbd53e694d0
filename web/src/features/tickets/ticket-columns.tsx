import { Link } from "@tanstack/react-router";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Ticket } from "@/lib/api/types";
import { When } from "@/ui/age";
import { ContactLink } from "@/ui/contact-link";
import { NumberText } from "@/ui/number";
import { PriorityBadge, TicketStatusBadge } from "@/ui/states";
import type { Column } from "@/ui/table";

const none = <span className="text-muted">–</span>;

export function useTicketColumns(nameOf: (id: string) => string | null): Column<Ticket>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "number",
        header: t("field.number"),
        className: "@3xl:w-24",
        always: true,
        sortBy: "number",
        sortFirst: "descending",
        cell: ({ row }) => (
          <Link
            to="/tickets/$ticketId"
            params={{ ticketId: row.original.id }}
            className="num font-medium text-accent-text underline-offset-2 hover:underline"
          >
            #{row.original.number}
          </Link>
        ),
      },
      {
        id: "title",
        header: t("field.title"),
        always: true,
        cell: ({ row }) => <span className="wrap-anywhere">{row.original.title}</span>,
      },
      {
        id: "customer",
        header: t("field.customer"),
        cell: ({ row }) => {
          const { caller, contact, organization_id: organizationId } = row.original;
          const name = caller.customer_name ?? caller.contact_person;
          if (!contact) return name ?? none;
          return <ContactLink contact={contact} name={name} organizationId={organizationId} />;
        },
      },
      {
        id: "phone",
        header: t("field.phone"),
        onDemand: true,
        cell: ({ row }) => <NumberText number={row.original.caller.phone_number} />,
      },
      {
        id: "status",
        header: t("field.status"),
        className: "@3xl:w-44",
        sortBy: "status",
        cell: ({ row }) => <TicketStatusBadge status={row.original.status} />,
      },
      {
        id: "priority",
        header: t("field.priority"),
        className: "@3xl:w-28",
        sortBy: "priority",
        sortFirst: "descending",
        cell: ({ row }) => <PriorityBadge priority={row.original.priority} />,
      },
      {
        id: "assigned",
        header: t("tickets.assigned_to"),
        cell: ({ row }) => {
          const id = row.original.assigned_to;
          return id ? (
            (nameOf(id) ?? id.slice(0, 8))
          ) : (
            <span className="text-muted">{t("tickets.nobody")}</span>
          );
        },
      },
      {
        id: "calls",
        header: t("nav.calls"),
        className: "@3xl:w-20",
        onDemand: true,
        cell: ({ row }) => <span className="num">{row.original.call_ids.length || none}</span>,
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        sortBy: "created_at",
        sortFirst: "descending",
        wideOnly: true,
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
      {
        id: "updated",
        header: t("field.updated"),
        className: "@3xl:w-48",
        sortBy: "updated_at",
        sortFirst: "descending",
        onDemand: true,
        cell: ({ row }) => <When at={row.original.updated_at} />,
      },
    ],
    [t, nameOf],
  );
}
