/**
 * The ticket of a call, filled in before the agent touches it. One instance per call (`key={callId}`).
 * Order of the customer part: type, name, contact person (organizations only), e-mail.
 */
import { zodResolver } from "@hookform/resolvers/zod";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CheckCircle2, RotateCcw } from "lucide-react";
import { useEffect, useMemo, useRef } from "react";
import { Controller, useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Ticket, TicketDraft, TicketInput } from "@/lib/api/types";
import { Button } from "@/ui/button";
import { InlineError } from "@/ui/feedback";
import { Choice, Field, Input, Select, Textarea } from "@/ui/field";
import { Kbd } from "@/ui/kbd";
import {
  DRAFT_FIELDS,
  type DraftField,
  type DraftValues,
  mergedValues,
  ticketBody,
  useDrafts,
  valuesFromDraft,
} from "./drafts";
import { PRIORITIES } from "./moves";

/** Where the draft of a ticket without a call is kept. */
const NO_CALL = "no-call";

/** A 503 means the call is not durable yet: the same key again is safe. */
const RETRIES = 2;

export function useCreateTicket() {
  const client = useQueryClient();
  return useMutation({
    retry: (count, error) =>
      count < RETRIES && isApiError(error) && (error.status === 503 || error.status === 0),
    retryDelay: 1500,
    mutationFn: ({ body, key }: { body: TicketInput; key: string }) =>
      take<Ticket>(api.POST("/api/v1/tickets", { body, headers: { "Idempotency-Key": key } })),
    onSuccess: (ticket) => {
      void client.invalidateQueries({ queryKey: keys.tickets });
      for (const id of ticket.call_ids ?? []) void client.invalidateQueries({ queryKey: keys.call(id) });
    },
  });
}

