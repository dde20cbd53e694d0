import {
  BookUser,
  Bot,
  Building2,
  Cable,
  ChartColumn,
  Fingerprint,
  Gauge,
  Hash,
  Headset,
  KeyRound,
  ListPlus,
  type LucideIcon,
  PhoneCall,
  ScrollText,
  Server,
  ShieldAlert,
  ShieldX,
  Ticket,
  Users,
  UsersRound,
  Webhook,
} from "lucide-react";
import type { Me } from "@/lib/api/types";
import { can, directoryPermission } from "@/lib/permissions";

export type Destination =
  | "/workspace"
  | "/wallboard"
  | "/performance"
  | "/calls"
  | "/tickets"
  | "/directory"
  | "/numbers"
  | "/bots"
  | "/people"
  | "/connections"
  | "/audit"
  | "/security"
  | "/system"
  | "/roles"
  | "/teams"
  | "/tenants"
  | "/webhooks"
  | "/fields"
  | "/identity-providers"
  | "/erasures"
  | "/account";

export interface NavItem {
  to: Destination;
  name:
    | "workspace"
    | "wallboard"
    | "performance"
    | "calls"
    | "tickets"
    | "directory"
    | "numbers"
    | "bots"
    | "people"
    | "connections"
    | "audit"
    | "security"
    | "system"
    | "roles"
    | "teams"
    | "tenants"
    | "webhooks"
    | "fields"
    | "providers"
    | "erasures";
  group: "work" | "admin";
  icon: LucideIcon;
  /** Second key of the `g` shortcut. */
  key: string;
  allowed: (me: Me) => boolean;
  /** Shown to a platform admin who acts for no tenant as well. */
  anywhere?: boolean;
}

export const NAVIGATION: readonly NavItem[] = [
  { to: "/workspace", name: "workspace", group: "work", icon: Headset, key: "w", allowed: takesCalls },
  {
    to: "/wallboard",
    name: "wallboard",
    group: "work",
    icon: Gauge,
    key: "b",
    allowed: (me) => can(me, "wallboard.read"),
  },
  {
    to: "/performance",
    name: "performance",
    group: "work",
    icon: ChartColumn,
    key: "v",
    allowed: (me) => can(me, "wallboard.read"),
  },
  {
    to: "/tickets",
    name: "tickets",
    group: "work",
    icon: Ticket,
    key: "t",
    allowed: (me) => can(me, "tickets.read"),
  },
  {
    to: "/directory",
    name: "directory",
    group: "work",
    icon: BookUser,
    key: "d",
    allowed: (me) =>
      can(me, directoryPermission("individuals", "read")) ||
      can(me, directoryPermission("organizations", "read")),
  },
  {
    to: "/people",
    name: "people",
    group: "work",
    icon: Users,
    key: "p",
    allowed: (me) => can(me, "users.read"),
  },
  {
    to: "/bots",
    name: "bots",
    group: "work",
    icon: Bot,
    key: "o",
    allowed: (me) => can(me, "bots.read"),
  },
  {
    to: "/numbers",
    name: "numbers",
    group: "work",
    icon: Hash,
    key: "n",
    allowed: (me) => can(me, "numbers.read"),
    anywhere: true,
  },
  {
    to: "/calls",
    name: "calls",
    group: "work",
    icon: PhoneCall,
    key: "c",
    allowed: (me) => can(me, "calls.read"),
  },
  {
    to: "/tenants",
    name: "tenants",
    group: "admin",
    icon: Building2,
    key: "a",
    allowed: (me) => can(me, "tenants.read"),
    anywhere: true,
  },
  {
    to: "/teams",
    name: "teams",
    group: "admin",
    icon: UsersRound,
    key: "e",
    allowed: (me) => can(me, "teams.read"),
  },
  {
    to: "/roles",
    name: "roles",
    group: "admin",
    icon: KeyRound,
    key: "r",
    allowed: (me) => can(me, "roles.edit"),
  },
  {
    to: "/connections",
    name: "connections",
    group: "admin",
    icon: Cable,
    key: "x",
    allowed: (me) => can(me, "connections.read"),
  },
  {
    to: "/webhooks",
    name: "webhooks",
    group: "admin",
    icon: Webhook,
    key: "h",
    allowed: (me) => can(me, "webhooks.read"),
  },
  {
    to: "/identity-providers",
    name: "providers",
    group: "admin",
    icon: Fingerprint,
    key: "i",
    allowed: (me) => can(me, "settings.read"),
  },
  {
    to: "/fields",
    name: "fields",
    group: "admin",
    icon: ListPlus,
    key: "f",
    allowed: (me) => can(me, "contact_fields.edit"),
  },
  {
    to: "/erasures",
    name: "erasures",
    group: "admin",
    icon: ShieldX,
    key: "z",
    allowed: (me) => can(me, "contacts.erase"),
  },
  {
    to: "/audit",
    name: "audit",
    group: "admin",
    icon: ScrollText,
    key: "l",
    allowed: (me) => can(me, "audit.read"),
    anywhere: true,
  },
  {
    to: "/security",
    name: "security",
    group: "admin",
    icon: ShieldAlert,
    key: "s",
    allowed: (me) => can(me, "audit.read"),
    anywhere: true,
  },
  {
    to: "/system",
    name: "system",
    group: "admin",
    icon: Server,
    key: "y",
    allowed: (me) => can(me, "system.read"),
    anywhere: true,
  },
];

/** The screens this sign-in may see where it is. */
export function destinationsOf(me: Me): NavItem[] {
  return NAVIGATION.filter((item) => (me.tenant !== null || item.anywhere) && item.allowed(me));
}

/** Pops reach those who may set their presence or have an extension. */
export function takesCalls(me: Me): boolean {
  return me.tenant !== null && can(me, "presence.set");
}

/** Where a fresh sign-in lands: agents at their calls, supervisors at the board, others at the first they may see. */
export function homeOf(me: Me): Destination {
  if (me.extension) return "/workspace";
  const screens = destinationsOf(me);
  const board = screens.find((item) => item.to === "/wallboard");
  return (board ?? screens[0])?.to ?? "/account";
}
