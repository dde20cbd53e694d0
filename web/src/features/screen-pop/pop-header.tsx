import { Phone, PhoneIncoming, PhoneOff, PhoneOutgoing, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { formatTime } from "@/lib/time";
import { isFinished, type Pop } from "@/lib/ws/reducer";
import { Age } from "@/ui/age";
import type { Tone } from "@/ui/badge";
import { Button } from "@/ui/button";
import { usePopStatus } from "./pop-status";

const bars: Record<Tone, string> = {
  neutral: "bg-sunken text-fg",
  accent: "bg-accent-soft text-accent-text",
  good: "bg-good-soft text-good",
  warn: "bg-warn-soft text-warn",
  bad: "bg-bad-soft text-bad",
  hold: "bg-hold-soft text-hold",
};

/** The bar that says what the call is doing right now. */
export function PopHeader({
  pop,
  agentName,
  onDismiss,
}: {
  pop: Pop;
  agentName: string | null;
  onDismiss: () => void;
}) {
  const { t } = useTranslation();
  const { tone, label, pulse } = usePopStatus()(pop);
  const { call } = pop;
  const finished = isFinished(pop);
  const Icon = finished
    ? PhoneOff
    : call.state === "ringing"
      ? call.direction === "outbound"
        ? PhoneOutgoing
        : PhoneIncoming
      : Phone;
  return (
    <div
      data-testid="pop-status"
      data-state={call.state}
      data-withdrawn={pop.withdrawn ? "true" : undefined}
      className={cn(
        "flex min-h-11 flex-wrap items-center gap-x-3 gap-y-1 rounded-t-lg px-3 py-2",
        bars[tone],
      )}
    >
      <Icon aria-hidden className={cn("size-5", pulse && "pulse-dot")} />
      <span className="font-semibold">{label}</span>
      {call.started_at && !finished ? (
        <span>
          <Age since={call.state === "ringing" ? call.started_at : (call.answered_at ?? call.started_at)} />
        </span>
      ) : null}
      {call.state === "ended" && call.ended_at ? (
        <span className="num">{formatTime(call.ended_at)}</span>
      ) : null}
      {agentName ? <span>{t("pop.answered_by", { name: agentName })}</span> : null}
      <span className="sr-only" role="status">
        {label}
      </span>
      <span className="ml-auto flex items-center gap-2">
        {pop.durable ? null : (
          <span className="text-[0.8rem]" title={t("pop.provisional_hint")} data-testid="provisional">
            {t("pop.provisional")}
          </span>
        )}
        {finished ? (
          <Button size="sm" onClick={onDismiss}>
            <X aria-hidden />
            {t("pop.close")}
          </Button>
        ) : null}
      </span>
    </div>
  );
}
