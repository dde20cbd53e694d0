import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Agent, Bot, Endpoint, Page, PhoneNumber } from "@/lib/api/types";
import { formatNumber } from "@/lib/phone";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { BulkConfirm } from "@/ui/bulk";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { useSelection } from "@/ui/selection";
import { type NumberRights, possible, runOrder } from "./commands";
import { useNumberColumns } from "./number-columns";
import { type Asked, NumberDialog } from "./number-dialogs";
import { NumberPanel } from "./number-panel";
import { useOrders } from "./use-orders";

export type NumberView = "own" | "pool" | "reserved";
const STATUS_OF: Record<NumberView, PhoneNumber["status"]> = {
  own: "assigned",
  pool: "available",
  reserved: "reserved",
};

export interface NumberSearch {
  connected?: boolean;
  endpoint?: Endpoint["kind"];
  country?: string;
  region?: string;
  q?: string;
  /** Whose; of the platform admin who acts for no tenant. */
  tenant?: string;
  sort?: string;
}

const idOf = (number: PhoneNumber) => number.id;
const nameOfLine = (number: PhoneNumber) => formatNumber(number.number);

export function NumberList({
  view,
  search,
  onSearch,
  opened,
  onOpen,
  rights,
  agents,
  bots,
  tenants,
  seesCalls,
}: {
  view: NumberView;
  search: NumberSearch;
  onSearch: (search: NumberSearch) => void;
  opened: string | null;
  onOpen: (id: string | null) => void;
  rights: NumberRights;
  agents: Agent[];
  bots: Bot[];
  /** Whose lines they may be, where that is to be seen. */
  tenants: readonly { id: string; name: string }[] | null;
  seesCalls: boolean;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState<Asked | null>(null);
  const [askedMany, setAskedMany] = useState<"assign" | "release" | "remove" | null>(null);
  const order = useOrders();
  const filter = {
    ...search,
    q: useDebounced(search.q),
    country: useDebounced(search.country),
    region: useDebounced(search.region),
    status: STATUS_OF[view],
  };
  const pages = usePages({
    queryKey: [...keys.numbers, "list", view, filter],
    fetchPage: (cursor, signal) =>
      take<Page<PhoneNumber>>(
        api.GET("/api/v1/phone-numbers", {
          params: {
            query: {
              cursor,
              count: cursor === undefined ? true : undefined,
              status: filter.status,
              connected: filter.connected,
              endpoint: filter.endpoint,
              country: filter.country?.length === 2 ? filter.country : undefined,
              region: filter.region,
              q: filter.q,
              tenant_id: tenants ? filter.tenant : undefined,
              sort: filter.sort,
            },
          },
          signal,
        }),
      ),
  });
  const personName = useCallback(
    (id: string) => agents.find((each) => each.user_id === id)?.name ?? null,
    [agents],
  );
  const nameOf = useCallback(
    ({ kind, id }: Endpoint) => {
      if (kind === "bot") return bots.find((each) => each.id === id)?.name ?? t("bots.one");
      const agent = agents.find((each) => each.user_id === id);
      return agent ? `${agent.name}${agent.extension ? ` (${agent.extension})` : ""}` : t("numbers.somebody");
    },
    [agents, bots, t],
  );
  const columns = useNumberColumns(nameOf, rights, setAsked, tenants !== null && view !== "pool");
  const selection = useSelection(pages.items, idOf);
  const many = rights.platform
    ? view === "own"
      ? ("release" as const)
      : ("remove" as const)
    : view === "own"
      ? ("release" as const)
      : ("assign" as const);
  const selectable = rights.platform || (many === "release" ? rights.release : rights.assign);
  const ready = selection.rows.filter((number) => possible(number, rights)[many]);
  const { sort, ...narrowed } = search;
  const filtered = Object.values(narrowed).some((each) => each !== undefined);
  const clear = () => onSearch({ sort });

  return (
    <>
      <ListFrame
        views
        name="numbers"
        label={t("nav.numbers")}
        columns={view === "own" ? columns : columns.filter((column) => column.id !== "endpoint")}
        pages={pages}
        rowId={idOf}
        rowLabel={nameOfLine}
        selected={opened}
        selection={selectable ? selection : undefined}
        sort={sort ?? "-created_at"}
        onSort={(next) => onSearch({ ...search, sort: next })}
        onOpen={(number) => onOpen(number.id)}
        emptyTitle={filtered ? t("state.no_match") : t(`numbers.empty.${view}`)}
        emptyText={
          filtered ? t("state.no_match_text") : rights.platform ? undefined : t(`numbers.empty_text.${view}`)
        }
        emptyAction={
          filtered ? (
            <Button size="sm" onClick={clear}>
              {t("filter.clear")}
            </Button>
          ) : null
        }
        bulk={
          <Button size="sm" disabled={ready.length === 0} onClick={() => setAskedMany(many)}>
            {t(`numbers.${many}`)}
            {ready.length < selection.rows.length ? ` (${ready.length})` : ""}
          </Button>
        }
        toolbar={
          <>
            <Field label={t("field.search")} className="min-w-40 flex-1">
              <Input
                type="search"
                inputMode="tel"
                value={search.q ?? ""}
                placeholder={t("numbers.search")}
                onChange={(event) => onSearch({ ...search, q: event.target.value || undefined })}
              />
            </Field>
          </>
        }
        activeFilters={
          [search.country, search.region, search.connected ?? search.endpoint, search.tenant].filter(
            (each) => each !== undefined,
          ).length
        }
        filters={
          <>
            <Field label={t("numbers.country")} className="w-28">
              <Input
                value={search.country ?? ""}
                maxLength={2}
                placeholder="FR"
                className="uppercase"
                autoComplete="off"
                onChange={(event) =>
                  onSearch({ ...search, country: event.target.value.toUpperCase() || undefined })
                }
              />
            </Field>
            <Field label={t("numbers.region")} className="w-32">
              <Input
                value={search.region ?? ""}
                maxLength={100}
                autoComplete="off"
                onChange={(event) => onSearch({ ...search, region: event.target.value || undefined })}
              />
            </Field>
            {view === "own" ? (
              <Field label={t("numbers.connected_to")} className="w-40">
                <Select
                  value={search.endpoint ?? (search.connected === undefined ? "" : String(search.connected))}
                  onChange={({ target: { value } }) =>
                    onSearch({
                      ...search,
                      connected: value === "true" || value === "false" ? value === "true" : undefined,
                      endpoint: value === "user" || value === "bot" ? value : undefined,
                    })
                  }
                >
                  <option value="">{t("filter.any")}</option>
                  <option value="true">{t("numbers.anything")}</option>
                  <option value="user">{t("numbers.a_person")}</option>
                  <option value="bot">{t("numbers.a_bot")}</option>
                  <option value="false">{t("numbers.nobody")}</option>
                </Select>
              </Field>
            ) : null}
            {tenants && view !== "pool" ? (
              <Field label={t("numbers.tenant_filter")} className="w-48">
                <Select
                  value={search.tenant ?? ""}
                  onChange={(event) => onSearch({ ...search, tenant: event.target.value || undefined })}
                >
                  <option value="">{t("filter.any")}</option>
                  {tenants.map((tenant) => (
                    <option key={tenant.id} value={tenant.id}>
                      {tenant.name}
                    </option>
                  ))}
                </Select>
              </Field>
            ) : null}
            {filtered ? (
              <Button look="ghost" onClick={clear}>
                {t("filter.clear")}
              </Button>
            ) : null}
          </>
        }
      />
      <NumberPanel
        id={opened}
        rights={rights}
        nameOf={nameOf}
        personName={personName}
        onAsk={setAsked}
        onClose={() => onOpen(null)}
        seesCalls={seesCalls}
      />
      {asked ? (
        <NumberDialog
          asked={asked}
          agents={agents}
          bots={bots}
          nameOf={nameOf}
          platform={rights.platform}
          onOrder={(next) => {
            // What leaves the inventory has no page any more.
            if (next.command === "remove" && opened === next.number.id) onOpen(null);
            order(next);
          }}
          onClose={() => setAsked(null)}
        />
      ) : null}
      {askedMany ? (
        <BulkConfirm
          items={ready}
          nameOf={nameOfLine}
          title={t(`numbers.many.${askedMany}`, { count: ready.length })}
          text={t(`numbers.${askedMany}_text`)}
          action={t(`numbers.${askedMany}`)}
          command={(number) => runOrder({ number, command: askedMany })}
          onDone={() => {
            setAskedMany(null);
            selection.clear();
            void client.invalidateQueries({ queryKey: keys.numbers });
          }}
          onClose={() => setAskedMany(null)}
        />
      ) : null}
    </>
  );
}
