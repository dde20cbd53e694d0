/** One of several to be chosen, for whoever or whatever a line is connected to. */
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { Dialog } from "@/ui/dialog";
import { Field, Select } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";

export interface Option {
  id: string;
  text: string;
  disabled?: boolean;
}

export interface Group {
  /** None where there is only one group. */
  label?: string;
  options: readonly Option[];
}

export function ChooseDialog({
  title,
  text,
  label,
  placeholder,
  missing,
  groups,
  instead,
  onChosen,
  onClose,
}: {
  title: string;
  text: string;
  label: string;
  placeholder: string;
  /** Said where nothing was chosen. */
  missing: string;
  groups: readonly Group[];
  /** Shown where there is nothing to choose from, or not yet. */
  instead?: ReactNode;
  onChosen: (id: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [id, setId] = useState("");
  const [tried, setTried] = useState(false);
  const chosen = groups.some(({ options }) => options.some((each) => each.id === id && !each.disabled));
  return (
    <Dialog open onOpenChange={(open) => (open ? undefined : onClose())} title={title} description={text}>
      {instead ?? (
        <form
          className="grid gap-3"
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            setTried(true);
            if (chosen) onChosen(id);
          }}
        >
          <Field label={label} required error={tried && !chosen ? missing : undefined}>
            <Select value={id} onChange={(event) => setId(event.target.value)}>
              <option value="">{placeholder}</option>
              {groups.map((group) =>
                group.label && group.options.length > 0 ? (
                  <optgroup key={group.label} label={group.label}>
                    <Options of={group.options} />
                  </optgroup>
                ) : (
                  <Options key={group.label ?? ""} of={group.options} />
                ),
              )}
            </Select>
          </Field>
          <FormFoot submit={t("numbers.connect")} onCancel={onClose} />
        </form>
      )}
    </Dialog>
  );
}

function Options({ of }: { of: readonly Option[] }) {
  return of.map((option) => (
    <option key={option.id} value={option.id} disabled={option.disabled}>
      {option.text}
    </option>
  ));
}
