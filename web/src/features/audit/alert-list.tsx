/** What of the audit log somebody responsible should look at, with the way to the lines behind it. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, SecurityAlert } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge, Dot } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Field, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import type { Column } from "@/ui/table";

export const KINDS = [
  "refresh_reused",
  "new_admin",
  "account_locked",
  "many_failures",
  "second_factor_off",
] as const;
export type Kind = (typeof KINDS)[number];

export function AlertList({
  kind,
  onKind,
  above,
  onLines,
}: {
  kind: Kind | undefined;
  onKind: (kind: Kind | undefined) => void;
  /** Of all tenants. */
  above: boolean;
  /** To the lines of the audit log that concern the same. */
  onLines: (search: { object?: string; actor?: string; address?: string }) => void;
}) {
  const { t } = useTranslation();
  const pages = usePages({
    queryKey: [...keys.audit, "alerts", kind],
    fetchPage: (cursor, signal) =>
      take<Page<SecurityAlert>>(
        api.GET("/api/v1/security-alerts", {
          params: { query: { cursor, kind, count: cursor === undefined ? true : undefined } },
          signal,
        }),
      ),
  });
  const columns = useColumns(above);
  return (
    <ListFrame
      name="alerts"
      label={t("security.tab.alerts")}
      columns={columns}
      pages={pages}
      rowId={(alert) => alert.id}
      onOpen={(alert) =>
        onLines(alert.address ? { address: alert.address } : alert.user_id ? { actor: alert.user_id } : {})
      }
      emptyTitle={kind ? t("state.no_match") : t("security.no_alerts")}
      emptyText={kind ? t("state.no_match_text") : t("security.no_alerts_text")}
      emptyAction={
        kind ? (
          <Button size="sm" onClick={() => onKind(undefined)}>
            {t("filter.clear")}
          </Button>
        ) : null
      }
      toolbar={
        <Field label={t("security.kind")} className="w-64 max-sm:w-full">
          <Select
            value={kind ?? ""}
            onChange={(event) => onKind(KINDS.find((each) => each === event.target.value))}
          >
            <option value="">{t("filter.any")}</option>
            {KINDS.map((each) => (
              <option key={each} value={each}>
                {t(`security.kinds.${each}`)}
              </option>
            ))}
          </Select>
        </Field>
      }
    />
  );
}

function useColumns(above: boolean): Column<SecurityAlert>[] {
  const { t } = useTranslation();
  return useMemo(() => {
    const none = <span className="text-muted">–</span>;
    const columns: Column<SecurityAlert>[] = [
      {
        id: "at",
        header: t("field.when"),
        className: "@3xl:w-48",
        always: true,
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
      {
        id: "kind",
        header: t("security.kind"),
        always: true,
        cell: ({ row }) => {
          const tone = row.original.severity === "high" ? "bad" : "warn";
          const known = KINDS.find((each) => each === row.original.kind);
          return (
            <Badge tone={tone} data-alert={row.original.kind}>
              <Dot tone={tone} />
              <span className="truncate">{known ? t(`security.kinds.${known}`) : row.original.kind}</span>
              {row.original.count > 1 ? <span className="num">×{row.original.count}</span> : null}
            </Badge>
          );
        },
      },
      {
        id: "user",
        header: t("security.whose"),
        cell: ({ row }) => row.original.user_name ?? none,
      },
      {
        id: "by",
        header: t("security.by"),
        cell: ({ row }) => row.original.by_name ?? none,
      },
      {
        id: "address",
        header: t("audit.address"),
        className: "@3xl:w-44",
        cell: ({ row }) => <span className="num">{row.original.address ?? "–"}</span>,
      },
    ];
    if (above) {
      columns.splice(2, 0, {
        id: "tenant",
        header: t("numbers.tenant_filter"),
        cell: ({ row }) => row.original.tenant_name ?? none,
      });
    }
    return columns;
  }, [t, above]);
}
