/** Four figures about the lines: ours, connected, free to take, and what ours cost. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, PhoneNumber } from "@/lib/api/types";
import { Spinner } from "@/ui/button";
import { formatMoney, sumByCurrency } from "./money";

interface CountQuery {
  status?: PhoneNumber["status"];
  connected?: boolean;
}

function useCount(name: string, query: CountQuery) {
  return useQuery({
    queryKey: [...keys.numbers, "count", name],
    queryFn: async ({ signal }) => {
      const page = await take<Page<PhoneNumber>>(
        api.GET("/api/v1/phone-numbers", { params: { query: { ...query, limit: 1, count: true } }, signal }),
      );
      return page.count ?? { value: page.items.length, exact: false };
    },
  });
}

const COST_PAGES = 10;

/** The sum of our lines; past a number of pages it is said that there are more. */
function useCosts() {
  return useQuery({
    queryKey: [...keys.numbers, "costs"],
    queryFn: async ({ signal }) => {
      const lines: PhoneNumber[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < COST_PAGES; page++) {
        // oxlint-disable-next-line no-await-in-loop -- each page names the next
        const answer = await take<Page<PhoneNumber>>(
          api.GET("/api/v1/phone-numbers", {
            params: { query: { status: "assigned", limit: 200, cursor } },
            signal,
          }),
        );
        lines.push(...answer.items);
        cursor = answer.next_cursor ?? undefined;
        if (!cursor) break;
      }
      return { sums: sumByCurrency(lines), partial: cursor !== undefined };
    },
  });
}

export function NumberCards({
  platform,
  onPick,
}: {
  /** Of the whole inventory, in which nothing is "ours". */
  platform: boolean;
  onPick: (card: "own" | "connected" | "pool") => void;
}) {
  const { t } = useTranslation();
  const own = useCount("own", { status: "assigned" });
  const connected = useCount("connected", { connected: true });
  const pool = useCount("pool", { status: "available" });
  const costs = useCosts();
  const figure = (query: ReturnType<typeof useCount>) =>
    query.data ? `${query.data.value}${query.data.exact ? "" : "+"}` : query.isError ? "–" : <Spinner />;
  return (
    <ul className="mb-3 grid grid-cols-2 gap-2 lg:grid-cols-4" aria-label={t("numbers.cards")}>
      <Card
        name="own"
        label={platform ? t("numbers.card.assigned") : t("numbers.card.own")}
        onPick={() => onPick("own")}
      >
        {figure(own)}
      </Card>
      <Card name="connected" label={t("numbers.card.connected")} onPick={() => onPick("connected")}>
        {figure(connected)}
      </Card>
      <Card name="pool" label={t("numbers.card.pool")} onPick={() => onPick("pool")}>
        {figure(pool)}
      </Card>
      <Card name="cost" label={t("numbers.card.cost")}>
        {costs.data ? (
          costs.data.sums.length === 0 ? (
            "0"
          ) : (
            <span className="flex flex-wrap gap-x-3">
              {costs.data.sums.map(({ currency, total }) => (
                <span key={currency}>
                  {costs.data.partial ? "≥ " : ""}
                  {formatMoney(total, currency)}
                </span>
              ))}
            </span>
          )
        ) : costs.isError ? (
          "–"
        ) : (
          <Spinner />
        )}
      </Card>
    </ul>
  );
}

function Card({
  name,
  label,
  onPick,
  children,
}: {
  name: string;
  label: string;
  onPick?: () => void;
  children: ReactNode;
}) {
  const inner = (
    <>
      <span className="text-[0.8667rem] text-muted">{label}</span>
      <span className="num text-xl font-semibold tracking-tight" data-testid={`card-${name}`}>
        {children}
      </span>
    </>
  );
  const style =
    "grid w-full gap-0.5 rounded-lg border border-line bg-surface px-3 py-2 text-left shadow-card";
  return (
    <li className="grid">
      {onPick ? (
        <button type="button" onClick={onPick} className={`${style} hover:bg-sunken`}>
          {inner}
        </button>
      ) : (
        <div className={style}>{inner}</div>
      )}
    </li>
  );
}
