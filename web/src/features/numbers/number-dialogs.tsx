/** Asking before a line changes hands. What was agreed to is carried out by [`useOrders`]. */

import { useState } from "react";
import { useTranslation } from "react-i18next";
import type { Agent, Bot, Endpoint, PhoneNumber } from "@/lib/api/types";
import { countryName } from "@/lib/countries";
import { formatNumber } from "@/lib/phone";
import { Confirm, Dialog } from "@/ui/dialog";
import { Field, Input } from "@/ui/field";
import { FormFoot } from "@/ui/form-foot";
import { ChooseDialog } from "./choose-dialog";
import type { Command, Order } from "./commands";
import { useLinesOf } from "./endpoint-lines";
import { flagOf, formatMoney } from "./money";

export type Asked = { number: PhoneNumber; command: Command };

export function NumberDialog({
  asked,
  agents,
  bots,
  nameOf,
  platform,
  onOrder,
  onClose,
}: {
  asked: Asked;
  agents: Agent[];
  bots: Bot[];
  nameOf: (endpoint: Endpoint) => string;
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
        bots={bots}
        onChosen={(endpoint) => agreed({ number, command, endpoint })}
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
      nameOf={nameOf}
      platform={platform}
      onYes={() => agreed({ number, command })}
      onClose={onClose}
    />
  );
}

function Question({
  number,
  command,
  nameOf,
  platform,
  onYes,
  onClose,
}: {
  number: PhoneNumber;
  command: Exclude<Command, "connect" | "reserve">;
  nameOf: (endpoint: Endpoint) => string;
  platform: boolean;
  onYes: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const text =
    command === "disconnect" ? (
      t(`numbers.disconnect_text.${number.endpoint?.kind ?? "user"}`, {
        name: number.endpoint ? nameOf(number.endpoint) : "",
      })
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
  bots,
  onChosen,
  onClose,
}: {
  number: PhoneNumber;
  agents: Agent[];
  bots: Bot[];
  onChosen: (endpoint: Endpoint) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  // Who has a line already: nobody has two, and no bot either.
  const lines = useLinesOf(true);
  const option = (id: string, name: string) => {
    const line = lines.data?.get(id);
    const taken = line ? ` – ${t("numbers.has_line", { number: formatNumber(line.number) })}` : "";
    return { id, text: `${name}${taken}`, disabled: line !== undefined };
  };
  const people = agents.map((agent) =>
    option(agent.user_id, `${agent.name}${agent.extension ? ` (${agent.extension})` : ""}`),
  );
  // One that is switched off takes no calls.
  const active = bots.filter((bot) => bot.is_active).map((bot) => option(bot.id, bot.name));
  return (
    <ChooseDialog
      title={t("numbers.connect_title", { number: formatNumber(number.number) })}
      text={t("numbers.connect_text")}
      label={t("numbers.agent_or_bot")}
      placeholder={t("numbers.choose_endpoint")}
      missing={t("numbers.choose_endpoint_first")}
      groups={[
        { label: t("family.agents"), options: people },
        { label: t("nav.bots"), options: active },
      ]}
      onChosen={(id) => onChosen({ kind: active.some((bot) => bot.id === id) ? "bot" : "user", id })}
      onClose={onClose}
    />
  );
}

/** Holding a line for a tenant, which is named by its slug. */
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
