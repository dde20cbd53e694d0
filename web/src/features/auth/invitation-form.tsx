import { zodResolver } from "@hookform/resolvers/zod";
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { acceptInvitation, type InvitationOffer, lookAtInvitation } from "@/lib/account";
import { isApiError } from "@/lib/api/problem";
import { SHORTEST } from "@/lib/password";
import { Button } from "@/ui/button";
import { InlineError, Loading } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { PasswordInput, PasswordRules } from "@/ui/password";
import { CodeField } from "./code-field";

/** Shows what a link offers, and accepts it: new people choose name and password, others give theirs, and their code. */
export function InvitationForm({ token, onJoined }: { token: string; onJoined: () => void }) {
  const { t } = useTranslation();
  const offer = useQuery({
    queryKey: ["invitation", token],
    queryFn: () => lookAtInvitation(token),
    enabled: token !== "",
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (token === "") {
    return (
      <p role="alert" className="text-muted">
        {t("invitation.no_token")}
      </p>
    );
  }
  if (offer.error) return <InlineError error={offer.error} />;
  if (!offer.data) return <Loading />;
  return <OfferForm offer={offer.data} token={token} onJoined={onJoined} />;
}

function OfferForm({
  offer,
  token,
  onJoined,
}: {
  offer: InvitationOffer;
  token: string;
  onJoined: () => void;
}) {
  const { t } = useTranslation();
  const [error, setError] = useState<unknown>(null);
  const [needsCode, setNeedsCode] = useState(false);
  const isNew = !offer.has_account;
  const schema = z.object({
    name: z.string().check(z.minLength(isNew ? 1 : 0, t("invitation.name_missing"))),
    password: z
      .string()
      .check(
        z.minLength(isNew ? SHORTEST : 1, isNew ? t("new_password.short") : t("sign_in.password_missing")),
      ),
    totp: z.string().check(z.minLength(needsCode ? 1 : 0, t("sign_in.totp_missing"))),
  });
  const form = useForm({
    resolver: zodResolver(schema),
    defaultValues: { name: offer.name ?? "", password: "", totp: "" },
  });
  const { errors, isSubmitting } = form.formState;
  const { setFocus } = form;
  useEffect(() => {
    if (needsCode) setFocus("totp");
  }, [needsCode, setFocus]);

  const submit = form.handleSubmit(async ({ name, password, totp }) => {
    setError(null);
    try {
      const proof = { token, password, ...(needsCode ? { totp: totp.trim() } : {}) };
      await acceptInvitation(isNew ? { ...proof, name: name.trim() } : proof);
      onJoined();
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
      const fault = isApiError(failure) ? failure.field("password") : undefined;
      if (fault) form.setError("password", { message: t("new_password.fault", { fault }) });
      else setError(failure);
    }
  });

  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <p className="text-muted">
        {t(isNew ? "invitation.text_new" : "invitation.text_known", {
          tenant: offer.tenant_name,
          email: offer.email,
        })}
      </p>
      {isNew ? (
        <Field label={t("invitation.name")} error={errors.name?.message}>
          <Input autoComplete="name" {...form.register("name")} className="h-10" />
        </Field>
      ) : null}
      {/* For password managers, which file the new password under it. */}
      <input type="email" autoComplete="username" value={offer.email} readOnly hidden />
      <div className={needsCode ? "hidden" : "grid gap-3"}>
        <Field
          label={isNew ? t("new_password.label") : t("sign_in.password")}
          hint={isNew ? t("new_password.hint") : undefined}
          error={errors.password?.message}
        >
          <PasswordInput
            autoComplete={isNew ? "new-password" : "current-password"}
            {...form.register("password")}
            className="h-10"
          />
        </Field>
        {isNew ? (
          <PasswordRules password={form.watch("password")} email={offer.email} name={form.watch("name")} />
        ) : (
          <p className="text-[0.8667rem] text-muted">
            {t("invitation.no_password")}{" "}
            <Link to="/reset" className="text-accent-text underline underline-offset-2">
              {t("invitation.choose_password")}
            </Link>
          </p>
        )}
      </div>
      {needsCode ? <CodeField error={errors.totp?.message} {...form.register("totp")} /> : null}
      <InlineError error={error} />
      <Button type="submit" look="primary" size="lg" busy={isSubmitting}>
        {t("invitation.accept")}
      </Button>
    </form>
  );
}
