/** Words of the trade as badges: one look for a state wherever it appears. */
import { useTranslation } from "react-i18next";
import type { CallState, PresenceState, Priority, TicketStatus } from "@/lib/api/types";
import { Badge, Dot, type Tone } from "./badge";

const callTone: Record<CallState, Tone> = {
  ringing: "warn",
  answered: "good",
  held: "hold",
  transferring: "accent",
  ended: "neutral",
};

const END_REASONS = ["completed", "missed", "abandoned", "busy", "rejected", "failed", "voicemail"] as const;
type EndReason = (typeof END_REASONS)[number];

export function useEndReason(): (reason: string | null | undefined) => string | null {
  const { t } = useTranslation();
  return (reason) => {
    if (!reason) return null;
    return END_REASONS.includes(reason as EndReason) ? t(`end_reason.${reason as EndReason}`) : reason;
  };
}

export function CallStateBadge({ state, endReason }: { state: CallState; endReason?: string | null }) {
  const { t } = useTranslation();
  const reason = useEndReason()(endReason);
  const tone: Tone =
    state === "ended" && endReason && endReason !== "completed" && endReason !== "voicemail"
      ? "bad"
      : callTone[state];
  return (
    <Badge tone={tone ?? "neutral"} data-call-state={state}>
      <Dot tone={tone ?? "neutral"} pulse={state === "ringing"} />
      {t(`call_state.${state}`, { defaultValue: state })}
      {state === "ended" && reason ? ` · ${reason}` : null}
    </Badge>
  );
}

export const presenceTone: Record<PresenceState, Tone> = {
  offline: "neutral",
  available: "good",
  reserved: "accent",
  ringing: "warn",
  on_call: "bad",
  wrap_up: "hold",
  break: "warn",
};

export function PresenceBadge({ presence, reason }: { presence: PresenceState; reason?: string | null }) {
  const { t } = useTranslation();
  const tone = presenceTone[presence] ?? "neutral";
  return (
    <Badge tone={tone} data-presence={presence}>
      <Dot tone={tone} pulse={presence === "ringing"} />
      <span className="truncate">
        {t(`presence.${presence}`, { defaultValue: presence })}
        {reason ? ` · ${reason}` : null}
      </span>
    </Badge>
  );
}

const ticketTone: Record<TicketStatus, Tone> = {
  new: "accent",
  open: "accent",
  answered: "good",
  waiting_for_response: "warn",
  on_hold: "hold",
  in_progress: "accent",
  resolved: "good",
  closed: "neutral",
};

export function TicketStatusBadge({ status }: { status: TicketStatus }) {
  const { t } = useTranslation();
  return (
    <Badge tone={ticketTone[status] ?? "neutral"} data-ticket-status={status}>
      {t(`ticket_status.${status}`, { defaultValue: status })}
    </Badge>
  );
}

const priorityTone: Record<Priority, Tone> = {
  low: "neutral",
  medium: "neutral",
  high: "warn",
  urgent: "bad",
};

export function PriorityBadge({ priority }: { priority: Priority }) {
  const { t } = useTranslation();
  return (
    <Badge tone={priorityTone[priority] ?? "neutral"}>
      {t(`priority.${priority}`, { defaultValue: priority })}
    </Badge>
  );
}
