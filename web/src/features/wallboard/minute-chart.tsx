/** Calls per minute. Recharts is big, so this module is loaded only when a board is shown. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Area, AreaChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { Wallboard } from "@/lib/api/types";
import { formatMinute } from "@/lib/time";

export default function MinuteChart({ series }: { series: Wallboard["series"]["calls_per_minute"] }) {
  const { t } = useTranslation();
  const data = useMemo(() => series.map(({ at, calls }) => ({ calls, label: formatMinute(at) })), [series]);
  const total = data.reduce((sum, { calls }) => sum + calls, 0);
  const peak = data.reduce((most, { calls }) => Math.max(most, calls), 0);
  return (
    <figure className="m-0 flex flex-1 flex-col">
      {/* The plot in words, for those who do not see it. */}
      <figcaption className="px-3 pt-2 text-[0.8667rem] text-muted">
        {t("wallboard.per_minute_words", { total, peak, minutes: data.length })}
      </figcaption>
      <div className="relative min-h-56 flex-1 overflow-hidden" aria-hidden>
        <div className="absolute inset-0 pt-2 pr-3 pb-1">
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
                domain={[0, (most: number) => Math.max(4, most)]}
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
                itemStyle={{ color: "var(--fg)" }}
              />
              <Area
                type="linear"
                dataKey="calls"
                name={t("nav.calls")}
                stroke="var(--accent)"
                fill="var(--accent)"
                fillOpacity={0.14}
                strokeWidth={2}
                isAnimationActive={false}
                dot={false}
              />
            </AreaChart>
          </ResponsiveContainer>
        </div>
      </div>
    </figure>
  );
}
