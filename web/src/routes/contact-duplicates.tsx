import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { DuplicateGroups } from "@/features/directory/duplicate-groups";
import { MERGEABLE } from "@/features/directory/merging";
import { setPageTitle } from "@/lib/alerts/title";
import { can, directoryPermission } from "@/lib/permissions";
import { useMe } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { ToDirectory } from "./to-directory";

export function ContactDuplicatesRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const me = useMe();
  const { of, by = "number" } = useSearch({ from: "/app/directory/duplicates" });
  useEffect(() => setPageTitle(t("merge.all")), [t]);
  const kinds = MERGEABLE.filter((each) => {
    // The people of organizations are part of them.
    const book = each === "contacts" ? "organizations" : each;
    return can(me, directoryPermission(book, "read")) && can(me, directoryPermission(book, "edit"));
  });
  const kind = kinds.find((each) => each === of) ?? kinds[0];
  if (!kind || !can(me, "contacts.merge")) return <NoPermission />;
  return (
    <>
      <PageHead
        title={t("merge.all")}
        sub={
          <>
            <ToDirectory /> {t("merge.all_sub")}
          </>
        }
      />
      <DuplicateGroups
        kinds={kinds}
        kind={kind}
        by={by}
        onChange={(asked) =>
          void navigate({
            to: "/directory/duplicates",
            search: { of: asked.kind, by: asked.by },
            replace: true,
          })
        }
      />
    </>
  );
}
