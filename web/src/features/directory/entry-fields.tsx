/** The parts of a contact's form: numbers, e-mail addresses and profiles, of which there may be several, and where they are. */
import { Plus, Star, Trash2 } from "lucide-react";
import { type UseFormReturn, useFieldArray } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { Button } from "@/ui/button";
import { CountryInput } from "@/ui/country";
import { Field, Input, Select, Textarea } from "@/ui/field";
import { EMPTY_ROW, type FormValues, PLATFORMS } from "./entry-values";

const ROWS = {
  phones: { word: "phone", type: "tel", placeholder: "+33 6 12 34 56 78" },
  emails: { word: "email", type: "email", placeholder: "name@example.com" },
} as const;

/** Numbers or addresses, each with a label; of several, one is the primary one. */
export function LabelledRows({
  form,
  name,
  required,
}: {
  form: UseFormReturn<FormValues>;
  name: keyof typeof ROWS;
  /** One row stays, to be filled. */
  required?: boolean;
}) {
  const { t } = useTranslation();
  const { word, type, placeholder } = ROWS[name];
  const rows = useFieldArray({ control: form.control, name });
  const errors = form.formState.errors[name];
  const values = form.watch(name);
  const several = rows.fields.length > 1;
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-[0.8667rem] font-medium text-muted">
        {t(`directory.${name}`)}
        {required ? (
          <span aria-hidden className="text-bad">
            {" *"}
          </span>
        ) : null}
      </legend>
      {rows.fields.map((field, index) => (
        <div
          key={field.id}
          className="grid grid-cols-[minmax(0,1fr)_minmax(4.5rem,7rem)_auto] items-start gap-2"
        >
          <Field
            label={t(`directory.${word}_n`, { n: index + 1 })}
            hideLabel
            error={errors?.[index]?.value?.message}
          >
            <Input
              type={type}
              autoComplete="off"
              aria-required={(required && index === 0) || undefined}
              placeholder={placeholder}
              {...form.register(`${name}.${index}.value`)}
            />
          </Field>
          <Field
            label={t(`directory.${word}_label_n`, { n: index + 1 })}
            hideLabel
            error={errors?.[index]?.label?.message}
          >
            <Input placeholder={t("directory.row_label")} {...form.register(`${name}.${index}.label`)} />
          </Field>
          <span className="flex">
            {several ? (
              <Button
                look="ghost"
                size="icon"
                aria-pressed={values[index]?.primary ?? false}
                aria-label={t(`directory.${word}_primary`, { n: index + 1 })}
                title={t(`directory.${word}_primary`, { n: index + 1 })}
                onClick={() =>
                  values.forEach((_, each) =>
                    form.setValue(`${name}.${each}.primary`, each === index, { shouldDirty: true }),
                  )
                }
              >
                <Star aria-hidden className={cn(values[index]?.primary && "fill-current text-accent-text")} />
              </Button>
            ) : null}
            {required && !several ? null : (
              <Button
                look="ghost"
                size="icon"
                aria-label={t(`directory.${word}_remove`, { n: index + 1 })}
                onClick={() => rows.remove(index)}
              >
                <Trash2 aria-hidden />
              </Button>
            )}
          </span>
        </div>
      ))}
      <div>
        <Button size="sm" onClick={() => rows.append(EMPTY_ROW)}>
          <Plus aria-hidden />
          {t(`directory.${word}_add`)}
        </Button>
      </div>
    </fieldset>
  );
}

/** Where they are. */
export function PlaceFields({ form }: { form: UseFormReturn<FormValues> }) {
  const { t } = useTranslation();
  const { errors } = form.formState;
  return (
    <>
      <Field label={t("field.address")} error={errors.address?.message}>
        <Textarea rows={2} className="min-h-14" autoComplete="off" {...form.register("address")} />
      </Field>
      <div className="grid gap-3 sm:grid-cols-3">
        <Field label={t("field.city")} error={errors.city?.message}>
          <Input autoComplete="off" {...form.register("city")} />
        </Field>
        <Field label={t("field.province")} error={errors.state?.message}>
          <Input autoComplete="off" {...form.register("state")} />
        </Field>
        <Field label={t("field.country")} error={errors.country?.message}>
          <CountryInput {...form.register("country")} />
        </Field>
      </div>
    </>
  );
}

export function SocialRows({ form }: { form: UseFormReturn<FormValues> }) {
  const { t } = useTranslation();
  const links = useFieldArray({ control: form.control, name: "social" });
  const errors = form.formState.errors.social;
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-[0.8667rem] font-medium text-muted">{t("directory.social")}</legend>
      {links.fields.map((field, index) => (
        <div
          key={field.id}
          className="grid grid-cols-[minmax(5rem,8rem)_minmax(0,1fr)_auto] items-start gap-2"
        >
          <Field
            label={t("directory.social_platform_n", { n: index + 1 })}
            hideLabel
            error={errors?.[index]?.platform?.message}
          >
            <Select {...form.register(`social.${index}.platform`)}>
              {PLATFORMS.includes(field.platform) ? null : (
                <option value={field.platform}>{field.platform}</option>
              )}
              {PLATFORMS.map((platform) => (
                <option key={platform} value={platform}>
                  {platform}
                </option>
              ))}
            </Select>
          </Field>
          <Field
            label={t("directory.social_url_n", { n: index + 1 })}
            hideLabel
            error={errors?.[index]?.url?.message}
          >
            <Input
              type="url"
              autoComplete="off"
              placeholder="https://"
              {...form.register(`social.${index}.url`)}
            />
          </Field>
          <Button
            look="ghost"
            size="icon"
            aria-label={t("directory.social_remove", { n: index + 1 })}
            onClick={() => links.remove(index)}
          >
            <Trash2 aria-hidden />
          </Button>
        </div>
      ))}
      <div>
        <Button size="sm" onClick={() => links.append({ platform: "LinkedIn", url: "" })}>
          <Plus aria-hidden />
          {t("directory.social_add")}
        </Button>
      </div>
    </fieldset>
  );
}
