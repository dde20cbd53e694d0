/** Names of agents for screens that show who answered; empty for those who may not list agents. */
import { useQuery } from "@tanstack/react-query";
import { useCallback } from "react";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Agent, Page } from "@/lib/api/types";
import { useCan, useMe } from "@/lib/session";

const NONE: Agent[] = [];

export function useAgents(): { agents: Agent[]; nameOf: (id: string) => string | null } {
  const inTenant = useMe()?.tenant !== null;
  const allowed = useCan("agents.read") && inTenant;
  const query = useQuery({
    queryKey: [...keys.agents, "all"],
    enabled: allowed,
    retry: false,
    staleTime: 60_000,
    queryFn: ({ signal }) => take<Page<Agent>>(api.GET("/api/v1/agents", { signal })),
  });
  const agents = query.data?.items ?? NONE;
  const nameOf = useCallback(
    (id: string) => agents.find((agent) => agent.user_id === id)?.name ?? null,
    [agents],
  );
  return { agents, nameOf };
}
