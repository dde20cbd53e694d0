/** Asking before a line changes hands, and saying clearly why it did not. */
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Agent, Page, PhoneNumber } from "@/lib/api/types";
import { formatNumber } from "@/lib/phone";
import { Button } from "@/ui/button";
import { Confirm, Dialog } from "@/ui/dialog";
import { useErrorText } from "@/ui/feedback";
import { Field, Select } from "@/ui/field";
import { type Command, connectNumber, refusalOf, runCommand } from "./commands";
import { countryName, flagOf, formatMoney } from "./money";

export type Asked = { number: PhoneNumber; command: Command | "connect" };

/** The words for a refused command: by the server's reason where it is a known one. */
export function useRefusalText(): (error: unknown) => string {
  const { t } = useTranslation();
  const errorText = useErrorText();
  return (error) => {
    const refusal = refusalOf(error);
    return refusal ? t(`numbers.refused.${refusal}`) : errorText(error);
  };
}

function Refused({ error }: { error: unknown }) {
  const text = useRefusalText()(error);
  if (!error) return null;
  return (
    <p role="alert" className="mt-2 rounded-md bg-bad-soft px-2.5 py-1.5 text-[0.8667rem] text-bad">
      {text}
    </p>
  );
}

export function NumberDialog({
  asked,
  agents,
  agentName,
  onClose,
}: {
  asked: Asked;
  agents: Agent[];
  agentName: (id: string) => string;
  onClose: () => void;
}) {
  if (asked.command === "connect") {
    return <ConnectDialog number={asked.number} agents={agents} onClose={onClose} />;
  }
  return (
    <CommandDialog number={asked.number} command={asked.command} agentName={agentName} onClose={onClose} />
  );
}

function CommandDialog({
  number,
  command,
  agentName,
  onClose,
}: {
  number: PhoneNumber;
  command: Command;
  agentName: (id: string) => string;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const spoken = formatNumber(number.number);
  const run = useMutation({
    mutationFn: () => runCommand(number, command),
    onSuccess: () => {
      toast.success(t(`numbers.done.${command}`, { number: spoken }));
      onClose();
    },
    // Refused or not, what is on the screen may be old.
    onSettled: () => client.invalidateQueries({ queryKey: keys.numbers }),
  });
  const text =
    command === "disconnect" ? (
      t("numbers.disconnect_text", { name: number.endpoint ? agentName(number.endpoint.id) : "" })
    ) : command === "release" ? (
      t("numbers.release_text")
    ) : (
      <>
        {flagOf(number.country)} {countryName(number.country)}
        {number.region ? `, ${number.region}` : ""}
        {number.monthly_cost
          ? ` · ${t("numbers.per_month", { cost: formatMoney(number.monthly_cost, number.currency) })}`
          : ""}
        <br />
        {t("numbers.assign_text")}
      </>
    );
  return (
    <Confirm
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t(`numbers.${command}_title`, { number: spoken })}
      text={text}
      action={t(`numbers.${command}`)}
      look={command === "assign" ? "primary" : "danger"}
      busy={run.isPending}
      error={<Refused error={run.error} />}
      onConfirm={() => run.mutate()}
    />
  );
}

/** Who has a line already: nobody has two. */
function useLineHolders() {
  return useQuery({
    queryKey: [...keys.numbers, "holders"],
    queryFn: ({ signal }) =>
      take<Page<PhoneNumber>>(
        api.GET("/api/v1/phone-numbers", { params: { query: { connected: true, limit: 200 } }, signal }),
      ),
    select: (page) =>
      new Map(page.items.flatMap((line) => (line.endpoint ? [[line.endpoint.id, line.number]] : []))),
  });
}

function ConnectDialog({
  number,
  agents,
  onClose,
}: {
  number: PhoneNumber;
  agents: Agent[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const holders = useLineHolders();
  const [userId, setUserId] = useState("");
  const [left, setLeft] = useState(false);
  const spoken = formatNumber(number.number);
  const connect = useMutation({
    mutationFn: () => connectNumber(number.id, userId),
    onSuccess: () => {
      toast.success(t("numbers.done.connect", { number: spoken }));
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.numbers }),
  });
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("numbers.connect_title", { number: spoken })}
      description={t("numbers.connect_text")}
    >
      <form
        className="grid gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setLeft(true);
          if (userId) connect.mutate();
        }}
      >
        <Field
          label={t("call.agent")}
          required
          error={left && !userId ? t("numbers.choose_agent_first") : undefined}
        >
          <Select value={userId} onChange={(event) => setUserId(event.target.value)}>
            <option value="">{t("numbers.choose_agent")}</option>
            {agents.map((agent) => {
              const line = holders.data?.get(agent.user_id);
              return (
                <option key={agent.user_id} value={agent.user_id} disabled={line !== undefined}>
                  {agent.name}
                  {agent.extension ? ` (${agent.extension})` : ""}
                  {line ? ` – ${t("numbers.has_line", { number: formatNumber(line) })}` : ""}
                </option>
              );
            })}
          </Select>
        </Field>
        <Refused error={connect.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="submit" look="primary" busy={connect.isPending}>
            {t("numbers.connect")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
