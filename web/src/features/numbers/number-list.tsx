import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { api, idempotencyKey, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Agent, Page, PhoneNumber } from "@/lib/api/types";
import { formatNumber } from "@/lib/phone";
import { usePages } from "@/lib/use-pages";
import { Badge, Dot, type Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Confirm, Dialog } from "@/ui/dialog";
import { InlineError } from "@/ui/feedback";
import { Field, Select } from "@/ui/field";
import { ListFrame } from "@/ui/list";
import { NumberText } from "@/ui/number";
import type { Column } from "@/ui/table";

export interface NumberRights {
  assign: boolean;
  release: boolean;
  connect: boolean;
}
export type NumberStatus = PhoneNumber["status"];
const STATUSES: readonly NumberStatus[] = ["available", "assigned", "reserved"];
const tone: Record<NumberStatus, Tone> = { available: "neutral", assigned: "accent", reserved: "warn" };

type Command = "assign" | "release" | "disconnect";

export function NumberList({
  status,
  onStatus,
  rights,
  agents,
}: {
  status: NumberStatus | undefined;
  onStatus: (status: NumberStatus | undefined) => void;
  rights: NumberRights;
  agents: Agent[];
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [connecting, setConnecting] = useState<PhoneNumber | null>(null);
  const [releasing, setReleasing] = useState<PhoneNumber | null>(null);
  const pages = usePages({
    queryKey: [...keys.numbers, { status }],
    fetchPage: (cursor, signal) =>
      take<Page<PhoneNumber>>(
        api.GET("/api/v1/phone-numbers", { params: { query: { cursor, status } }, signal }),
      ),
  });
  const command = useMutation({
    mutationFn: ({ number, verb }: { number: PhoneNumber; verb: Command }) => {
      const options = {
        body: {},
        params: { path: { id: number.id } },
        headers: { "Idempotency-Key": idempotencyKey() },
      };
      if (verb === "assign") return take<PhoneNumber>(api.POST("/api/v1/phone-numbers/{id}/assign", options));
      if (verb === "release")
        return take<PhoneNumber>(api.POST("/api/v1/phone-numbers/{id}/release", options));
      return take<PhoneNumber>(api.POST("/api/v1/phone-numbers/{id}/disconnect", options));
    },
    onSuccess: (_done, { number, verb }) => {
      setReleasing(null);
      toast.success(t(`numbers.done.${verb}`, { number: formatNumber(number.number) }));
    },
    onError: (error, { verb }) => {
      if (verb !== "release") toast.error(error.message);
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.numbers }),
  });

  const columns = useMemo<Column<PhoneNumber>[]>(() => {
    const agentName = (id: string) => {
      const agent = agents.find((each) => each.user_id === id);
      return agent ? `${agent.name}${agent.extension ? ` (${agent.extension})` : ""}` : id.slice(0, 8);
    };
    const busy = (number: PhoneNumber) => command.isPending && command.variables.number.id === number.id;
    return [
      {
        id: "number",
        header: t("field.number"),
        cell: ({ row }) => (
          <span className="font-medium">
            <NumberText number={row.original.number} />
          </span>
        ),
      },
      {
        id: "country",
        header: t("numbers.country"),
        className: "@3xl:w-24",
        cell: ({ row }) => row.original.country,
      },
      {
        id: "status",
        header: t("field.status"),
        className: "@3xl:w-36",
        cell: ({ row }) => (
          <Badge tone={tone[row.original.status] ?? "neutral"} data-number-status={row.original.status}>
            {t(`number_status.${row.original.status}`, { defaultValue: row.original.status })}
          </Badge>
        ),
      },
      {
        id: "endpoint",
        header: t("numbers.connected_to"),
        cell: ({ row }) =>
          row.original.endpoint ? (
            <span className="inline-flex items-center gap-1.5">
              <Dot tone="good" />
              {row.original.endpoint.kind === "user" ? agentName(row.original.endpoint.id) : t("numbers.bot")}
            </span>
          ) : (
            <span className="text-muted">
              {row.original.status === "assigned" ? t("numbers.nobody") : "–"}
            </span>
          ),
      },
      {
        id: "cost",
        header: t("numbers.cost"),
        className: "@3xl:w-28",
        wideOnly: true,
        cell: ({ row }) =>
          row.original.monthly_cost ? (
            <span className="num">
              {row.original.monthly_cost} {row.original.currency}
            </span>
          ) : (
            <span className="text-muted">–</span>
          ),
      },
      {
        id: "actions",
        header: t("field.actions"),
        className: "@3xl:w-56",
        cell: ({ row }) => {
          const number = row.original;
          const spoken = formatNumber(number.number);
          return (
            <span className="flex flex-wrap gap-1.5">
              {number.status === "available" && rights.assign ? (
                <Button
                  size="sm"
                  busy={busy(number)}
                  aria-label={t("numbers.assign_one", { number: spoken })}
                  onClick={() => command.mutate({ number, verb: "assign" })}
                >
                  {t("numbers.assign")}
                </Button>
              ) : null}
              {number.status === "assigned" && !number.endpoint && rights.connect ? (
                <Button
                  size="sm"
                  aria-label={t("numbers.connect_one", { number: spoken })}
                  onClick={() => setConnecting(number)}
                >
                  {t("numbers.connect")}
                </Button>
              ) : null}
              {number.endpoint && rights.connect ? (
                <Button
                  size="sm"
                  busy={busy(number)}
                  aria-label={t("numbers.disconnect_one", { number: spoken })}
                  onClick={() => command.mutate({ number, verb: "disconnect" })}
                >
                  {t("numbers.disconnect")}
                </Button>
              ) : null}
              {number.status === "assigned" && !number.endpoint && rights.release ? (
                <Button
                  size="sm"
                  aria-label={t("numbers.release_one", { number: spoken })}
                  onClick={() => {
                    command.reset();
                    setReleasing(number);
                  }}
                >
                  {t("numbers.release")}
                </Button>
              ) : null}
            </span>
          );
        },
      },
    ];
  }, [agents, command, rights, t]);

  return (
    <>
      <ListFrame
        label={t("nav.numbers")}
        columns={rights.assign || rights.connect || rights.release ? columns : columns.slice(0, -1)}
        pages={pages}
        rowId={(number) => number.id}
        emptyTitle={status ? t("state.no_match") : t("numbers.empty")}
        emptyText={status ? t("state.no_match_text") : t("numbers.empty_text")}
        toolbar={
          <Field label={t("field.status")} className="w-40">
            <Select
              value={status ?? ""}
              onChange={(event) => onStatus((event.target.value || undefined) as NumberStatus | undefined)}
            >
              <option value="">{t("filter.any")}</option>
              {STATUSES.map((each) => (
                <option key={each} value={each}>
                  {t(`number_status.${each}`)}
                </option>
              ))}
            </Select>
          </Field>
        }
      />
      <ConnectDialog number={connecting} agents={agents} onClose={() => setConnecting(null)} />
      <Confirm
        open={releasing !== null}
        onOpenChange={(open) => (open ? undefined : setReleasing(null))}
        title={t("numbers.release_title", { number: formatNumber(releasing?.number) })}
        text={t("numbers.release_text")}
        action={t("numbers.release")}
        busy={command.isPending}
        error={<InlineError error={command.variables?.verb === "release" ? command.error : null} />}
        onConfirm={() => releasing && command.mutate({ number: releasing, verb: "release" })}
      />
    </>
  );
}

