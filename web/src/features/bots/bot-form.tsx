/** A new bot, or what one is called, says, and where it answers. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { Bot, BotBody } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { useSameKey } from "@/lib/same-key";
import { useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Textarea } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useSeen } from "@/ui/seen";

const FIELDS = ["name", "description", "prompt", "sip_uri"] as const;

const valuesOf = (bot: Bot | undefined) => ({
  name: bot?.name ?? "",
  description: bot?.description ?? "",
  prompt: bot?.prompt ?? "",
  sip_uri: bot?.sip_uri ?? "",
});

export function BotForm({
  bot,
  readAgain,
  onSaved,
  onCancel,
}: {
  bot?: Bot;
  /** The bot as it is now. */
  readAgain?: () => Promise<Bot | undefined>;
  onSaved: (bot: Bot) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const key = useSameKey();
  const schema = useMemo(
    () =>
      z.object({
        name: z
          .string()
          .check(z.trim(), z.minLength(1, t("form.required")), z.maxLength(100, t("form.too_long"))),
        description: z.string().check(z.maxLength(500, t("form.too_long"))),
        prompt: z.string().check(z.maxLength(20_000, t("form.too_long"))),
        sip_uri: z.string().check(
          z.maxLength(512, t("form.too_long")),
          z.refine((text) => /^(sips?:\S+)?$/i.test(text.trim()), t("form.sip_invalid")),
        ),
      }),
    [t],
  );
  const form = useForm({ resolver: zodResolver(schema), mode: "onTouched", defaultValues: valuesOf(bot) });
  const seen = useSeen(bot, form, valuesOf, readAgain);
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const submit = form.handleSubmit(async (values) => {
    const body: BotBody = {
      name: values.name.trim(),
      description: values.description.trim() || null,
      prompt: values.prompt.trim() || null,
      sip_uri: values.sip_uri.trim() || null,
    };
    try {
      const saved = bot
        ? await take<Bot>(
            api.PATCH("/api/v1/bots/{id}", {
              body,
              params: { path: { id: bot.id }, header: { "If-Match": seen.etag } },
            }),
          )
        : await take<Bot>(api.POST("/api/v1/bots", { body, headers: { "Idempotency-Key": key.of(body) } }));
      toast.success(t(bot ? "bots.saved" : "bots.made", { name: saved.name }));
      onSaved(saved);
    } catch (error) {
      if (isApiError(error) && error.type === "bot-exists")
        form.setError("name", { message: t("bots.exists") }, { shouldFocus: true });
      else if (
        !(await seen.overtaken(error)) &&
        !placeProblem(
          form,
          error,
          ([head]) => FIELDS.find((field) => field === head) ?? null,
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
      <Field label={t("field.description")} error={errors.description?.message}>
        <Textarea rows={2} className="min-h-14" autoComplete="off" {...form.register("description")} />
      </Field>
      <Field label={t("bots.sip_uri")} hint={t("bots.sip_hint")} error={errors.sip_uri?.message}>
        <Input
          inputMode="url"
          autoComplete="off"
          autoCapitalize="none"
          spellCheck={false}
          placeholder="sip:reception@bots.example"
          {...form.register("sip_uri")}
        />
      </Field>
      <Field label={t("bots.prompt")} hint={t("bots.prompt_hint")} error={errors.prompt?.message}>
        <Textarea rows={8} autoComplete="off" {...form.register("prompt")} />
      </Field>
      <FormProblem message={errors.root?.message} />
      <FormFoot
        submit={bot ? t("action.save") : t("action.create")}
        busy={isSubmitting}
        onCancel={onCancel}
      />
    </form>
  );
}
