/** What to call the caller on the screen. Placeholders live here only; the server never stores them. */
import { useTranslation } from "react-i18next";
import type { CallerContext } from "@/lib/api/types";
import { formatNumber } from "@/lib/phone";

export function useCallerName(): (caller: CallerContext | null, number: string | null | undefined) => string {
  const { t } = useTranslation();
  return (caller, number) => {
    const named = caller?.caller_name ?? caller?.contact_person ?? null;
    if (named) return named;
    if (caller?.found && caller.customer_type === "organization") return t("caller.valued_customer");
    if (caller?.customer_name) return caller.customer_name;
    switch (caller?.quality) {
      case "anonymous":
        return t("caller.anonymous");
      case "invalid":
        return t("caller.invalid");
      case "extension":
        return t("caller.extension", { number: caller.number ?? number ?? "" });
      default:
        return number ? t("caller.unknown") : t("caller.anonymous");
    }
  };
}

/** One line for tabs and notices: who, else the number. */
export function useCallerLine(): (caller: CallerContext | null, number: string | null | undefined) => string {
  const name = useCallerName();
  return (caller, number) => {
    if (!caller?.found && caller?.quality !== "anonymous" && caller?.quality !== "invalid" && number) {
      return formatNumber(number);
    }
    const who = name(caller, number);
    return caller?.organization_name && caller.organization_name !== who
      ? `${who} · ${caller.organization_name}`
      : who;
  };
}

/** The outside party's number: who calls us, or whom we call. */
export function partyNumber(call: {
  direction?: string;
  from?: string | null;
  to?: string | null;
}): string | null {
  return (call.direction === "outbound" ? call.to : call.from) ?? null;
}
export function lineNumber(call: {
  direction?: string;
  from?: string | null;
  to?: string | null;
}): string | null {
  return (call.direction === "outbound" ? call.from : call.to) ?? null;
}
