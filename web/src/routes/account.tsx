/** Everything about one's own account. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { DeviceList } from "@/features/account/device-list";
import { OwnHistory } from "@/features/account/own-history";
import { PasswordForm } from "@/features/account/password-form";
import { ProfileForm } from "@/features/account/profile-form";
import { SecondFactorPanel } from "@/features/account/second-factor";
import { SessionList } from "@/features/account/session-list";
import { TenantList } from "@/features/account/tenant-list";
import { TokenList } from "@/features/tokens/token-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useMe } from "@/lib/session";
import { PageHead } from "@/ui/panel";
import { Tabs } from "@/ui/tabs";

const TABS = ["profile", "security", "sessions", "history", "tokens"] as const;
type Tab = (typeof TABS)[number];

export function AccountRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const me = useMe();
  const { tab = "profile" } = useSearch({ from: "/app/account" });
  useEffect(() => setPageTitle(t("account.title")), [t]);
  if (!me) return null;
  return (
    <>
      <PageHead title={t("account.title")} sub={me.user.email} />
      <Tabs<Tab>
        label={t("account.title")}
        value={tab}
        onChange={(next) => void navigate({ to: "/account", search: { tab: next }, replace: true })}
        tabs={TABS.map((each) => ({ value: each, label: t(`account.tab.${each}`) }))}
      >
        <div className="grid gap-3 pt-3" data-testid={`account-${tab}`}>
          {tab === "profile" ? (
            <>
              <ProfileForm me={me} />
              {me.platform_admin ? null : (
                // What was loaded is another tenant's: the console starts anew.
                <TenantList onSwitched={() => location.assign("/")} />
              )}
            </>
          ) : tab === "security" ? (
            <>
              <PasswordForm me={me} />
              <SecondFactorPanel />
              <DeviceList />
            </>
          ) : tab === "sessions" ? (
            <div>
              <SessionList />
            </div>
          ) : tab === "history" ? (
            <div>
              <OwnHistory />
            </div>
          ) : (
            <div>
              <p className="mb-3 text-muted">{t("tokens.sub")}</p>
              <TokenList userId={me.user.id} mayCreate />
            </div>
          )}
        </div>
      </Tabs>
    </>
  );
}
