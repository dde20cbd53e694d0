/** Four figures about the lines: ours, connected, free to take, and what ours cost. */
import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { NumberSummary } from "@/lib/api/types";
import { Spinner } from "@/ui/button";
import { formatMoney } from "./money";

export function NumberCards({
  platform,
  onPick,
}: {
  /** Of the whole inventory, in which nothing is "ours". */
  platform: boolean;
  onPick: (card: "own" | "connected" | "pool") => void;
}) {
  const { t } = useTranslation();
  const figures = useQuery({
    queryKey: [...keys.numbers, "summary"],
    queryFn: ({ signal }) => take<NumberSummary>(api.GET("/api/v1/phone-number-summary", { signal })),
  });
  const figure = (name: "assigned" | "connected" | "available") =>
    figures.data ? figures.data[name] : figures.isError ? "–" : <Spinner />;
  return (
    <ul className="mb-3 grid grid-cols-2 gap-2 lg:grid-cols-4" aria-label={t("numbers.cards")}>
      <Card
        name="own"
        label={platform ? t("numbers.card.assigned") : t("numbers.card.own")}
        onPick={() => onPick("own")}
      >
        {figure("assigned")}
      </Card>
      <Card
        name="connected"
        label={t("numbers.card.connected")}
        note={
          figures.data?.connected_to_bots
            ? t("numbers.card.to_bots", { count: figures.data.connected_to_bots })
            : undefined
        }
        onPick={() => onPick("connected")}
      >
        {figure("connected")}
      </Card>
      <Card name="pool" label={t("numbers.card.pool")} onPick={() => onPick("pool")}>
        {figure("available")}
      </Card>
      <Card name="cost" label={t("numbers.card.cost")}>
        {figures.data ? (
          figures.data.monthly_cost.length === 0 ? (
            "0"
          ) : (
            <span className="flex flex-wrap gap-x-3">
              {figures.data.monthly_cost.map(({ currency, amount }) => (
                <span key={currency}>{formatMoney(amount, currency)}</span>
              ))}
            </span>
          )
        ) : figures.isError ? (
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
  note,
  onPick,
  children,
}: {
  name: string;
  label: string;
  note?: string;
  onPick?: () => void;
  children: ReactNode;
}) {
  const inner = (
    <>
      <span className="text-[0.8667rem] text-muted">{label}</span>
      <span className="flex flex-wrap items-baseline gap-x-2">
        <span className="num text-xl font-semibold tracking-tight" data-testid={`card-${name}`}>
          {children}
        </span>
        {note ? <span className="text-[0.8667rem] text-muted">{note}</span> : null}
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
