/** People: who is a member, who was invited, whose tokens there are. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { UserPlus } from "lucide-react";
import { useCallback, useEffect, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { LineCard, LineLink, useLinesOf } from "@/features/numbers/endpoint-lines";
import { ExtensionList } from "@/features/people/extension-list";
import { InvitationList } from "@/features/people/invitation-list";
import { InviteDialog } from "@/features/people/invite-dialog";
import { MemberList } from "@/features/people/member-list";
import { MemberPanel } from "@/features/people/member-panel";
import type { PeopleRights } from "@/features/people/people";
import { RegistrationList } from "@/features/people/registration-list";
import { RegistrationSettings } from "@/features/people/registration-settings";
import { AgentFigures } from "@/features/performance/agent-figures";
import { TokenList } from "@/features/tokens/token-list";
import { setPageTitle } from "@/lib/alerts/title";
import type { Person } from "@/lib/api/types";
import { useCan, useMe } from "@/lib/session";
import { Button } from "@/ui/button";
import { NoPermission } from "@/ui/feedback";
import { PageHead } from "@/ui/panel";
import { Tabs } from "@/ui/tabs";

type View = "members" | "extensions" | "invitations" | "registrations" | "tokens";

export function PeopleRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const me = useMe();
  const {
    view = "members",
    status = "open",
    registered = "waiting",
    id,
    tab,
    ...search
  } = useSearch({ from: "/app/people" });
  const [inviting, setInviting] = useState(false);
  const allowed = useCan("users.read");
  const invites = useCan("users.create");
  const edit = useCan("users.edit");
  const contacts = useCan("contacts.lookup");
  const lets = useCan("registrations.manage");
  const seesSettings = useCan("settings.read");
  const editsSettings = useCan("settings.edit");
  const signOut = useCan("users.sign_out");
  const seesTokens = useCan("api_tokens.manage");
  const seesHistory = useCan("audit.read");
  const seesNumbers = useCan("numbers.read");
  const mayConnect = useCan("numbers.connect");
  const seesAll = useCan("wallboard.read");
  const seesOwn = useCan("agents.read");
  const lines = useLinesOf(seesNumbers);
  const lineOf = useCallback(
    (person: Person) => <LineLink line={lines.data?.get(person.id)} />,
    [lines.data],
  );
  const rights = useMemo<PeopleRights>(
    () => ({
      edit,
      signOut,
      reachesOwners: me?.platform_admin === true || me?.role === "org_owner",
      has: new Set(me?.permissions ?? []),
      self: me?.user.id ?? "",
      contacts,
    }),
    [edit, signOut, me, contacts],
  );
  useEffect(() => setPageTitle(t("nav.people")), [t]);
  if (!allowed) return <NoPermission />;
  const views = (["members", "extensions", "invitations", "registrations", "tokens"] as const).filter(
    (each) =>
      ({ members: true, extensions: true, invitations: invites, registrations: lets, tokens: seesTokens })[
        each
      ],
  );
  const shown = views.includes(view) ? view : "members";
  const go = (next: object, replace = true) =>
    void navigate({ to: "/people", search: { view: shown, ...next }, replace });
  const members = (
    <>
      <MemberList
        search={search}
        onSearch={(next) => go(next)}
        opened={id ?? null}
        onOpen={(next) => go({ ...search, id: next }, false)}
        rights={rights}
        lineOf={seesNumbers ? lineOf : undefined}
      />
      <MemberPanel
        id={id ?? null}
        tab={tab}
        rights={rights}
        seesHistory={seesHistory}
        line={
          seesNumbers
            ? (member) => (
                <LineCard
                  endpoint={{
                    kind: "user",
                    id: member.id,
                    name: member.name || member.email,
                    takesCalls: member.presence !== null && member.is_active,
                  }}
                  mayConnect={mayConnect}
                />
              )
            : undefined
        }
        performance={
          seesAll || (seesOwn && id === me?.user.id)
            ? (member) => <AgentFigures key={member.id} id={member.id} />
            : undefined
        }
        tokens={seesTokens ? (member) => <TokenList userId={member.id} /> : undefined}
        onTab={(next) => go({ ...search, id, tab: next })}
        onClose={() => go(search, false)}
      />
    </>
  );
  return (
    <>
      <PageHead
        title={t("nav.people")}
        sub={t("people.sub")}
        actions={
          invites ? (
            <Button look="primary" onClick={() => setInviting(true)}>
              <UserPlus aria-hidden />
              {t("people.invite")}
            </Button>
          ) : null
        }
      />
      <Tabs<View>
        label={t("nav.people")}
        value={shown}
        onChange={(next) => void navigate({ to: "/people", search: { view: next }, replace: true })}
        tabs={views.map((each) => ({ value: each, label: t(`people.view.${each}`) }))}
      >
        <div className="pt-3">
          {shown === "members" ? (
            members
          ) : shown === "extensions" ? (
            <ExtensionList onOpen={(user) => go({ view: "members", id: user }, false)} />
          ) : shown === "invitations" ? (
            <InvitationList
              key={status}
              status={status}
              onStatus={(next) => go({ status: next })}
              rights={rights}
            />
          ) : shown === "registrations" ? (
            <>
              {seesSettings ? (
                <RegistrationSettings slug={me?.tenant?.slug ?? ""} mayEdit={editsSettings} />
              ) : null}
              <RegistrationList status={registered} onStatus={(next) => go({ registered: next })} />
            </>
          ) : (
            <TokenList showOwner />
          )}
        </div>
      </Tabs>
      {inviting ? <InviteDialog rights={rights} onClose={() => setInviting(false)} /> : null}
    </>
  );
}
