import { useTranslation } from "react-i18next";
import type { Pop } from "@/lib/ws/reducer";
import type { Tone } from "@/ui/badge";
import { useEndReason } from "@/ui/states";

const tones: Record<string, Tone> = {
  ringing: "warn",
  answered: "good",
  held: "hold",
  transferring: "accent",
};

const WITHDRAWN = ["answered", "answered_elsewhere", "cancelled", "ended", "timeout", "forgotten"] as const;

/** State of a pop in one word, with the reason where there is one. */
export function usePopStatus(): (pop: Pop) => { tone: Tone; label: string; pulse: boolean } {
  const { t } = useTranslation();
  const endReason = useEndReason();
  return (pop) => {
    const { call, withdrawn } = pop;
    if (call.state === "ended") {
      const reason = endReason(call.end_reason);
      return {
        tone: "neutral",
        label: reason ? `${t("call_state.ended")} · ${reason}` : t("call_state.ended"),
        pulse: false,
      };
    }
    if (withdrawn) {
      const known = WITHDRAWN.find((each) => each === withdrawn.reason);
      const reason = known ? t(`withdrawn_reason.${known}`) : withdrawn.reason;
      return {
        tone: "neutral",
        label: reason ? `${t("pop.withdrawn")} · ${reason}` : t("pop.withdrawn"),
        pulse: false,
      };
    }
    return {
      tone: tones[call.state] ?? "neutral",
      label: t(`call_state.${call.state}`, { defaultValue: call.state }),
      pulse: call.state === "ringing",
    };
  };
}
