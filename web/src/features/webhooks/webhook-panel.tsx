/** One endpoint: how it does, its secret renewed, what was sent, what was given up and can be sent once more. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { KeyRound, Pencil, Power, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { again, keys } from "@/lib/api/query";
import type { WebhookEndpoint } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { CopyField } from "@/ui/copy";
import { Confirm, Dialog, Drawer } from "@/ui/dialog";
import { Failed, InlineError, Loading, useErrorText } from "@/ui/feedback";
import { Fact, Facts } from "@/ui/panel";
import { Tabs } from "@/ui/tabs";
import { DeadLetters, Deliveries } from "./deliveries";
import { Replay } from "./replay";
import { WebhookForm } from "./webhook-form";
import { WebhookState } from "./webhook-list";

export type WebhookTab = "details" | "deliveries" | "dead";

export function WebhookPanel({
  id,
  tab = "details",
  mayManage,
  onTab,
  onClose,
}: {
  id: string | null;
  tab?: WebhookTab;
  mayManage: boolean;
  onTab: (tab: WebhookTab) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.webhooks, "one", id],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      take<WebhookEndpoint>(
        api.GET("/api/v1/webhook-endpoints/{id}", { params: { path: { id: id ?? "" } }, signal }),
      ),
  });
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={query.data?.name ?? t("nav.webhooks")}
    >
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Tabs<WebhookTab>
          label={query.data.name}
          value={tab}
          onChange={onTab}
          tabs={(["details", "deliveries", "dead"] as const).map((each) => ({
            value: each,
            label: t(`webhooks.tab.${each}`),
          }))}
        >
          <div className="pt-4">
            {tab === "details" ? (
              <Details
                key={id}
                endpoint={query.data}
                readAgain={() => again(query)}
                mayManage={mayManage}
                onGone={onClose}
              />
            ) : tab === "deliveries" ? (
              <Deliveries id={query.data.id} mayManage={mayManage} />
            ) : (
              <DeadLetters id={query.data.id} mayManage={mayManage} />
            )}
          </div>
        </Tabs>
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}

function Details({
  endpoint,
  readAgain,
  mayManage,
  onGone,
}: {
  endpoint: WebhookEndpoint;
  readAgain: () => Promise<WebhookEndpoint | undefined>;
  mayManage: boolean;
  onGone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const [asked, setAsked] = useState<"delete" | "rotate" | null>(null);
  const [editing, setEditing] = useState(false);
  const [secret, setSecret] = useState<string | null>(null);
  const params = { path: { id: endpoint.id } };
  const refresh = () => client.invalidateQueries({ queryKey: keys.webhooks });
  const toggle = useMutation({
    mutationFn: () =>
      take<WebhookEndpoint>(
        api.PATCH("/api/v1/webhook-endpoints/{id}", {
          body: { is_active: !endpoint.is_active },
          params: { ...params, header: { "If-Match": `"${endpoint.version}"` } },
        }),
      ),
    onSuccess: ({ name, is_active }) =>
      toast.success(is_active ? t("webhooks.is_on", { name }) : t("webhooks.is_off", { name })),
    onError: (error) => toast.error(errorText(error)),
    onSettled: refresh,
  });
  const rotate = useMutation({
    mutationFn: () =>
      take<WebhookEndpoint>(
        api.POST("/api/v1/webhook-endpoints/{id}/rotate-secret", {
          params,
          headers: { "Idempotency-Key": idempotencyKey() },
        }),
      ),
    onSuccess: (made) => {
      setAsked(null);
      setSecret(made.secret ?? null);
    },
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/webhook-endpoints/{id}", { params })),
    onSuccess: () => {
      toast.success(t("webhooks.deleted", { name: endpoint.name }));
      onGone();
      void client.invalidateQueries({ queryKey: [...keys.webhooks, "list"] });
    },
  });
  if (editing) {
    return (
      <WebhookForm
        endpoint={endpoint}
        readAgain={readAgain}
        onCancel={() => setEditing(false)}
        onSaved={() => {
          setEditing(false);
          void refresh();
        }}
      />
    );
  }
  return (
    <div className="grid gap-4">
      {mayManage ? (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" onClick={() => setEditing(true)}>
            <Pencil aria-hidden />
            {t("action.edit")}
          </Button>
          <Button size="sm" busy={toggle.isPending} onClick={() => toggle.mutate()}>
            <Power aria-hidden />
            {endpoint.is_active ? t("webhooks.switch_off") : t("webhooks.switch_on")}
          </Button>
          <Button size="sm" onClick={() => setAsked("rotate")}>
            <KeyRound aria-hidden />
            {t("webhooks.rotate")}
          </Button>
          <Replay id={endpoint.id} name={endpoint.name} />
          <Button size="sm" onClick={() => setAsked("delete")}>
            <Trash2 aria-hidden />
            {t("action.delete")}
          </Button>
        </div>
      ) : null}
      <Facts>
        <Fact term={t("field.state")}>
          <WebhookState endpoint={endpoint} />
        </Fact>
        <Fact term={t("webhooks.url")}>{endpoint.url}</Fact>
        <Fact term={t("webhooks.events")}>
          {endpoint.events.length === 0 ? t("webhooks.everything") : endpoint.events.join(", ")}
        </Fact>
        {endpoint.next_attempt_at ? (
          <Fact term={t("webhooks.next_attempt")}>
            <When at={endpoint.next_attempt_at} />
          </Fact>
        ) : null}
        {endpoint.rotating ? <Fact term={t("connections.secret")}>{t("webhooks.rotating")}</Fact> : null}
        <Fact term={t("field.created")}>
          <When at={endpoint.created_at} />
        </Fact>
      </Facts>
      <Confirm
        open={asked === "delete"}
        onOpenChange={(open) => setAsked(open ? "delete" : null)}
        title={t("webhooks.delete_title", { name: endpoint.name })}
        text={t("webhooks.delete_text")}
        action={t("action.delete")}
        busy={remove.isPending}
        error={<InlineError error={remove.error} />}
        onConfirm={() => remove.mutate()}
      />
      <Confirm
        open={asked === "rotate"}
        onOpenChange={(open) => setAsked(open ? "rotate" : null)}
        title={t("webhooks.rotate_title")}
        text={t("webhooks.rotate_text")}
        action={t("webhooks.rotate")}
        look="primary"
        busy={rotate.isPending}
        error={<InlineError error={rotate.error} />}
        onConfirm={() => rotate.mutate()}
      />
      {secret ? (
        <Dialog
          open
          onOpenChange={(open) => (open ? undefined : setSecret(null))}
          title={t("connections.secret")}
          description={t("tokens.once")}
        >
          <div className="grid gap-3">
            <CopyField label={t("connections.secret")} value={secret} />
            <div className="flex justify-end">
              <Button look="primary" onClick={() => setSecret(null)}>
                {t("tokens.noted")}
              </Button>
            </div>
          </div>
        </Dialog>
      ) : null}
    </div>
  );
}
