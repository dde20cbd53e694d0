import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { WallboardScreen } from "@/features/wallboard/wallboard";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function WallboardRoute() {
  const { t } = useTranslation();
  const allowed = useCan("wallboard.read");
  useEffect(() => setPageTitle(t("nav.wallboard")), [t]);
  return allowed ? <WallboardScreen /> : <NoPermission />;
}
