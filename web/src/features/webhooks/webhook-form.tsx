/** A new endpoint, whose secret is shown once; or another address, name or choice of events for one. */

import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { WebhookEndpoint } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { useSameKey } from "@/lib/same-key";
import { Button } from "@/ui/button";
import { CopyField } from "@/ui/copy";
import { Dialog, useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useSeen } from "@/ui/seen";

/** What the log tells of; none chosen = everything. */
const EVENTS = [
  "call.ringing",
  "call.answered",
  "call.held",
  "call.resumed",
  "call.transferred",
  "call.ended",
  "agent.presence",
] as const;

/** As the boxes show it: a word for many (`*`, `call.*`) stands for each of them. */
export const expanded = (words: readonly string[]): string[] => [
  ...new Set(
    words.flatMap((word) =>
      word.endsWith("*") ? EVENTS.filter((event) => event.startsWith(word.slice(0, -1))) : [word],
    ),
  ),
];

/** An event that came with a newer server has its box too, where it is chosen. */
const boxes = (chosen: readonly string[]): string[] => [
  ...EVENTS,
  ...chosen.filter((each) => !EVENTS.some((event) => event === each)),
];

const valuesOf = (endpoint: WebhookEndpoint | undefined) => ({
  name: endpoint?.name ?? "",
  url: endpoint?.url ?? "",
  events: expanded(endpoint?.events ?? []),
});

const sameEvents = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((each) => b.includes(each));

export function CreateWebhook({ onClose }: { onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [made, setMade] = useState<WebhookEndpoint | null>(null);
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={made ? t("webhooks.made", { name: made.name }) : t("webhooks.new")}
      description={made ? t("tokens.once") : t("webhooks.new_text")}
    >
      {made ? (
        <div className="grid gap-3" data-testid="webhook-secret">
          <CopyField label={t("connections.secret")} value={made.secret ?? ""} />
          <p className="text-[0.8667rem] text-muted">{t("webhooks.verify")}</p>
          <div className="flex justify-end">
            <Button look="primary" onClick={onClose}>
              {t("tokens.noted")}
            </Button>
          </div>
        </div>
      ) : (
        <WebhookForm
          onCancel={onClose}
          onSaved={(endpoint) => {
            setMade(endpoint);
            void client.invalidateQueries({ queryKey: keys.webhooks });
          }}
        />
      )}
    </Dialog>
  );
}

export function WebhookForm({
  endpoint,
  readAgain,
  onSaved,
  onCancel,
}: {
  endpoint?: WebhookEndpoint;
  /** The endpoint as it is now. */
  readAgain?: () => Promise<WebhookEndpoint | undefined>;
  onSaved: (endpoint: WebhookEndpoint) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const key = useSameKey();
  const schema = useMemo(
    () =>
      z.object({
        name: z
          .string()
          .check(z.trim(), z.minLength(1, t("form.required")), z.maxLength(200, t("form.too_long"))),
        url: z
          .string()
          .check(z.refine((url) => /^https?:\/\/[^\s/]+\S*$/i.test(url.trim()), t("form.url_invalid"))),
        events: z.array(z.string()),
      }),
    [t],
  );
  const form = useForm({
    resolver: zodResolver(schema),
    mode: "onTouched",
    defaultValues: valuesOf(endpoint),
  });
  const seen = useSeen(endpoint, form, valuesOf, readAgain);
  const shown = valuesOf(seen.seen).events;
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const submit = form.handleSubmit(async (values) => {
    const { events } = values;
    const address = { name: values.name.trim(), url: values.url.trim() };
    try {
      let saved: WebhookEndpoint;
      if (endpoint) {
        // Boxes left alone leave the words as they are: `call.*` has calls of a newer server too, its boxes do not.
        const body = sameEvents(events, shown) ? address : { ...address, events };
        saved = await take<WebhookEndpoint>(
          api.PATCH("/api/v1/webhook-endpoints/{id}", {
            body,
            params: { path: { id: endpoint.id }, header: { "If-Match": seen.etag } },
          }),
        );
        toast.success(t("webhooks.saved", { name: saved.name }));
      } else {
        const body = { ...address, events };
        saved = await take<WebhookEndpoint>(
          api.POST("/api/v1/webhook-endpoints", { body, headers: { "Idempotency-Key": key.of(body) } }),
        );
      }
      onSaved(saved);
    } catch (error) {
      if (
        !(await seen.overtaken(error)) &&
        !placeProblem(
          form,
          error,
          ([head]) => (["name", "url", "events"] as const).find((field) => field === head) ?? null,
          t("form.check_fields"),
        )
      )
        throw error;
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("field.name")} required error={errors.name?.message}>
        <Input autoComplete="off" aria-required {...form.register("name")} />
      </Field>
      <Field label={t("webhooks.url")} required hint={t("webhooks.url_hint")} error={errors.url?.message}>
        <Input
          type="url"
          autoComplete="off"
          spellCheck={false}
          aria-required
          placeholder="https://example.com/hooks"
          {...form.register("url")}
        />
      </Field>
      <fieldset className="grid gap-1">
        <legend className="mb-1 text-[0.8667rem] font-medium text-muted">{t("webhooks.events")}</legend>
        <div className="grid grid-cols-2 gap-x-3 max-[24rem]:grid-cols-1">
          {boxes(shown).map((each) => (
            <label key={each} className="flex min-h-7 items-center gap-2">
              <input
                type="checkbox"
                className="size-4 accent-(--accent)"
                value={each}
                {...form.register("events")}
              />
              <code className="font-mono text-[0.8667rem]">{each}</code>
            </label>
          ))}
        </div>
        <p className="text-[0.8rem] text-muted">{t("webhooks.events_hint")}</p>
      </fieldset>
      <FormProblem message={errors.root?.message} />
      <FormFoot
        submit={endpoint ? t("action.save") : t("action.create")}
        busy={isSubmitting}
        onCancel={onCancel}
      />
    </form>
  );
}
