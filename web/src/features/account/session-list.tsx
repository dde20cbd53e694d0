/** Where one is signed in: this browser and the others, each to be ended, or all at once. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { LogOut } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { announceSignedOut, api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Session } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { BulkConfirm } from "@/ui/bulk";
import { Button } from "@/ui/button";
import { Device, useDeviceText } from "@/ui/device";
import { Confirm } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { ListFrame } from "@/ui/list";
import { useSelection } from "@/ui/selection";
import type { Column } from "@/ui/table";

const end = (session: Session) =>
  take(api.DELETE("/api/v1/auth/sessions/{id}", { params: { path: { id: session.id } } }));
const idOf = (session: Session) => session.id;

export function SessionList() {
  const { t } = useTranslation();
  const client = useQueryClient();
  const deviceText = useDeviceText();
  const [asked, setAsked] = useState<Session | null>(null);
  const [askedAll, setAskedAll] = useState(false);
  const [many, setMany] = useState<Session[] | null>(null);
  const pages = usePages({
    queryKey: keys.sessions,
    fetchPage: (cursor, signal) =>
      take<Page<Session>>(api.GET("/api/v1/auth/sessions", { params: { query: { cursor } }, signal })),
  });
  const selection = useSelection(pages.items, idOf);
  const nameOf = (session: Session) => deviceText(session.user_agent) ?? session.address ?? session.id;
  const done = () => {
    selection.clear();
    void client.invalidateQueries({ queryKey: keys.sessions });
    void client.invalidateQueries({ queryKey: keys.history });
  };
  const endOne = useMutation({
    mutationFn: end,
    onSuccess: (_, session) => {
      setAsked(null);
      if (session.current) return announceSignedOut();
      toast.success(t("account.session_ended"));
    },
    onSettled: done,
  });
  const endAll = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/auth/sessions", {})),
    // This one is among them.
    onSuccess: announceSignedOut,
  });
  const columns = useColumns(setAsked);
  const others = selection.rows.filter((session) => !session.current);
  return (
    <>
      <ListFrame
        name="sessions"
        label={t("account.sessions")}
        columns={columns}
        pages={pages}
        rowId={idOf}
        rowLabel={nameOf}
        selection={selection}
        emptyTitle={t("account.no_sessions")}
        toolbar={
          <Button onClick={() => setAskedAll(true)}>
            <LogOut aria-hidden />
            {t("account.end_all")}
          </Button>
        }
        bulk={
          <Button size="sm" disabled={others.length === 0} onClick={() => setMany(others)}>
            {t("account.end")}
            {others.length < selection.rows.length ? ` (${others.length})` : ""}
          </Button>
        }
      />
      {asked ? (
        <Confirm
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t("account.end_title", { device: nameOf(asked) })}
          text={asked.current ? t("account.end_this_text") : t("account.end_text")}
          action={t("account.end")}
          busy={endOne.isPending}
          error={<InlineError error={endOne.error} />}
          onConfirm={() => endOne.mutate(asked)}
        />
      ) : null}
      {askedAll ? (
        <Confirm
          open
          onOpenChange={setAskedAll}
          title={t("account.end_all_title")}
          text={t("account.end_all_text")}
          action={t("account.end_all")}
          busy={endAll.isPending}
          error={<InlineError error={endAll.error} />}
          onConfirm={() => endAll.mutate()}
        />
      ) : null}
      {many ? (
        <BulkConfirm
          items={many}
          nameOf={nameOf}
          title={t("account.end_many", { count: many.length })}
          text={t("account.end_text")}
          action={t("account.end")}
          command={end}
          onDone={() => {
            setMany(null);
            done();
          }}
          onClose={() => setMany(null)}
        />
      ) : null}
    </>
  );
}

function useColumns(onEnd: (session: Session) => void): Column<Session>[] {
  const { t } = useTranslation();
  const deviceText = useDeviceText();
  return useMemo(
    () => [
      {
        id: "device",
        header: t("account.device"),
        always: true,
        cell: ({ row }) => (
          <span className="inline-flex flex-wrap items-center gap-x-2 font-medium">
            <Device userAgent={row.original.user_agent} />
            {row.original.current ? <Badge tone="good">{t("account.this_session")}</Badge> : null}
          </span>
        ),
      },
      {
        id: "address",
        header: t("account.address"),
        className: "@3xl:w-44",
        cell: ({ row }) => <span className="num">{row.original.address ?? "–"}</span>,
      },
      {
        id: "tenant",
        header: t("account.tenant"),
        className: "@3xl:w-36",
        cell: ({ row }) => row.original.tenant ?? <span className="text-muted">–</span>,
      },
      {
        id: "created",
        header: t("account.since"),
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
      {
        id: "seen",
        header: t("field.last_seen"),
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.last_seen_at} />,
      },
      {
        id: "actions",
        header: t("field.actions"),
        className: "@3xl:w-24",
        always: true,
        cell: ({ row }) => (
          <Button
            size="sm"
            aria-label={t("account.end_one", {
              device: deviceText(row.original.user_agent) ?? row.original.address ?? row.original.id,
            })}
            onClick={() => onEnd(row.original)}
          >
            {t("account.end")}
          </Button>
        ),
      },
    ],
    [t, deviceText, onEnd],
  );
}
