import { useTranslation } from "react-i18next";
import { Field, Select } from "./field";

/** Narrows a list to what is in one state, or in any. */
export function StatusFilter<T extends string>({
  value,
  statuses,
  nameOf,
  onChange,
}: {
  value: T | "all";
  statuses: readonly T[];
  nameOf: (status: T) => string;
  onChange: (status: T | "all") => void;
}) {
  const { t } = useTranslation();
  return (
    <Field label={t("field.status")} className="w-40">
      <Select value={value} onChange={(event) => onChange(event.target.value as T | "all")}>
        <option value="all">{t("filter.any")}</option>
        {statuses.map((status) => (
          <option key={status} value={status}>
            {nameOf(status)}
          </option>
        ))}
      </Select>
    </Field>
  );
}
