/** The page of who is not inside yet: signing in, accepting an invitation, choosing a password. */
import type { ReactNode } from "react";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { setPageTitle } from "@/lib/alerts/title";
import { Logo } from "./logo";

export function Entrance({
  title,
  children,
  below,
}: {
  title: string;
  children: ReactNode;
  below?: ReactNode;
}) {
  const { t } = useTranslation();
  useEffect(() => setPageTitle(title), [title]);
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="grid w-full max-w-sm gap-5">
        <div className="flex items-center justify-center gap-2.5">
          <Logo className="size-8" />
          <span className="text-xl font-semibold tracking-tight">Switchroom</span>
        </div>
        <div className="rounded-lg border border-line bg-surface p-5 shadow-card">
          <h1 className="mb-4 text-lg font-semibold">{title}</h1>
          {children}
        </div>
        {below}
        <p className="text-center text-[0.8667rem] text-muted">{t("sign_in.foot")}</p>
      </div>
    </main>
  );
}
