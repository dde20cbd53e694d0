import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { RoleList } from "@/features/roles/role-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan, useMe } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function RolesRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const me = useMe();
  const { id } = useSearch({ from: "/app/roles" });
  const allowed = useCan("users.read");
  const mayEdit = useCan("roles.edit");
  const mine = useMemo(() => new Set(me?.permissions ?? []), [me]);
  useEffect(() => setPageTitle(t("nav.roles")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <RoleList
      opened={id ?? null}
      onOpen={(next) => void navigate({ to: "/roles", search: next ? { id: next } : {} })}
      mine={mine}
      mayEdit={mayEdit}
    />
  );
}
