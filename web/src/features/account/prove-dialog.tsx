/** Password and a code, before backup codes are renewed or the second factor is taken away. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import { Button } from "@/ui/button";
import { Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { PasswordInput } from "@/ui/password";

export function ProveDialog({
  what,
  onDone,
  onClose,
}: {
  what: "renew" | "disable";
  /** With the new backup codes, or none where the second factor is gone. */
  onDone: (codes: string[] | null) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const schema = useMemo(
    () =>
      z.object({
        password: z.string().check(z.minLength(1, t("sign_in.password_missing"))),
        code: z.string().check(z.minLength(1, t("sign_in.totp_missing"))),
      }),
    [t],
  );
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { password: "", code: "" } });
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async ({ password, code }) => {
    setError(null);
    const body = { password, code: code.trim() };
    try {
      if (what === "disable") {
        await take(api.POST("/api/v1/auth/second-factor/disable", { body }));
        onDone(null);
      } else {
        const made = await take<{ backup_codes: string[] }>(
          api.POST("/api/v1/auth/second-factor/backup-codes", { body }),
        );
        onDone(made.backup_codes);
      }
    } catch (failure) {
      if (isApiError(failure) && failure.field("password"))
        form.setError("password", { message: t("factor.password_wrong") }, { shouldFocus: true });
      else if (isApiError(failure) && failure.field("code"))
        form.setError("code", { message: t("sign_in.totp_invalid") }, { shouldFocus: true });
      else setError(failure);
    }
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t(`factor.${what}`)}
      description={t(`factor.${what}_text`)}
    >
      <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
        <Field label={t("sign_in.password")} required error={errors.password?.message}>
          <PasswordInput autoComplete="current-password" aria-required {...form.register("password")} />
        </Field>
        <Field label={t("sign_in.totp")} required hint={t("sign_in.totp_hint")} error={errors.code?.message}>
          <Input
            autoComplete="one-time-code"
            autoCapitalize="none"
            aria-required
            {...form.register("code")}
          />
        </Field>
        <InlineError error={error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="submit" look={what === "disable" ? "danger" : "primary"} busy={isSubmitting}>
            {t(`factor.${what}`)}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
