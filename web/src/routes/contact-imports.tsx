import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { ContactImports } from "@/features/directory/import-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { ToDirectory } from "./to-directory";

export function ContactImportsRoute() {
  const { t } = useTranslation();
  const allowed = useCan("contacts.import");
  useEffect(() => setPageTitle(t("imports.contacts_list")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <>
      <PageHead title={t("imports.contacts_list")} sub={<ToDirectory />} />
      <ContactImports />
    </>
  );
}
