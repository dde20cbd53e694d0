import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { ConnectionList } from "@/features/connections/connection-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function ConnectionsRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id, ...search } = useSearch({ from: "/app/connections" });
  const allowed = useCan("connections.read");
  const canCreate = useCan("connections.create");
  const edit = useCan("connections.edit");
  const remove = useCan("connections.delete");
  const seesCalls = useCan("calls.read");
  useEffect(() => setPageTitle(t("nav.connections")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <ConnectionList
      search={search}
      onSearch={(next) => void navigate({ to: "/connections", search: next, replace: true })}
      opened={id ?? null}
      onOpen={(next) => void navigate({ to: "/connections", search: { ...search, id: next ?? undefined } })}
      canCreate={canCreate}
      rights={{ edit, remove }}
      seesCalls={seesCalls}
    />
  );
}
