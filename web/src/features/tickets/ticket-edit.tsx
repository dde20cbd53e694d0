import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { ApiError, isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Ticket } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { Dialog, useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Select, Textarea } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { editTicket } from "./commands";
import { PRIORITIES } from "./moves";

interface Values {
  title: string;
  description: string;
  priority: (typeof PRIORITIES)[number];
  customer_name: string;
  contact_person: string;
  customer_email: string;
  phone_number: string;
}
const FIELDS = [
  "title",
  "description",
  "priority",
  "customer_name",
  "contact_person",
  "customer_email",
  "phone_number",
] as const;

export function TicketEdit({ ticket, onClose }: { ticket: Ticket; onClose: () => void }) {
  const { t } = useTranslation();
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("tickets.edit", { number: ticket.number })}
    >
      <EditForm ticket={ticket} onClose={onClose} />
    </Dialog>
  );
}

function EditForm({ ticket, onClose }: { ticket: Ticket; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  // The version the person looks at: the ticket moves on underneath while they type.
  const [seen, setSeen] = useState(ticket);
  const schema = useMemo(() => {
    const name = z.string().check(z.maxLength(200, t("form.too_long")));
    return z.object({
      title: z
        .string()
        .check(
          z.trim(),
          z.minLength(1, t("ticket_form.title_missing")),
          z.maxLength(300, t("form.too_long")),
        ),
      description: z.string().check(z.maxLength(20_000, t("form.too_long"))),
      priority: z.enum(PRIORITIES),
      customer_name: name,
      contact_person: name,
      customer_email: z.union([z.literal(""), z.email(t("form.email_invalid"))]),
      phone_number: z.string().check(z.maxLength(100, t("form.too_long"))),
    });
  }, [t]);
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    mode: "onTouched",
    defaultValues: {
      title: ticket.title,
      description: ticket.description ?? "",
      priority: ticket.priority,
      customer_name: ticket.caller.customer_name ?? "",
      contact_person: ticket.caller.contact_person ?? "",
      customer_email: ticket.caller.customer_email ?? "",
      phone_number: ticket.caller.phone_number ?? "",
    },
  });
  const { errors, isSubmitting, isDirty, dirtyFields } = form.formState;
  useUnsaved(isDirty);
  const submit = form.handleSubmit(async (values) => {
    // Only what was changed is named: another's change of another field stays.
    const change = Object.fromEntries(
      FIELDS.filter((field) => dirtyFields[field]).map((field) => [field, values[field].trim() || null]),
    );
    if (Object.keys(change).length === 0) {
      onClose();
      return;
    }
    try {
      const updated = await editTicket(seen, change);
      client.setQueryData(keys.ticket(ticket.id), updated);
      void client.invalidateQueries({ queryKey: keys.tickets });
      toast.success(t("tickets.saved"));
      onClose();
    } catch (error) {
      const stale = isApiError(error) && error.status === 412;
      const shown = stale ? new ApiError(412, { detail: t("tickets.changed_elsewhere") }) : error;
      if (stale) {
        await client.invalidateQueries({ queryKey: keys.ticket(ticket.id) });
        setSeen(client.getQueryData<Ticket>(keys.ticket(ticket.id)) ?? seen);
      }
      const placed = placeProblem(
        form,
        shown,
        ([head]) => (head === "subject" ? "title" : (FIELDS.find((field) => field === head) ?? null)),
        t("form.check_fields"),
      );
      if (!placed) throw error;
    }
  });
  return (
    <form
      className="grid gap-3"
      noValidate
      onSubmit={(event) => void submit(event)}
      data-testid="ticket-edit"
    >
      <div className="grid grid-cols-[minmax(0,1fr)_8rem] gap-3">
        <Field label={t("field.title")} required error={errors.title?.message}>
          <Input autoComplete="off" aria-required {...form.register("title")} />
        </Field>
        <Field label={t("field.priority")} error={errors.priority?.message}>
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
        <Textarea rows={5} {...form.register("description")} />
      </Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={t("field.customer_name")} error={errors.customer_name?.message}>
          <Input autoComplete="off" {...form.register("customer_name")} />
        </Field>
        <Field label={t("field.contact_person")} error={errors.contact_person?.message}>
          <Input autoComplete="off" {...form.register("contact_person")} />
        </Field>
        <Field label={t("field.email")} error={errors.customer_email?.message}>
          <Input type="email" autoComplete="off" {...form.register("customer_email")} />
        </Field>
        <Field label={t("field.phone")} error={errors.phone_number?.message}>
          <Input type="tel" autoComplete="off" {...form.register("phone_number")} />
        </Field>
      </div>
      <FormProblem message={errors.root?.message} />
      <FormFoot submit={t("action.save")} busy={isSubmitting} onCancel={onClose} />
    </form>
  );
}
