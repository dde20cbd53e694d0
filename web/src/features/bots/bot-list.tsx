/** The bots: whether they take calls, and which number is theirs. */
import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Bot, Page } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { NumberText } from "@/ui/number";
import { PageHead } from "@/ui/panel";
import type { Column } from "@/ui/table";
import { BotForm } from "./bot-form";
import { BotPanel } from "./bot-panel";

export interface BotSearch {
  q?: string;
  active?: boolean;
  connected?: boolean;
  sort?: string;
}

/** "" = any. */
const flagOf = (value: string) => (value === "" ? undefined : value === "true");

export function BotList({
  search,
  onSearch,
  opened,
  onOpen,
  mayManage,
  line,
  seesCalls,
}: {
  search: BotSearch;
  onSearch: (search: BotSearch) => void;
  opened: string | null;
  onOpen: (id: string | null) => void;
  mayManage: boolean;
  /** The card with its number. */
  line: (bot: Bot) => ReactNode;
  seesCalls: boolean;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [creating, setCreating] = useState(false);
  const filter = { ...search, q: useDebounced(search.q) };
  const pages = usePages({
    queryKey: [...keys.bots, "list", filter],
    fetchPage: (cursor, signal) =>
      take<Page<Bot>>(
        api.GET("/api/v1/bots", {
          params: {
            query: {
              cursor,
              count: cursor === undefined ? true : undefined,
              q: filter.q,
              is_active: filter.active,
              connected: filter.connected,
              sort: filter.sort,
            },
          },
          signal,
        }),
      ),
  });
  const columns = useColumns();
  const { sort, ...narrowed } = search;
  const filtered = Object.values(narrowed).some((each) => each !== undefined);
  const clear = () => onSearch({ sort });
  return (
    <>
      <PageHead
        title={t("nav.bots")}
        sub={t("bots.sub")}
        actions={
          mayManage ? (
            <Button look="primary" onClick={() => setCreating(true)}>
              <Plus aria-hidden />
              {t("bots.new")}
            </Button>
          ) : null
        }
      />
      <ListFrame
        views
        name="bots"
        label={t("nav.bots")}
        columns={columns}
        pages={pages}
        rowId={(bot) => bot.id}
        selected={opened}
        sort={sort ?? "name"}
        onSort={(next) => onSearch({ ...search, sort: next })}
        onOpen={(bot) => onOpen(bot.id)}
        emptyTitle={filtered ? t("state.no_match") : t("bots.empty")}
        emptyText={filtered ? t("state.no_match_text") : t("bots.empty_text")}
        emptyAction={
          filtered ? (
            <Button size="sm" onClick={clear}>
              {t("filter.clear")}
            </Button>
          ) : null
        }
        toolbar={
          <Field label={t("field.search")} className="min-w-40 flex-1 sm:max-w-80">
            <Input
              type="search"
              value={search.q ?? ""}
              placeholder={t("bots.search")}
              onChange={(event) => onSearch({ ...search, q: event.target.value || undefined })}
            />
          </Field>
        }
        activeFilters={[search.active, search.connected].filter((each) => each !== undefined).length}
        filters={
          <>
            <Field label={t("field.state")} className="w-36">
              <Select
                value={search.active === undefined ? "" : String(search.active)}
                onChange={(event) => onSearch({ ...search, active: flagOf(event.target.value) })}
              >
                <option value="">{t("filter.any")}</option>
                <option value="true">{t("bots.active")}</option>
                <option value="false">{t("bots.inactive")}</option>
              </Select>
            </Field>
            <Field label={t("field.number")} className="w-36">
              <Select
                value={search.connected === undefined ? "" : String(search.connected)}
                onChange={(event) => onSearch({ ...search, connected: flagOf(event.target.value) })}
              >
                <option value="">{t("filter.any")}</option>
                <option value="true">{t("bots.connected")}</option>
                <option value="false">{t("bots.not_connected")}</option>
              </Select>
            </Field>
            {filtered ? (
              <Button look="ghost" onClick={clear}>
                {t("filter.clear")}
              </Button>
            ) : null}
          </>
        }
      />
      <BotPanel
        id={opened}
        mayManage={mayManage}
        line={line}
        seesCalls={seesCalls}
        onClose={() => onOpen(null)}
      />
      {creating ? (
        <Dialog
          open
          onOpenChange={(open) => (open ? undefined : setCreating(false))}
          title={t("bots.new")}
          description={t("bots.new_text")}
        >
          <BotForm
            onCancel={() => setCreating(false)}
            onSaved={(bot) => {
              setCreating(false);
              void client.invalidateQueries({ queryKey: keys.bots });
              onOpen(bot.id);
            }}
          />
        </Dialog>
      ) : null}
    </>
  );
}

export function BotState({ bot }: { bot: Bot }) {
  const { t } = useTranslation();
  return (
    <Badge tone={bot.is_active ? "good" : "neutral"} data-active={bot.is_active}>
      {bot.is_active ? t("bots.active") : t("bots.inactive")}
    </Badge>
  );
}

function useColumns(): Column<Bot>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        sortBy: "name",
        cell: ({ row }) => <span className="font-medium">{row.original.name}</span>,
      },
      {
        id: "state",
        header: t("field.state"),
        className: "@3xl:w-36",
        cell: ({ row }) => <BotState bot={row.original} />,
      },
      {
        id: "number",
        header: t("field.number"),
        cell: ({ row }) =>
          row.original.number ? (
            <NumberText number={row.original.number.number} />
          ) : (
            <span className="text-muted">–</span>
          ),
      },
      {
        id: "description",
        header: t("field.description"),
        wideOnly: true,
        cell: ({ row }) => row.original.description ?? <span className="text-muted">–</span>,
      },
      {
        id: "sip_uri",
        header: t("bots.sip_uri"),
        onDemand: true,
        cell: ({ row }) =>
          row.original.sip_uri ? (
            <span className="wrap-anywhere">{row.original.sip_uri}</span>
          ) : (
            <span className="text-muted">–</span>
          ),
      },
      {
        id: "updated",
        header: t("field.updated"),
        className: "@3xl:w-48",
        sortBy: "updated_at",
        sortFirst: "descending",
        cell: ({ row }) => <When at={row.original.updated_at} />,
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        onDemand: true,
        sortBy: "created_at",
        sortFirst: "descending",
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
    ],
    [t],
  );
}
