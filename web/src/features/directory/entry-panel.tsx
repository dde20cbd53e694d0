/** A record beside its list: details, people (organizations), its calls, its tickets, and who signs in as it. */
import { useQuery } from "@tanstack/react-query";
import { ArrowLeft } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { again, keys } from "@/lib/api/query";
import { Button } from "@/ui/button";
import { Drawer } from "@/ui/dialog";
import { Failed, Loading } from "@/ui/feedback";
import { Tabs } from "@/ui/tabs";
import { Duplicates } from "./duplicates";
import { type DirectoryRights, EntryDetails } from "./entry-details";
import { type Entry, type Kind, loadEntry, type Target } from "./kinds";
import { type NoteRights, Notes } from "./notes";
import { OrganizationContacts } from "./organization-contacts";

export const ENTRY_TABS = [
  "details",
  "contacts",
  "notes",
  "duplicates",
  "calls",
  "tickets",
  "accounts",
] as const;
export type EntryTab = (typeof ENTRY_TABS)[number];

/** What other rooms of the console know of a record; left out where it may not be seen. */
export interface EntryHistory {
  calls?: (target: Target) => ReactNode;
  tickets?: (target: Target) => ReactNode;
  /** Of those whom somebody can sign in as. */
  accounts?: (target: Target) => ReactNode;
}

export interface EntryPlace {
  id: string | null;
  tab?: EntryTab;
  /** A contact of the organization `id`. */
  contact?: string;
}

export function EntryPanel({
  kind,
  place,
  rights,
  notes,
  mayMerge,
  history,
  onMove,
}: {
  kind: Kind;
  place: EntryPlace;
  rights: DirectoryRights;
  /** Null where notes may not be read. */
  notes: NoteRights | null;
  mayMerge: boolean;
  history: EntryHistory;
  onMove: (place: EntryPlace) => void;
}) {
  const { t } = useTranslation();
  const { id, contact } = place;
  const target: Target | null =
    id === null
      ? null
      : kind === "organizations" && contact
        ? { kind: "contacts", organizationId: id, id: contact }
        : { kind, id };
  const query = useQuery({
    queryKey: [...keys.directory, target?.kind, "one", target?.id],
    enabled: target !== null,
    queryFn: ({ signal }) =>
      target ? loadEntry(target, signal) : Promise.reject(new Error("nothing to load")),
  });
  const toContacts = () => onMove({ id, tab: "contacts" });
  return (
    <Drawer
      open={target !== null}
      onOpenChange={(open) => (open ? undefined : onMove({ id: null }))}
      title={query.data?.name ?? t(`kind_one.${target?.kind ?? kind}`)}
    >
      {target?.kind === "contacts" ? (
        <Button look="link" size="none" className="mb-2" onClick={toContacts}>
          <ArrowLeft aria-hidden />
          {t("directory.all_contacts")}
        </Button>
      ) : null}
      {target === null ? null : query.isPending ? (
        <Loading />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : (
        <Loaded
          key={target.id}
          target={target}
          tab={place.tab}
          entry={query.data}
          readAgain={() => again(query)}
          rights={rights}
          notes={notes}
          mayMerge={mayMerge}
          history={history}
          onTab={(tab) => onMove({ ...place, tab })}
          onContact={(next) => onMove({ id, contact: next })}
          onGone={() => (target.kind === "contacts" ? toContacts() : onMove({ id: null }))}
        />
      )}
    </Drawer>
  );
}

function Loaded({
  target,
  tab,
  entry,
  readAgain,
  rights,
  notes,
  mayMerge,
  history,
  onTab,
  onContact,
  onGone,
}: {
  target: Target;
  tab: EntryTab | undefined;
  entry: Entry;
  readAgain: () => Promise<Entry | undefined>;
  rights: DirectoryRights;
  notes: NoteRights | null;
  mayMerge: boolean;
  history: EntryHistory;
  onTab: (tab: EntryTab) => void;
  onContact: (id: string) => void;
  onGone: () => void;
}) {
  const { t } = useTranslation();
  const tabs = ENTRY_TABS.filter(
    (each) =>
      each === "details" ||
      (each === "notes" && notes) ||
      (each === "duplicates" && mayMerge) ||
      (each === "contacts" && target.kind === "organizations") ||
      (each === "calls" && history.calls) ||
      (each === "tickets" && history.tickets) ||
      (each === "accounts" &&
        history.accounts &&
        (target.kind === "individuals" || target.kind === "contacts")),
  );
  const value = tabs.find((each) => each === tab) ?? "details";
  return (
    <Tabs<EntryTab>
      label={entry.name}
      value={value}
      onChange={onTab}
      tabs={tabs.map((each) => ({ value: each, label: t(`directory.tab.${each}`) }))}
    >
      <div className="pt-3" data-testid={`tab-${value}`}>
        {value === "contacts" ? (
          <OrganizationContacts
            organizationId={target.id}
            canCreate={rights.update}
            onOpen={(contact) => onContact(contact.id)}
          />
        ) : value === "notes" && notes ? (
          <Notes target={target} rights={notes} />
        ) : value === "duplicates" ? (
          <Duplicates kind={target.kind} id={target.id} name={entry.name} />
        ) : value === "calls" ? (
          history.calls?.(target)
        ) : value === "tickets" ? (
          history.tickets?.(target)
        ) : value === "accounts" ? (
          history.accounts?.(target)
        ) : (
          <EntryDetails target={target} entry={entry} readAgain={readAgain} rights={rights} onGone={onGone} />
        )}
      </div>
    </Tabs>
  );
}
