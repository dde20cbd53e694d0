/** How the server is: what works, what waits, and the figures one looks at first. Read anew every ten seconds. */
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { SystemHealth } from "@/lib/api/types";
import { Badge, Dot, type Tone } from "@/ui/badge";
import { Failed, Loading } from "@/ui/feedback";
import { Fact, Facts, PageHead, Panel, PanelHead } from "@/ui/panel";

const EVERY_MS = 10_000;

const CHECKS = ["database", "engine", "change_feed", "mail"] as const;
const QUEUES = ["decisions", "webhooks", "dead_letters", "imports"] as const;
const FIGURES = [
  "switchroom_sockets",
  "switchroom_frames_sent_total",
  "switchroom_hook_requests_total",
  "switchroom_sip_requests_total",
  "switchroom_http_requests_total",
  "switchroom_webhook_deliveries_total",
  "switchroom_socket_overflows_total",
  "switchroom_feed_changes_total",
] as const;

const TONE: Record<string, Tone> = { ok: "good", failing: "bad", off: "neutral" };
const STATUSES = ["ok", "failing", "off"] as const;

export function SystemHealthScreen() {
  const { t } = useTranslation();
  const query = useQuery({
    queryKey: keys.systemHealth,
    refetchInterval: EVERY_MS,
    queryFn: ({ signal }) => take<SystemHealth>(api.GET("/api/v1/system-health", { signal })),
  });
  const health = query.data;
  return (
    <>
      <PageHead
        title={t("nav.system")}
        sub={t("system.sub")}
        actions={health ? <Status status={health.status} /> : null}
      />
      {query.isError ? (
        <Failed error={query.error} onRetry={() => void query.refetch()} />
      ) : health ? (
        <Shown health={health} />
      ) : (
        <Loading />
      )}
    </>
  );
}

function Status({ status }: { status: string }) {
  const { t } = useTranslation();
  const known = STATUSES.find((each) => each === status);
  const tone = TONE[status] ?? "neutral";
  return (
    <Badge tone={tone} data-status={status}>
      <Dot tone={tone} />
      {known ? t(`system.status.${known}`) : status}
    </Badge>
  );
}

function Shown({ health }: { health: SystemHealth }) {
  const { t } = useTranslation();
  const count = (value: number) => <span className="num">{value.toLocaleString()}</span>;
  const { database } = health;
  return (
    <div className="grid gap-3 lg:grid-cols-2" data-testid="system-health">
      <Panel>
        <PanelHead title={t("system.checks")} />
        <Facts className="p-3">
          {health.checks.map((check) => {
            const known = CHECKS.find((each) => each === check.name);
            return (
              <Fact key={check.name} term={known ? t(`system.check.${known}`) : check.name}>
                <Status status={check.status} />
              </Fact>
            );
          })}
        </Facts>
      </Panel>
      <Panel>
        <PanelHead title={t("system.queues")} />
        <Facts className="p-3">
          {health.queues.map((queue) => {
            const known = QUEUES.find((each) => each === queue.name);
            return (
              <Fact key={queue.name} term={known ? t(`system.queue.${known}`) : queue.name}>
                {count(queue.waiting)}
                {queue.most ? (
                  <span className="text-muted"> {t("system.of", { most: queue.most.toLocaleString() })}</span>
                ) : null}
              </Fact>
            );
          })}
        </Facts>
      </Panel>
      <Panel>
        <PanelHead title={t("system.database")} />
        {database ? (
          <Facts className="p-3">
            <Fact term={t("system.version")}>PostgreSQL {database.version}</Fact>
            <Fact term={t("system.size")}>{sizeOf(database.size)}</Fact>
            <Fact term={t("system.connections")}>
              {count(database.connections)}
              <span className="text-muted">
                {" "}
                {t("system.of", { most: database.max_connections.toLocaleString() })}
              </span>
            </Fact>
            <Fact term={t("system.latency")}>
              <span className="num">{database.latency_ms.toFixed(1)} ms</span>
            </Fact>
          </Facts>
        ) : (
          <p className="p-3 text-bad">{t("system.no_database")}</p>
        )}
      </Panel>
      <Panel>
        <PanelHead title={t("system.program")} />
        <Facts className="p-3">
          <Fact term={t("system.version")}>Switchroom {health.version}</Fact>
          <Fact term={t("system.uptime")}>{lengthOf(health.uptime_s)}</Fact>
          <Fact term={t("system.live_calls")}>{count(health.live_calls)}</Fact>
          <Fact term={t("system.contacts")}>{count(health.contacts)}</Fact>
          {health.tenants === null ? null : (
            <Fact term={t("nav.tenants")}>
              {count(health.tenants)}
              {health.suspended_tenants ? (
                <span className="text-muted">
                  {" "}
                  {t("system.suspended", { count: health.suspended_tenants })}
                </span>
              ) : null}
            </Fact>
          )}
        </Facts>
      </Panel>
      <Panel className="lg:col-span-2">
        <PanelHead title={t("system.figures")} />
        <Facts className="p-3">
          {health.figures.map((figure) => {
            const known = FIGURES.find((each) => each === figure.name);
            return (
              <Fact key={figure.name} term={known ? t(`system.figure.${known}`) : figure.name}>
                {count(figure.value)}
              </Fact>
            );
          })}
        </Facts>
      </Panel>
    </div>
  );
}

/** Octets as people say them. */
export function sizeOf(octets: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let at = 0;
  let value = octets;
  while (value >= 1024 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${value.toFixed(value < 10 && at > 0 ? 1 : 0)} ${units[at]}`;
}

/** Seconds as days, hours and minutes: the two largest that count. */
export function lengthOf(seconds: number): string {
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [Math.floor(seconds) % 60, "s"],
  ];
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return "0 s";
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(" ");
}
