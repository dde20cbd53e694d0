/** Calls per minute. Recharts is big, so this module is loaded only when a board is shown. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Area, AreaChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { Wallboard } from "@/lib/api/types";
import { formatMinute } from "@/lib/time";

export default function MinuteChart({ series }: { series: Wallboard["series"]["calls_per_minute"] }) {
  const { t } = useTranslation();
  const data = useMemo(
    () => series.map((point) => ({ ...point, label: formatMinute(point.minute) })),
    [series],
  );
  const lines = [
    { key: "offered", color: "var(--accent)", name: t("wallboard.offered") },
    { key: "answered", color: "var(--good-dot)", name: t("wallboard.answered") },
    { key: "missed", color: "var(--bad-dot)", name: t("wallboard.missed") },
  ] as const;
  return (
    <figure className="m-0" aria-label={t("wallboard.per_minute")}>
      <figcaption className="flex flex-wrap gap-x-4 px-3 pt-2 text-[0.8667rem] text-muted">
        {lines.map((line) => (
          <span key={line.key} className="flex items-center gap-1.5">
            <span aria-hidden className="h-0.5 w-4 rounded" style={{ background: line.color }} />
            {line.name}
          </span>
        ))}
      </figcaption>
      <div className="h-56 pr-3 pt-2" aria-hidden>
        <ResponsiveContainer width="100%" height="100%">
          <AreaChart
            data={data}
            margin={{ top: 6, right: 4, bottom: 0, left: -16 }}
            accessibilityLayer={false}
          >
            <CartesianGrid stroke="var(--line)" vertical={false} />
            <XAxis
              dataKey="label"
              tick={{ fill: "var(--muted)", fontSize: 12 }}
              stroke="var(--line)"
              tickLine={false}
              minTickGap={28}
            />
            <YAxis
              allowDecimals={false}
              tick={{ fill: "var(--muted)", fontSize: 12 }}
              stroke="var(--line)"
              tickLine={false}
              axisLine={false}
            />
            <Tooltip
              contentStyle={{
                background: "var(--surface)",
                border: "1px solid var(--line)",
                borderRadius: 6,
                color: "var(--fg)",
              }}
              labelStyle={{ color: "var(--muted)" }}
            />
            {lines.map((line) => (
              <Area
                key={line.key}
                type="monotone"
                dataKey={line.key}
                name={line.name}
                stroke={line.color}
                fill={line.color}
                fillOpacity={line.key === "offered" ? 0.12 : 0}
                strokeWidth={2}
                isAnimationActive={false}
                dot={false}
              />
            ))}
          </AreaChart>
        </ResponsiveContainer>
      </div>
    </figure>
  );
}
