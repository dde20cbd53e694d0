import { useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { CreateDialog } from "@/features/directory/create-dialog";
import { EntryList } from "@/features/directory/entry-list";
import { EntryPanel } from "@/features/directory/entry-panel";
import { isKind, KINDS, type Kind } from "@/features/directory/kinds";
import { setPageTitle } from "@/lib/alerts/title";
import { can, directoryPermission } from "@/lib/permissions";
import { useMe } from "@/lib/session";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { Tabs } from "@/ui/tabs";

export function DirectoryRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const me = useMe();
  const params = useParams({ from: "/app/directory/$kind" });
  const search = useSearch({ from: "/app/directory/$kind" });
  const kind: Kind = isKind(params.kind) ? params.kind : "individuals";
  const [creating, setCreating] = useState(false);
  useEffect(() => setPageTitle(t(`directory.${kind}`)), [t, kind]);
  const readable = KINDS.filter((each) => can(me, directoryPermission(each, "read")));

  const go = (next: Kind, changes: { q?: string; phone?: string; id?: string }, replace = false) =>
    void navigate({ to: "/directory/$kind", params: { kind: next }, search: changes, replace });

  if (!readable.includes(kind)) return <NoPermission />;
  return (
    <>
      <PageHead title={t("nav.directory")} />
      <Tabs<Kind>
        label={t("nav.directory")}
        value={kind}
        onChange={(next) => go(next, { q: search.q, phone: search.phone })}
        tabs={readable.map((each) => ({ value: each, label: t(`directory.${each}`) }))}
      >
        <div className="pt-3">
          <EntryList
            key={kind}
            kind={kind}
            search={{ q: search.q, phone: search.phone }}
            onSearch={(next) => go(kind, next, true)}
            selected={search.id ?? null}
            onOpen={(entry) => go(kind, { ...search, id: entry.id })}
            onCreate={can(me, directoryPermission(kind, "create")) ? () => setCreating(true) : null}
          />
        </div>
      </Tabs>
      <EntryPanel
        kind={kind}
        id={search.id ?? null}
        rights={{
          update: can(me, directoryPermission(kind, "edit")),
          remove: can(me, directoryPermission(kind, "delete")),
          createContact: can(me, directoryPermission("organizations", "edit")),
        }}
        onClose={() => go(kind, { q: search.q, phone: search.phone })}
      />
      {creating ? (
        <CreateDialog
          kind={kind}
          open
          onOpenChange={setCreating}
          onCreated={(entry) => go(kind, { q: search.q, phone: search.phone, id: entry.id })}
        />
      ) : null}
    </>
  );
}
