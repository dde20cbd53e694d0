import { ChevronDown, Coffee, LogOut, Phone } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { toast } from "sonner";
import { liveSocket } from "@/lib/ws/live";
import { Age } from "@/ui/age";
import { Dot } from "@/ui/badge";
import { Button } from "@/ui/button";
import { Menu, MenuGroup, MenuItem, MenuSeparator } from "@/ui/menu";
import { presenceTone } from "@/ui/states";
import { useOwnPresence } from "./use-presence";

export const BREAK_REASONS = ["lunch", "pause", "meeting", "training", "admin"] as const;
type Wanted = "available" | "break" | "offline";
/** How long the server may take to confirm before the user is told. */
const CONFIRM_MS = 4000;

export function PresenceControl() {
  const { t } = useTranslation();
  const own = useOwnPresence();
  const [pending, setPending] = useState<{ state: Wanted; reason: string | null } | null>(null);

  // Any presence frame about us answers the request, also one with another state (a call came first).
  useEffect(() => setPending(null), [own]);
  useEffect(() => {
    if (!pending) return;
    const timer = setTimeout(() => {
      setPending(null);
      toast.error(t("presence_control.unconfirmed"));
    }, CONFIRM_MS);
    return () => clearTimeout(timer);
  }, [pending, t]);

  const ask = (state: Wanted, reason: string | null = null) => {
    if (own && own.presence === state && (own.reason ?? null) === reason) return;
    if (liveSocket.send({ type: "presence", state, reason })) setPending({ state, reason });
    else toast.error(t("presence_control.not_connected"));
  };

  const presence = own?.presence ?? "offline";
  const reasonText = own?.reason
    ? t(`break_reason.${own.reason as (typeof BREAK_REASONS)[number]}`, { defaultValue: own.reason })
    : null;
  return (
    <Menu
      trigger={
        <Button size="sm" busy={pending !== null} disabled={false} data-own-presence={presence}>
          {pending ? null : <Dot tone={presenceTone[presence] ?? "neutral"} pulse={presence === "ringing"} />}
          <span className="sr-only">{t("presence_control.label")}</span>
          <span className="max-w-40 truncate">
            {t(`presence.${presence}`)}
            {reasonText ? <span className="max-sm:hidden"> · {reasonText}</span> : null}
          </span>
          {own?.since ? (
            <span className="text-muted max-sm:hidden">
              <Age since={own.since} />
            </span>
          ) : null}
          <ChevronDown aria-hidden />
        </Button>
      }
    >
      <MenuItem onSelect={() => ask("available")}>
        <Phone aria-hidden />
        {t("presence.available")}
      </MenuItem>
      <MenuSeparator />
      <MenuGroup label={t("presence.break")}>
        {BREAK_REASONS.map((reason) => (
          <MenuItem key={reason} onSelect={() => ask("break", reason)}>
            <Coffee aria-hidden />
            {t(`break_reason.${reason}`)}
          </MenuItem>
        ))}
      </MenuGroup>
      <MenuSeparator />
      <MenuItem onSelect={() => ask("offline")}>
        <LogOut aria-hidden />
        {t("presence.offline")}
      </MenuItem>
    </Menu>
  );
}
