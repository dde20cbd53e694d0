import { useTranslation } from "react-i18next";
import { usePersonName } from "@/lib/people";
import { useMe } from "@/lib/session";

/** Somebody by name; where the name is not known, the beginning of the id. */
export function Person({ id, className }: { id: string | null | undefined; className?: string }) {
  const { t } = useTranslation();
  const name = usePersonName(id);
  const me = useMe();
  if (!id) return <span className="text-muted">–</span>;
  return (
    <span className={className} title={name ? undefined : id}>
      {name ?? id.slice(0, 8)}
      {me?.user.id === id ? <span className="text-muted"> {t("person.you")}</span> : null}
    </span>
  );
}
