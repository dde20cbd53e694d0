import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { ErasureList } from "@/features/erasures/erasure-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function ErasuresRoute() {
  const { t } = useTranslation();
  const allowed = useCan("contacts.erase");
  useEffect(() => setPageTitle(t("nav.erasures")), [t]);
  return allowed ? <ErasureList /> : <NoPermission />;
}
