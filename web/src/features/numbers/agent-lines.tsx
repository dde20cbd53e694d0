/** The lines on the pages of people: a column of the list, and a card beside it. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { PhoneOff } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, PhoneNumber } from "@/lib/api/types";
import { formatNumber } from "@/lib/phone";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Failed, Loading } from "@/ui/feedback";
import { NumberText } from "@/ui/number";
import { Panel, PanelHead } from "@/ui/panel";
import { ChooseDialog } from "./choose-dialog";
import { countryName, flagOf } from "./money";
import { useOrders } from "./use-orders";

const PAGES = 25;

async function every(query: { status?: "assigned"; connected: boolean }, signal: AbortSignal) {
  const lines: PhoneNumber[] = [];
  let cursor: string | undefined;
  for (let page = 0; page < PAGES; page++) {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next
    const answer = await take<Page<PhoneNumber>>(
      api.GET("/api/v1/phone-numbers", { params: { query: { ...query, limit: 200, cursor } }, signal }),
    );
    lines.push(...answer.items);
    cursor = answer.next_cursor ?? undefined;
    if (!cursor) break;
  }
  return lines;
}

/** Who has which line. */
export function useAgentLines(enabled: boolean) {
  return useQuery({
    queryKey: [...keys.numbers, "by-agent"],
    enabled,
    queryFn: ({ signal }) => every({ connected: true }, signal),
    select: (lines) =>
      new Map(
        lines.flatMap((line): [string, PhoneNumber][] =>
          line.endpoint?.kind === "user" ? [[line.endpoint.id, line]] : [],
        ),
      ),
  });
}

/** A line in one word, leading to its page. */
export function LineLink({ line }: { line: PhoneNumber | undefined }) {
  if (!line) return <span className="text-muted">–</span>;
  return (
    <Link
      to="/numbers"
      search={{ view: "own", id: line.id }}
      className="whitespace-nowrap text-accent-text underline-offset-2 hover:underline"
    >
      <span aria-hidden>{flagOf(line.country)} </span>
      <NumberText number={line.number} />
    </Link>
  );
}

export function AgentLineCard({
  agent,
  mayConnect,
}: {
  agent: { id: string; name: string; takesCalls: boolean };
  mayConnect: boolean;
}) {
  const { t } = useTranslation();
  const lines = useAgentLines(true);
  const order = useOrders();
  const [asked, setAsked] = useState<"connect" | "disconnect" | null>(null);
  const line = lines.data?.get(agent.id);
  return (
    <Panel data-testid="agent-line">
      <PanelHead level={3} title={t("numbers.agent.title")} />
      {lines.isPending ? (
        <Loading className="py-4" />
      ) : lines.isError ? (
        <Failed error={lines.error} onRetry={() => void lines.refetch()} />
      ) : line ? (
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2 p-3">
          <div className="min-w-0">
            <p className="text-base font-medium">
              <LineLink line={line} />
            </p>
            <p className="text-[0.8667rem] text-muted">
              {countryName(line.country)}
              {line.region ? `, ${line.region}` : ""} · {t("numbers.agent.connected")}
            </p>
          </div>
          {mayConnect ? (
            <Button size="sm" className="ml-auto" onClick={() => setAsked("disconnect")}>
              <PhoneOff aria-hidden />
              {t("numbers.disconnect")}
            </Button>
          ) : null}
        </div>
      ) : (
        <div className="flex flex-wrap items-center gap-x-4 gap-y-2 p-3">
          <div className="min-w-0">
            <p className="font-medium">{t("numbers.agent.none")}</p>
            <p className="text-[0.8667rem] text-muted">
              {agent.takesCalls ? t("numbers.agent.help") : t("numbers.agent.takes_none")}
            </p>
          </div>
          {mayConnect && agent.takesCalls ? (
            <Button size="sm" className="ml-auto" onClick={() => setAsked("connect")}>
              {t("numbers.agent.connect")}
            </Button>
          ) : null}
        </div>
      )}
      {asked === "disconnect" && line ? (
        <Confirm
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t("numbers.disconnect_title", { number: formatNumber(line.number) })}
          text={t("numbers.disconnect_text", { name: agent.name })}
          action={t("numbers.disconnect")}
          onConfirm={() => {
            setAsked(null);
            order({ number: line, command: "disconnect" });
          }}
        />
      ) : null}
      {asked === "connect" ? (
        <ChooseLine
          name={agent.name}
          onClose={() => setAsked(null)}
          onChosen={(number) => {
            setAsked(null);
            order({ number, command: "connect", userId: agent.id });
          }}
        />
      ) : null}
    </Panel>
  );
}

function ChooseLine({
  name,
  onChosen,
  onClose,
}: {
  name: string;
  onChosen: (number: PhoneNumber) => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const free = useQuery({
    queryKey: [...keys.numbers, "unconnected"],
    queryFn: ({ signal }) => every({ status: "assigned", connected: false }, signal),
  });
  const lines = free.data ?? [];
  return (
    <ChooseDialog
      title={t("numbers.agent.choose_title", { name })}
      label={t("field.number")}
      placeholder={t("numbers.agent.choose")}
      missing={t("numbers.agent.choose_first")}
      options={lines.map((line) => ({
        id: line.id,
        text: `${flagOf(line.country)} ${formatNumber(line.number)}`,
      }))}
      instead={
        free.isPending ? (
          <Loading />
        ) : free.isError ? (
          <Failed error={free.error} onRetry={() => void free.refetch()} />
        ) : lines.length === 0 ? (
          <p className="text-muted">
            {t("numbers.agent.no_free")}{" "}
            <Link
              to="/numbers"
              search={{ view: "pool" }}
              className="text-accent-text underline-offset-2 hover:underline"
            >
              {t("numbers.view.pool")}
            </Link>
          </p>
        ) : undefined
      }
      onChosen={(id) => {
        const line = lines.find((each) => each.id === id);
        if (line) onChosen(line);
      }}
      onClose={onClose}
    />
  );
}
