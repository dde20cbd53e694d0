/** Who did what, to what, from where; narrowed by the address bar, exported as it is narrowed. */
import { Download } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { AuditRecord, Page } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Field, Input } from "@/ui/field";
import { FilterChip, ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import type { Column } from "@/ui/table";
import { useDownload } from "@/ui/use-download";
import { AuditPanel } from "./audit-panel";
import { ActorField, AddressField, instantOf, PeriodFields } from "./filters";
import { FAMILIES, isAlarming, isEnding, wordsOf } from "./record";

export interface AuditSearch {
  action?: string;
  actor?: string;
  kind?: string;
  object?: string;
  address?: string;
  after?: string;
  before?: string;
}

const toneOf = (action: string): Tone => (isAlarming(action) ? "warn" : isEnding(action) ? "bad" : "neutral");

export function AuditList({
  search,
  onSearch,
  people,
  above,
}: {
  search: AuditSearch;
  onSearch: (search: AuditSearch) => void;
  /** Whom one can choose as the one who did it. */
  people: readonly { id: string; name: string }[];
  /** Of no tenant, and of what was done about tenants. */
  above: boolean;
}) {
  const { t } = useTranslation();
  const file = useDownload();
  const [opened, setOpened] = useState<AuditRecord | null>(null);
  const asked = {
    ...search,
    action: useDebounced(search.action),
    kind: useDebounced(search.kind),
    address: useDebounced(search.address),
  };
  const query = {
    action: asked.action,
    actor_id: asked.actor,
    object_kind: asked.kind,
    object_id: asked.object,
    address: asked.address,
    created_after: instantOf(asked.after, false),
    created_before: instantOf(asked.before, true),
  };
  const pages = usePages({
    queryKey: [...keys.audit, query],
    fetchPage: (cursor, signal) =>
      take<Page<AuditRecord>>(api.GET("/api/v1/audit", { params: { query: { cursor, ...query } }, signal })),
  });
  const columns = useColumns(above);
  const active = Object.values(search).filter(Boolean).length;
  const change = (next: AuditSearch) => onSearch({ ...search, ...next });
  return (
    <>
      <PageHead
        title={t("nav.audit")}
        sub={t(above ? "audit.sub_above" : "audit.sub")}
        actions={
          <Button
            busy={file.busy}
            onClick={() => file.save({ path: "/api/v1/audit/export", name: "audit.csv", query })}
          >
            <Download aria-hidden />
            {t("audit.export")}
          </Button>
        }
      />
      <ListFrame
        views
        name="audit"
        label={t("nav.audit")}
        columns={columns}
        pages={pages}
        rowId={(record) => record.id}
        selected={opened?.id ?? null}
        onOpen={setOpened}
        emptyTitle={active > 0 ? t("state.no_match") : t("audit.empty")}
        emptyText={active > 0 ? t("state.no_match_text") : undefined}
        emptyAction={
          active > 0 ? (
            <Button size="sm" onClick={() => onSearch({})}>
              {t("filter.clear")}
            </Button>
          ) : null
        }
        activeFilters={active}
        toolbar={
          <>
            <Field label={t("audit.action")} className="w-56 max-sm:w-full">
              <Input
                list="audit-actions"
                value={search.action ?? ""}
                placeholder="session.*"
                autoCapitalize="none"
                spellCheck={false}
                onChange={(event) => change({ action: event.target.value || undefined })}
              />
            </Field>
            <datalist id="audit-actions">
              {FAMILIES.map((family) => (
                <option key={family} value={`${family}.*`} />
              ))}
            </datalist>
            {search.object ? (
              <FilterChip label={t("audit.one_object")} onRemove={() => change({ object: undefined })} />
            ) : null}
          </>
        }
        filters={
          <>
            <ActorField people={people} value={search.actor} onChange={(actor) => change({ actor })} />
            <AddressField value={search.address} onChange={(address) => change({ address })} />
            <PeriodFields after={search.after} before={search.before} onChange={change} />
            {active > 0 ? (
              <Button look="ghost" onClick={() => onSearch({})}>
                {t("filter.clear")}
              </Button>
            ) : null}
          </>
        }
      />
      <AuditPanel
        record={opened}
        onClose={() => setOpened(null)}
        onSame={(next) => {
          setOpened(null);
          onSearch(next);
        }}
      />
    </>
  );
}

function useColumns(above: boolean): Column<AuditRecord>[] {
  const { t } = useTranslation();
  return useMemo(() => {
    const columns: Column<AuditRecord>[] = [
      {
        id: "at",
        header: t("field.when"),
        className: "@3xl:w-48",
        always: true,
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
      {
        id: "actor",
        header: t("audit.actor"),
        className: "@3xl:w-48",
        cell: ({ row }) => <Actor record={row.original} />,
      },
      {
        id: "action",
        header: t("audit.action"),
        always: true,
        cell: ({ row }) => (
          <Badge tone={toneOf(row.original.action)} data-action={row.original.action}>
            <span className="truncate">{wordsOf(row.original.action)}</span>
          </Badge>
        ),
      },
      {
        id: "object",
        header: t("audit.object"),
        cell: ({ row }) => <ObjectOf record={row.original} />,
      },
      {
        id: "address",
        header: t("audit.address"),
        className: "@3xl:w-36",
        cell: ({ row }) => <span className="num">{row.original.address ?? "–"}</span>,
      },
      {
        id: "via",
        header: t("audit.via"),
        onDemand: true,
        cell: ({ row }) => <code className="font-mono text-[0.8rem]">{row.original.via ?? "–"}</code>,
      },
    ];
    if (above) {
      columns.splice(3, 0, {
        id: "tenant",
        header: t("numbers.tenant_filter"),
        cell: ({ row }) => row.original.tenant_name ?? <span className="text-muted">–</span>,
      });
    }
    return columns;
  }, [t, above]);
}

export function Actor({ record }: { record: AuditRecord }) {
  const { t } = useTranslation();
  if (record.actor_name) return <>{record.actor_name}</>;
  return <span className="text-muted">{record.actor_id ? t("audit.no_member") : t("audit.nobody")}</span>;
}

function ObjectOf({ record }: { record: AuditRecord }) {
  const what = record.object_kind?.replaceAll("_", " ");
  const subject = record.subject ?? record.object_id;
  if (!what && !subject) return <span className="text-muted">–</span>;
  return (
    <span className="wrap-anywhere">
      {what} {subject ? <span className="text-muted">{shortened(subject)}</span> : null}
    </span>
  );
}

const shortened = (text: string): string =>
  /^[0-9a-f]{8}-[0-9a-f-]{27}$/i.test(text) ? text.slice(0, 8) : text;
