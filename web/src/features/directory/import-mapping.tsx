/** What each column of a file holds: guessed by its name, corrected here. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import type { Preview } from "@/lib/api/directory-types";
import { allFieldsQuery } from "@/lib/contact-fields";
import { useCan } from "@/lib/session";
import { Field, Select } from "@/ui/field";

const HOLDS = [
  "name",
  "kind",
  "organization",
  "gender",
  "email",
  "other_emails",
  "phone",
  "phone2",
  "phone3",
  "label",
  "label2",
  "phones",
  "dob",
  "tax_id",
  "address",
  "city",
  "state",
  "country",
  "status",
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
  const fields = useQuery({ ...allFieldsQuery, enabled: useCan("contact_fields.read") });
  // Kinds of contact may have a field of the same key: a column holds it for each of them.
  const own = new Map(fields.data?.items.map((field) => [`custom.${field.key}`, field.label]));
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
              {(HOLDS as readonly string[]).includes(value) || own.has(value) ? null : (
                <option value={value}>{value}</option>
              )}
              {HOLDS.map((each) => (
                <option key={each} value={each}>
                  {t(`imports.holds.${each}`)}
                </option>
              ))}
              {own.size > 0 ? (
                <optgroup label={t("nav.fields")}>
                  {[...own].map(([name, label]) => (
                    <option key={name} value={name}>
                      {label}
                    </option>
                  ))}
                </optgroup>
              ) : null}
            </Select>
          </Field>
        );
      })}
    </div>
  );
}
