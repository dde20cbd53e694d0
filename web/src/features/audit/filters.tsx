/** The filters that the audit log and the journal of sign-ins have in common. */
import { useTranslation } from "react-i18next";
import { Field, Input, Select } from "@/ui/field";

/** A day of the person's own calendar, as an instant. */
export const instantOf = (day: string | undefined, end: boolean): string | undefined => {
  if (!day) return undefined;
  const date = new Date(`${day}T${end ? "23:59:59.999" : "00:00:00"}`);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
};

/** Of one filter: what is chosen, and what becomes of another choice. */
interface Chosen {
  value: string | undefined;
  onChange: (value: string | undefined) => void;
}

export function ActorField({
  people,
  value,
  onChange,
}: Chosen & { people: readonly { id: string; name: string }[] }) {
  const { t } = useTranslation();
  return (
    <Field label={t("audit.actor")} className="w-44">
      <Select value={value ?? ""} onChange={(event) => onChange(event.target.value || undefined)}>
        <option value="">{t("filter.any")}</option>
        {people.map((person) => (
          <option key={person.id} value={person.id}>
            {person.name}
          </option>
        ))}
      </Select>
    </Field>
  );
}

export function AddressField({ value, onChange }: Chosen) {
  const { t } = useTranslation();
  return (
    <Field label={t("audit.address")} className="w-40">
      <Input
        value={value ?? ""}
        autoComplete="off"
        placeholder="192.0.2.1"
        onChange={(event) => onChange(event.target.value || undefined)}
      />
    </Field>
  );
}

/** From a day to a day, both included. */
export function PeriodFields({
  after,
  before,
  onChange,
}: {
  after: string | undefined;
  before: string | undefined;
  onChange: (next: { after?: string | undefined; before?: string | undefined }) => void;
}) {
  const { t } = useTranslation();
  return (
    <>
      <Field label={t("audit.after")} className="w-36">
        <Input
          type="date"
          value={after ?? ""}
          max={before}
          onChange={(event) => onChange({ after: event.target.value || undefined })}
        />
      </Field>
      <Field label={t("audit.before")} className="w-36">
        <Input
          type="date"
          value={before ?? ""}
          min={after}
          onChange={(event) => onChange({ before: event.target.value || undefined })}
        />
      </Field>
    </>
  );
}
