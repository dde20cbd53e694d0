import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { ProviderList } from "@/features/providers/provider-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan, useMe } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function ProvidersRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const me = useMe();
  const { id } = useSearch({ from: "/app/identity-providers" });
  const allowed = useCan("settings.read");
  const mayEdit = useCan("settings.edit");
  useEffect(() => setPageTitle(t("nav.providers")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <ProviderList
      slug={me?.tenant?.slug ?? ""}
      opened={id ?? null}
      onOpen={(next) => void navigate({ to: "/identity-providers", search: next ? { id: next } : {} })}
      mayEdit={mayEdit}
    />
  );
}
