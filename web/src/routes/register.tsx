/** `/register?tenant=SLUG` asks to come in; `/register#TOKEN` is where the mail's link leads. */

import { useQuery } from "@tanstack/react-query";
import { Link, useLocation, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { ConfirmRegistrationForm, RegisterForm } from "@/features/auth/register-form";
import { waysIn } from "@/lib/account";
import { buttonStyle } from "@/ui/button";
import { Entrance } from "@/ui/entrance";
import { Failed, Loading } from "@/ui/feedback";

export function RegisterRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { tenant } = useSearch({ from: "/register" });
  const token = useLocation({ select: (location) => location.hash });
  return (
    <Entrance
      title={t("register.title")}
      below={
        <p className="text-center">
          <Link
            to="/sign-in"
            search={tenant ? { tenant } : {}}
            className={buttonStyle({ look: "link", size: "none" })}
          >
            {t("reset.back")}
          </Link>
        </p>
      }
    >
      {token ? (
        <ConfirmRegistrationForm
          // Another link in the same tab is another form.
          key={token}
          token={token}
          onSignIn={() => void navigate({ to: "/sign-in", search: {}, replace: true })}
        />
      ) : (
        <Offer tenant={tenant ?? ""} />
      )}
    </Entrance>
  );
}

function Offer({ tenant }: { tenant: string }) {
  const { t } = useTranslation();
  const ways = useQuery({
    queryKey: ["ways", tenant],
    enabled: tenant !== "",
    queryFn: () => waysIn(tenant),
  });
  if (ways.isError) return <Failed error={ways.error} onRetry={() => void ways.refetch()} />;
  if (tenant !== "" && ways.isPending) return <Loading />;
  if (tenant === "" || ways.data?.registration === "off") {
    return (
      <p role="status" className="text-muted">
        {t("register.closed")}
      </p>
    );
  }
  return (
    <div className="grid gap-3">
      {ways.data?.registration === "approval" ? <p className="text-muted">{t("register.approval")}</p> : null}
      <RegisterForm tenant={tenant} />
    </div>
  );
}
