/** One team: its name, its members, who leads. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Crown, Pencil, Trash2, X } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { again, keys } from "@/lib/api/query";
import type { Team, TeamMember } from "@/lib/api/types";
import { Badge } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm, Drawer } from "@/ui/dialog";
import { Failed, InlineError, Loading, useErrorText } from "@/ui/feedback";
import { Field, Select } from "@/ui/field";
import { TeamForm } from "./team-form";
import type { Candidate } from "./team-list";

export function TeamPanel({
  id,
  mayEdit,
  people,
  onClose,
}: {
  id: string | null;
  mayEdit: boolean;
  people: readonly Candidate[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: [...keys.teams, "one", id],
    enabled: id !== null,
    queryFn: ({ signal }) =>
      take<Team>(api.GET("/api/v1/teams/{id}", { params: { path: { id: id ?? "" } }, signal })),
  });
  return (
    <Drawer
      open={id !== null}
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={query.data?.name ?? t("nav.teams")}
    >
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Loaded
          key={id}
          team={query.data}
          readAgain={() => again(query)}
          mayEdit={mayEdit}
          people={people}
          onGone={onClose}
        />
      ) : (
        <Loading />
      )}
    </Drawer>
  );
}

type Change = { member: { user_id: string; name: string }; to: "in" | "lead" | "out" };

function Loaded({
  team,
  readAgain,
  mayEdit,
  people,
  onGone,
}: {
  team: Team;
  readAgain: () => Promise<Team | undefined>;
  mayEdit: boolean;
  people: readonly Candidate[];
  onGone: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const errorText = useErrorText();
  const [editing, setEditing] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const key = [...keys.teams, "one", team.id];
  const change = useMutation({
    mutationFn: ({ member, to }: Change) => {
      const params = { path: { id: team.id, user_id: member.user_id } };
      return to === "out"
        ? take(api.DELETE("/api/v1/teams/{id}/members/{user_id}", { params }))
        : take(api.PUT("/api/v1/teams/{id}/members/{user_id}", { params, body: { is_lead: to === "lead" } }));
    },
    // Shown at once; the server's team comes with the answer.
    onMutate: async ({ member, to }) => {
      await client.cancelQueries({ queryKey: key });
      const before = client.getQueryData<Team>(key);
      if (before) client.setQueryData(key, { ...before, members: after(before.members ?? [], member, to) });
      return before;
    },
    onError: (error, { member }, before) => {
      client.setQueryData(key, before);
      toast.error(member.name, { description: errorText(error) });
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.teams }),
  });
  const remove = useMutation({
    mutationFn: () => take(api.DELETE("/api/v1/teams/{id}", { params: { path: { id: team.id } } })),
    onSuccess: () => {
      toast.success(t("teams.deleted", { name: team.name }));
      onGone();
      void client.invalidateQueries({ queryKey: [...keys.teams, "list"] });
    },
  });
  const members = team.members ?? [];
  const inside = new Set(members.map((member) => member.user_id));
  const outside = people.filter((person) => person.active && !inside.has(person.id));
  if (editing) {
    return (
      <TeamForm
        team={team}
        readAgain={readAgain}
        onCancel={() => setEditing(false)}
        onSaved={() => {
          setEditing(false);
          void client.invalidateQueries({ queryKey: keys.teams });
        }}
      />
    );
  }
  return (
    <div className="grid gap-4">
      {mayEdit ? (
        <div className="flex flex-wrap gap-2">
          <Button size="sm" onClick={() => setEditing(true)}>
            <Pencil aria-hidden />
            {t("action.edit")}
          </Button>
          <Button size="sm" onClick={() => setDeleting(true)}>
            <Trash2 aria-hidden />
            {t("action.delete")}
          </Button>
        </div>
      ) : null}
      {team.description ? <p className="text-muted">{team.description}</p> : null}
      <section aria-labelledby="team-members" className="grid gap-2">
        <h3 id="team-members" className="font-semibold">
          {t("teams.members")} <span className="num font-normal text-muted">{members.length}</span>
        </h3>
        {mayEdit && outside.length > 0 ? (
          <Field label={t("teams.add")} className="max-w-80">
            <Select
              value=""
              onChange={(event) => {
                const person = outside.find((each) => each.id === event.target.value);
                if (person) change.mutate({ member: { user_id: person.id, name: person.name }, to: "in" });
              }}
            >
              <option value="">{t("teams.choose")}</option>
              {outside.map((person) => (
                <option key={person.id} value={person.id}>
                  {person.name}
                </option>
              ))}
            </Select>
          </Field>
        ) : null}
        {members.length === 0 ? <p className="text-muted">{t("teams.nobody")}</p> : null}
        <ul className="grid gap-1.5" data-testid="team-members">
          {members.map((member) => (
            <li
              key={member.user_id}
              className="flex flex-wrap items-center gap-x-3 gap-y-1 rounded-md border border-line px-3 py-1.5"
            >
              <span className={member.is_active ? "font-medium" : "font-medium text-muted line-through"}>
                {member.name || member.email}
              </span>
              {member.is_lead ? (
                <Badge tone="accent">
                  <Crown aria-hidden className="size-3.5" />
                  {t("teams.lead")}
                </Badge>
              ) : null}
              {mayEdit ? (
                <span className="ml-auto flex gap-1.5">
                  <Button
                    size="sm"
                    aria-label={t(member.is_lead ? "teams.no_lead_one" : "teams.make_lead_one", {
                      name: member.name,
                    })}
                    onClick={() => change.mutate({ member, to: member.is_lead ? "in" : "lead" })}
                  >
                    {member.is_lead ? t("teams.no_lead") : t("teams.make_lead")}
                  </Button>
                  <Button
                    look="ghost"
                    size="icon-sm"
                    aria-label={t("teams.take_out", { name: member.name })}
                    onClick={() => change.mutate({ member, to: "out" })}
                  >
                    <X aria-hidden />
                  </Button>
                </span>
              ) : null}
            </li>
          ))}
        </ul>
      </section>
      <Confirm
        open={deleting}
        onOpenChange={setDeleting}
        title={t("teams.delete_title", { name: team.name })}
        text={t("teams.delete_text")}
        action={t("action.delete")}
        busy={remove.isPending}
        error={<InlineError error={remove.error} />}
        onConfirm={() => remove.mutate()}
      />
    </div>
  );
}

function after(members: TeamMember[], who: Change["member"], to: Change["to"]): TeamMember[] {
  const others = members.filter((member) => member.user_id !== who.user_id);
  if (to === "out") return others;
  const before = members.find((member) => member.user_id === who.user_id);
  const now: TeamMember = {
    user_id: who.user_id,
    name: who.name,
    email: "",
    is_active: true,
    joined_at: new Date().toISOString(),
    ...before,
    is_lead: to === "lead",
  };
  // Leads first, as the server has them.
  return [...others, now].sort(
    (a, b) => Number(b.is_lead) - Number(a.is_lead) || a.name.localeCompare(b.name),
  );
}
