import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { CallList } from "@/features/calls/call-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { useTopic } from "@/lib/ws/live";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { useAgents } from "./use-agents";

export function CallsRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const filter = useSearch({ from: "/app/calls" });
  const allowed = useCan("calls.read");
  const { agents, nameOf } = useAgents();
  useTopic("calls");
  useEffect(() => setPageTitle(t("nav.calls")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <>
      <PageHead title={t("nav.calls")} />
      <CallList
        filter={filter}
        agents={agents}
        agentName={nameOf}
        onFilter={(next) => void navigate({ to: "/calls", search: next, replace: true })}
        onOpen={(call) => void navigate({ to: "/calls/$callId", params: { callId: call.id } })}
      />
    </>
  );
}
