/** Clients come in by themselves, where a company lets them: an address first, proved by a mail, then a password. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { askToRegister, confirmRegistration } from "@/lib/account";
import { isApiError } from "@/lib/api/problem";
import { placeProblem } from "@/lib/form-problem";
import { SHORTEST } from "@/lib/password";
import { Button } from "@/ui/button";
import { FormProblem, InlineError, useErrorText } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { PasswordInput, PasswordRules } from "@/ui/password";

export function RegisterForm({ tenant }: { tenant: string }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const [asked, setAsked] = useState(false);
  const schema = useMemo(
    () =>
      z.object({
        name: z
          .string()
          .check(
            z.trim(),
            z.minLength(1, t("invitation.name_missing")),
            z.maxLength(200, t("form.too_long")),
          ),
        email: z.email(t("sign_in.email_invalid")),
      }),
    [t],
  );
  const form = useForm({
    resolver: zodResolver(schema),
    mode: "onTouched",
    defaultValues: { name: "", email: "" },
  });
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async ({ name, email }) => {
    try {
      await askToRegister({ tenant, name: name.trim(), email: email.trim() });
      setAsked(true);
    } catch (failure) {
      if (isApiError(failure) && failure.errors.length === 0) {
        form.setError("root", { message: errorText(failure) });
        return;
      }
      const fieldOf = ([head]: string[]) => (head === "name" || head === "email" ? head : null);
      if (!placeProblem(form, failure, fieldOf, t("form.check_fields"))) throw failure;
    }
  });
  if (asked) {
    return (
      <p role="status" className="text-muted">
        {t("register.asked")}
      </p>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("invitation.name")} error={errors.name?.message}>
        <Input autoComplete="name" {...form.register("name")} className="h-10" />
      </Field>
      <Field label={t("sign_in.email")} hint={t("register.email_hint")} error={errors.email?.message}>
        <Input
          type="email"
          autoComplete="email"
          autoCapitalize="none"
          spellCheck={false}
          {...form.register("email")}
          className="h-10"
        />
      </Field>
      <FormProblem message={errors.root?.message} />
      <Button type="submit" look="primary" size="lg" busy={isSubmitting}>
        {t("register.submit")}
      </Button>
    </form>
  );
}

/** Where the link of the mail leads. Who has an account already keeps their password, and needs none here. */
export function ConfirmRegistrationForm({ token, onSignIn }: { token: string; onSignIn: () => void }) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const [done, setDone] = useState<{ status: string; tenant_name: string } | null>(null);
  const [asksPassword, setAsksPassword] = useState(false);
  const schema = useMemo(
    () =>
      z.object({
        password: z.string().check(z.minLength(asksPassword ? SHORTEST : 0, t("new_password.short"))),
      }),
    [t, asksPassword],
  );
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { password: "" } });
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async ({ password }) => {
    setError(null);
    try {
      setDone(await confirmRegistration(token, asksPassword ? password : undefined));
    } catch (failure) {
      const fault = isApiError(failure) ? failure.field("password") : undefined;
      if (fault && !asksPassword) setAsksPassword(true);
      else if (fault) form.setError("password", { message: t("new_password.fault", { fault }) });
      else setError(failure);
    }
  });
  if (done) {
    return (
      <div className="grid gap-3">
        <p role="status" className="text-muted">
          {done.status === "joined"
            ? t("register.joined", { tenant: done.tenant_name })
            : t("register.waiting", { tenant: done.tenant_name })}
        </p>
        <Button look="primary" size="lg" onClick={onSignIn}>
          {t("sign_in.title")}
        </Button>
      </div>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <p className="text-muted">{asksPassword ? t("register.choose_text") : t("register.confirm_text")}</p>
      {asksPassword ? (
        <>
          <Field label={t("new_password.label")} error={errors.password?.message}>
            <PasswordInput autoComplete="new-password" {...form.register("password")} className="h-10" />
          </Field>
          <PasswordRules password={form.watch("password")} />
        </>
      ) : null}
      <InlineError error={error} />
      <Button type="submit" look="primary" size="lg" busy={isSubmitting}>
        {t("register.confirm")}
      </Button>
    </form>
  );
}
