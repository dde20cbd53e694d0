import { useTranslation } from "react-i18next";
import type { Agent, Call, CallState } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { FilterChip, ListFrame } from "@/ui/list";
import { useCallColumns } from "./call-columns";
import { type CallFilter, useCallPages } from "./call-pages";

export const CALL_STATES: readonly CallState[] = ["ringing", "answered", "held", "transferring", "ended"];

/** Filters that come with a link from elsewhere. */
const LINKED = ["contact", "organization", "number", "bot", "connection"] as const;

export function CallList({
  filter,
  onFilter,
  onOpen,
  agents,
  agentName,
}: {
  filter: CallFilter;
  onFilter: (filter: CallFilter) => void;
  onOpen: (call: Call) => void;
  agents: Agent[];
  agentName: (id: string) => string | null;
}) {
  const { t } = useTranslation();
  const pages = useCallPages({
    ...filter,
    from: useDebounced(filter.from),
    to: useDebounced(filter.to),
  });
  const columns = useCallColumns(agentName);
  const { sort, ...narrowed } = filter;
  const filtered = Object.values(narrowed).some(Boolean);
  const clear = () => onFilter({ sort });
  return (
    <ListFrame
      views
      name="calls"
      label={t("nav.calls")}
      columns={columns}
      pages={pages}
      rowId={(call) => call.id}
      sort={sort ?? "-started_at"}
      onSort={(next) => onFilter({ ...filter, sort: next })}
      onOpen={onOpen}
      emptyTitle={filtered ? t("state.no_match") : t("calls.empty")}
      emptyText={filtered ? t("state.no_match_text") : t("calls.empty_text")}
      emptyAction={
        filtered ? (
          <Button size="sm" onClick={clear}>
            {t("filter.clear")}
          </Button>
        ) : null
      }
      activeFilters={Object.values(narrowed).filter(Boolean).length - (filter.from ? 1 : 0)}
      toolbar={
        <>
          <Field label={t("call.from")} className="w-36 grow">
            <Input
              type="search"
              inputMode="tel"
              value={filter.from ?? ""}
              placeholder="+33…"
              onChange={(event) => onFilter({ ...filter, from: event.target.value || undefined })}
            />
          </Field>
          {LINKED.map((each) =>
            filter[each] ? (
              <FilterChip
                key={each}
                label={t(`filter.only.${each}`)}
                onRemove={() => onFilter({ ...filter, [each]: undefined })}
              />
            ) : null,
          )}
        </>
      }
      filters={
        <>
          <Field label={t("call.to")} className="w-36 grow">
            <Input
              type="search"
              inputMode="tel"
              value={filter.to ?? ""}
              placeholder="+33…"
              onChange={(event) => onFilter({ ...filter, to: event.target.value || undefined })}
            />
          </Field>
          <Field label={t("field.state")} className="w-36">
            <Select
              value={filter.state ?? ""}
              onChange={(event) =>
                onFilter({ ...filter, state: (event.target.value || undefined) as CallState })
              }
            >
              <option value="">{t("filter.any")}</option>
              {CALL_STATES.map((state) => (
                <option key={state} value={state}>
                  {t(`call_state.${state}`)}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("call.answered_by")} className="w-40">
            <Select
              value={filter.agent ?? ""}
              onChange={(event) => onFilter({ ...filter, agent: event.target.value || undefined })}
            >
              <option value="">{t("filter.any")}</option>
              {agents.map((agent) => (
                <option key={agent.user_id} value={agent.user_id}>
                  {agent.name}
                </option>
              ))}
            </Select>
          </Field>
          <Field label={t("filter.after")} className="w-48">
            <Input
              type="datetime-local"
              value={filter.after ?? ""}
              onChange={(event) => onFilter({ ...filter, after: event.target.value || undefined })}
            />
          </Field>
          <Field label={t("filter.before")} className="w-48">
            <Input
              type="datetime-local"
              value={filter.before ?? ""}
              onChange={(event) => onFilter({ ...filter, before: event.target.value || undefined })}
            />
          </Field>
          {filtered ? (
            <Button look="ghost" onClick={clear}>
              {t("filter.clear")}
            </Button>
          ) : null}
        </>
      }
    />
  );
}
