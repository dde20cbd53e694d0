/** A new identity provider, or another address, client or secret of one. The secret goes in and never comes out. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { IdentityProvider } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { useSameKey } from "@/lib/same-key";
import { useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Select } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useRoleText } from "@/ui/role";
import { useSeen } from "@/ui/seen";
import { bodyOf, changeOf, JOINS, schemaOf, type Values, valuesOf } from "./provider-values";

const FIELDS = ["name", "issuer", "client_id", "client_secret", "scopes", "joins_as"] as const;

export function ProviderForm({
  provider,
  readAgain,
  onSaved,
  onCancel,
}: {
  provider?: IdentityProvider;
  /** The provider as it is now. */
  readAgain?: () => Promise<IdentityProvider | undefined>;
  onSaved: (provider: IdentityProvider) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const roleText = useRoleText();
  const key = useSameKey();
  const schema = useMemo(
    () =>
      schemaOf({
        required: t("form.required"),
        tooLong: t("form.too_long"),
        issuer: t("providers.issuer_invalid"),
        scopes: t("providers.scopes_invalid"),
      }),
    [t],
  );
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    mode: "onTouched",
    defaultValues: valuesOf(provider),
  });
  const seen = useSeen(provider, form, valuesOf, readAgain);
  const { errors, isSubmitting, isDirty, dirtyFields } = form.formState;
  useUnsaved(isDirty);
  const dropped = form.watch("drop_secret");
  const submit = form.handleSubmit(async (values) => {
    try {
      let saved: IdentityProvider;
      if (provider) {
        saved = await take<IdentityProvider>(
          api.PATCH("/api/v1/identity-providers/{id}", {
            body: changeOf(values),
            params: { path: { id: provider.id }, header: { "If-Match": seen.etag } },
          }),
        );
      } else {
        const body = bodyOf(values);
        saved = await take<IdentityProvider>(
          api.POST("/api/v1/identity-providers", { body, headers: { "Idempotency-Key": key.of(body) } }),
        );
      }
      toast.success(t("providers.saved", { name: saved.name }));
      onSaved(saved);
    } catch (error) {
      if (isApiError(error) && error.type === "identity-provider-exists")
        form.setError("name", { message: t("providers.exists") }, { shouldFocus: true });
      else if (
        !(await seen.overtaken(error)) &&
        !placeProblem(
          form,
          error,
          ([head]) => FIELDS.find((each) => each === head) ?? null,
          t("form.check_fields"),
        )
      )
        throw error;
    }
  });
  const text = { autoComplete: "off", autoCapitalize: "none", spellCheck: false, "aria-required": true };
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("field.name")} required hint={t("providers.name_hint")} error={errors.name?.message}>
        <Input autoComplete="off" aria-required {...form.register("name")} />
      </Field>
      <Field
        label={t("providers.issuer")}
        required
        hint={t("providers.issuer_hint")}
        error={errors.issuer?.message}
      >
        <Input
          {...text}
          type="url"
          placeholder="https://id.example.com/realms/main"
          {...form.register("issuer")}
        />
      </Field>
      <Field label={t("providers.client_id")} required error={errors.client_id?.message}>
        <Input {...text} placeholder="switchroom" {...form.register("client_id")} />
      </Field>
      {provider && (dirtyFields.issuer || dirtyFields.client_id) ? (
        <p role="status" className="rounded-md bg-warn-soft px-2.5 py-1.5 text-[0.8667rem] text-warn">
          {t("providers.ends_sessions")}
        </p>
      ) : null}
      <Field
        label={t("providers.client_secret")}
        hint={provider?.has_secret ? t("providers.secret_kept") : t("providers.secret_hint")}
        error={errors.client_secret?.message}
      >
        <Input
          type="password"
          autoComplete="new-password"
          {...form.register("client_secret", { disabled: dropped })}
        />
      </Field>
      {provider?.has_secret ? (
        <label className="flex items-center gap-2">
          <input type="checkbox" className="size-4 accent-(--accent)" {...form.register("drop_secret")} />
          {t("providers.drop_secret")}
        </label>
      ) : null}
      <Field label={t("providers.scopes")} required error={errors.scopes?.message}>
        <Input {...text} className="font-mono" {...form.register("scopes")} />
      </Field>
      <Field
        label={t("providers.joins_as")}
        hint={t("providers.joins_hint")}
        error={errors.joins_as?.message}
      >
        <Select {...form.register("joins_as")}>
          <option value="">{t("providers.nobody")}</option>
          {JOINS.map((role) => (
            <option key={role} value={role}>
              {roleText(role)}
            </option>
          ))}
        </Select>
      </Field>
      <FormProblem message={errors.root?.message} />
      <FormFoot
        submit={provider ? t("action.save") : t("action.create")}
        busy={isSubmitting}
        onCancel={onCancel}
      />
    </form>
  );
}
