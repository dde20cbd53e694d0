/** The addresses that hear of what happens: where they are, whether they keep up. */
import { Plus } from "lucide-react";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, WebhookEndpoint } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ListFrame } from "@/ui/list";
import { PageHead } from "@/ui/panel";
import type { Column } from "@/ui/table";
import { CreateWebhook } from "./webhook-form";
import { WebhookPanel, type WebhookTab } from "./webhook-panel";

export function WebhookList({
  opened,
  tab,
  onOpen,
  mayManage,
}: {
  opened: string | null;
  tab: WebhookTab | undefined;
  onOpen: (id: string | null, tab?: WebhookTab) => void;
  mayManage: boolean;
}) {
  const { t } = useTranslation();
  const [creating, setCreating] = useState(false);
  const pages = usePages({
    queryKey: [...keys.webhooks, "list"],
    fetchPage: (cursor, signal) =>
      take<Page<WebhookEndpoint>>(
        api.GET("/api/v1/webhook-endpoints", { params: { query: { cursor } }, signal }),
      ),
  });
  const columns = useColumns();
  return (
    <>
      <PageHead
        title={t("nav.webhooks")}
        sub={t("webhooks.sub")}
        actions={
          mayManage ? (
            <Button look="primary" onClick={() => setCreating(true)}>
              <Plus aria-hidden />
              {t("webhooks.new")}
            </Button>
          ) : null
        }
      />
      <ListFrame
        name="webhooks"
        label={t("nav.webhooks")}
        columns={columns}
        pages={pages}
        rowId={(endpoint) => endpoint.id}
        selected={opened}
        onOpen={(endpoint) => onOpen(endpoint.id)}
        emptyTitle={t("webhooks.empty")}
        emptyText={t("webhooks.empty_text")}
      />
      <WebhookPanel
        id={opened}
        tab={tab}
        mayManage={mayManage}
        onTab={(next) => onOpen(opened, next)}
        onClose={() => onOpen(null)}
      />
      {creating ? <CreateWebhook onClose={() => setCreating(false)} /> : null}
    </>
  );
}

export function WebhookState({ endpoint }: { endpoint: WebhookEndpoint }) {
  const { t } = useTranslation();
  if (!endpoint.is_active) return <Badge>{t("webhooks.off")}</Badge>;
  if (endpoint.failed > 0) {
    return <Badge tone="warn">{t("webhooks.failing", { count: endpoint.failed })}</Badge>;
  }
  return <Badge tone="good">{t("webhooks.on")}</Badge>;
}

function useColumns(): Column<WebhookEndpoint>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "name",
        header: t("field.name"),
        always: true,
        cell: ({ row }) => <span className="font-medium">{row.original.name}</span>,
      },
      {
        id: "url",
        header: t("webhooks.url"),
        cell: ({ row }) => <code className="font-mono text-[0.8rem] wrap-anywhere">{row.original.url}</code>,
      },
      {
        id: "events",
        header: t("webhooks.events"),
        className: "@3xl:w-56",
        cell: ({ row }) =>
          row.original.events.length === 0 ? (
            <span className="text-muted">{t("webhooks.everything")}</span>
          ) : (
            row.original.events.join(", ")
          ),
      },
      {
        id: "state",
        header: t("field.state"),
        className: "@3xl:w-40",
        cell: ({ row }) => <WebhookState endpoint={row.original} />,
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        wideOnly: true,
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
    ],
    [t],
  );
}
