import { zodResolver } from "@hookform/resolvers/zod";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { askForPasswordLink, choosePassword } from "@/lib/account";
import { isApiError } from "@/lib/api/problem";
import { SHORTEST } from "@/lib/password";
import { Button } from "@/ui/button";
import { InlineError } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { PasswordInput, PasswordRules } from "@/ui/password";

/** Asks for a link by mail; the answer is the same whoever asks. */
export function AskForLinkForm() {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const [asked, setAsked] = useState(false);
  const schema = z.object({ email: z.email(t("sign_in.email_invalid")) });
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { email: "" } });
  const { errors, isSubmitting } = form.formState;

  const submit = form.handleSubmit(async ({ email }) => {
    setError(null);
    try {
      await askForPasswordLink(email.trim());
      setAsked(true);
    } catch (failure) {
      setError(failure);
    }
  });

  if (asked) {
    return (
      <p role="status" className="text-muted">
        {t("reset.asked")}
      </p>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("sign_in.email")} hint={t("reset.ask_hint")} error={errors.email?.message}>
        <Input
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          {...form.register("email")}
          className="h-10"
        />
      </Field>
      <InlineError error={error} />
      <Button type="submit" look="primary" size="lg" busy={isSubmitting}>
        {t("reset.ask")}
      </Button>
    </form>
  );
}

/** Chooses a new password by the token of a link. */
export function NewPasswordForm({
  token,
  onChosen,
  onAskAgain,
}: {
  token: string;
  onChosen: () => void;
  onAskAgain: () => void;
}) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const [chosen, setChosen] = useState(false);
  const schema = z.object({
    password: z.string().check(z.minLength(SHORTEST, t("new_password.short"))),
  });
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { password: "" } });
  const { errors, isSubmitting } = form.formState;
  const gone = isApiError(error) && error.status === 410;

  const submit = form.handleSubmit(async ({ password }) => {
    setError(null);
    try {
      await choosePassword(token, password);
      setChosen(true);
    } catch (failure) {
      const fault = isApiError(failure) ? failure.field("password") : undefined;
      if (fault) form.setError("password", { message: t("new_password.fault", { fault }) });
      else setError(failure);
    }
  });

  if (chosen) {
    return (
      <div className="grid gap-3">
        <p role="status" className="text-muted">
          {t("reset.chosen")}
        </p>
        <Button look="primary" size="lg" onClick={onChosen}>
          {t("sign_in.title")}
        </Button>
      </div>
    );
  }
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("new_password.label")} hint={t("new_password.hint")} error={errors.password?.message}>
        <PasswordInput autoComplete="new-password" {...form.register("password")} className="h-10" />
      </Field>
      <PasswordRules password={form.watch("password")} />
      <InlineError error={error} />
      {gone ? (
        <Button size="lg" onClick={onAskAgain}>
          {t("reset.again")}
        </Button>
      ) : (
        <Button type="submit" look="primary" size="lg" busy={isSubmitting}>
          {t("reset.choose")}
        </Button>
      )}
    </form>
  );
}
