/** Pages of tickets, narrowed and ordered; shared by the tickets screen and the history of a contact. */
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Priority, Ticket, TicketStatus } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";
import { STATUSES } from "./moves";

/** `active`: everything that still asks for something. */
export type StatusFilter = TicketStatus | "active";

export interface TicketFilter {
  q?: string;
  status?: StatusFilter;
  priority?: Priority;
  /** A user's id, `me` or `none`. */
  assigned?: string;
  contact?: string;
  organization?: string;
  call?: string;
  sort?: string;
}

const ACTIVE = STATUSES.filter((status) => status !== "resolved" && status !== "closed").join(",");

export function useTicketPages(filter: TicketFilter) {
  return usePages({
    queryKey: [...keys.tickets, "list", filter],
    fetchPage: (cursor, signal) =>
      take<Page<Ticket>>(
        api.GET("/api/v1/tickets", {
          params: {
            query: {
              cursor,
              count: cursor === undefined ? true : undefined,
              sort: filter.sort,
              q: filter.q || undefined,
              status: filter.status === "active" ? ACTIVE : filter.status,
              priority: filter.priority,
              assigned_to: filter.assigned,
              contact: filter.contact,
              organization_id: filter.organization,
              call_id: filter.call,
            },
          },
          signal,
        }),
      ),
  });
}
