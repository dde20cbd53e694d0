import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { TeamList } from "@/features/teams/team-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";
import { usePeople } from "./use-people";

export function TeamsRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id, ...search } = useSearch({ from: "/app/teams" });
  const allowed = useCan("teams.read");
  const mayEdit = useCan("teams.edit");
  const people = usePeople();
  const candidates = useMemo(
    () =>
      people.map((person) => ({
        id: person.id,
        name: person.name || person.email,
        active: person.is_active,
      })),
    [people],
  );
  useEffect(() => setPageTitle(t("nav.teams")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <TeamList
      search={search}
      onSearch={(next) => void navigate({ to: "/teams", search: next, replace: true })}
      opened={id ?? null}
      onOpen={(next) => void navigate({ to: "/teams", search: { ...search, id: next ?? undefined } })}
      mayEdit={mayEdit}
      people={candidates}
    />
  );
}
