/** A new password, with the rules beside it while it is typed. All other sessions end with the old one. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useQueryClient } from "@tanstack/react-query";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Me } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { meets } from "@/lib/password";
import { Button } from "@/ui/button";
import { FormProblem, useErrorText } from "@/ui/feedback";
import { Field } from "@/ui/field";
import { Panel, PanelHead } from "@/ui/panel";
import { PasswordInput, PasswordRules } from "@/ui/password";

const EMPTY = { current: "", next: "", again: "" };
const FIELD_OF: Record<string, keyof typeof EMPTY> = { current_password: "current", new_password: "next" };

export function PasswordForm({ me }: { me: Me }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const person = useMemo(() => ({ email: me.user.email, name: me.user.name }), [me]);
  const schema = useMemo(
    () =>
      z
        .object({
          current: z.string().check(z.minLength(1, t("account.current_missing"))),
          next: z.string().check(z.refine((text) => meets(text, person), t("password.not_yet"))),
          again: z.string(),
        })
        .check(
          z.refine((values) => values.next === values.again, {
            path: ["again"],
            message: t("password.differs"),
          }),
        ),
    [t, person],
  );
  const form = useForm({ resolver: zodResolver(schema), mode: "onTouched", defaultValues: EMPTY });
  const { errors, isSubmitting, touchedFields, isSubmitted } = form.formState;
  const submit = form.handleSubmit(async ({ current, next }) => {
    try {
      await take(
        api.POST("/api/v1/auth/password", { body: { current_password: current, new_password: next } }),
      );
      form.reset(EMPTY);
      toast.success(t("account.password_changed"));
      void client.invalidateQueries({ queryKey: keys.sessions });
      void client.invalidateQueries({ queryKey: keys.history });
    } catch (error) {
      // A fault of the new password comes as the end of a sentence.
      const fault = isApiError(error) ? error.field("new_password") : undefined;
      if (fault) {
        form.setError("next", { message: t("new_password.fault", { fault }) }, { shouldFocus: true });
        return;
      }
      if (isApiError(error) && error.status === 429) {
        form.setError("root", { message: errorText(error) });
        return;
      }
      if (!placeProblem(form, error, ([head]) => FIELD_OF[head ?? ""] ?? null, t("form.check_fields")))
        throw error;
    }
  });
  return (
    <Panel>
      <PanelHead title={t("account.password")} />
      <form onSubmit={(event) => void submit(event)} noValidate className="grid max-w-md gap-3 p-3">
        <p className="text-muted">{t("account.password_text")}</p>
        {/* For password managers, which file the new password under it. */}
        <input type="email" autoComplete="username" value={me.user.email} readOnly hidden />
        <Field label={t("account.current")} required error={errors.current?.message}>
          <PasswordInput autoComplete="current-password" aria-required {...form.register("current")} />
        </Field>
        <Field label={t("new_password.label")} required error={errors.next?.message}>
          <PasswordInput
            autoComplete="new-password"
            aria-required
            {...form.register("next", { deps: "again" })}
          />
        </Field>
        <PasswordRules password={form.watch("next")} email={person.email} name={person.name} />
        <Field
          label={t("account.again")}
          required
          // Judged with every key of the one above, but not before somebody has been here.
          error={touchedFields.again || isSubmitted ? errors.again?.message : undefined}
        >
          <PasswordInput autoComplete="new-password" aria-required {...form.register("again")} />
        </Field>
        <FormProblem message={errors.root?.message} />
        <div>
          <Button type="submit" look="primary" busy={isSubmitting}>
            {t("account.password_change")}
          </Button>
        </div>
      </form>
    </Panel>
  );
}
