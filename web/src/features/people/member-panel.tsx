/** One member beside the list: what they are and may, their line, what happened to their account, their tokens. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { type ReactNode, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { ApiError, isApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import type { Member } from "@/lib/api/types";
import { When } from "@/ui/age";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
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
import { MODULES } from "./member-values";
import { changeMember, loadMember, type PeopleRights, possible } from "./people";

export type MemberTab = "details" | "history" | "tokens";

export function MemberPanel({
  id,
  tab = "details",
  rights,
  seesHistory,
  line,
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
  const member = query.data?.member;
  const tabs = (["details", "history", "tokens"] as const).filter(
    (each) => each === "details" || (each === "history" ? seesHistory : tokens !== undefined),
  );
  const shown = tabs.includes(tab) ? tab : "details";
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={member ? member.name || member.email : t("nav.people")}
    >
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : member && query.data ? (
        <Tabs<MemberTab>
          label={member.name || member.email}
          value={shown}
          onChange={onTab}
          tabs={tabs.map((each) => ({ value: each, label: t(`people.tab.${each}`) }))}
        >
          <div className="pt-4" data-testid={`member-${shown}`}>
            {shown === "details" ? (
              <Details key={id} member={member} etag={query.data.etag} rights={rights} line={line} />
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
  etag,
  rights,
  line,
}: {
  member: Member;
  etag: string;
  rights: PeopleRights;
  line?: (member: Member) => ReactNode;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const roleText = useRoleText();
  // While editing: the version the person looks at. The record may move on underneath while they type.
  const [editing, setEditing] = useState<string | null>(null);
  const may = possible(member, rights);
  if (editing !== null) {
    return (
      <MemberForm
        member={member}
        rights={rights}
        onCancel={() => setEditing(null)}
        onSubmit={async (change) => {
          try {
            await changeMember(member.id, change, editing);
          } catch (error) {
            if (!isApiError(error) || error.status !== 412) throw error;
            setEditing((await loadMember(member.id)).etag);
            throw new ApiError(412, { detail: t("form.changed_elsewhere") });
          }
          toast.success(t("people.saved", { name: member.name || member.email }));
          await client.invalidateQueries({ queryKey: keys.people });
          setEditing(null);
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
          <Button size="sm" onClick={() => setEditing(etag)}>
            <Pencil aria-hidden />
            {t("action.edit")}
          </Button>
        ) : null}
        <MemberCommands member={member} rights={rights} />
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
