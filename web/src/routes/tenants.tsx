import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { TenantList } from "@/features/tenants/tenant-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function TenantsRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id, ...search } = useSearch({ from: "/app/tenants" });
  const allowed = useCan("tenants.read");
  useEffect(() => setPageTitle(t("nav.tenants")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <TenantList
      search={search}
      onSearch={(next) => void navigate({ to: "/tenants", search: next, replace: true })}
      opened={id ?? null}
      onOpen={(next) => void navigate({ to: "/tenants", search: { ...search, id: next ?? undefined } })}
      onNumbers={(tenant) => void navigate({ to: "/numbers", search: { view: "own", tenant } })}
    />
  );
}
