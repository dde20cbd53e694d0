/** The members of the tenant. */
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Person } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { BulkConfirm } from "@/ui/bulk";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { useRoleText } from "@/ui/role";
import { useSelection } from "@/ui/selection";
import { PresenceBadge } from "@/ui/states";
import type { Column } from "@/ui/table";
import { ActiveBadge } from "./member-panel";
import { activate, deactivate, type PeopleRights, possible, signOutEverywhere } from "./people";
import { useRoles } from "./use-roles";

export interface PeopleSearch {
  q?: string;
  role?: string;
  sort?: string;
}

const idOf = (person: Person) => person.id;
const nameOf = (person: Person) => person.name || person.email;
const MANY = ["deactivate", "activate", "signOut"] as const;
type Many = (typeof MANY)[number];
const RUN: Record<Many, (person: Person) => Promise<unknown>> = {
  deactivate,
  activate,
  signOut: signOutEverywhere,
};

export function MemberList({
  search,
  onSearch,
  opened,
  onOpen,
  rights,
  lineOf,
}: {
  search: PeopleSearch;
  onSearch: (search: PeopleSearch) => void;
  opened: string | null;
  onOpen: (id: string) => void;
  rights: PeopleRights;
  /** Their phone number, where the person looking may see numbers. */
  lineOf?: (person: Person) => ReactNode;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const roleText = useRoleText();
  const roles = useRoles();
  const asked = { ...search, q: useDebounced(search.q) };
  const [many, setMany] = useState<{ command: Many; people: Person[] } | null>(null);
  const pages = usePages({
    queryKey: [...keys.people, "list", asked],
    fetchPage: (cursor, signal) =>
      take<Page<Person>>(
        api.GET("/api/v1/users", {
          params: {
            query: {
              cursor,
              count: cursor === undefined ? true : undefined,
              q: asked.q,
              role: asked.role,
              sort: asked.sort,
            },
          },
          signal,
        }),
      ),
  });
  const selection = useSelection(pages.items, idOf);
  const columns = useColumns(rights.signOut, lineOf);
  const { sort, ...narrowed } = search;
  const filtered = Object.values(narrowed).some(Boolean);
  const clear = () => onSearch({ sort });
  return (
    <>
      <ListFrame
        views
        name="people"
        label={t("people.members")}
        columns={columns}
        pages={pages}
        rowId={idOf}
        rowLabel={nameOf}
        selected={opened}
        selection={rights.edit || rights.signOut ? selection : undefined}
        sort={sort ?? "email"}
        onSort={(next) => onSearch({ ...search, sort: next })}
        onOpen={(person) => onOpen(person.id)}
        emptyTitle={filtered ? t("state.no_match") : t("people.empty")}
        emptyText={filtered ? t("state.no_match_text") : t("people.empty_text")}
        emptyAction={
          filtered ? (
            <Button size="sm" onClick={clear}>
              {t("filter.clear")}
            </Button>
          ) : null
        }
        bulk={MANY.map((command) => {
          const ready = selection.rows.filter((person) => possible(person, rights)[command]);
          return (
            <Button
              key={command}
              size="sm"
              disabled={ready.length === 0}
              onClick={() => setMany({ command, people: ready })}
            >
              {t(`people.command.${command}`)}
              {ready.length < selection.rows.length ? ` (${ready.length})` : ""}
            </Button>
          );
        })}
        toolbar={
          <>
            <Field label={t("field.search")} className="min-w-40 flex-1 sm:max-w-80">
              <Input
                type="search"
                value={search.q ?? ""}
                placeholder={t("people.search")}
                onChange={(event) => onSearch({ ...search, q: event.target.value || undefined })}
              />
            </Field>
            <Field label={t("field.role")} className="w-40">
              <Select
                value={search.role ?? ""}
                onChange={(event) => onSearch({ ...search, role: event.target.value || undefined })}
              >
                <option value="">{t("filter.any")}</option>
                {roles
                  .filter((role) => role.id === null)
                  .map((role) => (
                    <option key={role.name} value={role.name}>
                      {roleText(role.name)}
                    </option>
                  ))}
              </Select>
            </Field>
          </>
        }
      />
      {many ? (
        <BulkConfirm
          items={many.people}
          nameOf={nameOf}
          title={t(`people.many.${many.command}`, { count: many.people.length })}
          text={t(`people.ask_text.${many.command}`)}
          action={t(`people.command.${many.command}`)}
          command={RUN[many.command]}
          onDone={() => {
            setMany(null);
            selection.clear();
            void client.invalidateQueries({ queryKey: keys.people });
            void client.invalidateQueries({ queryKey: keys.numbers });
          }}
          onClose={() => setMany(null)}
        />
      ) : null}
    </>
  );
}

function useColumns(
  seesWhen: boolean,
  lineOf: ((person: Person) => ReactNode) | undefined,
): Column<Person>[] {
  const { t } = useTranslation();
  const roleText = useRoleText();
  return useMemo(() => {
    const none = <span className="text-muted">–</span>;
    const columns: Column<Person>[] = [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        cell: ({ row }) => <span className="font-medium">{nameOf(row.original)}</span>,
      },
      {
        id: "email",
        header: t("field.email"),
        sortBy: "email",
        cell: ({ row }) => row.original.email,
      },
      {
        id: "role",
        header: t("field.role"),
        className: "@3xl:w-36",
        cell: ({ row }) => row.original.role_name ?? roleText(row.original.role),
      },
      {
        id: "status",
        header: t("field.status"),
        className: "@3xl:w-32",
        cell: ({ row }) =>
          row.original.is_active && row.original.presence ? (
            <PresenceBadge presence={row.original.presence} />
          ) : (
            <ActiveBadge active={row.original.is_active} />
          ),
      },
      {
        id: "extension",
        header: t("field.extension"),
        className: "@3xl:w-28",
        cell: ({ row }) =>
          row.original.extension ? <span className="num">{row.original.extension}</span> : none,
      },
    ];
    if (lineOf) {
      columns.push({
        id: "line",
        header: t("people.line"),
        className: "@3xl:w-44",
        cell: ({ row }) => lineOf(row.original),
      });
    }
    if (seesWhen) {
      columns.push({
        id: "seen",
        header: t("field.last_seen"),
        className: "@3xl:w-48",
        wideOnly: true,
        cell: ({ row }) => <When at={row.original.last_seen_at} />,
      });
    }
    return columns;
  }, [t, roleText, seesWhen, lineOf]);
}
