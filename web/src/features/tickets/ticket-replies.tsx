import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Page, Reply } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { usePages } from "@/lib/use-pages";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Failed, InlineError, Loading } from "@/ui/feedback";
import { Choice, Field, Textarea } from "@/ui/field";
import { Kbd } from "@/ui/kbd";
import { type ReplyInput, writeReply } from "./commands";

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
  closed,
  mayReply,
  mayNote,
  nameOf,
}: {
  ticketId: string;
  /** A closed ticket takes no replies until it is opened again. */
  closed: boolean;
  mayReply: boolean;
  mayNote: boolean;
  nameOf: (id: string) => string | null;
}) {
  const { t } = useTranslation();
  const pages = usePages({
    queryKey: [...keys.ticket(ticketId), "replies"],
    fetchPage: (cursor, signal) =>
      take<Page<Reply>>(
        api.GET("/api/v1/tickets/{id}/replies", {
          params: { path: { id: ticketId }, query: { limit: 100, cursor } },
          signal,
        }),
      ),
  });
  return (
    <>
      {pages.isPending ? (
        <Loading className="py-4" />
      ) : pages.isError ? (
        <Failed error={pages.error} onRetry={() => void pages.refetch()} />
      ) : pages.items.length === 0 ? (
        <p className="p-3 text-muted">{t("tickets.no_replies")}</p>
      ) : (
        <>
          <ol className="grid gap-2 p-3" data-testid="replies">
            {pages.items.map((reply) => (
              <ReplyItem key={reply.id} reply={reply} author={nameOf(reply.author_id)} />
            ))}
          </ol>
          {pages.hasNextPage ? (
            <div className="flex justify-center border-t border-line p-2">
              <Button size="sm" busy={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
                {t("action.load_more")}
              </Button>
            </div>
          ) : null}
        </>
      )}
      {!mayReply ? null : closed ? (
        <p className="border-t border-line p-3 text-muted">{t("tickets.reply_closed")}</p>
      ) : (
        <ReplyForm ticketId={ticketId} mayNote={mayNote} />
      )}
    </>
  );
}

function ReplyItem({ reply, author }: { reply: Reply; author: string | null }) {
  const { t } = useTranslation();
  const internal = reply.visibility === "internal";
  return (
    <li
      data-visibility={reply.visibility}
      className={cn(
        "rounded-md border border-line px-3 py-2",
        internal && "border-warn-dot bg-warn-soft text-warn",
        reply.is_solution && !internal && "border-good-dot",
      )}
    >
      <div className="mb-1 flex flex-wrap items-center gap-2 text-[0.8667rem]">
        {author ? <span className="font-medium">{author}</span> : null}
        <When at={reply.created_at} />
        {internal ? <Badge tone="warn">{t("tickets.internal")}</Badge> : null}
        {reply.is_solution ? <Badge tone="good">{t("tickets.solution")}</Badge> : null}
      </div>
      <p className="wrap-anywhere whitespace-pre-wrap">{plainText(reply)}</p>
    </li>
  );
}

type Visibility = "public" | "internal";

function ReplyForm({ ticketId, mayNote }: { ticketId: string; mayNote: boolean }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [body, setBody] = useState("");
  const [visibility, setVisibility] = useState<Visibility>("public");
  const [solution, setSolution] = useState(false);
  const [left, setLeft] = useState(false);
  const key = useRef(idempotencyKey());
  const form = useRef<HTMLFormElement>(null);
  const internal = visibility === "internal";
  const send = useMutation({
    mutationFn: (input: ReplyInput) => writeReply(ticketId, input, key.current),
    onSuccess: (_reply, input) => {
      setBody("");
      setSolution(false);
      setLeft(false);
      toast.success(input.internal ? t("tickets.note_added") : t("tickets.reply_sent"));
    },
    // A lost answer keeps the key: the same words again are the same reply.
    onSettled: (_reply, error) => {
      if (!isApiError(error) || error.status !== 0) key.current = idempotencyKey();
      return client.invalidateQueries({ queryKey: keys.tickets });
    },
  });
  const empty = body.trim() === "";
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Ctrl+Enter sends from any field
    <form
      ref={form}
      data-testid="reply-form"
      className="grid gap-2 border-t border-line p-3"
      noValidate
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          form.current?.requestSubmit();
        }
      }}
      onSubmit={(event) => {
        event.preventDefault();
        setLeft(true);
        if (!empty && !send.isPending) send.mutate({ body, internal, solution: solution && !internal });
      }}
    >
      {mayNote ? (
        <div className="max-w-sm">
          <Choice<Visibility>
            legend={t("tickets.who_sees")}
            name={`visibility-${ticketId}`}
            value={visibility}
            onChange={setVisibility}
            options={[
              { value: "public", label: t("tickets.reply_public") },
              { value: "internal", label: t("tickets.reply_internal") },
            ]}
          />
        </div>
      ) : null}
      <Field
        label={internal ? t("tickets.note") : t("tickets.reply")}
        hint={internal ? t("tickets.note_hint") : undefined}
        error={left && empty ? t("tickets.reply_missing") : undefined}
      >
        <Textarea
          rows={3}
          value={body}
          className={internal ? "bg-warn-soft" : undefined}
          onChange={(event) => setBody(event.target.value)}
        />
      </Field>
      <InlineError error={send.error} />
      <div className="flex flex-wrap items-center gap-3">
        <Button type="submit" look="primary" busy={send.isPending}>
          {internal ? t("tickets.note_add") : t("tickets.reply_send")}
        </Button>
        {internal ? null : (
          <label className="flex items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={solution}
              onChange={(event) => setSolution(event.target.checked)}
            />
            {t("tickets.reply_solution")}
          </label>
        )}
        <span className="ml-auto flex items-center gap-1 text-[0.8rem] text-muted max-sm:hidden">
          <Kbd>Ctrl</Kbd>
          <Kbd>Enter</Kbd>
        </span>
      </div>
    </form>
  );
}
