/** The live board: one full state, then changes; ages tick here from the `since` times. */
import { useQuery } from "@tanstack/react-query";
import { Info } from "lucide-react";
import { lazy, Suspense, useMemo } from "react";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { PresenceState, Wallboard } from "@/lib/api/types";
import { cn } from "@/lib/cn";
import { useNow } from "@/lib/time";
import { useLive, useTopic } from "@/lib/ws/live";
import { Age } from "@/ui/age";
import { Dot } from "@/ui/badge";
import { Empty, Failed, Loading } from "@/ui/feedback";
import { PageHead, Panel, PanelHead } from "@/ui/panel";
import { PresenceBadge, presenceTone } from "@/ui/states";
import { Tooltip } from "@/ui/tooltip";

const MinuteChart = lazy(() => import("./minute-chart"));

const TILES = ["waiting", "ringing", "talking", "held"] as const;
const PRESENCES: readonly PresenceState[] = [
  "available",
  "ringing",
  "on_call",
  "wrap_up",
  "reserved",
  "break",
  "offline",
];

export function WallboardScreen() {
  useTopic("wallboard");
  const live = useLive((state) => state.wallboard);
  // Until the first frame the REST copy is shown, so that the screen is not blank without a socket.
  const first = useQuery({
    queryKey: keys.wallboard,
    enabled: live === null,
    queryFn: ({ signal }) => take<Wallboard>(api.GET("/api/v1/wallboard", { signal })),
  });
  const board = live ?? first.data ?? null;
  if (!board) {
    if (first.isError) return <Failed error={first.error} onRetry={() => void first.refetch()} />;
    return <Loading />;
  }
  return <Board board={board} />;
}

function Board({ board }: { board: Wallboard }) {
  const { t } = useTranslation();
  return (
    <div data-testid="wallboard" data-revision={board.revision}>
      <PageHead title={t("nav.wallboard")} actions={<DataAge at={board.at} />} />
      <div className="grid gap-3">
        <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">
          {TILES.map((key) => (
            <Tile key={key} name={key} value={board.calls[key] ?? 0} />
          ))}
        </div>
        <div className="grid gap-3 xl:grid-cols-[minmax(0,1fr)_24rem]">
          <Panel className="flex flex-col">
            <PanelHead title={t("wallboard.per_minute")} />
            <Suspense fallback={<Loading className="h-64" />}>
              <MinuteChart series={board.series?.calls_per_minute ?? []} />
            </Suspense>
          </Panel>
          <div className="grid content-start gap-3 md:grid-cols-2 xl:grid-cols-1">
            <Panel>
              <PanelHead title={t("wallboard.figures")} />
              <Figures figures={board.figures ?? []} />
            </Panel>
            <Panel>
              <PanelHead title={t("wallboard.queues")} />
              <Queues queues={board.queues ?? []} />
            </Panel>
          </div>
        </div>
        <Panel>
          <PanelHead title={t("wallboard.agents")} actions={<ByState agents={board.agents ?? []} />} />
          <Agents agents={board.agents ?? []} />
        </Panel>
      </div>
    </div>
  );
}

/** How old what we see is; loud when the line is down. */
function DataAge({ at }: { at: string }) {
  const { t } = useTranslation();
  const link = useLive((state) => state.link);
  const receivedAt = useLive((state) => state.wallboardAt);
  useNow();
  const stale = link.status !== "open";
  return (
    <span
      data-testid="data-age"
      data-stale={stale}
      className={cn(
        "flex items-center gap-1.5 rounded px-2 py-0.5 text-[0.8667rem]",
        stale ? "bg-warn-soft text-warn" : "text-muted",
      )}
    >
      <Dot tone={stale ? "warn" : "good"} pulse={!stale} />
      {stale ? t("wallboard.stale") : t("wallboard.live")}
      <span>
        {t("wallboard.changed_ago")} <Age since={receivedAt ?? at} />
      </span>
    </span>
  );
}

const tileTone: Record<(typeof TILES)[number], string> = {
  waiting: "text-warn",
  ringing: "text-accent-text",
  talking: "text-good",
  held: "text-hold",
};

function Tile({ name, value }: { name: (typeof TILES)[number]; value: number }) {
  const { t } = useTranslation();
  return (
    <Panel className="px-4 py-3" data-tile={name}>
      <p className="text-[0.8667rem] text-muted">{t(`wallboard.${name}`)}</p>
      <p className={cn("num text-4xl leading-tight font-semibold", value > 0 ? tileTone[name] : "text-fg")}>
        {value}
      </p>
    </Panel>
  );
}

const FIGURE_NAMES = [
  "offered_today",
  "answered_today",
  "missed_today",
  "abandoned_today",
  "outbound_today",
  "service_level_sl",
  "service_level_sl2",
  "service_level_offered",
  "abandon_rate",
  "asa_ms",
] as const;

/** Shares as per cent, lengths in seconds, counts as they are; nothing divided by nothing yet is a dash. */
export function figureText(name: string, value: number | string | null): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "string") return value;
  if (name.endsWith("_ms")) return `${(value / 1000).toFixed(1)} s`;
  if (/(^|_)(level|rate|occupancy)(_|$)/.test(name)) return `${(value * 100).toFixed(1)} %`;
  return Number.isInteger(value) ? String(value) : value.toFixed(2);
}

