/** The lines on the pages of people and bots: a column of the list, and a card beside it. */

import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { PhoneOff } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Endpoint, Page, PhoneNumber } from "@/lib/api/types";
import { countryName } from "@/lib/countries";
import { formatNumber } from "@/lib/phone";
import { Button } from "@/ui/button";
import { Confirm } from "@/ui/dialog";
import { Failed, Loading } from "@/ui/feedback";
import { NumberText } from "@/ui/number";
import { Panel, PanelHead } from "@/ui/panel";
import { ChooseDialog } from "./choose-dialog";
import { flagOf } from "./money";
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

/** Who has which line, by the id of the person or the bot. */
export function useLinesOf(enabled: boolean) {
  return useQuery({
    queryKey: [...keys.numbers, "by-endpoint"],
    enabled,
    queryFn: ({ signal }) => every({ connected: true }, signal),
    select: (lines) =>
      new Map(
        lines.flatMap((line): [string, PhoneNumber][] => (line.endpoint ? [[line.endpoint.id, line]] : [])),
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

export function LineCard({
  endpoint,
  mayConnect,
}: {
  endpoint: Endpoint & { name: string; takesCalls: boolean };
  mayConnect: boolean;
}) {
  const { t } = useTranslation();
  const { kind, id, name, takesCalls } = endpoint;
  const lines = useLinesOf(true);
  const order = useOrders();
  const [asked, setAsked] = useState<"connect" | "disconnect" | null>(null);
  const line = lines.data?.get(id);
  return (
    <Panel data-testid="endpoint-line">
      <PanelHead level={3} title={t("numbers.of.title")} />
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
              {line.region ? `, ${line.region}` : ""} · {t(`numbers.of.${kind}.connected`)}
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
            <p className="font-medium">{t("numbers.of.none")}</p>
            <p className="text-[0.8667rem] text-muted">
              {t(takesCalls ? `numbers.of.${kind}.help` : `numbers.of.${kind}.takes_none`)}
            </p>
          </div>
          {mayConnect && takesCalls ? (
            <Button size="sm" className="ml-auto" onClick={() => setAsked("connect")}>
              {t("numbers.of.connect")}
            </Button>
          ) : null}
        </div>
      )}
      {asked === "disconnect" && line ? (
        <Confirm
          open
          onOpenChange={(open) => (open ? undefined : setAsked(null))}
          title={t("numbers.disconnect_title", { number: formatNumber(line.number) })}
          text={t(`numbers.disconnect_text.${kind}`, { name })}
          action={t("numbers.disconnect")}
          onConfirm={() => {
            setAsked(null);
            order({ number: line, command: "disconnect" });
          }}
        />
      ) : null}
      {asked === "connect" ? (
        <ChooseLine
          name={name}
          text={t(`numbers.of.${kind}.help`)}
          onClose={() => setAsked(null)}
          onChosen={(number) => {
            setAsked(null);
            order({ number, command: "connect", endpoint: { kind, id } });
          }}
        />
      ) : null}
    </Panel>
  );
}

function ChooseLine({
  name,
  text,
  onChosen,
  onClose,
}: {
  name: string;
  text: string;
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
      title={t("numbers.of.choose_title", { name })}
      text={text}
      label={t("field.number")}
      placeholder={t("numbers.of.choose")}
      missing={t("numbers.of.choose_first")}
      groups={[
        {
          options: lines.map((line) => ({
            id: line.id,
            text: `${flagOf(line.country)} ${formatNumber(line.number)}`,
          })),
        },
      ]}
      instead={
        free.isPending ? (
          <Loading />
        ) : free.isError ? (
          <Failed error={free.error} onRetry={() => void free.refetch()} />
        ) : lines.length === 0 ? (
          <p className="text-muted">
            {t("numbers.of.no_free")}{" "}
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
