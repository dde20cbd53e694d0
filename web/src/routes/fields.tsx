import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { FieldList } from "@/features/contact-fields/field-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function FieldsRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { of = "individuals" } = useSearch({ from: "/app/fields" });
  const allowed = useCan("contact_fields.read");
  const mayEdit = useCan("contact_fields.edit");
  useEffect(() => setPageTitle(t("nav.fields")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <FieldList
      owner={of}
      onOwner={(next) => void navigate({ to: "/fields", search: { of: next }, replace: true })}
      mayEdit={mayEdit}
    />
  );
}
