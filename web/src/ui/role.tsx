/** The words for a role. A role that a tenant made itself is called as its makers called it. */
import { useTranslation } from "react-i18next";

const KNOWN = [
  "org_owner",
  "org_admin",
  "supervisor",
  "agent",
  "corporate",
  "member",
  "client",
  "platform_admin",
] as const;

export function useRoleText(): (role: string) => string {
  const { t } = useTranslation();
  return (role) => {
    const known = KNOWN.find((each) => each === role);
    return known ? t(`role.${known}`) : role;
  };
}
