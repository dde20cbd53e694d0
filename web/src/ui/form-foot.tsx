import { useTranslation } from "react-i18next";
import { Button } from "./button";

/** The end of a form: leave it, or send it. */
export function FormFoot({
  submit,
  look = "primary",
  busy,
  disabled,
  held,
  onCancel,
}: {
  submit: string;
  look?: "primary" | "danger";
  busy?: boolean;
  disabled?: boolean;
  /** It cannot be left any more: what was sent is on its way. */
  held?: boolean;
  onCancel: () => void;
}) {
  const { t } = useTranslation();
  return (
    <div className="flex justify-end gap-2">
      <Button onClick={onCancel} disabled={held}>
        {t("action.cancel")}
      </Button>
      <Button type="submit" look={look} busy={busy} disabled={disabled}>
        {submit}
      </Button>
    </div>
  );
}
