import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import { CONNECTION_KINDS, type Connection, type Page } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { CopyButton } from "@/ui/copy";
import { Field, Input, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import type { Column } from "@/ui/table";
import { ConnectionPanel, type ConnectionRights } from "./connection-panel";
import { CreateConnection } from "./create-connection";

export interface ConnectionSearch {
  q?: string;
  kind?: Connection["kind"];
}

const KINDS = [...CONNECTION_KINDS, "sip"] as const;

export function ConnectionList({
  search,
  onSearch,
  opened,
  onOpen,
  canCreate,
  rights,
  seesCalls,
}: {
  search: ConnectionSearch;
  onSearch: (search: ConnectionSearch) => void;
  opened: string | null;
  onOpen: (id: string | null) => void;
  canCreate: boolean;
  rights: ConnectionRights;
  seesCalls: boolean;
}) {
  const { t } = useTranslation();
  const [creating, setCreating] = useState(false);
  const asked = { ...search, q: useDebounced(search.q) };
  const pages = usePages({
    queryKey: [...keys.connections, "list", asked],
    fetchPage: (cursor, signal) =>
      take<Page<Connection>>(
        api.GET("/api/v1/connections", {
          params: {
            query: { cursor, count: cursor === undefined ? true : undefined, q: asked.q, kind: asked.kind },
          },
          signal,
        }),
      ),
  });
  const columns = useColumns();
  const filtered = Boolean(search.q || search.kind);
  return (
    <>
      <PageHead
        title={t("nav.connections")}
        sub={t("connections.sub")}
        actions={
          canCreate ? (
            <Button look="primary" onClick={() => setCreating(true)}>
              <Plus aria-hidden />
              {t("connections.new")}
            </Button>
          ) : null
        }
      />
      <ListFrame
        name="connections"
        label={t("nav.connections")}
        columns={columns}
        pages={pages}
        rowId={(connection) => connection.id}
        selected={opened}
        onOpen={(connection) => onOpen(connection.id)}
        emptyTitle={filtered ? t("state.no_match") : t("connections.empty")}
        emptyText={filtered ? t("state.no_match_text") : t("connections.empty_text")}
        toolbar={
          <>
            <Field label={t("field.search")} className="min-w-40 flex-1 sm:max-w-80">
              <Input
                type="search"
                value={search.q ?? ""}
                placeholder={t("field.name")}
                onChange={(event) => onSearch({ ...search, q: event.target.value || undefined })}
              />
            </Field>
            <Field label={t("connections.kind")} className="w-44">
              <Select
                value={search.kind ?? ""}
                onChange={(event) =>
                  onSearch({ ...search, kind: (event.target.value || undefined) as Connection["kind"] })
                }
              >
                <option value="">{t("filter.any")}</option>
                {KINDS.map((kind) => (
                  <option key={kind} value={kind}>
                    {t(`connection_kind.${kind}`)}
                  </option>
                ))}
              </Select>
            </Field>
          </>
        }
      />
      <ConnectionPanel id={opened} rights={rights} seesCalls={seesCalls} onClose={() => onOpen(null)} />
      {creating ? <CreateConnection onClose={() => setCreating(false)} /> : null}
    </>
  );
}

function useColumns(): Column<Connection>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        cell: ({ row }) => <span className="font-medium">{row.original.name}</span>,
      },
      {
        id: "kind",
        header: t("connections.kind"),
        className: "@3xl:w-40",
        cell: ({ row }) => (
          <Badge tone="accent">
            {t(`connection_kind.${row.original.kind}`, { defaultValue: row.original.kind })}
          </Badge>
        ),
      },
      {
        id: "region",
        header: t("connections.region"),
        className: "@3xl:w-36",
        cell: ({ row }) =>
          row.original.default_region ?? <span className="text-muted">{t("connections.tenant_region")}</span>,
      },
      {
        id: "hook_url",
        header: t("connections.hook_url"),
        cell: ({ row }) =>
          row.original.hook_url ? (
            <span className="flex items-center gap-1.5">
              <CopyButton
                size="icon-sm"
                what={t("connections.hook_url_of", { name: row.original.name })}
                value={row.original.hook_url}
              />
              {/* Who has the whole address may send calls: it is not spread over the screen. */}
              <code className="max-w-56 truncate font-mono text-[0.8rem] text-muted">
                {row.original.hook_url.replace(/^(.*\/hooks\/.{4}).*$/, "$1…")}
              </code>
            </span>
          ) : (
            <span className="text-muted">–</span>
          ),
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        wideOnly: true,
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
    ],
    [t],
  );
}
