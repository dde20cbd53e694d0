/** The rows of a contact's form that repeat: telephone numbers and profiles on social platforms. */
import { Plus, Star, Trash2 } from "lucide-react";
import { type UseFormReturn, useFieldArray } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { Button } from "@/ui/button";
import { Field, Input, Select } from "@/ui/field";
import { type FormValues, PLATFORMS } from "./entry-values";

export function PhoneRows({ form }: { form: UseFormReturn<FormValues> }) {
  const { t } = useTranslation();
  const phones = useFieldArray({ control: form.control, name: "phones" });
  const errors = form.formState.errors.phones;
  const values = form.watch("phones");
  const several = phones.fields.length > 1;
  return (
    <fieldset className="grid gap-2">
      <legend className="mb-1 text-[0.8667rem] font-medium text-muted">{t("directory.phones")}</legend>
      {phones.fields.map((field, index) => (
        <div
          key={field.id}
          className="grid grid-cols-[minmax(0,1fr)_minmax(4.5rem,7rem)_auto] items-start gap-2"
        >
          <Field
            label={t("directory.phone_n", { n: index + 1 })}
            hideLabel
            error={errors?.[index]?.number?.message}
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
            error={errors?.[index]?.label?.message}
          >
            <Input placeholder={t("directory.phone_label")} {...form.register(`phones.${index}.label`)} />
          </Field>
          <span className="flex">
            {several ? (
              <Button
                look="ghost"
                size="icon"
                aria-pressed={values[index]?.primary ?? false}
                aria-label={t("directory.phone_primary", { n: index + 1 })}
                title={t("directory.phone_primary", { n: index + 1 })}
                onClick={() =>
                  values.forEach((_, each) =>
                    form.setValue(`phones.${each}.primary`, each === index, { shouldDirty: true }),
                  )
                }
              >
                <Star aria-hidden className={cn(values[index]?.primary && "fill-current text-accent-text")} />
              </Button>
            ) : null}
            <Button
              look="ghost"
              size="icon"
              aria-label={t("directory.phone_remove", { n: index + 1 })}
              onClick={() => phones.remove(index)}
            >
              <Trash2 aria-hidden />
            </Button>
          </span>
        </div>
      ))}
      <div>
        <Button size="sm" onClick={() => phones.append({ number: "", label: "", primary: false })}>
          <Plus aria-hidden />
          {t("directory.phone_add")}
        </Button>
      </div>
    </fieldset>
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