function Figures({ figures }: { figures: Wallboard["figures"] }) {
  const { t } = useTranslation();
  if (figures.length === 0) return <p className="p-3 text-muted">{t("wallboard.no_figures")}</p>;
  return (
    <ul className="grid gap-1 p-3">
      {figures.map((figure) => {
        const known = FIGURE_NAMES.find((name) => name === figure.name);
        const label = known ? t(`figure.${known}`) : figure.name.replaceAll("_", " ");
        return (
          <li key={figure.name} className="flex items-center justify-between gap-2">
            <span className="flex min-w-0 items-center gap-1">
              <span className="truncate first-letter:uppercase">{label}</span>
              <Tooltip text={t("wallboard.formula", { formula: figure.formula, version: figure.version })}>
                <button
                  type="button"
                  className="rounded p-0.5 text-muted hover:text-fg"
                  aria-label={t("wallboard.formula_of", { name: label })}
                >
                  <Info className="size-3.5" aria-hidden />
                </button>
              </Tooltip>
            </span>
            <span className="num font-semibold">{figureText(figure.name, figure.value)}</span>
          </li>
        );
      })}
    </ul>
  );
}

function Queues({ queues }: { queues: Wallboard["queues"] }) {
  const { t } = useTranslation();
  if (queues.length === 0) return <p className="p-3 text-muted">{t("wallboard.no_queues")}</p>;
  return (
    <table className="w-full text-left" aria-label={t("wallboard.queues")}>
      <thead>
        <tr className="border-b border-line text-[0.8rem] text-muted">
          <th scope="col" className="px-3 py-1.5 font-medium">
            {t("call.queue")}
          </th>
          <th scope="col" className="px-3 py-1.5 text-right font-medium">
            {t("wallboard.waiting")}
          </th>
          <th scope="col" className="px-3 py-1.5 text-right font-medium">
            {t("wallboard.oldest")}
          </th>
        </tr>
      </thead>
      <tbody>
        {queues.map((queue) => (
          <tr key={queue.name} className="border-b border-line last:border-b-0">
            <th scope="row" className="px-3 py-1.5 font-medium">
              {queue.name}
            </th>
            <td className="num px-3 py-1.5 text-right">{queue.waiting}</td>
            <td className="px-3 py-1.5 text-right">
              {queue.oldest_since && queue.waiting > 0 ? <Age since={queue.oldest_since} /> : "–"}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function ByState({ agents }: { agents: Wallboard["agents"] }) {
  const { t } = useTranslation();
  const counts = useMemo(() => {
    const map = new Map<PresenceState, number>();
    for (const agent of agents) map.set(agent.presence, (map.get(agent.presence) ?? 0) + 1);
    return map;
  }, [agents]);
  return (
    <ul className="flex flex-wrap gap-x-3 gap-y-0.5 text-[0.8667rem]" aria-label={t("wallboard.by_state")}>
      {PRESENCES.filter((presence) => counts.has(presence)).map((presence) => (
        <li key={presence} className="flex items-center gap-1.5" data-count={presence}>
          <Dot tone={presenceTone[presence]} />
          {t(`presence.${presence}`)} <span className="num font-semibold">{counts.get(presence)}</span>
        </li>
      ))}
    </ul>
  );
}

const rank = new Map(PRESENCES.map((presence, index) => [presence, index]));

function Agents({ agents }: { agents: Wallboard["agents"] }) {
  const { t } = useTranslation();
  const sorted = useMemo(
    () =>
      [...agents].sort(
        (a, b) => (rank.get(a.presence) ?? 9) - (rank.get(b.presence) ?? 9) || a.name.localeCompare(b.name),
      ),
    [agents],
  );
  if (sorted.length === 0) return <Empty title={t("wallboard.no_agents")} />;
  return (
    // oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- a scrolling region must be reachable by keyboard
    <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={t("wallboard.agents")}>
      <table className="w-full text-left" aria-label={t("wallboard.agents")}>
        <thead>
          <tr className="border-b border-line text-[0.8rem] text-muted">
            {[
              t("call.agent"),
              t("field.extension"),
              t("field.state"),
              t("wallboard.since"),
              t("nav.calls"),
            ].map((head) => (
              <th key={head} scope="col" className="px-3 py-1.5 font-medium">
                {head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sorted.map((agent) => (
            <tr
              key={agent.user_id}
              className="border-b border-line last:border-b-0"
              data-agent={agent.user_id}
            >
              <th scope="row" className="px-3 py-1.5 font-medium">
                {agent.name}
              </th>
              <td className="num px-3 py-1.5">{agent.extension ?? "–"}</td>
              <td className="px-3 py-1.5">
                <PresenceBadge presence={agent.presence} reason={agent.reason} />
              </td>
              <td className="px-3 py-1.5">{agent.since ? <Age since={agent.since} /> : "–"}</td>
              <td className="num px-3 py-1.5">{agent.call_ids?.length || "–"}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
