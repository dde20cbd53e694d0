/** Switching a member off and on, and ending their sessions: each is asked about first. */
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { keys } from "@/lib/api/query";
import type { Member } from "@/lib/api/types";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { FormProblem, useErrorText } from "@/ui/feedback";
import { activate, deactivate, type PeopleRights, possible, signOutEverywhere } from "./people";
import { useRefusalText } from "./refusal";

const COMMANDS = ["deactivate", "activate", "signOut"] as const;
type Command = (typeof COMMANDS)[number];
const RUN: Record<Command, (member: Member) => Promise<unknown>> = {
  deactivate,
  activate,
  signOut: signOutEverywhere,
};

export function MemberCommands({ member, rights }: { member: Member; rights: PeopleRights }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const refusal = useRefusalText();
  const errorText = useErrorText();
  const [asked, setAsked] = useState<Command | null>(null);
  const may = possible(member, rights);
  const name = member.name || member.email;
  const run = useMutation({
    mutationFn: (command: Command) => RUN[command](member),
    onSuccess: (_, command) => {
      toast.success(t(`people.done.${command}`, { name }));
      setAsked(null);
    },
    onSettled: () => {
      void client.invalidateQueries({ queryKey: keys.people });
      void client.invalidateQueries({ queryKey: keys.numbers });
      void client.invalidateQueries({ queryKey: keys.tokens });
    },
  });
  const ask = (command: Command) => {
    run.reset();
    setAsked(command);
  };
  return (
    <>
      {COMMANDS.filter((command) => may[command]).map((command) => (
        <Button key={command} size="sm" onClick={() => ask(command)}>
          {t(`people.command.${command}`)}
        </Button>
      ))}
      {asked ? (
        <Confirm
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t(`people.ask.${asked}`, { name })}
          text={t(`people.ask_text.${asked}`)}
          action={t(`people.command.${asked}`)}
          look={asked === "activate" ? "primary" : "danger"}
          busy={run.isPending}
          error={
            run.error ? (
              <div className="mt-2">
                <FormProblem message={refusal(run.error)?.message ?? errorText(run.error)} />
              </div>
            ) : null
          }
          onConfirm={() => run.mutate(asked)}
        />
      ) : null}
    </>
  );
}
