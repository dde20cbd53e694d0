/** Asking before a line changes hands. What was agreed to is carried out by [`useOrders`]. */

import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Agent, PhoneNumber } from "@/lib/api/types";
import { formatNumber } from "@/lib/phone";
import { Confirm, Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { useAgentLines } from "./agent-lines";
import { ChooseDialog } from "./choose-dialog";
import type { Command, Order } from "./commands";
import { countryName, flagOf, formatMoney } from "./money";

export type Asked = { number: PhoneNumber; command: Command };

export function NumberDialog({
  asked,
  agents,
  agentName,
  platform,
  onOrder,
  onClose,
}: {
  asked: Asked;
  agents: Agent[];
  agentName: (id: string) => string;
  platform: boolean;
  onOrder: (order: Order) => void;
  onClose: () => void;
}) {
  const agreed = (order: Order) => {
    onClose();
    onOrder(order);
  };
  const { number, command } = asked;
  if (command === "connect") {
    return (
      <ConnectDialog
        number={number}
        agents={agents}
        onChosen={(userId) => agreed({ number, command, userId })}
        onClose={onClose}
      />
    );
  }
  if (command === "reserve") {
    return (
      <ReserveDialog
        number={number}
        onChosen={(tenant) => agreed({ number, command, tenant })}
        onClose={onClose}
      />
    );
  }
  return (
    <Question
      number={number}
      command={command}
      agentName={agentName}
      platform={platform}
      onYes={() => agreed({ number, command })}
      onClose={onClose}
    />
  );
}

function Question({
  number,
  command,
  agentName,
  platform,
  onYes,
  onClose,
}: {
  number: PhoneNumber;
  command: Exclude<Command, "connect" | "reserve">;
  agentName: (id: string) => string;
  platform: boolean;
  onYes: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const text =
    command === "disconnect" ? (
      t("numbers.disconnect_text", { name: number.endpoint ? agentName(number.endpoint.id) : "" })
    ) : command === "release" ? (
      platform && number.status === "reserved" ? (
        t("numbers.free_text")
      ) : (
        t("numbers.release_text")
      )
    ) : command === "remove" ? (
      t("numbers.remove_text")
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
      title={t(`numbers.${command}_title`, { number: formatNumber(number.number) })}
      text={text}
      action={t(`numbers.${command}`)}
      look={command === "assign" ? "primary" : "danger"}
      onConfirm={onYes}
    />
  );
}

function ConnectDialog({
  number,
  agents,
  onChosen,
  onClose,
}: {
  number: PhoneNumber;
  agents: Agent[];
  onChosen: (userId: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  // Who has a line already: nobody has two.
  const lines = useAgentLines(true);
  return (
    <ChooseDialog
      title={t("numbers.connect_title", { number: formatNumber(number.number) })}
      label={t("call.agent")}
      placeholder={t("numbers.choose_agent")}
      missing={t("numbers.choose_agent_first")}
      options={agents.map((agent) => {
        const line = lines.data?.get(agent.user_id);
        const extension = agent.extension ? ` (${agent.extension})` : "";
        const taken = line ? ` – ${t("numbers.has_line", { number: formatNumber(line.number) })}` : "";
        return {
          id: agent.user_id,
          text: `${agent.name}${extension}${taken}`,
          disabled: line !== undefined,
        };
      })}
      onChosen={onChosen}
      onClose={onClose}
    />
  );
}

/** Holding a line for a tenant. The server knows no list of tenants: they are named by their slug. */
function ReserveDialog({
  number,
  onChosen,
  onClose,
}: {
  number: PhoneNumber;
  onChosen: (tenant: string) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const [tenant, setTenant] = useState("");
  const [left, setLeft] = useState(false);
  const valid = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/.test(tenant.trim());
  return (
    <Dialog
      open
      onOpenChange={(open) => (open ? undefined : onClose())}
      title={t("numbers.reserve_title", { number: formatNumber(number.number) })}
      description={t("numbers.reserve_text")}
    >
      <form
        className="grid gap-3"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setLeft(true);
          if (valid) onChosen(tenant.trim());
        }}
      >
        <Field
          label={t("numbers.tenant")}
          hint={t("numbers.tenant_hint")}
          required
          error={left && !valid ? t("numbers.tenant_invalid") : undefined}
        >
          <Input
            autoComplete="off"
            autoCapitalize="none"
            spellCheck={false}
            aria-required
            value={tenant}
            onChange={(event) => setTenant(event.target.value)}
            onBlur={() => setLeft(tenant !== "")}
          />
        </Field>
        <FormFoot submit={t("numbers.reserve")} onCancel={onClose} />
      </form>
    </Dialog>
  );
}
