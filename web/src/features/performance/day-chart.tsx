/** Calls by day. Recharts is big, so this module is loaded only when somebody's figures are looked at. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import { Bar, BarChart, CartesianGrid, ResponsiveContainer, Tooltip, XAxis, YAxis } from "recharts";
import type { OnePerformance } from "@/lib/api/types";
import { dayText } from "./performance";

/** From the bottom up. */
const PARTS = [
  ["answered", "var(--good-dot)"],
  ["answered_elsewhere", "var(--idle-dot)"],
  ["declined", "var(--warn-dot)"],
  ["missed", "var(--bad-dot)"],
] as const;

export default function DayChart({ days }: { days: OnePerformance["days"] }) {
  const { t } = useTranslation();
  const data = useMemo(() => days.map((day) => ({ ...day, label: dayText(day.day) })), [days]);
  const offered = days.reduce((sum, day) => sum + day.offered, 0);
  const answered = days.reduce((sum, day) => sum + day.answered, 0);
  const peak = days.reduce((most, day) => Math.max(most, day.offered), 0);
  return (
    <figure className="m-0">
      {/* The plot in words, for those who do not see it. */}
      <figcaption className="text-[0.8667rem] text-muted">
        {t("performance.by_day_words", { offered, answered, peak, count: days.length })}
      </figcaption>
      <div className="relative mt-2 h-52 overflow-hidden" aria-hidden>
        <div className="absolute inset-0">
          <ResponsiveContainer width="100%" height="100%">
            <BarChart
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
                minTickGap={16}
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
                cursor={{ fill: "var(--sunken)" }}
                contentStyle={{
                  background: "var(--surface)",
                  border: "1px solid var(--line)",
                  borderRadius: 6,
                  color: "var(--fg)",
                }}
                labelStyle={{ color: "var(--muted)" }}
                itemStyle={{ color: "var(--fg)" }}
              />
              {PARTS.map(([part, colour]) => (
                <Bar
                  key={part}
                  dataKey={part}
                  stackId="calls"
                  name={t(`performance.figure.${part}`)}
                  fill={colour}
                  isAnimationActive={false}
                />
              ))}
            </BarChart>
          </ResponsiveContainer>
        </div>
      </div>
    </figure>
  );
}
