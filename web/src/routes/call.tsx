import { Link, useParams } from "@tanstack/react-router";
import { ArrowLeft } from "lucide-react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { CallDetail } from "@/features/calls/call-detail";
import { setPageTitle } from "@/lib/alerts/title";
import { useAgents } from "./use-agents";

export function CallRoute() {
  const { t } = useTranslation();
  const { callId } = useParams({ from: "/app/calls/$callId" });
  const { nameOf } = useAgents();
  useEffect(() => setPageTitle(t("call.one")), [t]);
  return (
    <>
      <Link
        to="/calls"
        className="mb-2 inline-flex items-center gap-1 text-accent-text underline-offset-2 hover:underline"
      >
        <ArrowLeft className="size-4" aria-hidden />
        {t("nav.calls")}
      </Link>
      <CallDetail callId={callId} agentName={nameOf} />
    </>
  );
}
