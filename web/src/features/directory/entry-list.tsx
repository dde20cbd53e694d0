import { useQueryClient } from "@tanstack/react-query";
import { Plus, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { STANDINGS, type Standing } from "@/lib/api/directory-types";
import { keys } from "@/lib/api/query";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { BulkConfirm } from "@/ui/bulk";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { useSelection } from "@/ui/selection";
import { useEntryColumns } from "./entry-columns";
import {
  type DirectorySearch,
  deleteEntry,
  type Entry,
  type Kind,
  listEntries,
  PROVENANCES,
  type Provenance,
} from "./kinds";
import { PlaceFilters } from "./place-filters";
import { MOVES, moveStanding } from "./standing";
import { StandingCards } from "./standing-cards";

const idOf = (entry: Entry) => entry.id;
const MOVED_TO = ["active", "suspended", "inactive"] as const;
type Move = (typeof MOVED_TO)[number];

export function EntryList({
  kind,
  search,
  onSearch,
  selected,
  onOpen,
  onCreate,
  mayDelete,
  mayEdit,
}: {
  kind: Kind;
  search: DirectorySearch;
  onSearch: (search: DirectorySearch) => void;
  selected: string | null;
  onOpen: (entry: Entry) => void;
  onCreate: (() => void) | null;
  mayDelete: boolean;
  mayEdit: boolean;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const asked: DirectorySearch = {
    ...search,
    q: useDebounced(search.q),
    phone: useDebounced(search.phone),
    city: useDebounced(search.city),
  };
  const pages = usePages({
    queryKey: [...keys.directory, kind, "list", asked],
    fetchPage: (cursor, signal) => listEntries(kind, asked, cursor, signal),
  });
  const columns = useEntryColumns(kind);
  const selection = useSelection(pages.items, idOf);
  const [deleting, setDeleting] = useState(false);
  // These have commands for where they stand; of e-mail contacts it is said by being active or not.
  const movable = mayEdit && kind !== "email-contacts" ? kind : null;
  const [moving, setMoving] = useState<{ to: Move; items: Entry[] } | null>(null);
  const place = kind === "email-contacts" ? [] : [search.city, search.country];
  const further = [search.phone, search.active, search.status, search.provenance, ...place].filter(
    (each) => each !== undefined,
  ).length;
  const filtered = Boolean(search.q) || further > 0;
  return (
    <>
      <StandingCards
        kind={kind}
        standing={search.status}
        onPick={(status) => onSearch({ ...search, status })}
      />
      <ListFrame
        views
        name="directory"
        label={t(`directory.${kind}`)}
        columns={columns}
        pages={pages}
        rowId={idOf}
        rowLabel={(entry) => entry.name}
        selected={selected}
        selection={mayDelete || movable ? selection : undefined}
        sort={search.sort ?? "-created_at"}
        onSort={(sort) => onSearch({ ...search, sort })}
        onOpen={onOpen}
        emptyTitle={filtered ? t("state.no_match") : t("directory.empty")}
        emptyText={filtered ? t("state.no_match_text") : t("directory.empty_text")}
        emptyAction={
          filtered ? (
            <Button size="sm" onClick={() => onSearch({ sort: search.sort })}>
              {t("filter.clear")}
            </Button>
          ) : onCreate ? (
            <Button size="sm" look="primary" onClick={onCreate}>
              {t(`directory.new.${kind}`)}
            </Button>
          ) : null
        }
        bulk={
          <>
            {movable
              ? MOVED_TO.map((to) => {
                  const items = selection.rows.filter(
                    ({ standing }) => standing && MOVES[standing].includes(to),
                  );
                  return (
                    <Button
                      key={to}
                      size="sm"
                      disabled={items.length === 0}
                      onClick={() => setMoving({ to, items })}
                    >
                      {t(`standing.move.${to}`)}
                    </Button>
                  );
                })
              : null}
            {mayDelete ? (
              <Button size="sm" onClick={() => setDeleting(true)}>
                <Trash2 aria-hidden />
                {t("action.delete")}
              </Button>
            ) : null}
          </>
        }
        toolbar={
          <>
            <Field label={t("field.search")} className="min-w-40 flex-1">
              <Input
                type="search"
                value={search.q ?? ""}
                placeholder={t("directory.search")}
                onChange={(event) => onSearch({ ...search, q: event.target.value || undefined })}
              />
            </Field>
            {onCreate ? (
              <Button look="primary" onClick={onCreate}>
                <Plus aria-hidden />
                {t(`directory.new.${kind}`)}
              </Button>
            ) : null}
          </>
        }
        activeFilters={further}
        filters={
          <>
            <Field label={t("field.phone")} className="min-w-40 flex-1 sm:max-w-56">
              <Input
                type="search"
                inputMode="tel"
                value={search.phone ?? ""}
                placeholder={t("directory.phone_search")}
                onChange={(event) => onSearch({ ...search, phone: event.target.value || undefined })}
              />
            </Field>
            {kind === "email-contacts" ? null : (
              <PlaceFilters search={search} onChange={(place) => onSearch({ ...search, ...place })} />
            )}
            <Field label={t("directory.activity")} className="w-28">
              <Select
                value={search.active === undefined ? "" : String(search.active)}
                onChange={(event) =>
                  onSearch({
                    ...search,
                    active: event.target.value === "" ? undefined : event.target.value === "true",
                  })
                }
              >
                <option value="">{t("filter.any")}</option>
                <option value="true">{t("directory.only_active")}</option>
                <option value="false">{t("caller.inactive")}</option>
              </Select>
            </Field>
            <Field label={t("field.status")} className="w-32">
              <Select
                value={search.status ?? ""}
                onChange={(event) =>
                  onSearch({ ...search, status: (event.target.value || undefined) as Standing | undefined })
                }
              >
                <option value="">{t("filter.any")}</option>
                {STANDINGS.map((each) => (
                  <option key={each} value={each}>
                    {t(`standing.${each}`)}
                  </option>
                ))}
              </Select>
            </Field>
            <Field label={t("directory.provenance")} className="w-36">
              <Select
                value={search.provenance ?? ""}
                onChange={(event) =>
                  onSearch({ ...search, provenance: (event.target.value || undefined) as Provenance })
                }
              >
                <option value="">{t("filter.any")}</option>
                {PROVENANCES.map((each) => (
                  <option key={each} value={each}>
                    {t(`provenance.${each}`)}
                  </option>
                ))}
              </Select>
            </Field>
          </>
        }
      />
      {moving && movable ? (
        <BulkConfirm
          items={moving.items}
          nameOf={(entry) => entry.name}
          title={t(`standing.many.${moving.to}`, { count: moving.items.length })}
          text={t(`standing.text.${moving.to}`)}
          action={t(`standing.move.${moving.to}`)}
          command={({ id, version }) => moveStanding({ kind: movable, id, version }, moving.to, null)}
          onDone={() => {
            setMoving(null);
            selection.clear();
            void client.invalidateQueries({ queryKey: keys.directory });
          }}
          onClose={() => setMoving(null)}
        />
      ) : null}
      {deleting ? (
        <BulkConfirm
          items={selection.rows}
          nameOf={(entry) => entry.name}
          title={t("directory.delete_many", { count: selection.rows.length })}
          text={t(kind === "organizations" ? "directory.delete_organization_text" : "directory.delete_text")}
          action={t("action.delete")}
          command={(entry) => deleteEntry({ kind, id: entry.id })}
          onDone={() => {
            setDeleting(false);
            selection.clear();
            void client.invalidateQueries({ queryKey: keys.directory });
          }}
          onClose={() => setDeleting(false)}
        />
      ) : null}
    </>
  );
}
