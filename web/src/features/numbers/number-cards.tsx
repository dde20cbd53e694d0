/** Four figures about the lines: ours, connected, free to take, and what ours cost. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { NumberSummary } from "@/lib/api/types";
import { Spinner } from "@/ui/button";
import { FigureCard } from "@/ui/figure-card";
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
      <FigureCard
        name="own"
        label={platform ? t("numbers.card.assigned") : t("numbers.card.own")}
        onPick={() => onPick("own")}
      >
        {figure("assigned")}
      </FigureCard>
      <FigureCard
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
      </FigureCard>
      <FigureCard name="pool" label={t("numbers.card.pool")} onPick={() => onPick("pool")}>
        {figure("available")}
      </FigureCard>
      <FigureCard name="cost" label={t("numbers.card.cost")}>
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
      </FigureCard>
    </ul>
  );
}
