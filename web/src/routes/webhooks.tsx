import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { WebhookList } from "@/features/webhooks/webhook-list";
import { setPageTitle } from "@/lib/alerts/title";
import { useCan } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";

export function WebhooksRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { id, tab } = useSearch({ from: "/app/webhooks" });
  const allowed = useCan("webhooks.read");
  const mayManage = useCan("webhooks.manage");
  useEffect(() => setPageTitle(t("nav.webhooks")), [t]);
  if (!allowed) return <NoPermission />;
  return (
    <WebhookList
      opened={id ?? null}
      tab={tab}
      onOpen={(next, part) =>
        void navigate({ to: "/webhooks", search: next ? { id: next, tab: part } : {}, replace: next === id })
      }
      mayManage={mayManage}
    />
  );
}
