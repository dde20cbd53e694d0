/** A new field, or another label, choice or need of one: key and type never change. */
import { zodResolver } from "@hookform/resolvers/zod";
import { useMemo } from "react";
import { useForm } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { CONTACT_KIND, type ContactField } from "@/lib/api/directory-types";
import { isApiError } from "@/lib/api/problem";
import type { FieldOwner } from "@/lib/contact-fields";
import { placeProblem } from "@/lib/form-problem";
import { useSameKey } from "@/lib/same-key";
import { useUnsaved } from "@/ui/dialog";
import { FormProblem } from "@/ui/feedback";
import { Field, Input, Select, Textarea } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useSeen } from "@/ui/seen";
import { choicesOf, keyOf, schemaOf, TYPES, type Values } from "./field-values";

const FIELDS = ["label", "key", "type", "choices", "required"] as const;
/** What the server says of the key and not of the whole. */
const OF_KEY = ["field-exists", "field-type"];

const valuesOf = (field: ContactField | undefined): Values => ({
  label: field?.label ?? "",
  key: field?.key ?? "",
  type: field?.type ?? "text",
  choices: field?.choices.join("\n") ?? "",
  required: field?.required ?? false,
});

export function FieldForm({
  owner,
  field,
  readAgain,
  position,
  onSaved,
  onCancel,
}: {
  owner: FieldOwner;
  /** The one that is changed; absent for a new one. */
  field?: ContactField;
  /** The field as it is now. */
  readAgain?: () => Promise<ContactField | undefined>;
  /** Of a new one. */
  position?: number;
  onSaved: () => void;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  const key = useSameKey();
  const schema = useMemo(
    () =>
      schemaOf({
        required: t("form.required"),
        tooLong: t("form.too_long"),
        key: t("own_fields.key_invalid"),
        choices: t("own_fields.choices_invalid"),
        twice: t("own_fields.choices_twice"),
      }),
    [t],
  );
  const form = useForm<Values>({
    resolver: zodResolver(schema),
    mode: "onTouched",
    defaultValues: valuesOf(field),
  });
  const seen = useSeen(field, form, valuesOf, readAgain);
  const { errors, isSubmitting, isDirty, dirtyFields } = form.formState;
  useUnsaved(isDirty);
  const type = form.watch("type");
  const submit = form.handleSubmit(async (values) => {
    const { label, required } = values;
    const choices = type === "choice" ? { choices: choicesOf(values.choices) } : {};
    try {
      if (field) {
        await take(
          api.PATCH("/api/v1/contact-fields/{id}", {
            params: { path: { id: field.id }, header: { "If-Match": seen.etag } },
            body: { label, required, ...choices },
          }),
        );
      } else {
        const body = {
          kind: CONTACT_KIND[owner],
          key: values.key,
          label,
          type,
          required,
          position,
          ...choices,
        };
        await take(
          api.POST("/api/v1/contact-fields", { body, headers: { "Idempotency-Key": key.of(body) } }),
        );
      }
      toast.success(t("own_fields.saved", { name: label }));
      onSaved();
    } catch (error) {
      if (isApiError(error) && OF_KEY.includes(error.type))
        form.setError("key", { message: error.message }, { shouldFocus: true });
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
  return (
    <form onSubmit={(event) => void submit(event)} noValidate className="grid gap-3">
      <Field label={t("own_fields.label")} required error={errors.label?.message}>
        <Input
          autoComplete="off"
          aria-required
          {...form.register("label", {
            onChange: (event: { target: { value: string } }) => {
              // Until somebody writes a key of their own.
              if (!field && !dirtyFields.key)
                form.resetField("key", { defaultValue: keyOf(event.target.value) });
            },
          })}
        />
      </Field>
      {field ? null : (
        <div className="grid gap-3 sm:grid-cols-2">
          <Field
            label={t("own_fields.key")}
            required
            hint={t("own_fields.key_hint")}
            error={errors.key?.message}
          >
            <Input
              autoComplete="off"
              autoCapitalize="none"
              spellCheck={false}
              aria-required
              className="font-mono"
              {...form.register("key")}
            />
          </Field>
          <Field label={t("own_fields.type")} hint={t("own_fields.type_hint")} error={errors.type?.message}>
            <Select {...form.register("type")}>
              {TYPES.map((each) => (
                <option key={each} value={each}>
                  {t(`own_fields.types.${each}`)}
                </option>
              ))}
            </Select>
          </Field>
        </div>
      )}
      {type === "choice" ? (
        <Field
          label={t("own_fields.choices")}
          required
          hint={field ? t("own_fields.choices_kept") : t("own_fields.choices_hint")}
          error={errors.choices?.message}
        >
          <Textarea rows={5} autoComplete="off" aria-required {...form.register("choices")} />
        </Field>
      ) : null}
      <label className="flex items-center gap-2">
        <input type="checkbox" className="size-4 accent-(--accent)" {...form.register("required")} />
        {t("own_fields.required_of")}
      </label>
      <FormProblem message={errors.root?.message} />
      <FormFoot
        submit={field ? t("action.save") : t("action.create")}
        busy={isSubmitting}
        onCancel={onCancel}
      />
    </form>
  );
}
