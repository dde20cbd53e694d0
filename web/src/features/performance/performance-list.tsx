/** How every agent did within a period, in a table that is ordered here: it is whole on one page. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { AgentPerformance, Page, Team } from "@/lib/api/types";
import { Badge } from "@/ui/badge";
import { Field, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import type { Column } from "@/ui/table";
import { type Figure, faultOf, lengthText, loadTeam, ordered, type PeriodSearch } from "./performance";
import { PeriodChooser } from "./period-chooser";

export interface PerformanceSearch extends PeriodSearch {
  team?: string | undefined;
  sort?: string | undefined;
}

const NONE: AgentPerformance[] = [];

export function PerformanceList({
  search,
  onSearch,
  seesTeams,
  onOpen,
}: {
  search: PerformanceSearch;
  onSearch: (search: PerformanceSearch) => void;
  seesTeams: boolean;
  onOpen?: ((agent: AgentPerformance) => void) | undefined;
}) {
  const { t } = useTranslation();
  const { sort = "-answered", team, ...period } = search;
  const fault = faultOf(period);
  const query = useQuery({
    queryKey: [...keys.performance, "team", period, team],
    enabled: fault === null,
    queryFn: ({ signal }) => loadTeam(period, team, signal),
    // Another period keeps the old rows until the new ones are here.
    placeholderData: (previous) => previous,
  });
  const found = fault === null ? (query.data?.items ?? NONE) : NONE;
  const items = useMemo(() => ordered(found, sort), [found, sort]);
  const columns = useColumns(items);
  return (
    <ListFrame
      name="performance"
      label={t("nav.performance")}
      columns={columns}
      pages={{
        items,
        count: null,
        isPending: fault === null && query.isPending,
        isError: fault === null && query.isError,
        error: query.error,
        isPlaceholderData: query.isPlaceholderData,
        hasNextPage: false,
        isFetchingNextPage: false,
        fetchNextPage: () => undefined,
        refetch: query.refetch,
      }}
      rowId={(agent) => agent.user_id}
      rowLabel={(agent) => agent.name}
      sort={sort}
      onSort={(next) => onSearch({ ...search, sort: next })}
      onOpen={onOpen}
      emptyTitle={fault ? t(`performance.fault.${fault}`) : t("performance.empty")}
      emptyText={fault ? t("performance.fault_text") : t("performance.empty_text")}
      toolbar={
        <>
          <PeriodChooser value={period} onChange={(next) => onSearch({ sort: search.sort, team, ...next })} />
          {seesTeams ? (
            <TeamField value={team} onChange={(next) => onSearch({ ...search, team: next })} />
          ) : null}
        </>
      }
    />
  );
}

function TeamField({
  value,
  onChange,
}: {
  value: string | undefined;
  onChange: (team: string | undefined) => void;
}) {
  const { t } = useTranslation();
  const teams = useQuery({
    queryKey: [...keys.teams, "all"],
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      take<Page<Team>>(api.GET("/api/v1/teams", { params: { query: { limit: 200 } }, signal })),
  });
  if (!value && !teams.data?.items.length) return null;
  return (
    <Field label={t("performance.team")} className="w-44">
      <Select value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)}>
        <option value="">{t("filter.any")}</option>
        {teams.data?.items.map((team) => (
          <option key={team.id} value={team.id}>
            {team.name}
          </option>
        ))}
      </Select>
    </Field>
  );
}

/** A number, and how much of the most there can be it is. */
function Bar({
  value,
  most,
  tone,
  children,
}: {
  value: number;
  most: number;
  tone: string;
  children: string;
}) {
  const share = most > 0 ? Math.min(100, (value / most) * 100) : 0;
  return (
    <span className="flex items-center gap-2">
      <span className="num min-w-6">{children}</span>
      <span aria-hidden className="h-1.5 w-14 shrink-0 overflow-hidden rounded-full bg-sunken">
        <span className={`block h-full rounded-full ${tone}`} style={{ width: `${share}%` }} />
      </span>
    </span>
  );
}

function useColumns(items: AgentPerformance[]): Column<AgentPerformance>[] {
  const { t } = useTranslation();
  return useMemo(() => {
    const longest = items.reduce((most, agent) => Math.max(most, agent.talk_seconds), 0);
    const plain = (
      id: Exclude<Figure, "name">,
      show: (value: number | null) => string,
      more: Partial<Column<AgentPerformance>> = {},
    ): Column<AgentPerformance> => ({
      id,
      header: t(`performance.figure.${id}`),
      sortBy: id,
      sortFirst: "descending",
      cell: ({ row }) => <span className="num">{show(row.original[id])}</span>,
      ...more,
    });
    const count = (value: number | null) => (value === null ? "–" : String(value));
    return [
      {
        id: "name",
        header: t("call.agent"),
        always: true,
        className: "@3xl:min-w-36",
        sortBy: "name",
        cell: ({ row }) => (
          <span className="flex items-center gap-2">
            <span className="font-medium">{row.original.name}</span>
            {row.original.is_active ? null : <Badge tone="neutral">{t("people.inactive")}</Badge>}
          </span>
        ),
      },
      plain("offered", count),
      plain("answered", count, {
        cell: ({ row }) => (
          <Bar value={row.original.answered} most={row.original.offered} tone="bg-good-dot">
            {String(row.original.answered)}
          </Bar>
        ),
      }),
      plain("missed", count, {
        cell: ({ row }) => (
          <Bar value={row.original.missed} most={row.original.offered} tone="bg-bad-dot">
            {String(row.original.missed)}
          </Bar>
        ),
      }),
      plain("declined", count, { wideOnly: true }),
      plain("answered_elsewhere", count, { onDemand: true }),
      plain("outbound", count, { onDemand: true }),
      plain("outbound_answered", count, { onDemand: true }),
      plain("talk_seconds", lengthText, {
        cell: ({ row }) => (
          <Bar value={row.original.talk_seconds} most={longest} tone="bg-accent">
            {lengthText(row.original.talk_seconds)}
          </Bar>
        ),
      }),
      plain("average_talk_seconds", lengthText),
      plain("average_answer_seconds", lengthText, { sortFirst: "ascending" }),
      plain("tickets_taken", count, { onDemand: true }),
      plain("tickets_resolved", count, { wideOnly: true }),
      plain("first_responses", count, { onDemand: true }),
      plain("average_first_response_seconds", lengthText, { onDemand: true, sortFirst: "ascending" }),
    ];
  }, [t, items]);
}
