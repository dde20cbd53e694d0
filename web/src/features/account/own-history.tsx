import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { AccountEvent, Page } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { AccountEvents } from "@/ui/account-events";

/** One's own sign-ins, failures included: an unknown address here is worth a new password. */
export function OwnHistory() {
  const { t } = useTranslation();
  const pages = usePages({
    queryKey: [...keys.history, "own"],
    fetchPage: (cursor, signal) =>
      take<Page<AccountEvent>>(api.GET("/api/v1/auth/history", { params: { query: { cursor } }, signal })),
  });
  return (
    <>
      <p className="mb-3 text-muted">{t("account.history_text")}</p>
      <AccountEvents name="own-history" label={t("account.history")} pages={pages} />
    </>
  );
}
