/** Why the server refused something about people, in words, and at which field where it is one. */
import { useTranslation } from "react-i18next";
import { isApiError } from "@/lib/api/problem";

const REFUSALS = [
  "extension-taken",
  "already-member",
  "already-invited",
  "invitation-closed",
  "own-account",
  "last-owner",
  "member-elsewhere",
  "member-inactive",
] as const;
type Refusal = (typeof REFUSALS)[number];

const FIELD: Partial<Record<Refusal, "extension" | "role">> = {
  "extension-taken": "extension",
  "last-owner": "role",
};

export function refusalOf(error: unknown): Refusal | null {
  if (!isApiError(error) || error.status !== 409) return null;
  return REFUSALS.find((known) => known === error.type) ?? null;
}

export function useRefusalText(): (
  error: unknown,
) => { message: string; field: "extension" | "role" | null } | null {
  const { t } = useTranslation();
  return (error) => {
    const refusal = refusalOf(error);
    if (!refusal) return null;
    return { message: t(`people.refused.${refusal}`), field: FIELD[refusal] ?? null };
  };
}