export function TicketForm({
  callId,
  draft,
  onFiled,
}: {
  /** Null: a ticket without a call. */
  callId: string | null;
  draft: TicketDraft | null;
  onFiled?: (ticket: Ticket) => void;
}) {
  const { t } = useTranslation();
  const slot = callId ?? NO_CALL;
  const stored = useDrafts((state) => state.drafts[slot]);
  const create = useCreateTicket();
  const key = useRef(stored?.idempotencyKey ?? idempotencyKey());
  const touched = useRef<Partial<Record<DraftField, true>>>({ ...stored?.touched });
  const formElement = useRef<HTMLFormElement>(null);

  const schema = useMemo(
    () =>
      z.object({
        customer_type: z.enum(["individual", "organization"]),
        customer_name: z.string().check(z.maxLength(200, t("form.too_long"))),
        contact_person: z.string().check(z.maxLength(200, t("form.too_long"))),
        customer_email: z.union([z.literal(""), z.email(t("form.email_invalid"))]),
        title: z
          .string()
          .check(
            z.trim(),
            z.minLength(1, t("ticket_form.title_missing")),
            z.maxLength(300, t("form.too_long")),
          ),
        description: z.string().check(z.maxLength(20_000, t("form.too_long"))),
        priority: z.enum(PRIORITIES),
      }),
    [t],
  );
  const form = useForm<DraftValues>({
    resolver: zodResolver(schema),
    mode: "onTouched",
    defaultValues: mergedValues(stored, draft),
  });
  const { errors } = form.formState;
  const type = form.watch("customer_type");

  // A richer second frame fills what the agent has not touched.
  useEffect(() => {
    const fresh = valuesFromDraft(draft);
    for (const field of DRAFT_FIELDS) {
      if (!touched.current[field] && form.getValues(field) !== fresh[field])
        form.setValue(field, fresh[field]);
    }
  }, [draft, form]);

  // Every keystroke is kept under this call's id, so that switching calls costs nothing.
  useEffect(() => {
    const watching = form.watch((values, { name, type }) => {
      if (!name || type !== "change") return;
      touched.current[name as DraftField] = true;
      const now = useDrafts.getState().drafts[slot];
      useDrafts.getState().save(slot, {
        values: values as DraftValues,
        touched: { ...touched.current },
        idempotencyKey: key.current,
        filed: now?.filed ?? [],
      });
    });
    return () => watching.unsubscribe();
  }, [form, slot]);

  const reset = () => {
    touched.current = {};
    key.current = idempotencyKey();
    const filed = useDrafts.getState().drafts[slot]?.filed ?? [];
    const values = valuesFromDraft(draft);
    form.reset(values);
    create.reset();
    useDrafts.getState().save(slot, { values, touched: {}, idempotencyKey: key.current, filed });
  };

  const submit = form.handleSubmit(async (values) => {
    try {
      const ticket = await create.mutateAsync({ body: ticketBody(values, draft, callId), key: key.current });
      touched.current = {};
      key.current = idempotencyKey();
      if (callId) useDrafts.getState().filed(slot, ticket, key.current);
      else useDrafts.getState().forget(slot);
      form.reset(valuesFromDraft(draft));
      toast.success(t("ticket_form.filed", { number: ticket.number }));
      onFiled?.(ticket);
    } catch (error) {
      if (!isApiError(error)) return;
      // A refused body is a new intention once corrected; the old key belongs to the old body.
      if (error.status === 422 || error.status === 409) key.current = idempotencyKey();
      for (const field of DRAFT_FIELDS) {
        const detail = error.field(field) ?? (field === "title" ? error.field("subject") : undefined);
        if (detail) form.setError(field, { message: detail });
      }
    }
  });

  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Ctrl+Enter files from any field
    <form
      ref={formElement}
      data-testid="ticket-form"
      aria-label={t("ticket_form.label")}
      noValidate
      onSubmit={(event) => void submit(event)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
          event.preventDefault();
          formElement.current?.requestSubmit();
        }
      }}
      className="grid gap-3 p-3"
    >
      {stored && stored.filed.length > 0 ? (
        <ul className="grid gap-1" aria-label={t("ticket_form.filed_list")}>
          {stored.filed.map((ticket) => (
            <li
              key={ticket.id}
              data-testid="filed-ticket"
              className="flex flex-wrap items-center gap-2 rounded-md bg-good-soft px-2.5 py-1.5 text-good"
            >
              <CheckCircle2 className="size-4" aria-hidden />
              <Link
                to="/tickets/$ticketId"
                params={{ ticketId: ticket.id }}
                className="font-medium underline underline-offset-2"
              >
                {t("ticket_form.filed", { number: ticket.number })}
              </Link>
              {ticket.contactCreated ? <span>{t("ticket_form.contact_created")}</span> : null}
            </li>
          ))}
        </ul>
      ) : null}

      <fieldset className="grid gap-2.5">
        <legend className="mb-1 font-semibold">{t("ticket_form.customer")}</legend>
        <Controller
          control={form.control}
          name="customer_type"
          render={({ field }) => (
            <Choice
              legend={t("field.customer_type")}
              name={`customer_type-${slot}`}
              value={field.value}
              onChange={field.onChange}
              options={[
                { value: "individual", label: t("customer_type.individual") },
                { value: "organization", label: t("customer_type.organization") },
              ]}
            />
          )}
        />
        <div className="grid gap-2.5 @lg:grid-cols-2">
          <Field label={t("field.customer_name")} error={errors.customer_name?.message}>
            <Input autoComplete="off" {...form.register("customer_name")} />
          </Field>
          {type === "organization" ? (
            <Field label={t("field.contact_person")} error={errors.contact_person?.message}>
              <Input autoComplete="off" {...form.register("contact_person")} />
            </Field>
          ) : null}
          <Field label={t("field.email")} error={errors.customer_email?.message}>
            <Input type="email" autoComplete="off" {...form.register("customer_email")} />
          </Field>
        </div>
      </fieldset>

      <fieldset className="grid gap-2.5">
        <legend className="mb-1 font-semibold">{t("ticket_form.matter")}</legend>
        <div className="grid grid-cols-[minmax(0,1fr)_8rem] gap-2.5">
          <Field label={t("field.title")} required error={errors.title?.message}>
            <Input autoComplete="off" aria-required {...form.register("title")} />
          </Field>
          <Field label={t("field.priority")}>
            <Select {...form.register("priority")}>
              {PRIORITIES.map((priority) => (
                <option key={priority} value={priority}>
                  {t(`priority.${priority}`)}
                </option>
              ))}
            </Select>
          </Field>
        </div>
        <Field label={t("field.description")} error={errors.description?.message}>
          <Textarea rows={4} {...form.register("description")} />
        </Field>
      </fieldset>

      <InlineError error={create.error} />
      <div className="flex flex-wrap items-center gap-2">
        <Button type="submit" look="primary" busy={create.isPending}>
          {t("ticket_form.submit")}
        </Button>
        <Button look="ghost" onClick={reset}>
          <RotateCcw aria-hidden />
          {t("ticket_form.reset")}
        </Button>
        <span className="ml-auto flex items-center gap-1 text-[0.8rem] text-muted max-sm:hidden">
          <Kbd>Ctrl</Kbd>
          <Kbd>Enter</Kbd>
        </span>
      </div>
    </form>
  );
}
