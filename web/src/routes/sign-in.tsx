import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { SignInForm } from "@/features/auth/sign-in-form";
import { buttonStyle } from "@/ui/button";
import { Entrance } from "@/ui/entrance";

export function SignInRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { next, ended } = useSearch({ from: "/sign-in" });
  return (
    <Entrance
      title={t("sign_in.title")}
      below={
        <p className="text-center">
          <Link to="/reset" className={buttonStyle({ look: "link", size: "none" })}>
            {t("sign_in.forgot")}
          </Link>
        </p>
      }
    >
      {ended ? (
        <p role="status" className="mb-3 rounded-md bg-warn-soft px-2.5 py-1.5 text-[0.8667rem] text-warn">
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
    </Entrance>
  );
}
