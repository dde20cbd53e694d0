import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { ConnectionList } from "@/features/connections/connection-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function ConnectionsRoute() {
  const { t } = useTranslation();
  const allowed = useCan("connections.read");
  const canCreate = useCan("connections.create");
  useEffect(() => setPageTitle(t("nav.connections")), [t]);
  return allowed ? <ConnectionList canCreate={canCreate} /> : <NoPermission />;
}
