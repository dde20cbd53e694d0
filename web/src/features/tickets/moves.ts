/** The 26 moves of a ticket. The server decides; the screen offers only what it would accept. */
import type { TicketStatus } from "@/lib/api/types";

export const MOVES: Record<TicketStatus, readonly TicketStatus[]> = {
  new: ["open", "answered", "in_progress", "on_hold", "closed"],
  open: ["answered", "in_progress", "on_hold", "closed"],
  answered: ["in_progress", "on_hold", "waiting_for_response", "closed"],
  waiting_for_response: ["answered", "in_progress", "closed"],
  on_hold: ["in_progress", "answered", "closed"],
  in_progress: ["resolved", "on_hold", "waiting_for_response", "closed"],
  resolved: ["closed", "open"],
  closed: ["open"],
};

export const STATUSES = Object.keys(MOVES) as TicketStatus[];
export const PRIORITIES = ["low", "medium", "high", "urgent"] as const;
