import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Reply } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Failed, InlineError, Loading } from "@/ui/feedback";
import { Field, Textarea } from "@/ui/field";
import { Panel, PanelHead } from "@/ui/panel";

/** Mail may bring HTML; here only its text is shown, so that nothing in it can act. */
export function plainText(reply: Pick<Reply, "body" | "format">): string {
  if (reply.format !== "html") return reply.body;
  const document_ = new DOMParser().parseFromString(
    reply.body.replace(/<br\s*\/?>|<\/(p|div|li|h\d)>/gi, "$&\n"),
    "text/html",
  );
  for (const element of document_.querySelectorAll("script,style")) element.remove();
  return (document_.body.textContent ?? "").trim();
}

export function TicketReplies({
  ticketId,
  mayReply,
  mayNote,
  nameOf,
}: {
  ticketId: string;
  mayReply: boolean;
  mayNote: boolean;
  nameOf: (id: string) => string | null;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.ticket(ticketId), "replies"],
    queryFn: ({ signal }) =>
      take<Page<Reply>>(
        api.GET("/api/v1/tickets/{id}/replies", {
          params: { path: { id: ticketId }, query: { limit: 200 } },
          signal,
        }),
      ),
  });
  return (
    <Panel>
      <PanelHead title={t("tickets.replies")} />
      {query.isPending ? (
        <Loading className="py-4" />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data.items.length === 0 ? (
        <p className="p-3 text-muted">{t("tickets.no_replies")}</p>
      ) : (
        <ol className="grid gap-2 p-3" data-testid="replies">
          {query.data.items.map((reply) => {
            const author = nameOf(reply.author_id);
            return (
              <li
                key={reply.id}
                className={cn(
                  "rounded-md border border-line px-3 py-2",
                  reply.visibility === "internal" && "border-warn-dot bg-warn-soft text-warn",
                )}
              >
                <div className="mb-1 flex flex-wrap items-center gap-2 text-[0.8667rem]">
                  {author ? <span className="font-medium">{author}</span> : null}
                  <When at={reply.created_at} />
                  {reply.visibility === "internal" ? (
                    <Badge tone="warn">{t("tickets.internal")}</Badge>
                  ) : null}
                  {reply.is_solution ? <Badge tone="good">{t("tickets.solution")}</Badge> : null}
                </div>
                <p className="wrap-anywhere whitespace-pre-wrap">{plainText(reply)}</p>
              </li>
            );
          })}
        </ol>
      )}
      {mayReply ? <ReplyForm ticketId={ticketId} mayNote={mayNote} /> : null}
    </Panel>
  );
}

function ReplyForm({ ticketId, mayNote }: { ticketId: string; mayNote: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [body, setBody] = useState("");
  const [internal, setInternal] = useState(false);
  const [missing, setMissing] = useState(false);
  const [key, setKey] = useState(idempotencyKey);
  const send = useMutation({
    mutationFn: () =>
      take<Reply>(
        api.POST("/api/v1/tickets/{id}/replies", {
          body: { body: body.trim(), format: "text", visibility: internal ? "internal" : "public" },
          params: { path: { id: ticketId } },
          headers: { "Idempotency-Key": key },
        }),
      ),
    onSuccess: () => {
      setBody("");
      toast.success(t("tickets.reply_sent"));
    },
    onSettled: () => {
      setKey(idempotencyKey());
      return client.invalidateQueries({ queryKey: keys.tickets });
    },
  });
  return (
    <form
      className="grid gap-2 border-t border-line p-3"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setMissing(body.trim() === "");
        if (body.trim() !== "") send.mutate();
      }}
    >
      <Field label={t("tickets.reply")} error={missing ? t("tickets.reply_missing") : undefined}>
        <Textarea rows={3} value={body} onChange={(event) => setBody(event.target.value)} />
      </Field>
      <InlineError error={send.error} />
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" look="primary" busy={send.isPending}>
          {t("tickets.reply_send")}
        </Button>
        {mayNote ? (
          <label className="flex items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={internal}
              onChange={(event) => setInternal(event.target.checked)}
            />
            {t("tickets.reply_internal")}
          </label>
        ) : null}
      </div>
    </form>
  );
}
