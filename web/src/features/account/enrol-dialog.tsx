/** Setting a second factor up: the password, the QR code for the app, a first code of the app. */

import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { OfferedFactor } from "@/lib/api/types";
import { CopyField } from "@/ui/copy";
import { Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { PasswordInput } from "@/ui/password";

export function EnrolDialog({ onDone, onClose }: { onDone: (codes: string[]) => void; onClose: () => void }) {
  const { t } = useTranslation();
  const [offer, setOffer] = useState<OfferedFactor | null>(null);
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("factor.set_up")}
      description={t("factor.step", { step: offer ? 2 : 1 })}
    >
      {offer ? (
        <CodeStep offer={offer} onDone={onDone} onCancel={onClose} />
      ) : (
        <PasswordStep onOffer={setOffer} onCancel={onClose} />
      )}
    </Dialog>
  );
}

function PasswordStep({
  onOffer,
  onCancel,
}: {
  onOffer: (offer: OfferedFactor) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const schema = useMemo(
    () => z.object({ password: z.string().check(z.minLength(1, t("sign_in.password_missing"))) }),
    [t],
  );
  const form = useForm({ resolver: zodResolver(schema), defaultValues: { password: "" } });
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async ({ password }) => {
    setError(null);
    try {
      onOffer(await take<OfferedFactor>(api.POST("/api/v1/auth/second-factor", { body: { password } })));
    } catch (failure) {
      const fault = isApiError(failure) ? failure.field("password") : undefined;
      if (fault) form.setError("password", { message: t("factor.password_wrong") }, { shouldFocus: true });
      else setError(failure);
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <p className="text-muted">{t("factor.password_text")}</p>
      <Field label={t("sign_in.password")} required error={errors.password?.message}>
        <PasswordInput autoComplete="current-password" aria-required {...form.register("password")} />
      </Field>
      <InlineError error={error} />
      <FormFoot submit={t("factor.next")} busy={isSubmitting} onCancel={onCancel} />
    </form>
  );
}

/** Shown as a picture of its own, so that nothing in the server's SVG could act in the page. */
const pictureOf = (svg: string) => `data:image/svg+xml;utf8,${encodeURIComponent(svg)}`;

function CodeStep({
  offer,
  onDone,
  onCancel,
}: {
  offer: OfferedFactor;
  onDone: (codes: string[]) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const schema = useMemo(
    () =>
      z.object({
        code: z
          .string()
          .check(z.refine((text) => /^\d{6}$/.test(text.replaceAll(" ", "")), t("factor.code_invalid"))),
      }),
    [t],
  );
  const form = useForm({ resolver: zodResolver(schema), mode: "onTouched", defaultValues: { code: "" } });
  const { errors, isSubmitting } = form.formState;
  const submit = form.handleSubmit(async ({ code }) => {
    setError(null);
    try {
      const made = await take<{ backup_codes: string[] }>(
        api.POST("/api/v1/auth/second-factor/confirm", { body: { code: code.replaceAll(" ", "") } }),
      );
      onDone(made.backup_codes);
    } catch (failure) {
      const fault = isApiError(failure) ? failure.field("code") : undefined;
      if (fault) form.setError("code", { message: t("factor.code_wrong") }, { shouldFocus: true });
      else setError(failure);
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <p className="text-muted">{t("factor.scan")}</p>
      <div className="grid justify-items-center">
        {/* White around it in both themes: cameras need the contrast. */}
        <img
          src={pictureOf(offer.qr_svg)}
          alt={t("factor.qr")}
          width={220}
          height={220}
          className="rounded-md bg-white p-2"
          data-testid="qr"
        />
      </div>
      <CopyField label={t("factor.secret")} value={offer.secret} />
      <Field label={t("factor.code")} required hint={t("factor.code_hint")} error={errors.code?.message}>
        <Input
          inputMode="numeric"
          autoComplete="one-time-code"
          aria-required
          className="text-lg tracking-widest"
          {...form.register("code")}
        />
      </Field>
      <InlineError error={error} />
      <FormFoot submit={t("factor.confirm")} busy={isSubmitting} onCancel={onCancel} />
    </form>
  );
}
