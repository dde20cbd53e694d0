import { QueryClient } from "@tanstack/react-query";
import { isApiError } from "./problem";

/** REST state is kept fresh by socket events; a window focus refetches what may have been missed. */
export function createQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        staleTime: 15_000,
        retry: (count, error) => {
          if (isApiError(error) && error.status > 0 && error.status < 500 && error.status !== 429)
            return false;
          return count < 2;
        },
      },
      mutations: { retry: false },
    },
  });
}

export const queryClient = createQueryClient();

/** What a query answers now, for who must not go on with what it answered before; nothing where it is gone. */
export async function again<T>(query: {
  refetch: (options: { throwOnError: true }) => Promise<{ data: T | undefined }>;
}): Promise<T | undefined> {
  return (await query.refetch({ throwOnError: true })).data;
}

/** Keys by noun, so that a socket frame can name what it makes stale. */
export const keys = {
  me: ["me"] as const,
  calls: ["calls"] as const,
  call: (id: string) => ["calls", "one", id] as const,
  callEvents: (id: string) => ["calls", "events", id] as const,
  tickets: ["tickets"] as const,
  ticket: (id: string) => ["tickets", "one", id] as const,
  agents: ["agents"] as const,
  wallboard: ["wallboard"] as const,
  performance: ["performance"] as const,
  numbers: ["phone-numbers"] as const,
  bots: ["bots"] as const,
  connections: ["connections"] as const,
  directory: ["directory"] as const,
  people: ["people"] as const,
  person: (id: string) => ["people", "one", id] as const,
  invitations: ["invitations"] as const,
  roles: ["roles"] as const,
  tokens: ["api-tokens"] as const,
  sessions: ["sessions"] as const,
  history: ["account-history"] as const,
  secondFactor: ["second-factor"] as const,
  devices: ["devices"] as const,
  teams: ["teams"] as const,
  tenants: ["tenants"] as const,
  permissions: ["permissions"] as const,
  registrations: ["registrations"] as const,
  settings: ["settings"] as const,
  webhooks: ["webhooks"] as const,
  providers: ["identity-providers"] as const,
  erasures: ["erasures"] as const,
  audit: ["audit"] as const,
  systemHealth: ["system-health"] as const,
  myTenants: ["my-tenants"] as const,
};
