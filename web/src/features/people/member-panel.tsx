/** One member beside the list: what they are and may, their line, what happened to their account, their tokens. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { again, keys } from "@/lib/api/query";
import type { Member } from "@/lib/api/types";
import { nameOfContact } from "@/lib/client-contact";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { ContactLink } from "@/ui/contact-link";
import { Drawer } from "@/ui/dialog";
import { Failed, Loading } from "@/ui/feedback";
import { Fact, Facts } from "@/ui/panel";
import { useRoleText } from "@/ui/role";
import { PresenceBadge } from "@/ui/states";
import { Tabs } from "@/ui/tabs";
import { MemberCommands } from "./member-commands";
import { MemberFactor } from "./member-factor";
import { MemberForm } from "./member-form";
import { MemberHistory } from "./member-history";
import { Notes } from "./member-notes";
import { MemberPassword } from "./member-password";
import { MODULES } from "./member-values";
import { loadMember, type PeopleRights, possible } from "./people";

export type MemberTab = "details" | "performance" | "history" | "tokens";

export function MemberPanel({
  id,
  tab = "details",
  rights,
  seesHistory,
  line,
  performance,
  tokens,
  onTab,
  onClose,
}: {
  id: string | null;
  tab?: MemberTab;
  rights: PeopleRights;
  seesHistory: boolean;
  /** Their phone number, where the person looking may see numbers. */
  line?: (member: Member) => ReactNode;
  /** How they did, where the person looking may see it. */
  performance?: (member: Member) => ReactNode;
  tokens?: (member: Member) => ReactNode;
  onTab: (tab: MemberTab) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.people, "panel", id],
    enabled: id !== null,
    queryFn: ({ signal }) => loadMember(id ?? "", signal),
  });
  const member = query.data;
  const has: Record<MemberTab, boolean> = {
    details: true,
    // Clients take no calls and work on no tickets.
    performance: performance !== undefined && member?.role !== "client",
    history: seesHistory,
    tokens: tokens !== undefined,
  };
  const tabs = (["details", "performance", "history", "tokens"] as const).filter((each) => has[each]);
  const shown = tabs.includes(tab) ? tab : "details";
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={member ? member.name || member.email : t("nav.people")}
    >
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : member ? (
        <Tabs<MemberTab>
          label={member.name || member.email}
          value={shown}
          onChange={onTab}
          tabs={tabs.map((each) => ({ value: each, label: t(`people.tab.${each}`) }))}
        >
          <div className="pt-4" data-testid={`member-${shown}`}>
            {shown === "details" ? (
              <Details key={id} member={member} readAgain={() => again(query)} rights={rights} line={line} />
            ) : shown === "performance" ? (
              performance?.(member)
            ) : shown === "history" ? (
              <MemberHistory id={member.id} />
            ) : (
              tokens?.(member)
            )}
          </div>
        </Tabs>
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}

function Details({
  member,
  readAgain,
  rights,
  line,
}: {
  member: Member;
  readAgain: () => Promise<Member | undefined>;
  rights: PeopleRights;
  line?: (member: Member) => ReactNode;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const roleText = useRoleText();
  const [editing, setEditing] = useState(false);
  const may = possible(member, rights);
  if (editing) {
    return (
      <MemberForm
        member={member}
        rights={rights}
        readAgain={readAgain}
        onCancel={() => setEditing(false)}
        onSaved={async () => {
          await client.invalidateQueries({ queryKey: keys.people });
          setEditing(false);
        }}
      />
    );
  }
  const none = <span className="text-muted">–</span>;
  const off = MODULES.filter((module) => !member.modules[module]);
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-center gap-2">
        {may.edit ? (
          <Button size="sm" onClick={() => setEditing(true)}>
            <Pencil aria-hidden />
            {t("action.edit")}
          </Button>
        ) : null}
        <MemberCommands member={member} rights={rights} />
        {may.password ? <MemberPassword member={member} /> : null}
      </div>
      {may.edit || !rights.edit ? null : <p className="text-muted">{t("people.owner_only")}</p>}
      <Facts>
        <Fact term={t("field.email")}>{member.email}</Fact>
        <Fact term={t("field.role")}>{member.role_name ?? roleText(member.role)}</Fact>
        <Fact term={t("field.status")}>
          <ActiveBadge active={member.is_active} />
        </Fact>
        <Fact term={t("field.presence")}>
          {member.presence ? <PresenceBadge presence={member.presence} /> : none}
        </Fact>
        <Fact term={t("field.extension")}>
          {member.extension ? <span className="num">{member.extension}</span> : none}
        </Fact>
        <Fact term={t("people.sip_uri")}>{member.sip_uri ?? none}</Fact>
        {member.contact ? (
          <Fact term={t("people.contact")}>
            <ContactLink
              contact={member.contact}
              name={nameOfContact(member.contact)}
              organizationId={member.contact.organization_id}
            />
          </Fact>
        ) : null}
        <Fact term={t("people.modules")}>
          {off.length === 0
            ? t("people.all_modules")
            : t("people.without", { modules: off.map((each) => t(`module.${each}`)).join(", ") })}
        </Fact>
        {rights.signOut ? (
          <Fact term={t("field.last_seen")}>
            <When at={member.last_seen_at} />
          </Fact>
        ) : null}
        {member.metadata && Object.keys(member.metadata).length > 0 ? (
          <Fact term={t("people.metadata")}>
            <Notes of={member.metadata} />
          </Fact>
        ) : null}
        <Fact term={t("field.updated")}>
          <When at={member.updated_at} />
        </Fact>
      </Facts>
      {line?.(member)}
      {may.edit ? <MemberFactor member={member} /> : null}
    </div>
  );
}

export function ActiveBadge({ active }: { active: boolean }) {
  const { t } = useTranslation();
  return (
    <Badge tone={active ? "good" : "neutral"} data-active={active}>
      {active ? t("people.active") : t("people.inactive")}
    </Badge>
  );
}
