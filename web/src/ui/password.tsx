/** A password as it is typed: to be seen if one wants to, with the rules beside it that turn green one by one. */
import { Check, Eye, EyeOff, Minus } from "lucide-react";
import { type ComponentProps, useState } from "react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { judge, RULES } from "@/lib/password";
import { Button } from "./button";
import { Input } from "./field";

export function PasswordInput({ className, ...rest }: Omit<ComponentProps<"input">, "type">) {
  const { t } = useTranslation();
  const [seen, setSeen] = useState(false);
  return (
    <span className="relative block">
      <Input
        {...rest}
        type={seen ? "text" : "password"}
        spellCheck={false}
        className={cn("pr-10", className)}
      />
      <Button
        look="ghost"
        size="icon-sm"
        className="absolute inset-y-0 right-1 my-auto"
        aria-pressed={seen}
        aria-label={t("password.show")}
        onClick={() => setSeen(!seen)}
      >
        {seen ? <EyeOff aria-hidden /> : <Eye aria-hidden />}
      </Button>
    </span>
  );
}

export function PasswordRules({
  password,
  email,
  name,
}: {
  password: string;
  email?: string;
  name?: string;
}) {
  const { t } = useTranslation();
  const judged = judge(password, { email, name });
  return (
    <ul
      aria-label={t("password.rules")}
      className="grid gap-0.5 text-[0.8667rem]"
      data-testid="password-rules"
    >
      {RULES.map((rule) => (
        <li
          key={rule}
          data-rule={rule}
          data-met={judged[rule]}
          className={cn("flex items-center gap-1.5", judged[rule] ? "text-good" : "text-muted")}
        >
          {judged[rule] ? (
            <Check aria-hidden className="size-4 shrink-0" />
          ) : (
            <Minus aria-hidden className="size-4 shrink-0" />
          )}
          {t(`password.rule.${rule}`)}
          <span className="sr-only">{judged[rule] ? t("password.met") : t("password.open")}</span>
        </li>
      ))}
      <li className="flex items-center gap-1.5 text-muted">
        <Minus aria-hidden className="size-4 shrink-0" />
        {t("password.common")}
      </li>
    </ul>
  );
}
