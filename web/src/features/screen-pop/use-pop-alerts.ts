/** Makes a new pop noticed: badge in the tab's title, a ring, and a desktop notice when the tab is hidden. */
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { notify } from "@/lib/alerts/notify";
import { ring, unlockOnFirstGesture } from "@/lib/alerts/sound";
import { setTitleBadge } from "@/lib/alerts/title";
import { formatNumber } from "@/lib/phone";
import { usePreferences } from "@/lib/preferences";
import { dispatch, onFrame, useLive } from "@/lib/ws/live";
import { ringingCount } from "@/lib/ws/reducer";
import { partyNumber, useCallerName } from "./pop-name";

const RING_EVERY_MS = 3000;

/** Returns what a screen reader is told: who calls, once per pop. */
export function usePopAlerts(openWorkspace: () => void): string {
  const { t } = useTranslation();
  const name = useCallerName();
  const ringing = useLive(ringingCount);
  const muted = usePreferences((state) => state.muted);
  const [spoken, setSpoken] = useState("");
  const latest = useRef({ t, name, openWorkspace });
  latest.current = { t, name, openWorkspace };

  useEffect(() => unlockOnFirstGesture(), []);

  useEffect(() => {
    setTitleBadge(ringing);
  }, [ringing]);
  useEffect(() => () => setTitleBadge(0), []);

  // Rings as long as something rings, so that a pop that came while the agent looked away is still heard.
  const isRinging = ringing > 0;
  useEffect(() => {
    if (!isRinging || muted) return;
    ring();
    const timer = setInterval(ring, RING_EVERY_MS);
    return () => clearInterval(timer);
  }, [isRinging, muted]);

  useEffect(
    () =>
      onFrame((frame, fresh) => {
        if (!fresh || frame.type !== "screen_pop" || frame.data.call.state === "ended") return;
        const { call, caller } = frame.data;
        const number = partyNumber(call);
        const title = latest.current.t("pop.notice_title", { name: latest.current.name(caller, number) });
        setSpoken([title, caller?.organization_name].filter(Boolean).join(", "));
        notify(
          title,
          [caller?.organization_name, formatNumber(number)].filter(Boolean).join(" · "),
          call.id,
          () => {
            dispatch({ type: "focus", callId: call.id });
            latest.current.openWorkspace();
          },
        );
      }),
    [],
  );
  return spoken;
}
