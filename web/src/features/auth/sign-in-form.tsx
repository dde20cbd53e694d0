import { zodResolver } from "@hookform/resolvers/zod";
import { useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { isApiError } from "@/lib/api/problem";
import { signIn } from "@/lib/session";
import { Button } from "@/ui/button";
import { InlineError } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";

export function SignInForm({ onSignedIn }: { onSignedIn: () => void }) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const [needsCode, setNeedsCode] = useState(false);
  const schema = z.object({
    email: z.email(t("sign_in.email_invalid")),
    password: z.string().check(z.minLength(1, t("sign_in.password_missing"))),
    totp: z.optional(z.string()),
  });
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { email: "", password: "", totp: "" },
  });
  const { errors, isSubmitting } = form.formState;

  const submit = form.handleSubmit(async (values) => {
    setError(null);
    try {
      await signIn(values.email.trim(), values.password, values.totp || undefined);
      onSignedIn();
    } catch (failure) {
      // The server names the second factor as what is missing; only then is it asked for.
      if (isApiError(failure) && /totp/i.test(`${failure.type} ${failure.field("totp") ?? ""}`))
        setNeedsCode(true);
      setError(failure);
      form.setFocus("password");
    }
  });

  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("sign_in.email")} error={errors.email?.message}>
        <Input
          type="email"
          autoComplete="username"
          autoCapitalize="none"
          spellCheck={false}
          {...form.register("email")}
          className="h-10"
        />
      </Field>
      <Field label={t("sign_in.password")} error={errors.password?.message}>
        <Input
          type="password"
          autoComplete="current-password"
          {...form.register("password")}
          className="h-10"
        />
      </Field>
      {needsCode ? (
        <Field label={t("sign_in.totp")} error={errors.totp?.message}>
          <Input
            inputMode="numeric"
            autoComplete="one-time-code"
            {...form.register("totp")}
            className="h-10"
          />
        </Field>
      ) : null}
      <InlineError error={error} />
      <Button type="submit" look="primary" size="lg" busy={isSubmitting}>
        {t("sign_in.submit")}
      </Button>
    </form>
  );
}
