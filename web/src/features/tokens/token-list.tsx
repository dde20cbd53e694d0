/** API tokens: one's own, or of everybody for those who look after them. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { ApiToken, Page } from "@/lib/api/types";
import { useNow } from "@/lib/time";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { BulkConfirm } from "@/ui/bulk";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { ListFrame } from "@/ui/list";
import { Person } from "@/ui/person";
import { useSelection } from "@/ui/selection";
import type { Column } from "@/ui/table";
import { CreateToken } from "./create-token";
import { expiryOf } from "./expiry";

const idOf = (token: ApiToken) => token.id;
const nameOf = (token: ApiToken) => token.name;
const revoke = (token: ApiToken) =>
  take(api.DELETE("/api/v1/api-tokens/{id}", { params: { path: { id: token.id } } }));

export function TokenList({
  userId,
  showOwner = false,
  mayCreate = false,
}: {
  /** Whose; without it everybody's, for those who may see them. */
  userId?: string;
  showOwner?: boolean;
  mayCreate?: boolean;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [creating, setCreating] = useState(false);
  const [asked, setAsked] = useState<ApiToken | null>(null);
  const [many, setMany] = useState<ApiToken[] | null>(null);
  const pages = usePages({
    queryKey: [...keys.tokens, userId ?? "all"],
    fetchPage: (cursor, signal) =>
      take<Page<ApiToken>>(
        api.GET("/api/v1/api-tokens", { params: { query: { cursor, user_id: userId } }, signal }),
      ),
  });
  const selection = useSelection(pages.items, idOf);
  const refresh = () => void client.invalidateQueries({ queryKey: keys.tokens });
  const revokeOne = useMutation({
    mutationFn: revoke,
    onSuccess: (_, token) => {
      toast.success(t("tokens.revoked", { name: token.name }));
      setAsked(null);
    },
    onSettled: refresh,
  });
  const columns = useColumns(showOwner, setAsked);
  const create = mayCreate ? (
    <Button look="primary" onClick={() => setCreating(true)}>
      <Plus aria-hidden />
      {t("tokens.new")}
    </Button>
  ) : null;
  return (
    <>
      <ListFrame
        name={showOwner ? "tokens" : "own-tokens"}
        label={t("tokens.title")}
        columns={columns}
        pages={pages}
        rowId={idOf}
        rowLabel={nameOf}
        selection={selection}
        emptyTitle={t("tokens.empty")}
        emptyText={t("tokens.empty_text")}
        toolbar={create}
        bulk={
          <Button size="sm" onClick={() => setMany(selection.rows)}>
            {t("tokens.revoke")}
          </Button>
        }
      />
      {creating ? <CreateToken onClose={() => setCreating(false)} /> : null}
      {asked ? (
        <Confirm
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t("tokens.revoke_title", { name: asked.name })}
          text={t("tokens.revoke_text")}
          action={t("tokens.revoke")}
          busy={revokeOne.isPending}
          error={<InlineError error={revokeOne.error} />}
          onConfirm={() => revokeOne.mutate(asked)}
        />
      ) : null}
      {many ? (
        <BulkConfirm
          items={many}
          nameOf={nameOf}
          title={t("tokens.revoke_many", { count: many.length })}
          text={t("tokens.revoke_text")}
          action={t("tokens.revoke")}
          command={revoke}
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

function useColumns(showOwner: boolean, onRevoke: (token: ApiToken) => void): Column<ApiToken>[] {
  const { t } = useTranslation();
  return useMemo(() => {
    const columns: Column<ApiToken>[] = [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        cell: ({ row }) => <span className="font-medium">{row.original.name}</span>,
      },
      {
        id: "scopes",
        header: t("tokens.may"),
        className: "@3xl:w-40",
        cell: ({ row }) =>
          row.original.scopes ? (
            <span title={row.original.scopes.join(", ")}>
              {t("tokens.scopes", { count: row.original.scopes.length })}
            </span>
          ) : (
            t("tokens.may_all")
          ),
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
      {
        id: "expires",
        header: t("tokens.expires"),
        className: "@3xl:w-56",
        cell: ({ row }) => <Expiry at={row.original.expires_at} />,
      },
      {
        id: "used",
        header: t("tokens.last_used"),
        className: "@3xl:w-48",
        cell: ({ row }) =>
          row.original.last_used_at ? (
            <When at={row.original.last_used_at} />
          ) : (
            <span className="text-muted">{t("tokens.never_used")}</span>
          ),
      },
      {
        id: "actions",
        header: t("field.actions"),
        className: "@3xl:w-28",
        always: true,
        cell: ({ row }) => (
          <Button
            size="sm"
            aria-label={t("tokens.revoke_one", { name: row.original.name })}
            onClick={() => onRevoke(row.original)}
          >
            {t("tokens.revoke")}
          </Button>
        ),
      },
    ];
    if (showOwner) {
      columns.splice(1, 0, {
        id: "owner",
        header: t("tokens.owner"),
        className: "@3xl:w-48",
        cell: ({ row }) => <Person id={row.original.user_id} />,
      });
    }
    return columns;
  }, [t, showOwner, onRevoke]);
}

function Expiry({ at }: { at: string | null }) {
  const { t } = useTranslation();
  const state = expiryOf(at, useNow());
  if (state === "never") return <span className="text-muted">{t("tokens.never")}</span>;
  return (
    <span className="inline-flex flex-wrap items-center gap-x-2">
      <When at={at} />
      {state === "over" ? <Badge tone="bad">{t("tokens.over")}</Badge> : null}
      {state === "soon" ? <Badge tone="warn">{t("tokens.soon")}</Badge> : null}
    </span>
  );
}
