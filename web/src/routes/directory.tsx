import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { CopyCheck, FolderInput } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { CallHistory } from "@/features/calls/call-history";
import { BookActions } from "@/features/directory/book-actions";
import { CreateDialog } from "@/features/directory/create-dialog";
import { EntryList } from "@/features/directory/entry-list";
import { EntryPanel } from "@/features/directory/entry-panel";
import { type DirectorySearch, isKind, KINDS, type Kind, type Target } from "@/features/directory/kinds";
import { AccountList } from "@/features/people/account-list";
import { TicketHistory } from "@/features/tickets/ticket-history";
import { setPageTitle } from "@/lib/alerts/title";
import { can, directoryPermission } from "@/lib/permissions";
import { useMe } from "@/lib/session";
import { buttonStyle } from "@/ui/button";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { Tabs } from "@/ui/tabs";
import { useAgents } from "./use-agents";

/** The history of an organization is that of its people too. */
const historyOf = (target: Target) =>
  target.kind === "organizations" ? { organization: target.id } : { contact: target.id };

export function DirectoryRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const me = useMe();
  const params = useParams({ from: "/app/directory/$kind" });
  const { id, tab, contact, ...search } = useSearch({ from: "/app/directory/$kind" });
  const kind: Kind = isKind(params.kind) ? params.kind : "individuals";
  const [creating, setCreating] = useState(false);
  const { nameOf } = useAgents();
  useEffect(() => setPageTitle(t(`directory.${kind}`)), [t, kind]);
  const readable = KINDS.filter((each) => can(me, directoryPermission(each, "read")));

  const go = (
    next: Kind,
    changes: DirectorySearch & { id?: string; tab?: typeof tab; contact?: string },
    replace = false,
  ) => void navigate({ to: "/directory/$kind", params: { kind: next }, search: changes, replace });

  if (!readable.includes(kind)) return <NoPermission />;
  return (
    <>
      <PageHead
        title={t("nav.directory")}
        actions={
          <>
            {can(me, "contacts.merge") ? (
              <Link to="/directory/duplicates" className={buttonStyle()}>
                <CopyCheck aria-hidden />
                {t("merge.all")}
              </Link>
            ) : null}
            {can(me, "contacts.import") ? (
              <Link to="/directory/imports" className={buttonStyle()}>
                <FolderInput aria-hidden />
                {t("imports.title")}
              </Link>
            ) : null}
            <BookActions
              kind={kind}
              search={search}
              mayImport={can(me, "contacts.import")}
              mayExport={can(me, "contacts.export")}
            />
          </>
        }
      />
      <Tabs<Kind>
        label={t("nav.directory")}
        value={kind}
        onChange={(next) => go(next, search)}
        tabs={readable.map((each) => ({ value: each, label: t(`directory.${each}`) }))}
      >
        <div className="pt-3">
          <EntryList
            key={kind}
            kind={kind}
            search={search}
            onSearch={(next) => go(kind, next, true)}
            selected={id ?? null}
            onOpen={(entry) => go(kind, { ...search, id: entry.id })}
            onCreate={can(me, directoryPermission(kind, "create")) ? () => setCreating(true) : null}
            mayDelete={can(me, directoryPermission(kind, "delete"))}
            mayEdit={can(me, directoryPermission(kind, "edit"))}
          />
        </div>
      </Tabs>
      <EntryPanel
        kind={kind}
        place={{ id: id ?? null, tab, contact }}
        rights={{
          update: can(me, directoryPermission(kind, "edit")),
          remove: can(me, directoryPermission(kind, "delete")),
          erase: can(me, "contacts.erase"),
        }}
        notes={
          can(me, "contact_notes.read")
            ? { write: can(me, "contact_notes.write"), remove: can(me, "contact_notes.delete") }
            : null
        }
        mayMerge={can(me, "contacts.merge")}
        history={{
          calls: can(me, "calls.read")
            ? (target) => (
                <CallHistory
                  of={historyOf(target)}
                  agentName={nameOf}
                  onOpen={(call) => void navigate({ to: "/calls/$callId", params: { callId: call.id } })}
                />
              )
            : undefined,
          tickets: can(me, "tickets.read")
            ? (target) => (
                <TicketHistory
                  of={historyOf(target)}
                  nameOf={nameOf}
                  onOpen={(ticket) =>
                    void navigate({ to: "/tickets/$ticketId", params: { ticketId: ticket.id } })
                  }
                />
              )
            : undefined,
          accounts: can(me, "users.read")
            ? (target) => <AccountList contactId={target.id} seesWhen={can(me, "users.sign_out")} />
            : undefined,
        }}
        onMove={(place) =>
          go(kind, place.id === null ? search : { ...search, ...place, id: place.id }, place.id === id)
        }
      />
      {creating ? (
        <CreateDialog
          kind={kind}
          open
          onOpenChange={setCreating}
          onCreated={(entry) => go(kind, { ...search, id: entry.id })}
        />
      ) : null}
    </>
  );
}
