import { useNavigate, useSearch } from "@tanstack/react-router";
import { useEffect } from "react";
import { useTranslation } from "react-i18next";
import { SignInForm } from "@/features/auth/sign-in-form";
import { setPageTitle } from "@/lib/alerts/title";
import { Logo } from "@/ui/logo";

export function SignInRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { next, ended } = useSearch({ from: "/sign-in" });
  useEffect(() => setPageTitle(t("sign_in.title")), [t]);
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="grid w-full max-w-sm gap-5">
        <div className="flex items-center justify-center gap-2.5">
          <Logo className="size-8" />
          <span className="text-xl font-semibold tracking-tight">Switchroom</span>
        </div>
        <div className="rounded-lg border border-line bg-surface p-5 shadow-card">
          <h1 className="mb-4 text-lg font-semibold">{t("sign_in.title")}</h1>
          {ended ? (
            <p
              role="status"
              className="mb-3 rounded-md bg-warn-soft px-2.5 py-1.5 text-[0.8667rem] text-warn"
            >
              {t("sign_in.ended")}
            </p>
          ) : null}
          <SignInForm
            onSignedIn={() => {
              // Only a path of our own: an address from elsewhere must not send people away.
              const target = next?.startsWith("/") && !next.startsWith("//") ? next : "/";
              void navigate({ href: target, replace: true });
            }}
          />
        </div>
        <p className="text-center text-[0.8667rem] text-muted">{t("sign_in.foot")}</p>
      </div>
    </main>
  );
}
