/** Clients who registered themselves and proved their address: let in, or not. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Registration } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge, type Tone } from "@/ui/badge";
import { BulkConfirm } from "@/ui/bulk";
import { Button } from "@/ui/button";
import { useErrorText } from "@/ui/feedback";
import { ListFrame } from "@/ui/list";
import { Person } from "@/ui/person";
import { useSelection } from "@/ui/selection";
import { StatusFilter } from "@/ui/status-filter";
import type { Column } from "@/ui/table";

const STATUSES = ["waiting", "approved", "rejected"] as const;
export type RegistrationFilter = Registration["status"] | "all";
const tone: Record<Registration["status"], Tone> = { waiting: "warn", approved: "good", rejected: "neutral" };

type Verdict = "approve" | "reject";
const decide = (registration: Registration, verdict: Verdict) => {
  const options = {
    params: { path: { id: registration.id } },
    headers: { "Idempotency-Key": idempotencyKey() },
  };
  return verdict === "approve"
    ? take(api.POST("/api/v1/registrations/{id}/approve", options))
    : take(api.POST("/api/v1/registrations/{id}/reject", options));
};
const idOf = (registration: Registration) => registration.id;
const nameOf = (registration: Registration) => registration.email;

export function RegistrationList({
  status,
  onStatus,
}: {
  status: RegistrationFilter;
  onStatus: (status: RegistrationFilter) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const [many, setMany] = useState<{ verdict: Verdict; items: Registration[] } | null>(null);
  const pages = usePages({
    queryKey: [...keys.registrations, status],
    fetchPage: (cursor, signal) =>
      take<Page<Registration>>(
        api.GET("/api/v1/registrations", {
          params: { query: { cursor, status: status === "all" ? undefined : status } },
          signal,
        }),
      ),
  });
  const selection = useSelection(pages.items, idOf);
  const refresh = () => {
    void client.invalidateQueries({ queryKey: keys.registrations });
    void client.invalidateQueries({ queryKey: keys.people });
  };
  const run = useMutation({
    mutationFn: ({ registration, verdict }: { registration: Registration; verdict: Verdict }) =>
      decide(registration, verdict),
    onSuccess: (_, { registration, verdict }) =>
      toast.success(t(`registrations.done.${verdict}`, { name: registration.name || registration.email })),
    onError: (error, { registration }) => toast.error(registration.email, { description: errorText(error) }),
    onSettled: refresh,
  });
  const { mutate } = run;
  // A rejection is said to the person at once and cannot be taken back: it is asked about, of one as of many.
  const columns = useColumns(
    useCallback(
      (order: { registration: Registration; verdict: Verdict }) =>
        order.verdict === "approve"
          ? mutate(order)
          : setMany({ verdict: order.verdict, items: [order.registration] }),
      [mutate],
    ),
  );
  const ready = selection.rows.filter((each) => each.status === "waiting");
  return (
    <>
      <ListFrame
        name="registrations"
        label={t("people.view.registrations")}
        columns={columns}
        pages={pages}
        rowId={idOf}
        rowLabel={nameOf}
        selection={selection}
        emptyTitle={t("registrations.empty")}
        emptyText={t("registrations.empty_text")}
        bulk={(["approve", "reject"] as const).map((verdict) => (
          <Button
            key={verdict}
            size="sm"
            disabled={ready.length === 0}
            onClick={() => setMany({ verdict, items: ready })}
          >
            {t(`registrations.${verdict}`)}
          </Button>
        ))}
        toolbar={
          <StatusFilter
            value={status}
            statuses={STATUSES}
            nameOf={(each) => t(`registration_status.${each}`)}
            onChange={onStatus}
          />
        }
      />
      {many ? (
        <BulkConfirm
          items={many.items}
          nameOf={nameOf}
          title={t(`registrations.many.${many.verdict}`, { count: many.items.length })}
          text={t(`registrations.text.${many.verdict}`)}
          action={t(`registrations.${many.verdict}`)}
          command={(registration) => decide(registration, many.verdict)}
          onDone={() => {
            setMany(null);
            selection.clear();
            refresh();
          }}
          onClose={() => setMany(null)}
        />
      ) : null}
    </>
  );
}

function useColumns(
  onDecide: (order: { registration: Registration; verdict: Verdict }) => void,
): Column<Registration>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        cell: ({ row }) => <span className="font-medium">{row.original.name}</span>,
      },
      { id: "email", header: t("field.email"), cell: ({ row }) => row.original.email },
      {
        id: "status",
        header: t("field.status"),
        className: "@3xl:w-28",
        cell: ({ row }) => (
          <Badge tone={tone[row.original.status] ?? "neutral"} data-registration={row.original.status}>
            {t(`registration_status.${row.original.status}`, { defaultValue: row.original.status })}
          </Badge>
        ),
      },
      {
        id: "created",
        header: t("registrations.asked"),
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
      {
        id: "by",
        header: t("registrations.decided_by"),
        className: "@3xl:w-40",
        wideOnly: true,
        cell: ({ row }) => <Person id={row.original.decided_by} />,
      },
      {
        id: "actions",
        header: t("field.actions"),
        className: "@3xl:w-44",
        always: true,
        cell: ({ row }) =>
          row.original.status === "waiting" ? (
            <span className="flex flex-wrap gap-1.5">
              {(["approve", "reject"] as const).map((verdict) => (
                <Button
                  key={verdict}
                  size="sm"
                  aria-label={t(`registrations.${verdict}_one`, { email: row.original.email })}
                  onClick={() => onDecide({ registration: row.original, verdict })}
                >
                  {t(`registrations.${verdict}`)}
                </Button>
              ))}
            </span>
          ) : null,
      },
    ],
    [t, onDecide],
  );
}
