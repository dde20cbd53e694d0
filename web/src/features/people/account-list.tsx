/** Who signs in to the portal as a contact. */
import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Person, Uuid } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Failed, Loading } from "@/ui/feedback";
import { ActiveBadge } from "./member-panel";

export function AccountList({ contactId, seesWhen }: { contactId: Uuid; seesWhen: boolean }) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.directory, "accounts", contactId],
    // Changed on the pages of people too, whose changes do not make the directory stale.
    staleTime: 0,
    queryFn: ({ signal }) =>
      take<Page<Person>>(
        api.GET("/api/v1/users", { params: { query: { contact_id: contactId, limit: 200 } }, signal }),
      ),
  });
  if (query.isPending) return <Loading />;
  if (query.isError) return <Failed error={query.error} onRetry={() => void query.refetch()} />;
  if (query.data.items.length === 0) {
    return (
      <div className="grid gap-1">
        <p>{t("people.no_accounts")}</p>
        <p className="text-muted">{t("people.no_accounts_text")}</p>
      </div>
    );
  }
  return (
    <ul className="grid gap-2">
      {query.data.items.map((person) => (
        <li key={person.id} className="flex flex-wrap items-center gap-x-3 gap-y-1" data-account={person.id}>
          <Link
            to="/people"
            search={{ view: "members", id: person.id }}
            className="font-medium text-accent-text underline-offset-2 hover:underline"
          >
            {person.name || person.email}
          </Link>
          <span className="text-muted wrap-anywhere">{person.email}</span>
          <ActiveBadge active={person.is_active} />
          {seesWhen ? (
            <span className="text-muted">
              {t("field.last_seen")}: <When at={person.last_seen_at} />
            </span>
          ) : null}
        </li>
      ))}
    </ul>
  );
}
