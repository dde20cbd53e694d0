/** Who was invited: sent again, or withdrawn, while the invitation is open. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useCallback, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Invitation, InvitationStatus, Page } from "@/lib/api/types";
import { nameOfContact } from "@/lib/client-contact";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge, type Tone } from "@/ui/badge";
import { BulkConfirm } from "@/ui/bulk";
import { Button } from "@/ui/button";
import { Confirm, Dialog } from "@/ui/dialog";
import { FormProblem, useErrorText } from "@/ui/feedback";
import { InvitationLink } from "@/ui/hand-over";
import { ListFrame } from "@/ui/list";
import { Person } from "@/ui/person";
import { useRoleText } from "@/ui/role";
import { useSelection } from "@/ui/selection";
import { StatusFilter } from "@/ui/status-filter";
import type { Column } from "@/ui/table";
import { type PeopleRights, reaches, resend, withdraw } from "./people";
import { useRefusalText } from "./refusal";

export const STATUSES = ["open", "accepted", "revoked", "expired"] as const;
const tone: Record<InvitationStatus, Tone> = {
  open: "accent",
  accepted: "good",
  revoked: "neutral",
  expired: "warn",
};

const idOf = (invitation: Invitation) => invitation.id;
const nameOf = (invitation: Invitation) => invitation.email;
/** An expired invitation may be sent again as well: it gets a new link. */
const isPending = (invitation: Invitation) => invitation.status === "open" || invitation.status === "expired";

type Asked = { invitation: Invitation; command: "resend" | "withdraw" };

export function InvitationList({
  status,
  onStatus,
  rights,
}: {
  status: InvitationStatus | "all";
  onStatus: (status: InvitationStatus | "all") => void;
  rights: PeopleRights;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const refusal = useRefusalText();
  const errorText = useErrorText();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [many, setMany] = useState<Invitation[] | null>(null);
  const [made, setMade] = useState<Invitation | null>(null);
  const pages = usePages({
    queryKey: [...keys.invitations, status],
    fetchPage: (cursor, signal) =>
      take<Page<Invitation>>(
        api.GET("/api/v1/invitations", {
          params: { query: { cursor, status: status === "all" ? undefined : status } },
          signal,
        }),
      ),
  });
  const selection = useSelection(pages.items, idOf);
  const refresh = () => void client.invalidateQueries({ queryKey: keys.invitations });
  const run = useMutation({
    mutationFn: async ({ invitation, command }: Asked) =>
      command === "resend" ? await resend(invitation) : (await withdraw(invitation), null),
    onSuccess: (answer, { invitation, command }) => {
      setAsked(null);
      if (answer?.link) return setMade(answer);
      toast.success(
        command === "resend"
          ? t("people.mailed", { email: invitation.email })
          : t("people.withdrawn", { email: invitation.email }),
      );
    },
    onSettled: refresh,
  });
  const { reset } = run;
  const ask = useCallback(
    (next: Asked) => {
      reset();
      setAsked(next);
    },
    [reset],
  );
  const columns = useColumns(rights, ask);
  const ready = selection.rows.filter((each) => isPending(each) && reaches(each.role, rights));
  return (
    <>
      <ListFrame
        name="invitations"
        label={t("people.invitations")}
        columns={columns}
        pages={pages}
        rowId={idOf}
        rowLabel={nameOf}
        selection={selection}
        emptyTitle={t("people.no_invitations")}
        emptyText={t("people.no_invitations_text")}
        bulk={
          <Button size="sm" disabled={ready.length === 0} onClick={() => setMany(ready)}>
            {t("people.withdraw")}
            {ready.length < selection.rows.length ? ` (${ready.length})` : ""}
          </Button>
        }
        toolbar={
          <StatusFilter
            value={status}
            statuses={STATUSES}
            nameOf={(each) => t(`invitation_status.${each}`)}
            onChange={onStatus}
          />
        }
      />
      {asked ? (
        <Confirm
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t(`people.ask.${asked.command}`, { email: asked.invitation.email })}
          text={t(`people.ask_text.${asked.command}`)}
          action={t(`people.${asked.command}`)}
          look={asked.command === "resend" ? "primary" : "danger"}
          busy={run.isPending}
          error={
            run.error ? (
              <div className="mt-2">
                <FormProblem message={refusal(run.error)?.message ?? errorText(run.error)} />
              </div>
            ) : null
          }
          onConfirm={() => run.mutate(asked)}
        />
      ) : null}
      {many ? (
        <BulkConfirm
          items={many}
          nameOf={nameOf}
          title={t("people.withdraw_many", { count: many.length })}
          text={t("people.ask_text.withdraw")}
          action={t("people.withdraw")}
          command={withdraw}
          onDone={() => {
            setMany(null);
            selection.clear();
            refresh();
          }}
          onClose={() => setMany(null)}
        />
      ) : null}
      {made ? (
        <Dialog
          open
          onOpenChange={(open) => (open ? undefined : setMade(null))}
          title={t("people.invited", { email: made.email })}
        >
          <InvitationLink invitation={made} onClose={() => setMade(null)} />
        </Dialog>
      ) : null}
    </>
  );
}

function useColumns(rights: PeopleRights, onAsk: (asked: Asked) => void): Column<Invitation>[] {
  const { t } = useTranslation();
  const roleText = useRoleText();
  return useMemo(
    () => [
      {
        id: "email",
        header: t("field.email"),
        always: true,
        cell: ({ row }) => (
          <span>
            <span className="font-medium">{row.original.email}</span>
            {row.original.name ? <span className="text-muted"> {row.original.name}</span> : null}
          </span>
        ),
      },
      {
        id: "role",
        header: t("field.role"),
        className: "@3xl:w-36",
        cell: ({ row }) => (
          <span>
            {roleText(row.original.role)}
            {row.original.contact ? (
              <span className="text-muted"> {nameOfContact(row.original.contact)}</span>
            ) : null}
          </span>
        ),
      },
      {
        id: "status",
        header: t("field.status"),
        className: "@3xl:w-28",
        cell: ({ row }) => (
          <Badge tone={tone[row.original.status] ?? "neutral"} data-invitation={row.original.status}>
            {t(`invitation_status.${row.original.status}`, { defaultValue: row.original.status })}
          </Badge>
        ),
      },
      {
        id: "by",
        header: t("people.invited_by"),
        className: "@3xl:w-40",
        cell: ({ row }) => <Person id={row.original.invited_by} />,
      },
      {
        id: "created",
        header: t("people.invited_at"),
        className: "@3xl:w-48",
        wideOnly: true,
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
      {
        id: "until",
        header: t("people.until"),
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.accepted_at ?? row.original.expires_at} />,
      },
      {
        id: "actions",
        header: t("field.actions"),
        className: "@3xl:w-52",
        always: true,
        cell: ({ row }) => {
          const invitation = row.original;
          if (!isPending(invitation) || !reaches(invitation.role, rights)) return null;
          return (
            <span className="flex flex-wrap gap-1.5">
              {(["resend", "withdraw"] as const).map((command) => (
                <Button
                  key={command}
                  size="sm"
                  aria-label={t(`people.${command}_one`, { email: invitation.email })}
                  onClick={() => onAsk({ invitation, command })}
                >
                  {t(`people.${command}`)}
                </Button>
              ))}
            </span>
          );
        },
      },
    ],
    [t, roleText, rights, onAsk],
  );
}
