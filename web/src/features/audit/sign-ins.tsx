/** The journal of sign-ins: who came in, who did not, from where, with what. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { AuditRecord, Page } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { AccountEventBadge } from "@/ui/account-events";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Device } from "@/ui/device";
import { Field, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import type { Column } from "@/ui/table";
import { Actor } from "./audit-list";
import { ActorField, AddressField, instantOf, PeriodFields } from "./filters";

export const OUTCOMES = ["started", "failed", "ended"] as const;
export type Outcome = (typeof OUTCOMES)[number];

const ACTIONS: Record<Outcome, string[]> = {
  started: ["session.started"],
  failed: ["session.refused", "second_factor.refused", "account.locked"],
  ended: ["session.ended", "session.refresh_reused"],
};
const EVERY = Object.values(ACTIONS).flat();

export interface SignInSearch {
  outcome?: Outcome;
  actor?: string;
  address?: string;
  after?: string;
  before?: string;
}

export function SignIns({
  search,
  onSearch,
  people,
  above,
}: {
  search: SignInSearch;
  onSearch: (search: SignInSearch) => void;
  people: readonly { id: string; name: string }[];
  /** Of no tenant: those whom nobody knows. */
  above: boolean;
}) {
  const { t } = useTranslation();
  const address = useDebounced(search.address);
  const query = {
    action: (search.outcome ? ACTIONS[search.outcome] : EVERY).join(","),
    actor_id: search.actor,
    address,
    created_after: instantOf(search.after, false),
    created_before: instantOf(search.before, true),
  };
  const pages = usePages({
    queryKey: [...keys.audit, "sign-ins", query],
    fetchPage: (cursor, signal) =>
      take<Page<AuditRecord>>(
        api.GET("/api/v1/audit", {
          params: { query: { cursor, count: cursor === undefined ? true : undefined, ...query } },
          signal,
        }),
      ),
  });
  const columns = useColumns();
  const active = Object.values(search).filter(Boolean).length;
  const change = (next: SignInSearch) => onSearch({ ...search, ...next });
  return (
    <ListFrame
      name="sign-ins"
      label={t("security.tab.sign_ins")}
      columns={columns}
      pages={pages}
      rowId={(record) => record.id}
      emptyTitle={active > 0 ? t("state.no_match") : t("security.no_sign_ins")}
      emptyText={active > 0 ? t("state.no_match_text") : above ? t("security.sign_ins_above") : undefined}
      emptyAction={
        active > 0 ? (
          <Button size="sm" onClick={() => onSearch({})}>
            {t("filter.clear")}
          </Button>
        ) : null
      }
      activeFilters={[search.actor, search.after, search.before].filter(Boolean).length}
      toolbar={
        <>
          <Field label={t("security.outcome")} className="w-44">
            <Select
              value={search.outcome ?? ""}
              onChange={(event) =>
                change({ outcome: OUTCOMES.find((outcome) => outcome === event.target.value) })
              }
            >
              <option value="">{t("filter.any")}</option>
              {OUTCOMES.map((outcome) => (
                <option key={outcome} value={outcome}>
                  {t(`security.outcomes.${outcome}`)}
                </option>
              ))}
            </Select>
          </Field>
          <AddressField value={search.address} onChange={(address) => change({ address })} />
        </>
      }
      filters={
        <>
          {people.length > 0 ? (
            <ActorField people={people} value={search.actor} onChange={(actor) => change({ actor })} />
          ) : null}
          <PeriodFields after={search.after} before={search.before} onChange={change} />
          {active > 0 ? (
            <Button look="ghost" onClick={() => onSearch({})}>
              {t("filter.clear")}
            </Button>
          ) : null}
        </>
      }
    />
  );
}

function useColumns(): Column<AuditRecord>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
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
        always: true,
        cell: ({ row }) => <Actor record={row.original} />,
      },
      {
        id: "action",
        header: t("account.what"),
        always: true,
        cell: ({ row }) => <AccountEventBadge action={row.original.action} />,
      },
      {
        id: "address",
        header: t("audit.address"),
        className: "@3xl:w-44",
        cell: ({ row }) => <span className="num">{row.original.address ?? "–"}</span>,
      },
      {
        id: "device",
        header: t("account.device"),
        cell: ({ row }) => {
          const agent = row.original.detail["user_agent"];
          return <Device userAgent={typeof agent === "string" ? agent : null} />;
        },
      },
    ],
    [t],
  );
}
