/** `/reset` asks for a link by mail; `/reset#TOKEN` is where the link leads. No server sees what follows the `#`. */
import { Link, useLocation, useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { AskForLinkForm, NewPasswordForm } from "@/features/auth/reset-form";
import { buttonStyle } from "@/ui/button";
import { Entrance } from "@/ui/entrance";

export function ResetRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const token = useLocation({ select: (location) => location.hash });
  return (
    <Entrance
      title={token ? t("reset.choose_title") : t("reset.ask_title")}
      below={
        <p className="text-center">
          <Link to="/sign-in" className={buttonStyle({ look: "link", size: "none" })}>
            {t("reset.back")}
          </Link>
        </p>
      }
    >
      {token ? (
        <NewPasswordForm
          // Another link in the same tab is another form.
          key={token}
          token={token}
          onAskAgain={() => void navigate({ to: "/reset", hash: "", replace: true })}
          onChosen={() => void navigate({ to: "/sign-in", replace: true })}
        />
      ) : (
        <AskForLinkForm />
      )}
    </Entrance>
  );
}
