/** The accounts of this server, for its platform admins: what each has and does, and whether it is suspended. */
import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Tenant } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { InvitationLink } from "@/ui/hand-over";
import { ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import { StatusFilter } from "@/ui/status-filter";
import type { Column } from "@/ui/table";
import { CreateTenant } from "./tenant-form";
import { TenantPanel } from "./tenant-panel";
import { STATUSES, type TenantStatus } from "./tenants";

export interface TenantSearch {
  q?: string;
  status?: TenantStatus;
  sort?: string;
}

export function TenantList({
  search,
  onSearch,
  opened,
  onOpen,
  onNumbers,
}: {
  search: TenantSearch;
  onSearch: (search: TenantSearch) => void;
  opened: string | null;
  onOpen: (id: string | null) => void;
  onNumbers: (id: string) => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [creating, setCreating] = useState(false);
  const [made, setMade] = useState<Tenant | null>(null);
  const q = useDebounced(search.q);
  const { status, sort } = search;
  const pages = usePages({
    queryKey: [...keys.tenants, "list", q, status, sort],
    fetchPage: (cursor, signal) =>
      take<Page<Tenant>>(
        api.GET("/api/v1/tenants", {
          params: { query: { cursor, q, status, sort, count: cursor === undefined ? true : undefined } },
          signal,
        }),
      ),
  });
  const columns = useColumns();
  const filtered = search.q !== undefined || status !== undefined;
  return (
    <>
      <PageHead
        title={t("nav.tenants")}
        sub={t("tenants.sub")}
        actions={
          <Button look="primary" onClick={() => setCreating(true)}>
            <Plus aria-hidden />
            {t("tenants.new")}
          </Button>
        }
      />
      <ListFrame
        name="tenants"
        label={t("nav.tenants")}
        columns={columns}
        pages={pages}
        rowId={(tenant) => tenant.id}
        rowLabel={(tenant) => tenant.name}
        selected={opened}
        sort={sort ?? "name"}
        onSort={(next) => onSearch({ ...search, sort: next })}
        onOpen={(tenant) => onOpen(tenant.id)}
        emptyTitle={filtered ? t("state.no_match") : t("tenants.empty")}
        emptyText={filtered ? t("state.no_match_text") : t("tenants.empty_text")}
        toolbar={
          <>
            <Field label={t("field.search")} className="min-w-40 flex-1 sm:max-w-80">
              <Input
                type="search"
                value={search.q ?? ""}
                placeholder={t("tenants.search")}
                onChange={(event) => onSearch({ ...search, q: event.target.value || undefined })}
              />
            </Field>
            <StatusFilter
              value={status ?? "all"}
              statuses={STATUSES}
              nameOf={(each) => t(`tenants.status.${each}`)}
              onChange={(next) => onSearch({ ...search, status: next === "all" ? undefined : next })}
            />
          </>
        }
      />
      <TenantPanel id={opened} onNumbers={onNumbers} onClose={() => onOpen(null)} />
      {creating ? (
        <Dialog open onOpenChange={setCreating} title={t("tenants.new")} description={t("tenants.new_text")}>
          <CreateTenant
            onCancel={() => setCreating(false)}
            onMade={(tenant) => {
              setCreating(false);
              void client.invalidateQueries({ queryKey: keys.tenants });
              if (tenant.invitation?.link) setMade(tenant);
              else
                toast.success(
                  t("tenants.made", { name: tenant.name, email: tenant.invitation?.email ?? "" }),
                );
            }}
          />
        </Dialog>
      ) : null}
      {made?.invitation ? (
        <Dialog open onOpenChange={() => setMade(null)} title={t("tenants.made_title", { name: made.name })}>
          <InvitationLink invitation={made.invitation} onClose={() => setMade(null)} />
        </Dialog>
      ) : null}
    </>
  );
}

export function TenantBadge({ status }: { status: TenantStatus }) {
  const { t } = useTranslation();
  return (
    <Badge tone={status === "active" ? "good" : "warn"} data-tenant-status={status}>
      {t(`tenants.status.${status}`)}
    </Badge>
  );
}

/** A count that stopped somewhere says so. */
export function Calls({ calls }: { calls: Tenant["calls_30_days"] }) {
  return (
    <span className="num">
      {calls.value.toLocaleString()}
      {calls.exact ? "" : "+"}
    </span>
  );
}

function useColumns(): Column<Tenant>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        sortBy: "name",
        cell: ({ row }) => (
          <>
            <span className="font-medium">{row.original.name}</span>{" "}
            <span className="text-muted">{row.original.slug}</span>
          </>
        ),
      },
      {
        id: "status",
        header: t("field.status"),
        className: "@3xl:w-32",
        cell: ({ row }) => <TenantBadge status={row.original.status} />,
      },
      {
        id: "people",
        header: t("nav.people"),
        className: "@3xl:w-24",
        cell: ({ row }) => <span className="num">{row.original.people}</span>,
      },
      {
        id: "numbers",
        header: t("nav.numbers"),
        className: "@3xl:w-36",
        cell: ({ row }) => <span className="num">{row.original.numbers}</span>,
      },
      {
        id: "calls",
        header: t("tenants.calls"),
        className: "@3xl:w-40",
        cell: ({ row }) => <Calls calls={row.original.calls_30_days} />,
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        sortBy: "created_at",
        sortFirst: "descending",
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
    ],
    [t],
  );
}
