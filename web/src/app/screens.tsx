import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { buttonStyle } from "@/ui/button";
import { Empty, Failed } from "@/ui/feedback";

export function NotFoundScreen() {
  const { t } = useTranslation();
  return (
    <main className="grid min-h-[60dvh] place-items-center">
      <Empty
        title={t("state.missing_title")}
        text={t("state.no_such_page")}
        action={
          <Link to="/" className={buttonStyle({ look: "primary" })}>
            {t("action.home")}
          </Link>
        }
      />
    </main>
  );
}

export function CrashScreen({ error, reset }: { error: unknown; reset: () => void }) {
  return (
    <main className="grid min-h-[60dvh] place-items-center">
      <Failed error={error} onRetry={reset} />
    </main>
  );
}
