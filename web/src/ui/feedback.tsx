/** What a screen shows when it has nothing, is waiting, failed, or may not. */
import { CircleAlert, Inbox, Lock } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { isApiError } from "@/lib/api/problem";
import { cn } from "@/lib/cn";
import { Button, Spinner } from "./button";

function Message({
  icon,
  title,
  text,
  action,
  role,
  className,
}: {
  icon: ReactNode;
  title: string;
  text?: ReactNode;
  action?: ReactNode;
  role?: "alert" | "status";
  className?: string;
}) {
  return (
    <div
      role={role}
      className={cn("flex flex-col items-center justify-center gap-1.5 px-4 py-10 text-center", className)}
    >
      <span aria-hidden className="text-muted [&_svg]:size-6">
        {icon}
      </span>
      <p className="font-medium">{title}</p>
      {text ? <p className="max-w-prose text-[0.8667rem] text-muted">{text}</p> : null}
      {action ? <div className="mt-2">{action}</div> : null}
    </div>
  );
}

export function Empty({
  title,
  text,
  action,
  icon,
  className,
}: {
  title: string;
  text?: ReactNode;
  action?: ReactNode;
  icon?: ReactNode;
  className?: string;
}) {
  return <Message icon={icon ?? <Inbox />} title={title} text={text} action={action} className={className} />;
}

export function Loading({ label, className }: { label?: string; className?: string }) {
  const { t } = useTranslation();
  return (
    <div
      role="status"
      className={cn("flex items-center justify-center gap-2 px-4 py-10 text-muted", className)}
    >
      <Spinner />
      {label ?? t("state.loading")}
    </div>
  );
}

export function NoPermission() {
  const { t } = useTranslation();
  return (
    <Message
      icon={<Lock />}
      title={t("state.forbidden_title")}
      text={t("state.forbidden_text")}
      role="status"
    />
  );
}

/** The words for any failure: the server's own detail where there is one. */
export function useErrorText(): (error: unknown) => string {
  const { t } = useTranslation();
  return (error) => {
    if (!isApiError(error)) return t("error.unexpected");
    if (error.status === 0) return t("error.network");
    if (error.status === 429) return t("error.too_many");
    if (error.status >= 500 && error.message.startsWith("HTTP ")) return t("error.server");
    const fields = error.errors.map((e) => `${e.pointer.replace(/^#?\//, "")}: ${e.detail}`).join("; ");
    if (fields && !error.message.includes(fields)) return `${error.message} (${fields})`;
    return error.message;
  };
}

export function Failed({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const { t } = useTranslation();
  const text = useErrorText()(error);
  if (isApiError(error) && error.status === 403) return <NoPermission />;
  const missing = isApiError(error) && error.status === 404;
  return (
    <Message
      role="alert"
      icon={<CircleAlert />}
      title={missing ? t("state.missing_title") : t("state.failed_title")}
      text={missing ? t("state.missing_text") : text}
      action={
        onRetry && !missing ? (
          <Button onClick={onRetry} size="sm">
            {t("action.retry")}
          </Button>
        ) : null
      }
    />
  );
}

export function InlineError({ error }: { error: unknown }) {
  const text = useErrorText()(error);
  if (!error) return null;
  return (
    <p role="alert" className="rounded-md bg-bad-soft px-2.5 py-1.5 text-[0.8667rem] text-bad">
      {text}
    </p>
  );
}

/** What a refused form has to say that belongs to no field. */
export function FormProblem({ message }: { message: string | undefined }) {
  if (!message) return null;
  return (
    <p role="alert" className="rounded-md bg-bad-soft px-2.5 py-1.5 text-[0.8667rem] text-bad">
      {message}
    </p>
  );
}
