import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { NumberList } from "@/features/numbers/number-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { useAgents } from "./use-agents";

export function NumbersRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { status } = useSearch({ from: "/app/numbers" });
  const { agents } = useAgents();
  const allowed = useCan("numbers.read");
  const assign = useCan("numbers.assign");
  const release = useCan("numbers.release");
  const connect = useCan("numbers.connect");
  useEffect(() => setPageTitle(t("nav.numbers")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <>
      <PageHead title={t("nav.numbers")} sub={t("numbers.sub")} />
      <NumberList
        status={status}
        onStatus={(next) => void navigate({ to: "/numbers", search: { status: next }, replace: true })}
        rights={{ assign, release, connect }}
        agents={agents}
      />
    </>
  );
}
