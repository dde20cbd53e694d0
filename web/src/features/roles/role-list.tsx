/** The roles: the built-in ones, which nobody changes, and those of the tenant's own. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { again, keys } from "@/lib/api/query";
import type { Page, PermissionItem, RoleItem } from "@/lib/api/types";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Failed, Loading } from "@/ui/feedback";
import { ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import { useRoleText } from "@/ui/role";
import type { Column } from "@/ui/table";
import { RolePanel } from "./role-panel";

const idOf = (role: RoleItem) => role.id ?? role.name;

export function RoleList({
  opened,
  onOpen,
  mine,
  mayEdit,
}: {
  opened: string | null;
  onOpen: (id: string | null) => void;
  mine: ReadonlySet<string>;
  mayEdit: boolean;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [making, setMaking] = useState<RoleItem | "new" | null>(null);
  const roles = useQuery({
    queryKey: keys.roles,
    queryFn: ({ signal }) => take<Page<RoleItem>>(api.GET("/api/v1/roles", { signal })),
  });
  const permissions = useQuery({
    queryKey: keys.permissions,
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: ({ signal }) => take<Page<PermissionItem>>(api.GET("/api/v1/permissions", { signal })),
  });
  const columns = useColumns();
  const items = roles.data?.items ?? [];
  const shown = opened === null ? null : (items.find((role) => idOf(role) === opened) ?? null);
  const refresh = () => client.invalidateQueries({ queryKey: keys.roles });
  if (permissions.isError)
    return <Failed error={permissions.error} onRetry={() => void permissions.refetch()} />;
  if (permissions.isPending) return <Loading />;
  return (
    <>
      <PageHead
        title={t("nav.roles")}
        sub={t("roles.sub")}
        actions={
          mayEdit ? (
            <Button look="primary" onClick={() => setMaking("new")}>
              <Plus aria-hidden />
              {t("roles.new")}
            </Button>
          ) : null
        }
      />
      <ListFrame
        name="roles"
        label={t("nav.roles")}
        columns={columns}
        pages={{
          items,
          count: null,
          isPending: roles.isPending,
          isError: roles.isError,
          error: roles.error,
          hasNextPage: false,
          isFetchingNextPage: false,
          fetchNextPage: () => undefined,
          refetch: roles.refetch,
        }}
        rowId={idOf}
        selected={opened}
        onOpen={(role) => onOpen(idOf(role))}
        emptyTitle={t("state.no_match")}
      />
      <RolePanel
        key={making === "new" ? "new" : making ? `like-${idOf(making)}` : (opened ?? "none")}
        role={making === null ? shown : null}
        readAgain={async () => (await again(roles))?.items.find((role) => idOf(role) === opened)}
        like={making !== null && making !== "new" ? making : null}
        making={making !== null}
        permissions={permissions.data.items}
        mine={mine}
        mayEdit={mayEdit}
        onCopy={(role) => {
          onOpen(null);
          setMaking(role);
        }}
        onSaved={(role) => {
          setMaking(null);
          void refresh().then(() => onOpen(role ? idOf(role) : null));
        }}
        onClose={() => {
          setMaking(null);
          onOpen(null);
        }}
      />
    </>
  );
}

function useColumns(): Column<RoleItem>[] {
  const { t } = useTranslation();
  const roleText = useRoleText();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        cell: ({ row }) => (
          <span className="inline-flex flex-wrap items-center gap-x-2">
            <span className="font-medium">
              {row.original.id ? row.original.name : roleText(row.original.name)}
            </span>
            {row.original.id ? null : <Badge>{t("roles.built_in")}</Badge>}
          </span>
        ),
      },
      {
        id: "base",
        header: t("roles.base"),
        className: "@3xl:w-40",
        cell: ({ row }) =>
          row.original.id ? roleText(row.original.base) : <span className="text-muted">–</span>,
      },
      {
        id: "permissions",
        header: t("roles.permissions"),
        className: "@3xl:w-32",
        cell: ({ row }) => <span className="num">{row.original.permissions.length}</span>,
      },
      {
        id: "members",
        header: t("roles.members"),
        className: "@3xl:w-28",
        cell: ({ row }) =>
          row.original.members === null ? (
            <span className="text-muted">–</span>
          ) : (
            <span className="num">{row.original.members}</span>
          ),
      },
      {
        id: "description",
        header: t("field.description"),
        cell: ({ row }) => row.original.description ?? <span className="text-muted">–</span>,
      },
    ],
    [t, roleText],
  );
}
