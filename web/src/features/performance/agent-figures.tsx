/** How one agent did within a period, with the days of it: for the page of a member. */
import { useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useState } from "react";
import { useTranslation } from "react-i18next";
import { keys } from "@/lib/api/query";
import type { OnePerformance } from "@/lib/api/types";
import { Empty, Failed, Loading } from "@/ui/feedback";
import { FigureCard } from "@/ui/figure-card";
import { faultOf, lengthText, loadAgent, type PeriodSearch } from "./performance";
import { PeriodChooser } from "./period-chooser";

const DayChart = lazy(() => import("./day-chart"));

export function AgentFigures({ id }: { id: string }) {
  const { t } = useTranslation();
  const [period, setPeriod] = useState<PeriodSearch>({});
  const fault = faultOf(period);
  const query = useQuery({
    queryKey: [...keys.performance, "one", id, period],
    enabled: fault === null,
    queryFn: ({ signal }) => loadAgent(id, period, signal),
    placeholderData: (previous) => previous,
  });
  return (
    <div className="grid gap-4">
      <div className="flex flex-wrap items-end gap-2">
        <PeriodChooser value={period} onChange={setPeriod} />
      </div>
      {fault ? (
        <Empty title={t(`performance.fault.${fault}`)} text={t("performance.fault_text")} />
      ) : query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : query.data ? (
        <Shown found={query.data} />
      ) : (
        <Loading />
      )}
    </div>
  );
}

const CALLS = ["offered", "answered", "missed", "declined", "answered_elsewhere", "outbound"] as const;
const LENGTHS = ["talk_seconds", "average_talk_seconds", "average_answer_seconds"] as const;
const TICKETS = ["tickets_taken", "tickets_resolved", "first_responses"] as const;

function Shown({ found }: { found: OnePerformance }) {
  const { t } = useTranslation();
  const grid = "grid grid-cols-2 gap-2 sm:grid-cols-3";
  return (
    <div className="grid gap-4" data-testid="agent-figures">
      <ul className={grid} aria-label={t("performance.calls")}>
        {CALLS.map((name) => (
          <FigureCard key={name} name={name} label={t(`performance.figure.${name}`)}>
            {found[name]}
          </FigureCard>
        ))}
        {LENGTHS.map((name) => (
          <FigureCard key={name} name={name} label={t(`performance.figure.${name}`)}>
            {lengthText(found[name])}
          </FigureCard>
        ))}
      </ul>
      <Suspense fallback={<Loading className="h-64" />}>
        <DayChart days={found.days} />
      </Suspense>
      {found.tickets_taken === null ? null : (
        <ul className={grid} aria-label={t("nav.tickets")}>
          {TICKETS.map((name) => (
            <FigureCard key={name} name={name} label={t(`performance.figure.${name}`)}>
              {found[name] ?? "–"}
            </FigureCard>
          ))}
          <FigureCard
            name="average_first_response_seconds"
            label={t("performance.figure.average_first_response_seconds")}
          >
            {lengthText(found.average_first_response_seconds)}
          </FigureCard>
        </ul>
      )}
    </div>
  );
}
