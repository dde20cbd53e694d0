import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { AlertList } from "@/features/audit/alert-list";
import { SignIns } from "@/features/audit/sign-ins";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan, useMe } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { Tabs } from "@/ui/tabs";
import { usePeople } from "./use-people";

const TABS = ["alerts", "sign_ins"] as const;
type Tab = (typeof TABS)[number];

export function SecurityRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { tab = "alerts", kind, ...search } = useSearch({ from: "/app/security" });
  const allowed = useCan("audit.read");
  const above = useMe()?.tenant === null;
  const people = usePeople();
  const names = useMemo(
    () => people.map((person) => ({ id: person.id, name: person.name || person.email })),
    [people],
  );
  useEffect(() => setPageTitle(t("nav.security")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <>
      <PageHead title={t("nav.security")} sub={above ? t("security.sub_above") : t("security.sub")} />
      <Tabs<Tab>
        label={t("nav.security")}
        value={tab}
        onChange={(next) => void navigate({ to: "/security", search: { tab: next }, replace: true })}
        tabs={TABS.map((each) => ({ value: each, label: t(`security.tab.${each}`) }))}
      >
        <div className="pt-3">
          {tab === "alerts" ? (
            <AlertList
              kind={kind}
              above={above}
              onKind={(next) =>
                void navigate({ to: "/security", search: { tab, kind: next }, replace: true })
              }
              onLines={(next) => void navigate({ to: "/audit", search: next })}
            />
          ) : (
            <SignIns
              search={search}
              people={names}
              above={above}
              onSearch={(next) => void navigate({ to: "/security", search: { tab, ...next }, replace: true })}
            />
          )}
        </div>
      </Tabs>
    </>
  );
}
