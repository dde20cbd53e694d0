/** Where else one is a member, with the way there. */
import { useMutation } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { MyTenant } from "@/lib/api/types";
import { switchTenant, useMyTenants } from "@/lib/tenants";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Failed, InlineError, Loading } from "@/ui/feedback";
import { Panel, PanelHead } from "@/ui/panel";
import { useRoleText } from "@/ui/role";

export function TenantList({ onSwitched }: { onSwitched: () => void }) {
  const { t } = useTranslation();
  const roleText = useRoleText();
  const tenants = useMyTenants();
  const go = useMutation({
    mutationFn: (tenant: MyTenant) => switchTenant(tenant.slug),
    onSuccess: onSwitched,
  });
  return (
    <Panel>
      <PanelHead title={t("account.tenants")} />
      {tenants.isPending ? (
        <Loading className="py-4" />
      ) : tenants.isError ? (
        <Failed error={tenants.error} onRetry={() => void tenants.refetch()} />
      ) : (
        <div className="grid gap-2 p-3">
          {tenants.data.length === 0 ? <p className="text-muted">{t("account.no_tenant")}</p> : null}
          <ul className="grid gap-2" data-testid="tenants">
            {tenants.data.map((tenant) => (
              <li
                key={tenant.id}
                className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md border border-line px-3 py-2"
              >
                <span className="min-w-0 font-medium wrap-anywhere">{tenant.name}</span>
                <span className="text-muted">{roleText(tenant.role)}</span>
                <span className="ml-auto">
                  {tenant.current ? (
                    <Badge tone="good">{t("account.here")}</Badge>
                  ) : tenant.suspended ? (
                    <Badge tone="warn">{t("account.suspended")}</Badge>
                  ) : (
                    <Button
                      size="sm"
                      busy={go.isPending && go.variables.id === tenant.id}
                      disabled={go.isPending}
                      aria-label={t("account.go_to", { name: tenant.name })}
                      onClick={() => go.mutate(tenant)}
                    >
                      {t("account.go")}
                    </Button>
                  )}
                </span>
              </li>
            ))}
          </ul>
          <InlineError error={go.error} />
        </div>
      )}
    </Panel>
  );
}
