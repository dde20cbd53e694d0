/** What each column of a file holds: guessed by its name, corrected here. */
import { useTranslation } from "react-i18next";
import type { Preview } from "@/lib/api/directory-types";
import { Field, Select } from "@/ui/field";

const HOLDS = [
  "name",
  "kind",
  "organization",
  "gender",
  "email",
  "phone",
  "phone2",
  "phone3",
  "label",
  "label2",
  "phones",
  "ignore",
] as const;

export function ImportMapping({
  columns,
  mapping,
  onChange,
}: {
  columns: Preview["columns"];
  mapping: Record<string, string>;
  onChange: (mapping: Record<string, string>) => void;
}) {
  const { t } = useTranslation();
  return (
    <div className="grid gap-x-3 gap-y-2 sm:grid-cols-2 lg:grid-cols-3" data-testid="import-mapping">
      {columns.map((column) => {
        const value = mapping[column.name] ?? column.holds ?? "ignore";
        return (
          <Field key={column.name} label={column.name}>
            <Select
              value={value}
              onChange={(event) => onChange({ ...mapping, [column.name]: event.target.value })}
            >
              {(HOLDS as readonly string[]).includes(value) ? null : <option value={value}>{value}</option>}
              {HOLDS.map((each) => (
                <option key={each} value={each}>
                  {t(`imports.holds.${each}`)}
                </option>
              ))}
            </Select>
          </Field>
        );
      })}
    </div>
  );
}
