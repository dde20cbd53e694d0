import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { SystemHealthScreen } from "@/features/system/system-health";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function SystemRoute() {
  const { t } = useTranslation();
  const allowed = useCan("system.read");
  useEffect(() => setPageTitle(t("nav.system")), [t]);
  if (!allowed) return <NoPermission />;
  return <SystemHealthScreen />;
}
