/** Pages of calls, narrowed and ordered; shared by the calls screen and the history of a contact. */
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Call, CallState, Page } from "@/lib/api/types";
import { usePages } from "@/lib/use-pages";

export interface CallFilter {
  state?: CallState;
  from?: string;
  to?: string;
  after?: string;
  before?: string;
  /** Who answered. */
  agent?: string;
  /** Our line that was dialled. */
  number?: string;
  /** The bot that line rang. */
  bot?: string;
  connection?: string;
  contact?: string;
  organization?: string;
  sort?: string;
}

/** A day or minute of the user's clock as an instant for the server. */
export function instant(local: string | undefined): string | undefined {
  if (!local) return undefined;
  const date = new Date(local);
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}

export function useCallPages(filter: CallFilter) {
  return usePages({
    queryKey: [...keys.calls, "list", filter],
    fetchPage: (cursor, signal) =>
      take<Page<Call>>(
        api.GET("/api/v1/calls", {
          params: {
            query: {
              cursor,
              count: cursor === undefined ? true : undefined,
              sort: filter.sort,
              state: filter.state,
              from: filter.from || undefined,
              to: filter.to || undefined,
              started_after: instant(filter.after),
              started_before: instant(filter.before),
              agent_id: filter.agent,
              number_id: filter.number,
              bot_id: filter.bot,
              connection_id: filter.connection,
              contact_id: filter.contact,
              organization_id: filter.organization,
            },
          },
          signal,
        }),
      ),
  });
}
