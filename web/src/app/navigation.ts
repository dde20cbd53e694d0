import { BookUser, Cable, Gauge, Hash, Headset, type LucideIcon, PhoneCall, Ticket } from "lucide-react";
import type { Me } from "@/lib/api/types";
import { can, directoryPermission } from "@/lib/permissions";

export type Destination =
  | "/workspace"
  | "/wallboard"
  | "/calls"
  | "/tickets"
  | "/directory"
  | "/numbers"
  | "/connections";

export interface NavItem {
  to: Destination;
  name: "workspace" | "wallboard" | "calls" | "tickets" | "directory" | "numbers" | "connections";
  icon: LucideIcon;
  /** Second key of the `g` shortcut. */
  key: string;
  allowed: (me: Me) => boolean;
}

export const NAVIGATION: readonly NavItem[] = [
  { to: "/workspace", name: "workspace", icon: Headset, key: "w", allowed: takesCalls },
  { to: "/wallboard", name: "wallboard", icon: Gauge, key: "b", allowed: (me) => can(me, "wallboard.read") },
  { to: "/calls", name: "calls", icon: PhoneCall, key: "c", allowed: (me) => can(me, "calls.read") },
  { to: "/tickets", name: "tickets", icon: Ticket, key: "t", allowed: (me) => can(me, "tickets.read") },
  {
    to: "/directory",
    name: "directory",
    icon: BookUser,
    key: "d",
    allowed: (me) =>
      can(me, directoryPermission("individuals", "read")) ||
      can(me, directoryPermission("organizations", "read")),
  },
  { to: "/numbers", name: "numbers", icon: Hash, key: "n", allowed: (me) => can(me, "numbers.read") },
  {
    to: "/connections",
    name: "connections",
    icon: Cable,
    key: "x",
    allowed: (me) => can(me, "connections.read"),
  },
];

/** Pops reach those who may set their presence or have an extension. */
export function takesCalls(me: Me): boolean {
  return can(me, "presence.set");
}

/** Where a fresh sign-in lands: agents at their calls, supervisors at the board, others at the first they may see. */
export function homeOf(me: Me): Destination {
  if (me.extension) return "/workspace";
  if (can(me, "wallboard.read")) return "/wallboard";
  return NAVIGATION.find((item) => item.allowed(me))?.to ?? "/workspace";
}
