/** A contact by name, leading to its page in the directory. */
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { ContactKind, Uuid } from "@/lib/api/types";
import { cn } from "@/lib/cn";

const BOOK = {
  individual: "individuals",
  organization: "organizations",
  email_contact: "email-contacts",
} as const;

export function ContactLink({
  contact,
  name,
  organizationId,
  className,
}: {
  contact: { kind: ContactKind; id: Uuid };
  name: string | null | undefined;
  /** Of an organization's contact: whose. Without it there is no page to lead to. */
  organizationId?: Uuid | null;
  className?: string;
}) {
  const { t } = useTranslation();
  const label = name ?? t(`kind.${contact.kind}`, { defaultValue: contact.kind });
  const style = cn("wrap-break-word text-accent-text underline-offset-2 hover:underline", className);
  if (contact.kind === "organization_contact") {
    if (!organizationId) return <span className={cn("wrap-break-word", className)}>{label}</span>;
    return (
      <Link
        to="/directory/$kind"
        params={{ kind: "organizations" }}
        search={{ id: organizationId, contact: contact.id }}
        className={style}
      >
        {label}
      </Link>
    );
  }
  return (
    <Link
      to="/directory/$kind"
      params={{ kind: BOOK[contact.kind] ?? "individuals" }}
      search={{ id: contact.id }}
      className={style}
    >
      {label}
    </Link>
  );
}
