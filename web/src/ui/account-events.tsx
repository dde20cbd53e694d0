/** What happened to an account: sign-ins, failures, passwords. Of oneself, or of a member for those who may. */
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { AccountEvent } from "@/lib/api/types";
import { When } from "./age";
import { Badge, Dot, type Tone } from "./badge";
import { Device } from "./device";
import { ListFrame, type PagesLike } from "./list";
import type { Column } from "./table";

const KNOWN = [
  "session.started",
  "session.refused",
  "session.ended",
  "session.refresh_reused",
  "password.changed",
  "password.refused",
  "password.reset_requested",
  "password.link_created",
  "password.reset",
  "password.chosen",
  "second_factor.enabled",
  "second_factor.disabled",
  "second_factor.refused",
  "second_factor.reset",
  "second_factor.backup_used",
  "second_factor.codes_renewed",
  "device.trusted",
  "device.distrusted",
  "account.locked",
] as const;

const ALARMING = new Set([
  "session.refused",
  "session.refresh_reused",
  "password.refused",
  "password.link_created",
  "second_factor.refused",
  "second_factor.backup_used",
  "account.locked",
]);

const toneOf = (action: string): Tone =>
  action === "session.refresh_reused"
    ? "bad"
    : ALARMING.has(action)
      ? "warn"
      : action === "session.started"
        ? "good"
        : "neutral";

type Underscored<T extends string> = T extends `${infer A}.${infer B}` ? `${A}_${B}` : T;
type UnderscoredEvent = Underscored<(typeof KNOWN)[number]>;

export function AccountEventBadge({ action }: { action: string }) {
  const { t } = useTranslation();
  const known = KNOWN.find((each) => each === action);
  const tone = toneOf(action);
  return (
    <Badge tone={tone} data-event={action}>
      <Dot tone={tone} />
      <span className="truncate">
        {/* A dot in the name would be read as a path into the words. */}
        {known ? t(`account_event.${known.replace(".", "_") as UnderscoredEvent}`) : action}
      </span>
    </Badge>
  );
}

export function AccountEvents({
  name,
  label,
  pages,
}: {
  name: string;
  label: string;
  pages: PagesLike<AccountEvent>;
}) {
  const { t } = useTranslation();
  const columns = useColumns();
  return (
    <ListFrame
      name={name}
      label={label}
      columns={columns}
      pages={pages}
      rowId={(event) => event.id}
      emptyTitle={t("account.no_history")}
    />
  );
}

function useColumns(): Column<AccountEvent>[] {
  const { t } = useTranslation();
  return useMemo(
    () => [
      {
        id: "at",
        header: t("field.when"),
        className: "@3xl:w-48",
        always: true,
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
      {
        id: "action",
        header: t("account.what"),
        always: true,
        cell: ({ row }) => <AccountEventBadge action={row.original.action} />,
      },
      {
        id: "address",
        header: t("account.address"),
        className: "@3xl:w-44",
        cell: ({ row }) => <span className="num">{row.original.address ?? "–"}</span>,
      },
      {
        id: "device",
        header: t("account.device"),
        cell: ({ row }) => <Device userAgent={row.original.user_agent} />,
      },
    ],
    [t],
  );
}
