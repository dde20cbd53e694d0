/** One bot: what it is, its number, switched off and on, deleted. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Pencil, Power, Trash2 } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { again, keys } from "@/lib/api/query";
import type { Bot } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Button } from "@/ui/button";
import { Confirm, Drawer } from "@/ui/dialog";
import { Failed, InlineError, Loading } from "@/ui/feedback";
import { Fact, Facts } from "@/ui/panel";
import { BotForm } from "./bot-form";
import { BotState } from "./bot-list";

export function BotPanel({
  id,
  mayManage,
  line,
  seesCalls,
  onClose,
}: {
  id: string | null;
  mayManage: boolean;
  line: (bot: Bot) => ReactNode;
  seesCalls: boolean;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.bots, "one", id],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      take<Bot>(api.GET("/api/v1/bots/{id}", { params: { path: { id: id ?? "" } }, signal })),
  });
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={query.data?.name ?? t("bots.one")}
    >
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Details
          key={id}
          bot={query.data}
          readAgain={() => again(query)}
          mayManage={mayManage}
          line={line}
          seesCalls={seesCalls}
          onGone={onClose}
        />
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}

function Details({
  bot,
  readAgain,
  mayManage,
  line,
  seesCalls,
  onGone,
}: {
  bot: Bot;
  readAgain: () => Promise<Bot | undefined>;
  mayManage: boolean;
  line: (bot: Bot) => ReactNode;
  seesCalls: boolean;
  onGone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [asked, setAsked] = useState<"switch_off" | "delete" | null>(null);
  const [editing, setEditing] = useState(false);
  const { name } = bot;
  const named = { path: { id: bot.id }, header: { "If-Match": `"${bot.version}"` } };
  // What is done to a bot may take its number away.
  const refresh = () => {
    void client.invalidateQueries({ queryKey: keys.bots });
    void client.invalidateQueries({ queryKey: keys.numbers });
  };
  const toggle = useMutation({
    mutationFn: () => {
      const options = { body: {}, params: named, headers: { "Idempotency-Key": idempotencyKey() } };
      return take<Bot>(
        bot.is_active
          ? api.POST("/api/v1/bots/{id}/deactivate", options)
          : api.POST("/api/v1/bots/{id}/activate", options),
      );
    },
    onSuccess: (now) => {
      toast.success(t(now.is_active ? "bots.is_on" : "bots.is_off", { name }));
      setAsked(null);
    },
    onSettled: refresh,
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/bots/{id}", { params: named })),
    onSuccess: () => {
      toast.success(t("bots.deleted", { name }));
      onGone();
    },
    onSettled: () => {
      // The page of one that is gone would be asked for once more.
      void client.invalidateQueries({ queryKey: [...keys.bots, "list"] });
      void client.invalidateQueries({ queryKey: [...keys.bots, "all"] });
      void client.invalidateQueries({ queryKey: keys.numbers });
    },
  });
  if (editing) {
    return (
      <BotForm
        bot={bot}
        readAgain={readAgain}
        onCancel={() => setEditing(false)}
        onSaved={() => {
          setEditing(false);
          refresh();
        }}
      />
    );
  }
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center gap-2">
        <BotState bot={bot} />
        {mayManage ? (
          <>
            <Button size="sm" onClick={() => setEditing(true)}>
              <Pencil aria-hidden />
              {t("action.edit")}
            </Button>
            <Button
              size="sm"
              busy={toggle.isPending}
              onClick={() => {
                toggle.reset();
                if (bot.is_active) setAsked("switch_off");
                else toggle.mutate();
              }}
            >
              <Power aria-hidden />
              {bot.is_active ? t("bots.switch_off") : t("bots.switch_on")}
            </Button>
            <Button
              size="sm"
              onClick={() => {
                remove.reset();
                setAsked("delete");
              }}
            >
              <Trash2 aria-hidden />
              {t("action.delete")}
            </Button>
          </>
        ) : null}
      </div>
      {asked === null ? <InlineError error={toggle.error} /> : null}
      <Facts>
        <Fact term={t("field.description")}>{bot.description ?? "–"}</Fact>
        <Fact term={t("bots.sip_uri")}>
          <span className="wrap-anywhere">{bot.sip_uri ?? t("bots.no_sip")}</span>
        </Fact>
        <Fact term={t("field.updated")}>
          <When at={bot.updated_at} />
        </Fact>
        <Fact term={t("field.created")}>
          <When at={bot.created_at} />
        </Fact>
      </Facts>
      <section aria-labelledby="bot-prompt" className="grid gap-1">
        <h3 id="bot-prompt" className="font-semibold">
          {t("bots.prompt")}
        </h3>
        {bot.prompt ? (
          <p className="rounded-md border border-line bg-sunken px-3 py-2 whitespace-pre-wrap wrap-anywhere">
            {bot.prompt}
          </p>
        ) : (
          <p className="text-muted">{t("bots.no_prompt")}</p>
        )}
      </section>
      {line(bot)}
      {seesCalls ? (
        <p>
          <Link
            to="/calls"
            search={{ bot: bot.id }}
            className="text-accent-text underline-offset-2 hover:underline"
          >
            {t("bots.calls")}
          </Link>
        </p>
      ) : null}
      <Confirm
        open={asked === "switch_off"}
        onOpenChange={(open) => setAsked(open ? "switch_off" : null)}
        title={t("bots.switch_off_title", { name })}
        text={t("bots.switch_off_text")}
        action={t("bots.switch_off")}
        busy={toggle.isPending}
        error={<InlineError error={toggle.error} />}
        onConfirm={() => toggle.mutate()}
      />
      <Confirm
        open={asked === "delete"}
        onOpenChange={(open) => setAsked(open ? "delete" : null)}
        title={t("bots.delete_title", { name })}
        text={t("bots.delete_text")}
        action={t("action.delete")}
        busy={remove.isPending}
        error={<InlineError error={remove.error} />}
        onConfirm={() => remove.mutate()}
      />
    </div>
  );
}
