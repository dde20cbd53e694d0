/** The teams, with who is in them and who leads. */
import { useQueryClient } from "@tanstack/react-query";
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Team } from "@/lib/api/types";
import { useDebounced } from "@/lib/use-debounced";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import type { Column } from "@/ui/table";
import { TeamForm } from "./team-form";
import { TeamPanel } from "./team-panel";

export interface Candidate {
  id: string;
  name: string;
  active: boolean;
}

export function TeamList({
  search,
  onSearch,
  opened,
  onOpen,
  mayEdit,
  people,
}: {
  search: { q?: string };
  onSearch: (search: { q?: string }) => void;
  opened: string | null;
  onOpen: (id: string | null) => void;
  mayEdit: boolean;
  people: readonly Candidate[];
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [creating, setCreating] = useState(false);
  const q = useDebounced(search.q);
  const pages = usePages({
    queryKey: [...keys.teams, "list", q],
    fetchPage: (cursor, signal) =>
      take<Page<Team>>(api.GET("/api/v1/teams", { params: { query: { cursor, q } }, signal })),
  });
  const columns = useColumns();
  return (
    <>
      <PageHead
        title={t("nav.teams")}
        sub={t("teams.sub")}
        actions={
          mayEdit ? (
            <Button look="primary" onClick={() => setCreating(true)}>
              <Plus aria-hidden />
              {t("teams.new")}
            </Button>
          ) : null
        }
      />
      <ListFrame
        name="teams"
        label={t("nav.teams")}
        columns={columns}
        pages={pages}
        rowId={(team) => team.id}
        selected={opened}
        onOpen={(team) => onOpen(team.id)}
        emptyTitle={search.q ? t("state.no_match") : t("teams.empty")}
        emptyText={search.q ? t("state.no_match_text") : t("teams.empty_text")}
        toolbar={
          <Field label={t("field.search")} className="min-w-40 flex-1 sm:max-w-80">
            <Input
              type="search"
              value={search.q ?? ""}
              placeholder={t("field.name")}
              onChange={(event) => onSearch({ q: event.target.value || undefined })}
            />
          </Field>
        }
      />
      <TeamPanel id={opened} mayEdit={mayEdit} people={people} onClose={() => onOpen(null)} />
      {creating ? (
        <Dialog open onOpenChange={setCreating} title={t("teams.new")}>
          <TeamForm
            onCancel={() => setCreating(false)}
            onSaved={(team) => {
              setCreating(false);
              void client.invalidateQueries({ queryKey: keys.teams });
              onOpen(team.id);
            }}
          />
        </Dialog>
      ) : null}
    </>
  );
}

function useColumns(): Column<Team>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        cell: ({ row }) => <span className="font-medium">{row.original.name}</span>,
      },
      {
        id: "size",
        header: t("teams.size"),
        className: "@3xl:w-28",
        cell: ({ row }) => <span className="num">{row.original.size}</span>,
      },
      {
        id: "description",
        header: t("field.description"),
        cell: ({ row }) => row.original.description ?? <span className="text-muted">–</span>,
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        wideOnly: true,
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
    ],
    [t],
  );
}
