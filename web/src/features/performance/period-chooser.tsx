/** Which period is looked at: so many days up to now, or from a day to a day. */
import { useTranslation } from "react-i18next";
import { Field, Input, Select } from "@/ui/field";
import { PERIODS, type PeriodName, type PeriodSearch } from "./performance";

export function PeriodChooser({
  value,
  onChange,
}: {
  value: PeriodSearch;
  onChange: (next: PeriodSearch) => void;
}) {
  const { t } = useTranslation();
  const period = value.period ?? "week";
  return (
    <>
      <Field label={t("performance.period")} className="w-40">
        <Select value={period} onChange={(event) => onChange({ period: event.target.value as PeriodName })}>
          {PERIODS.map((each) => (
            <option key={each} value={each}>
              {t(`performance.periods.${each}`)}
            </option>
          ))}
        </Select>
      </Field>
      {period === "own" ? (
        <>
          <Field label={t("performance.from")} className="w-36">
            <Input
              type="date"
              value={value.from ?? ""}
              max={value.to}
              onChange={(event) => onChange({ ...value, from: event.target.value || undefined })}
            />
          </Field>
          <Field label={t("performance.to")} className="w-36">
            <Input
              type="date"
              value={value.to ?? ""}
              min={value.from}
              onChange={(event) => onChange({ ...value, to: event.target.value || undefined })}
            />
          </Field>
        </>
      ) : null}
    </>
  );
}
