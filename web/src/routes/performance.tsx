/** Performance: how the agents did; one of them opens beside the list of members. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { PerformanceList } from "@/features/performance/performance-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";

export function PerformanceRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const search = useSearch({ from: "/app/performance" });
  const allowed = useCan("wallboard.read");
  const seesPeople = useCan("users.read");
  const seesTeams = useCan("teams.read");
  useEffect(() => setPageTitle(t("nav.performance")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <>
      <PageHead title={t("nav.performance")} sub={t("performance.sub")} />
      <PerformanceList
        search={search}
        onSearch={(next) => void navigate({ to: "/performance", search: next, replace: true })}
        seesTeams={seesTeams}
        onOpen={
          seesPeople
            ? (agent) => void navigate({ to: "/people", search: { id: agent.user_id, tab: "performance" } })
            : undefined
        }
      />
    </>
  );
}
