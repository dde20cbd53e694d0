/** Says when what is on the screen may be old. Silent while all is well and for the blink of a first connect. */
import { WifiOff } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { formatTime } from "@/lib/time";
import { liveSocket, useLive } from "@/lib/ws/live";
import { Button } from "@/ui/button";

const SLOW_CONNECT_MS = 3000;

export function LinkBanner() {
  const { t } = useTranslation();
  const link = useLive((state) => state.link);
  const [slow, setSlow] = useState(false);
  const connecting = link.status === "connecting";
  useEffect(() => {
    if (!connecting) {
      setSlow(false);
      return;
    }
    const timer = setTimeout(() => setSlow(true), SLOW_CONNECT_MS);
    return () => clearTimeout(timer);
  }, [connecting]);

  const show =
    link.status === "reconnecting" || (link.status === "resuming" && link.staleSince !== null) || slow;
  return (
    <div role="status" aria-live="polite" data-testid="link-banner" data-link={link.status}>
      {show ? (
        <div className="flex flex-wrap items-center gap-2 border-b border-warn-dot bg-warn-soft px-3 py-1.5 text-warn">
          <WifiOff className="size-4" aria-hidden />
          <span className="font-medium">
            {link.status === "resuming" ? t("link.resuming") : t("link.reconnecting")}
          </span>
          {link.staleSince ? (
            <span>{t("link.stale_since", { time: formatTime(link.staleSince) })}</span>
          ) : null}
          {link.status === "reconnecting" ? (
            <Button size="sm" className="ml-auto" onClick={() => liveSocket.retryNow()}>
              {t("link.retry")}
            </Button>
          ) : null}
        </div>
      ) : null}
    </div>
  );
}
