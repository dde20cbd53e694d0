/** How far a file is read, and what came of its rows. */
import { useTranslation } from "react-i18next";
import type { Import, ImportState } from "@/lib/api/types";
import { Badge, type Tone } from "./badge";

const tone: Record<ImportState, Tone> = {
  uploaded: "neutral",
  running: "accent",
  done: "good",
  failed: "bad",
};

export function ImportProgress({
  of,
}: {
  of: Pick<Import, "state" | "size" | "bytes_done" | "inserted" | "present" | "rejected" | "fault">;
}) {
  const { t } = useTranslation();
  const part = of.size > 0 ? Math.min(100, Math.round((100 * of.bytes_done) / of.size)) : 0;
  return (
    <span className="grid gap-1" data-import={of.state}>
      <span className="flex flex-wrap items-center gap-x-3 gap-y-1">
        <Badge tone={tone[of.state] ?? "neutral"}>
          {t(`import_state.${of.state}`, { defaultValue: of.state })}
        </Badge>
        <span className="num text-[0.8667rem] text-muted">
          {t("imports.counts", { inserted: of.inserted, present: of.present, rejected: of.rejected })}
        </span>
      </span>
      {of.state === "running" ? (
        <progress
          aria-label={t("imports.progress")}
          className="h-1.5 w-full max-w-80 accent-(--accent)"
          max={100}
          value={part}
        />
      ) : null}
      {of.fault ? <span className="text-[0.8667rem] text-bad">{of.fault}</span> : null}
    </span>
  );
}
