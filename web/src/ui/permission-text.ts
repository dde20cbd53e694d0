/** The words for a permission: its noun as a heading, its verb as the choice below it. */
import { useTranslation } from "react-i18next";
import type { PermissionItem } from "@/lib/api/types";

/** `view_all` → `view all`. */
export const verbOf = (permission: string): string =>
  permission.slice(permission.indexOf(".") + 1).replaceAll("_", " ");

const KNOWN = [
  "agents",
  "api_tokens",
  "audit",
  "calls",
  "connections",
  "contact_fields",
  "contact_notes",
  "contacts",
  "email_contacts",
  "events",
  "individuals",
  "numbers",
  "organizations",
  "presence",
  "queues",
  "registrations",
  "roles",
  "settings",
  "system",
  "teams",
  "tenants",
  "tickets",
  "users",
  "wallboard",
  "webhooks",
] as const;

export function useFamilyText(): (family: string) => string {
  const { t } = useTranslation();
  return (family) => {
    const known = KNOWN.find((each) => each === family);
    return known ? t(`family.${known}`) : family.replaceAll("_", " ");
  };
}

export interface Family {
  name: string;
  permissions: PermissionItem[];
}

/** In the server's order, family by family. */
export function familiesOf(permissions: readonly PermissionItem[]): Family[] {
  const families = new Map<string, PermissionItem[]>();
  for (const permission of permissions) {
    const list = families.get(permission.family) ?? [];
    list.push(permission);
    families.set(permission.family, list);
  }
  return [...families].map(([name, list]) => ({ name, permissions: list }));
}

/** Who may change something has to see it: reading comes with it. */
export function withReading(
  chosen: ReadonlySet<string>,
  name: string,
  all: readonly PermissionItem[],
): Set<string> {
  const next = new Set(chosen);
  if (next.delete(name)) return next;
  next.add(name);
  const reading = `${name.slice(0, name.indexOf("."))}.read`;
  if (all.some((permission) => permission.name === reading && permission.grantable)) next.add(reading);
  return next;
}
