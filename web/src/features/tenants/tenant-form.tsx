/** A new account with its first owner; what an account is called and where it is. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import * as z from "zod/mini";
import { api, take } from "@/lib/api/client";
import { isApiError } from "@/lib/api/problem";
import type { Tenant } from "@/lib/api/types";
import { placeProblem } from "@/lib/form-problem";
import { useSameKey } from "@/lib/same-key";
import { useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useSeen } from "@/ui/seen";

const FIELDS = ["name", "slug", "region", "owner_email", "owner_name"] as const;
const SLUG = /^[a-z0-9][a-z0-9-]{0,62}$/;

function useRules() {
  const { t } = useTranslation();
  return useMemo(
    () => ({
      name: z
        .string()
        .check(z.trim(), z.minLength(1, t("form.required")), z.maxLength(200, t("form.too_long"))),
      region: z.string().check(z.trim(), z.toUpperCase(), z.regex(/^[A-Z]{2}$/, t("tenants.region_invalid"))),
      slug: z.string().check(
        z.trim(),
        z.refine((text: string) => text === "" || SLUG.test(text), { error: t("numbers.tenant_invalid") }),
      ),
      owner_email: z
        .string()
        .check(
          z.trim(),
          z.minLength(1, t("form.required")),
          z.regex(/^[^\s@]+@[^\s@]+$/, t("tenants.email_invalid")),
        ),
      owner_name: z.string().check(z.trim(), z.maxLength(200, t("form.too_long"))),
    }),
    [t],
  );
}

export function CreateTenant({
  onMade,
  onCancel,
}: {
  onMade: (tenant: Tenant) => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const key = useSameKey();
  const rules = useRules();
  const form = useForm({
    resolver: zodResolver(z.object(rules)),
    mode: "onTouched",
    defaultValues: { name: "", slug: "", region: "", owner_email: "", owner_name: "" },
  });
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const submit = form.handleSubmit(async (values) => {
    const body = {
      name: values.name,
      region: values.region,
      owner_email: values.owner_email,
      ...(values.slug ? { slug: values.slug } : {}),
      ...(values.owner_name ? { owner_name: values.owner_name } : {}),
    };
    try {
      onMade(
        await take<Tenant>(
          api.POST("/api/v1/tenants", { body, headers: { "Idempotency-Key": key.of(body) } }),
        ),
      );
    } catch (error) {
      if (isApiError(error) && error.type === "tenant-exists")
        form.setError("slug", { message: t("tenants.exists") }, { shouldFocus: true });
      else if (
        !placeProblem(
          form,
          error,
          ([head]) => FIELDS.find((field) => field === head) ?? null,
          t("form.check_fields"),
        )
      )
        throw error;
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("field.name")} required error={errors.name?.message}>
        <Input autoComplete="off" aria-required {...form.register("name")} />
      </Field>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field label={t("tenants.slug")} hint={t("tenants.slug_hint")} error={errors.slug?.message}>
          <Input autoComplete="off" autoCapitalize="none" spellCheck={false} {...form.register("slug")} />
        </Field>
        <Field
          label={t("tenants.region")}
          hint={t("tenants.region_hint")}
          required
          error={errors.region?.message}
        >
          <Input
            autoComplete="off"
            maxLength={2}
            placeholder="FR"
            className="uppercase"
            aria-required
            {...form.register("region")}
          />
        </Field>
        <Field label={t("tenants.owner_email")} required error={errors.owner_email?.message}>
          <Input
            type="email"
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            aria-required
            {...form.register("owner_email")}
          />
        </Field>
        <Field
          label={t("tenants.owner_name")}
          hint={t("people.name_hint")}
          error={errors.owner_name?.message}
        >
          <Input autoComplete="off" {...form.register("owner_name")} />
        </Field>
      </div>
      <FormProblem message={errors.root?.message} />
      <FormFoot submit={t("action.create")} busy={isSubmitting} onCancel={onCancel} />
    </form>
  );
}

const valuesOf = (tenant: Tenant) => ({ name: tenant.name, region: tenant.region });

export function EditTenant({
  tenant,
  readAgain,
  onSaved,
  onCancel,
}: {
  tenant: Tenant;
  /** The account as it is now. */
  readAgain: () => Promise<Tenant | undefined>;
  onSaved: () => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const { name, region } = useRules();
  const form = useForm({
    resolver: zodResolver(z.object({ name, region })),
    mode: "onTouched",
    defaultValues: valuesOf(tenant),
  });
  const seen = useSeen(tenant, form, valuesOf, readAgain);
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);
  const submit = form.handleSubmit(async (body) => {
    try {
      const saved = await take<Tenant>(
        api.PATCH("/api/v1/tenants/{id}", {
          body,
          params: { path: { id: tenant.id }, header: { "If-Match": seen.etag } },
        }),
      );
      toast.success(t("tenants.saved", { name: saved.name }));
      onSaved();
    } catch (error) {
      if (
        !(await seen.overtaken(error)) &&
        !placeProblem(
          form,
          error,
          ([head]) => (head === "name" || head === "region" ? head : null),
          t("form.check_fields"),
        )
      )
        throw error;
    }
  });
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("field.name")} required error={errors.name?.message}>
        <Input autoComplete="off" aria-required {...form.register("name")} />
      </Field>
      <Field
        label={t("tenants.region")}
        hint={t("tenants.region_hint")}
        required
        error={errors.region?.message}
      >
        <Input
          autoComplete="off"
          maxLength={2}
          className="uppercase"
          aria-required
          {...form.register("region")}
        />
      </Field>
      <FormProblem message={errors.root?.message} />
      <FormFoot submit={t("action.save")} busy={isSubmitting} onCancel={onCancel} />
    </form>
  );
}
