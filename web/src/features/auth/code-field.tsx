/** The second factor's code, wherever somebody comes in: one of the app, or a backup code. */
import type { ComponentProps } from "react";
import { useTranslation } from "react-i18next";
import { Field, Input } from "@/ui/field";

export function CodeField({ error, ...input }: ComponentProps<typeof Input> & { error?: string }) {
  const { t } = useTranslation();
  return (
    <Field label={t("sign_in.totp")} hint={t("sign_in.totp_hint")} error={error}>
      <Input
        autoComplete="one-time-code"
        autoCapitalize="none"
        spellCheck={false}
        className="h-10 text-lg tracking-widest"
        {...input}
      />
    </Field>
  );
}
