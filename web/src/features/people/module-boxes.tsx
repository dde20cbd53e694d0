import type { FieldValues, Path, UseFormReturn } from "react-hook-form";
import { useTranslation } from "react-i18next";
import { MODULES } from "./member-values";

/** Parts of the product that can be switched off for one person, whatever their role grants. */
export function ModuleBoxes<T extends FieldValues>({
  form,
  disabled,
}: {
  form: UseFormReturn<T>;
  disabled?: boolean;
}) {
  const { t } = useTranslation();
  return (
    <fieldset className="grid gap-1" disabled={disabled}>
      <legend className="mb-1 text-[0.8667rem] font-medium text-muted">{t("people.modules")}</legend>
      <div className="grid gap-1 sm:grid-cols-2">
        {MODULES.map((module) => (
          <label key={module} className="flex min-h-7 items-center gap-2">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              {...form.register(`modules.${module}` as Path<T>)}
            />
            {t(`module.${module}`)}
          </label>
        ))}
      </div>
      <p className="text-[0.8rem] text-muted">{t("people.modules_hint")}</p>
    </fieldset>
  );
}
