import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { placeProblem } from "@/lib/form-problem";
import { useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Select } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useSeen } from "@/ui/seen";
import { CustomInputs, useContactFields, useTaxIdRequired } from "./custom-fields";
import { customOf } from "./custom-values";
import { LabelledRows, PlaceFields, SocialRows } from "./entry-fields";
import { type FormValues, fieldOf, inputOf, schemaOf, valuesOf } from "./entry-values";
import type { Entry, EntryInput, TargetKind } from "./kinds";

const GENDERS = ["Female", "Male", "Other"] as const;

export function EntryForm({
  kind,
  entry: opened,
  readAgain,
  submitLabel,
  onSubmit,
  onCancel,
}: {
  kind: TargetKind;
  entry?: Entry;
  /** The entry as it is now. */
  readAgain?: () => Promise<Entry | undefined>;
  submitLabel: string;
  /** `etag`: the version that was seen. */
  onSubmit: (input: EntryInput, etag: string) => Promise<void>;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const fields = useContactFields(kind);
  const person = kind === "individuals" || kind === "contacts";
  const schema = useMemo(
    () =>
      schemaOf(kind, {
        required: t("form.required"),
        tooLong: t("form.too_long"),
        email: t("form.email_invalid"),
        phone: t("form.phone_invalid"),
        url: t("form.url_invalid"),
        future: t("form.future"),
        country: t("form.country_invalid"),
      }),
    [kind, t],
  );
  const form = useForm<FormValues>({
    resolver: zodResolver(schema),
    // Told when a field is left, and from then on with every key.
    mode: "onTouched",
    defaultValues: valuesOf(opened),
  });
  const { seen: entry, etag, overtaken } = useSeen(opened, form, valuesOf, readAgain);
  // Where these stand is moved by commands of their own, with a reason.
  const commanded = entry?.standing != null && (kind === "individuals" || kind === "organizations");
  // One that came without can still be changed in other ways.
  const taxIdRequired = useTaxIdRequired(kind) && (entry === undefined || entry.taxId !== null);
  const { errors, isSubmitting, isDirty } = form.formState;
  useUnsaved(isDirty);

  const submit = form.handleSubmit(async (values) => {
    try {
      const custom = customOf(fields, entry?.custom ?? {}, values.custom);
      await onSubmit(inputOf(values, entry !== undefined && !commanded, custom), etag);
    } catch (error) {
      if (
        !(await overtaken(error)) &&
        !placeProblem(form, error, (path) => fieldOf(values, path), t("form.check_fields"))
      )
        throw error;
    }
  });

  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3" data-testid="entry-form">
      <Field label={person ? t("field.full_name") : t("field.name")} required error={errors.name?.message}>
        <Input autoComplete="off" aria-required {...form.register("name")} />
      </Field>
      {person ? (
        <div className="grid gap-3 sm:grid-cols-2">
          <Field label={t("field.gender")} error={errors.gender?.message}>
            <Select {...form.register("gender")}>
              <option value="">{t("gender.unknown")}</option>
              {GENDERS.map((gender) => (
                <option key={gender} value={gender}>
                  {t(`gender.${gender.toLowerCase() as Lowercase<typeof gender>}`)}
                </option>
              ))}
              {entry?.gender && !GENDERS.includes(entry.gender as never) ? (
                <option value={entry.gender}>{entry.gender}</option>
              ) : null}
            </Select>
          </Field>
          {kind === "individuals" ? (
            <Field label={t("field.dob")} error={errors.dob?.message}>
              <Input type="date" {...form.register("dob")} />
            </Field>
          ) : null}
        </div>
      ) : null}
      <LabelledRows form={form} name="emails" required={kind === "email-contacts"} />
      <LabelledRows form={form} name="phones" />
      {kind === "organizations" ? (
        <Field label={t("field.tax_id")} required={taxIdRequired} error={errors.tax_id?.message}>
          <Input autoComplete="off" aria-required={taxIdRequired || undefined} {...form.register("tax_id")} />
        </Field>
      ) : null}
      {kind === "email-contacts" ? null : <PlaceFields form={form} />}
      {kind === "individuals" ? <SocialRows form={form} /> : null}
      <CustomInputs kind={kind} form={form} />
      {entry && !commanded ? (
        <label className="flex items-center gap-2">
          <input type="checkbox" className="size-4 accent-(--accent)" {...form.register("active")} />
          {t("directory.active")}
        </label>
      ) : null}
      <FormProblem message={errors.root?.message} />
      <FormFoot submit={submitLabel} busy={isSubmitting} onCancel={onCancel} />
    </form>
  );
}
