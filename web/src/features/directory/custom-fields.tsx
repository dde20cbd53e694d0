/** What the tenant wants of a contact: its own fields, shown among the facts and asked in the form, and what must be there. */
import { useQuery } from "@tanstack/react-query";
import type { UseFormReturn } from "react-hook-form";
import { useTranslation } from "react-i18next";
import type { ContactField } from "@/lib/api/directory-types";
import { fieldsQuery } from "@/lib/contact-fields";
import { directorySettingsQuery } from "@/lib/directory-settings";
import { useCan } from "@/lib/session";
import { Field, Input, Select } from "@/ui/field";
import { Fact } from "@/ui/panel";
import type { FormValues } from "./entry-values";
import type { TargetKind } from "./kinds";

const NONE: ContactField[] = [];

export function useContactFields(kind: TargetKind): ContactField[] {
  const allowed = useCan("contact_fields.read");
  const query = useQuery({ ...fieldsQuery(kind), enabled: allowed });
  return query.data?.items ?? NONE;
}

/** Whether the account wants a tax id of every organization. */
export function useTaxIdRequired(kind: TargetKind): boolean {
  const allowed = useCan("contact_fields.read");
  const query = useQuery({ ...directorySettingsQuery, enabled: allowed && kind === "organizations" });
  return query.data?.tax_id_required ?? false;
}

export function CustomFacts({ kind, values }: { kind: TargetKind; values: Record<string, unknown> }) {
  const { t } = useTranslation();
  const fields = useContactFields(kind);
  return fields
    .filter((field) => values[field.key] !== undefined && values[field.key] !== null)
    .map((field) => {
      const value = values[field.key];
      return (
        <Fact key={field.id} term={field.label}>
          {typeof value === "boolean" ? (value ? t("fields.yes") : t("fields.no")) : String(value)}
        </Fact>
      );
    });
}

/** As typed in the form: text for all of them, the empty text for none. */
export function CustomInputs({ kind, form }: { kind: TargetKind; form: UseFormReturn<FormValues> }) {
  const { t } = useTranslation();
  const fields = useContactFields(kind);
  if (fields.length === 0) return null;
  return (
    <fieldset className="grid gap-3 rounded-md border border-line px-3 pt-1 pb-3 sm:grid-cols-2">
      <legend className="px-1 text-[0.8667rem] font-medium text-muted">{t("fields.title")}</legend>
      {fields.map((field) => {
        const name = `custom.${field.key}` as const;
        const error = form.formState.errors.custom?.[field.key]?.message;
        const register = form.register(name);
        return (
          <Field key={field.id} label={field.label} required={field.required} error={error}>
            {field.type === "boolean" || field.type === "choice" ? (
              <Select {...register}>
                <option value="">{t("fields.empty_choice")}</option>
                {field.type === "boolean" ? (
                  <>
                    <option value="true">{t("fields.yes")}</option>
                    <option value="false">{t("fields.no")}</option>
                  </>
                ) : (
                  field.choices.map((choice) => (
                    <option key={choice} value={choice}>
                      {choice}
                    </option>
                  ))
                )}
              </Select>
            ) : (
              <Input
                type={field.type === "date" ? "date" : "text"}
                inputMode={field.type === "number" ? "decimal" : undefined}
                autoComplete="off"
                {...register}
              />
            )}
          </Field>
        );
      })}
    </fieldset>
  );
}
