import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { AuditList } from "@/features/audit/audit-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan, useMe } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";
import { usePeople } from "./use-people";

export function AuditRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search = useSearch({ from: "/app/audit" });
  const allowed = useCan("audit.read");
  const above = useMe()?.tenant === null;
  const people = usePeople();
  const names = useMemo(
    () => people.map((person) => ({ id: person.id, name: person.name || person.email })),
    [people],
  );
  useEffect(() => setPageTitle(t("nav.audit")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <AuditList
      search={search}
      people={names}
      above={above}
      onSearch={(next) => void navigate({ to: "/audit", search: next, replace: true })}
    />
  );
}
