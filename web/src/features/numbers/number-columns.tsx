import { Bot as BotIcon } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";
import type { Endpoint, PhoneNumber } from "@/lib/api/types";
import { countryName } from "@/lib/countries";
import { When } from "@/ui/age";
import { Badge, Dot, type Tone } from "@/ui/badge";
import { NumberText } from "@/ui/number";
import type { Column } from "@/ui/table";
import type { NumberRights } from "./commands";
import { flagOf, formatMoney } from "./money";
import { NumberActions } from "./number-actions";
import type { Asked } from "./number-dialogs";

const tone: Record<PhoneNumber["status"], Tone> = {
  available: "neutral",
  assigned: "accent",
  reserved: "warn",
};
const none = <span className="text-muted">–</span>;

/** Connected is shown, not stored: assigned, and rings somebody. */
export function NumberStatusBadge({ number }: { number: PhoneNumber }) {
  const { t } = useTranslation();
  const connected = number.connected;
  return (
    <Badge
      tone={connected ? "good" : (tone[number.status] ?? "neutral")}
      data-number-status={connected ? "connected" : number.status}
    >
      {connected
        ? t("number_status.connected")
        : t(`number_status.${number.status}`, { defaultValue: number.status })}
    </Badge>
  );
}

export function ConnectedTo({
  number,
  nameOf,
}: {
  number: PhoneNumber;
  nameOf: (endpoint: Endpoint) => string;
}) {
  const { t } = useTranslation();
  if (!number.endpoint) {
    return number.status === "assigned" ? <span className="text-muted">{t("numbers.nobody")}</span> : none;
  }
  return (
    <span className="inline-flex items-center gap-1.5">
      {number.endpoint.kind === "user" ? (
        <Dot tone="good" />
      ) : (
        <BotIcon role="img" className="size-4 text-muted" aria-label={t("bots.one")} />
      )}
      {nameOf(number.endpoint)}
    </span>
  );
}

export function useNumberColumns(
  nameOf: (endpoint: Endpoint) => string,
  rights: NumberRights,
  onAsk: (asked: Asked) => void,
  /** Whether it is told whose a line is. */
  ofTenants: boolean,
): Column<PhoneNumber>[] {
  const { t } = useTranslation();
  const acts = rights.assign || rights.connect || rights.release || rights.platform;
  return useMemo(() => {
    const columns: Column<PhoneNumber>[] = [
      {
        id: "number",
        header: t("field.number"),
        always: true,
        sortBy: "number",
        cell: ({ row }) => (
          <span className="font-medium">
            <span aria-hidden>{flagOf(row.original.country)} </span>
            <NumberText number={row.original.number} />
          </span>
        ),
      },
      {
        id: "country",
        header: t("numbers.country"),
        cell: ({ row }) => (
          <>
            {countryName(row.original.country)}
            {row.original.region ? <span className="text-muted">, {row.original.region}</span> : null}
          </>
        ),
      },
      {
        id: "status",
        header: t("field.status"),
        className: "@3xl:w-32",
        cell: ({ row }) => <NumberStatusBadge number={row.original} />,
      },
      {
        id: "endpoint",
        header: t("numbers.connected_to"),
        cell: ({ row }) => <ConnectedTo number={row.original} nameOf={nameOf} />,
      },
      {
        id: "cost",
        header: t("numbers.cost"),
        className: "@3xl:w-28",
        cell: ({ row }) =>
          row.original.monthly_cost ? (
            <span className="num">{formatMoney(row.original.monthly_cost, row.original.currency)}</span>
          ) : (
            none
          ),
      },
      {
        id: "provider",
        header: t("numbers.provider"),
        onDemand: true,
        cell: ({ row }) => row.original.provider || none,
      },
      {
        id: "created",
        header: t("field.created"),
        className: "@3xl:w-48",
        onDemand: true,
        sortBy: "created_at",
        sortFirst: "descending",
        cell: ({ row }) => <When at={row.original.created_at} />,
      },
    ];
    if (ofTenants) {
      columns.splice(3, 0, {
        id: "tenant",
        header: t("numbers.tenant_filter"),
        cell: ({ row }) => row.original.tenant_name ?? none,
      });
    }
    if (acts) {
      columns.push({
        id: "actions",
        header: t("field.actions"),
        className: "@3xl:w-56",
        always: true,
        cell: ({ row }) => <NumberActions number={row.original} rights={rights} onAsk={onAsk} />,
      });
    }
    return columns;
  }, [t, nameOf, rights, onAsk, acts, ofTenants]);
}
