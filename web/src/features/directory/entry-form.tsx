import { zodResolver } from "@hookform/resolvers/zod";
import { Plus, Trash2 } from "lucide-react";
import { useMemo } from "react";
import { useFieldArray, useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import * as z from "zod/mini";
import { isApiError } from "@/lib/api/problem";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import type { Entry, EntryInput, Kind } from "./kinds";

const GENDERS = ["Female", "Male", "Other"] as const;

interface FormValues {
  name: string;
  gender: string;
  dob: string;
  email: string;
  /** Only asked when editing; a new record is active. */
  active: boolean;
  phones: { number: string; label: string; primary: boolean }[];
}

/** Blank rows are left out; one number is the primary one, the first where none is marked. */
export function phonesOf(rows: FormValues["phones"]): EntryInput["phones"] {
  const filled = rows.filter((row) => row.number.trim() !== "");
  const primary = Math.max(
    0,
    filled.findIndex((row) => row.primary),
  );
  return filled.map((row, index) => ({
    number: row.number.trim(),
    label: row.label.trim() || null,
    primary: index === primary,
  }));
}

export function EntryForm({
  kind,
  entry,
  submitLabel,
  onSubmit,
  onCancel,
}: {
  kind: Kind | "contacts";
  entry?: Entry;
  submitLabel: string;
  onSubmit: (input: EntryInput) => Promise<void>;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const person = kind === "individuals" || kind === "contacts";
  const schema = useMemo(
    () =>
      z.object({
        name: z
          .string()
          .check(z.trim(), z.minLength(1, t("form.required")), z.maxLength(200, t("form.too_long"))),
        gender: z.string(),
        dob: z.string(),
        email:
          kind === "email-contacts"
            ? z.email(t("form.email_invalid"))
            : z.union([z.literal(""), z.email(t("form.email_invalid"))]),
        active: z.boolean(),
        phones: z.array(
          z.object({
            number: z.string(),
            label: z.string().check(z.maxLength(60, t("form.too_long"))),
            primary: z.boolean(),
          }),
        ),
      }),
    [kind, t],
  );
  const form = useForm<FormValues>({
    resolver: zodResolver(schema),
    defaultValues: {
      name: entry?.name ?? "",
      gender: entry?.gender ?? "",
      dob: entry?.dob ?? "",
      email: entry?.email ?? "",
      active: entry?.active ?? true,
      phones: entry
        ? entry.phones.map((phone) => ({
            number: phone.e164,
            label: phone.label ?? "",
            primary: phone.primary,
          }))
        : [{ number: "", label: "", primary: true }],
    },
  });
  const phones = useFieldArray({ control: form.control, name: "phones" });
  const { errors, isSubmitting } = form.formState;

  const submit = form.handleSubmit(async (values) => {
    try {
      await onSubmit({
        name: values.name.trim(),
        gender: values.gender || null,
        dob: values.dob || null,
        email: values.email.trim() || null,
        active: entry ? values.active : null,
        phones: phonesOf(values.phones),
      });
    } catch (error) {
      if (!isApiError(error)) throw error;
      for (const { pointer, detail } of error.errors) {
        const path = pointer.replace(/^#?\//, "").split("/");
        if (path[0] === "phones" && path[1] !== undefined) {
          // Blank rows were left out of the request; count the filled ones to find the row meant.
          const filled = values.phones.flatMap((phone, index) => (phone.number.trim() ? [index] : []));
          const row = filled[Number(path[1])] ?? 0;
          form.setError(`phones.${row}.number`, { message: detail });
        } else if (path[0] === "full_name" || path[0] === "name") form.setError("name", { message: detail });
        else if (path[0] === "email" || path[0] === "dob" || path[0] === "gender") {
          form.setError(path[0], { message: detail });
        }
      }
      form.setError("root", { type: "server", message: error.message });
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
      <Field label={t("field.email")} required={kind === "email-contacts"} error={errors.email?.message}>
        <Input type="email" autoComplete="off" {...form.register("email")} />
      </Field>
      <fieldset className="grid gap-2">
        <legend className="mb-1 text-[0.8667rem] font-medium text-muted">{t("directory.phones")}</legend>
        {phones.fields.map((field, index) => (
          <div key={field.id} className="grid grid-cols-[minmax(0,1fr)_7rem_auto] items-start gap-2">
            <Field
              label={t("directory.phone_n", { n: index + 1 })}
              hideLabel
              error={errors.phones?.[index]?.number?.message}
            >
              <Input
                type="tel"
                autoComplete="off"
                placeholder="+33 6 12 34 56 78"
                {...form.register(`phones.${index}.number`)}
              />
            </Field>
            <Field
              label={t("directory.phone_label_n", { n: index + 1 })}
              hideLabel
              error={errors.phones?.[index]?.label?.message}
            >
              <Input placeholder={t("directory.phone_label")} {...form.register(`phones.${index}.label`)} />
            </Field>
            <Button
              look="ghost"
              size="icon"
              aria-label={t("directory.phone_remove", { n: index + 1 })}
              onClick={() => phones.remove(index)}
            >
              <Trash2 aria-hidden />
            </Button>
          </div>
        ))}
        <div>
          <Button size="sm" onClick={() => phones.append({ number: "", label: "", primary: false })}>
            <Plus aria-hidden />
            {t("directory.phone_add")}
          </Button>
        </div>
      </fieldset>
      {entry ? (
        <label className="flex items-center gap-2">
          <input type="checkbox" className="size-4 accent-(--accent)" {...form.register("active")} />
          {t("directory.active")}
        </label>
      ) : null}
      {errors.root?.message ? (
        <p role="alert" className="rounded-md bg-bad-soft px-2.5 py-1.5 text-[0.8667rem] text-bad">
          {errors.root.message}
        </p>
      ) : null}
      <div className="flex justify-end gap-2">
        <Button onClick={onCancel}>{t("action.cancel")}</Button>
        <Button type="submit" look="primary" busy={isSubmitting}>
          {submitLabel}
        </Button>
      </div>
    </form>
  );
}
