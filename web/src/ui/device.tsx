/** Which browser a request came from, as people say it. */
import { useTranslation } from "react-i18next";
import { deviceOf } from "@/lib/user-agent";

export function useDeviceText(): (userAgent: string | null | undefined) => string | null {
  const { t } = useTranslation();
  return (userAgent) => {
    const device = deviceOf(userAgent);
    if (!device) return null;
    if (device.browser && device.system)
      return t("device.both", { browser: device.browser, system: device.system });
    return device.browser ?? device.system ?? t("device.program");
  };
}

export function Device({ userAgent }: { userAgent: string | null | undefined }) {
  const text = useDeviceText()(userAgent);
  if (!text) return <span className="text-muted">–</span>;
  return <span title={userAgent ?? undefined}>{text}</span>;
}
