/** Notes about a contact: pinned ones first, one's own to change, anybody's to pin. */

import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil, Pin, PinOff, Trash2 } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { CONTACT_KIND, type ContactName, type Note } from "@/lib/api/directory-types";
import { isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Page } from "@/lib/api/types";
import { useSameKey } from "@/lib/same-key";
import { useMe } from "@/lib/session";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm, useUnsaved } from "@/ui/dialog";
import { Empty, Failed, InlineError, Loading, useErrorText } from "@/ui/feedback";
import { Field, Textarea } from "@/ui/field";
import type { Target } from "./kinds";

export interface NoteRights {
  write: boolean;
  /** Of others as well. */
  remove: boolean;
}

const LONGEST = 10_000;

export function Notes({ target, rights }: { target: Target; rights: NoteRights }) {
  const { t } = useTranslation();
  const contact: ContactName = { kind: CONTACT_KIND[target.kind], id: target.id };
  const key = [...keys.directory, "notes", target.id];
  const query = useQuery({
    queryKey: key,
    queryFn: ({ signal }) =>
      take<Page<Note>>(
        api.GET("/api/v1/contact-notes", {
          params: { query: { kind: contact.kind, contact_id: contact.id } },
          signal,
        }),
      ),
  });
  return (
    <div className="grid gap-3">
      {rights.write ? <NewNote contact={contact} queryKey={key} /> : null}
      {query.isPending ? (
        <Loading />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data.items.length === 0 ? (
        <Empty title={t("notes.empty")} text={t("notes.empty_text")} className="py-6" />
      ) : (
        <ul className="grid gap-2" data-testid="notes">
          {query.data.items.map((note) => (
            <OneNote key={note.id} note={note} rights={rights} queryKey={key} />
          ))}
        </ul>
      )}
    </div>
  );
}

function NewNote({ contact, queryKey }: { contact: ContactName; queryKey: readonly unknown[] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [body, setBody] = useState("");
  const key = useSameKey();
  useUnsaved(body.trim() !== "");
  const write = useMutation({
    mutationFn: (text: string) => {
      return take<Note>(
        api.POST("/api/v1/contact-notes", {
          body: { contact, body: text },
          headers: { "Idempotency-Key": key.of(text) },
        }),
      );
    },
    onSuccess: () => {
      key.done();
      setBody("");
    },
    onSettled: () => client.invalidateQueries({ queryKey }),
  });
  const submit = () => {
    if (body.trim()) write.mutate(body.trim());
  };
  return (
    <form
      className="grid gap-2"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
    >
      <Field label={t("notes.new")} error={body.length > LONGEST ? t("form.too_long") : undefined}>
        <Textarea
          rows={2}
          className="min-h-14"
          value={body}
          onChange={(event) => setBody(event.target.value)}
          onKeyDown={(event) => {
            if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
              event.preventDefault();
              submit();
            }
          }}
        />
      </Field>
      <InlineError error={write.error} />
      <div className="flex justify-end">
        <Button
          type="submit"
          look="primary"
          size="sm"
          busy={write.isPending}
          disabled={!body.trim() || body.length > LONGEST}
        >
          {t("notes.add")}
        </Button>
      </div>
    </form>
  );
}

function OneNote({
  note,
  rights,
  queryKey,
}: {
  note: Note;
  rights: NoteRights;
  queryKey: readonly unknown[];
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const me = useMe();
  // What is typed, and the note as it was on the screen when that began, whatever is read anew underneath.
  const [editing, setEditing] = useState<{ text: string; seen: Note; overtaken?: boolean } | null>(null);
  const [deleting, setDeleting] = useState(false);
  useUnsaved(editing !== null && editing.text !== note.body);
  const own = me?.user.id === note.author.id;
  const params = { path: { id: note.id } };
  const change = useMutation({
    mutationFn: ({ of, ...body }: { body?: string; pinned?: boolean; of: Note }) =>
      take<Note>(
        api.PATCH("/api/v1/contact-notes/{id}", {
          body,
          params: { ...params, header: { "If-Match": `"${of.version}"` } },
        }),
      ),
    onMutate: ({ pinned }) => {
      const before = client.getQueryData<Page<Note>>(queryKey);
      if (before && pinned !== undefined) {
        client.setQueryData(queryKey, {
          ...before,
          items: before.items.map((each) => (each.id === note.id ? { ...each, pinned } : each)),
        });
      }
      return before;
    },
    // Pinned while somebody writes: the same note under its new version.
    onSuccess: (saved, { body }) =>
      setEditing((now) => (now === null || body !== undefined ? null : { ...now, seen: saved })),
    onError: async (error, { of, body }, before) => {
      client.setQueryData(queryKey, before);
      const stale = isApiError(error) && error.status === 412;
      toast.error(stale ? t("form.changed_elsewhere") : errorText(error));
      if (!stale) return;
      await client.refetchQueries({ queryKey });
      const seen = client.getQueryData<Page<Note>>(queryKey)?.items.find((each) => each.id === of.id);
      if (seen && body !== undefined)
        setEditing((now) => (now === null ? null : { ...now, seen, overtaken: true }));
    },
    onSettled: () => client.invalidateQueries({ queryKey }),
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/contact-notes/{id}", { params })),
    onSuccess: () => setDeleting(false),
    onSettled: () => client.invalidateQueries({ queryKey }),
  });
  return (
    <li className="rounded-md border border-line px-3 py-2" data-pinned={note.pinned}>
      <div className="mb-1 flex flex-wrap items-center gap-x-2 gap-y-1 text-[0.8667rem] text-muted">
        <span className="font-medium text-fg">{note.author.name ?? t("notes.gone")}</span>
        <When at={note.created_at} />
        {note.pinned ? (
          <Badge tone="accent">
            <Pin aria-hidden className="size-3" />
            {t("notes.pinned")}
          </Badge>
        ) : null}
        {rights.write ? (
          <span className="ml-auto flex gap-0.5">
            <Button
              look="ghost"
              size="icon-sm"
              aria-label={note.pinned ? t("notes.unpin") : t("notes.pin")}
              onClick={() => change.mutate({ pinned: !note.pinned, of: note })}
            >
              {note.pinned ? <PinOff aria-hidden /> : <Pin aria-hidden />}
            </Button>
            {own ? (
              <Button
                look="ghost"
                size="icon-sm"
                aria-label={t("notes.edit")}
                onClick={() => setEditing({ text: note.body, seen: note })}
              >
                <Pencil aria-hidden />
              </Button>
            ) : null}
            {own || rights.remove ? (
              <Button
                look="ghost"
                size="icon-sm"
                aria-label={t("notes.delete")}
                onClick={() => setDeleting(true)}
              >
                <Trash2 aria-hidden />
              </Button>
            ) : null}
          </span>
        ) : null}
      </div>
      {editing === null ? (
        <p className="whitespace-pre-line wrap-anywhere">{note.body}</p>
      ) : (
        <div className="grid gap-2">
          <Field label={t("notes.edit")} hideLabel>
            <Textarea
              value={editing.text}
              onChange={(event) => setEditing({ ...editing, text: event.target.value })}
            />
          </Field>
          {note.body === editing.seen.body && !editing.overtaken ? null : (
            <p
              className="border-l-2 border-warn pl-2 whitespace-pre-line wrap-anywhere text-muted"
              data-testid="note-now"
            >
              {t("notes.now", { body: note.body })}
            </p>
          )}
          <div className="flex justify-end gap-2">
            <Button size="sm" onClick={() => setEditing(null)}>
              {t("action.cancel")}
            </Button>
            <Button
              size="sm"
              look="primary"
              busy={change.isPending}
              disabled={!editing.text.trim() || editing.text.length > LONGEST}
              onClick={() => change.mutate({ body: editing.text.trim(), of: editing.seen })}
            >
              {t("action.save")}
            </Button>
          </div>
        </div>
      )}
      <Confirm
        open={deleting}
        onOpenChange={setDeleting}
        title={t("notes.delete_title")}
        text={t("notes.delete_text")}
        action={t("action.delete")}
        busy={remove.isPending}
        error={<InlineError error={remove.error} />}
        onConfirm={() => remove.mutate()}
      />
    </li>
  );
}