function ConnectDialog({
  number,
  agents,
  onClose,
}: {
  number: PhoneNumber | null;
  agents: Agent[];
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const [userId, setUserId] = useState("");
  const connect = useMutation({
    mutationFn: () =>
      take<PhoneNumber>(
        api.POST("/api/v1/phone-numbers/{id}/connect", {
          body: { user_id: userId },
          params: { path: { id: number?.id ?? "" } },
          headers: { "Idempotency-Key": idempotencyKey() },
        }),
      ),
    onSuccess: () => {
      toast.success(t("numbers.done.connect", { number: formatNumber(number?.number) }));
      setUserId("");
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.numbers }),
  });
  return (
    <Dialog
      open={number !== null}
      onOpenChange={(open) => {
        if (open) return;
        connect.reset();
        onClose();
      }}
      title={t("numbers.connect_title", { number: formatNumber(number?.number) })}
      description={t("numbers.connect_text")}
    >
      <form
        className="grid gap-3"
        onSubmit={(event) => {
          event.preventDefault();
          if (userId) connect.mutate();
        }}
      >
        <Field label={t("call.agent")}>
          <Select value={userId} onChange={(event) => setUserId(event.target.value)}>
            <option value="">{t("numbers.choose_agent")}</option>
            {agents.map((agent) => (
              <option key={agent.user_id} value={agent.user_id}>
                {agent.name}
                {agent.extension ? ` (${agent.extension})` : ""}
              </option>
            ))}
          </Select>
        </Field>
        <InlineError error={connect.error} />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>{t("action.cancel")}</Button>
          <Button type="submit" look="primary" busy={connect.isPending} disabled={!userId}>
            {t("numbers.connect")}
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
