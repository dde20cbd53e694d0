/** A link that no mail carries: shown this once, to be handed over. */
import { useTranslation } from "react-i18next";
import { Button } from "./button";
import { CopyField } from "./copy";

export function HandOver({
  made,
  label,
  text,
  onClose,
  ...rest
}: {
  made: { delivery?: string | null; link?: string | null };
  label: string;
  /** How long it is good, and for whom. */
  text: string;
  onClose: () => void;
  "data-testid": string;
}) {
  const { t } = useTranslation();
  return (
    <div className="grid gap-3" {...rest}>
      <p role="status" className="rounded-md bg-warn-soft px-2.5 py-1.5 text-[0.8667rem] text-warn">
        {made.delivery === "failed" ? t("people.mail_failed") : t("people.no_mail")}
      </p>
      <CopyField label={label} value={made.link ?? ""} />
      <p className="text-[0.8667rem] text-muted">{text}</p>
      <div className="flex justify-end">
        <Button look="primary" onClick={onClose}>
          {t("people.link_noted")}
        </Button>
      </div>
    </div>
  );
}

/** The link of an invitation. */
export function InvitationLink({
  invitation,
  onClose,
}: {
  invitation: { email: string; link?: string | null; delivery?: string | null };
  onClose: () => void;
}) {
  const { t } = useTranslation();
  return (
    <HandOver
      made={invitation}
      label={t("people.link")}
      text={t("people.link_text", { email: invitation.email })}
      data-testid="invitation-link"
      onClose={onClose}
    />
  );
}
