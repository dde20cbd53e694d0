/** E-mail and password, then, for who has one, the second factor: a code of the app or a backup code. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useEffect, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { isApiError } from "@/lib/api/problem";
import { signIn } from "@/lib/session";
import { Button } from "@/ui/button";
import { InlineError } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { CodeField } from "./code-field";

export function SignInForm({ onSignedIn, tenant }: { onSignedIn: () => void; tenant?: string }) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const [needsCode, setNeedsCode] = useState(false);
  const schema = z.object({
    email: z.email(t("sign_in.email_invalid")),
    password: z.string().check(z.minLength(1, t("sign_in.password_missing"))),
    totp: z.string().check(z.minLength(needsCode ? 1 : 0, t("sign_in.totp_missing"))),
    remember: z.boolean(),
  });
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { email: "", password: "", totp: "", remember: false },
  });
  const { errors, isSubmitting } = form.formState;
  const { setFocus } = form;
  useEffect(() => {
    if (needsCode) setFocus("totp");
  }, [needsCode, setFocus]);

  const submit = form.handleSubmit(async (values) => {
    setError(null);
    try {
      await signIn({
        email: values.email.trim(),
        password: values.password,
        ...(tenant ? { tenant } : {}),
        ...(needsCode ? { totp: values.totp.trim(), remember_device: values.remember } : {}),
      });
      onSignedIn();
    } catch (failure) {
      // The server asks for the second factor only once the password was right.
      if (isApiError(failure) && failure.type === "totp-required") {
        setNeedsCode(true);
        return;
      }
      if (isApiError(failure) && failure.type === "totp-invalid") {
        form.setError("totp", { message: t("sign_in.totp_invalid") }, { shouldFocus: true });
        return;
      }
      setError(failure);
      setFocus(needsCode ? "totp" : "password");
    }
  });

  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <div className={needsCode ? "hidden" : "grid gap-3"}>
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
      </div>
      {needsCode ? (
        <>
          <CodeField error={errors.totp?.message} {...form.register("totp")} />
          <label className="flex items-center gap-2">
            <input type="checkbox" className="size-4 accent-(--accent)" {...form.register("remember")} />
            {t("sign_in.remember")}
          </label>
        </>
      ) : null}
      <InlineError error={error} />
      <Button type="submit" look="primary" size="lg" busy={isSubmitting}>
        {needsCode ? t("sign_in.totp_submit") : t("sign_in.submit")}
      </Button>
      {needsCode ? (
        <Button
          look="link"
          size="none"
          onClick={() => {
            setNeedsCode(false);
            setError(null);
            form.reset({ ...form.getValues(), password: "", totp: "" });
          }}
        >
          {t("sign_in.back")}
        </Button>
      ) : null}
    </form>
  );
}
