import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { AccountEvent, Page } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { AccountEvents } from "@/ui/account-events";

/** A member's sign-ins and what else happened to their account, as far as it concerns this tenant. */
export function MemberHistory({ id }: { id: string }) {
  const { t } = useTranslation();
  const pages = usePages({
    queryKey: [...keys.history, id],
    fetchPage: (cursor, signal) =>
      take<Page<AccountEvent>>(
        api.GET("/api/v1/users/{id}/history", { params: { path: { id }, query: { cursor } }, signal }),
      ),
  });
  return <AccountEvents name="member-history" label={t("account.history")} pages={pages} />;
}
