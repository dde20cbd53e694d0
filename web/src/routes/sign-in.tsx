import { useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useSearch } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { SignInForm } from "@/features/auth/sign-in-form";
import { waysIn } from "@/lib/account";
import { buttonStyle } from "@/ui/button";
import { Entrance } from "@/ui/entrance";

/** Whose sign-in page a browser left for a provider: the address it comes back to does not say. */
const LEFT_FROM = "switchroom.sign-in-tenant";

export function SignInRoute() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { next, ended, tenant: named, problem } = useSearch({ from: "/sign-in" });
  const tenant = named ?? (problem ? (sessionStorage.getItem(LEFT_FROM) ?? undefined) : undefined);
  const ways = useQuery({
    queryKey: ["ways", tenant],
    enabled: tenant !== undefined,
    retry: false,
    queryFn: () => waysIn(tenant ?? ""),
  });
  // Only a path of our own: an address from elsewhere must not send people away.
  const target = next?.startsWith("/") && !next.startsWith("//") ? next : "/";
  const goesTo = target === "/" ? "" : `?goes_to=${encodeURIComponent(target)}`;
  return (
    <Entrance
      title={t("sign_in.title")}
      below={
        <p className="text-center">
          <Link to="/reset" className={buttonStyle({ look: "link", size: "none" })}>
            {t("sign_in.forgot")}
          </Link>
          {tenant && ways.data && ways.data.registration !== "off" ? (
            <>
              {" · "}
              <Link
                to="/register"
                search={{ tenant }}
                className={buttonStyle({ look: "link", size: "none" })}
              >
                {t("register.title")}
              </Link>
            </>
          ) : null}
        </p>
      }
    >
      {ended ? (
        <p role="status" className="mb-3 rounded-md bg-warn-soft px-2.5 py-1.5 text-[0.8667rem] text-warn">
          {t("sign_in.ended")}
        </p>
      ) : null}
      {problem ? (
        <p role="alert" className="mb-3 rounded-md bg-bad-soft px-2.5 py-1.5 text-[0.8667rem] text-bad">
          {t(`sign_in.problem.${problem}`)}
        </p>
      ) : null}
      {ways.data && ways.data.providers.length > 0 ? (
        <div className="mb-4 grid gap-2 border-b border-line pb-4">
          {ways.data.providers.map((provider) => (
            <a
              key={provider.id}
              href={`/api/v1/auth/oidc/${encodeURIComponent(provider.id)}/start${goesTo}`}
              onClick={() => sessionStorage.setItem(LEFT_FROM, tenant as string)}
              className={buttonStyle({ look: "plain", size: "lg" })}
            >
              {t("sign_in.by", { name: provider.name })}
            </a>
          ))}
        </div>
      ) : null}
      <SignInForm tenant={tenant} onSignedIn={() => void navigate({ href: target, replace: true })} />
    </Entrance>
  );
}
