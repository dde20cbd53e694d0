/**
 * What the signed-in user may do, by the server's permission names (`noun.verb`). The browser only hides what
 * would be refused; the server refuses.
 */
import type { Me } from "./api/types";

export function can(me: Me | null | undefined, permission: string): boolean {
  return me?.permissions.includes(permission) ?? false;
}

type DirectoryKind = "individuals" | "organizations" | "email-contacts";

export function directoryPermission(
  kind: DirectoryKind,
  verb: "read" | "create" | "edit" | "delete",
): string {
  return `${kind.replace("-", "_")}.${verb}`;
}
