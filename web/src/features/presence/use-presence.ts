import { useQuery } from "@tanstack/react-query";
import { useEffect } from "react";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Agent, Page } from "@/lib/api/types";
import { useMe } from "@/lib/session";
import { dispatch, useLive } from "@/lib/ws/live";
import type { PresenceInfo } from "@/lib/ws/reducer";

/** The signed-in user's own presence: what the list said first, then what frames say. */
export function useOwnPresence(): PresenceInfo | null {
  const me = useMe();
  const userId = me?.user.id;
  const known = useLive((state) => (userId ? state.presence[userId] : undefined));
  const agents = useQuery({
    queryKey: [...keys.agents, "own", userId],
    enabled: Boolean(userId) && !known,
    retry: false,
    queryFn: () => take<Page<Agent>>(api.GET("/api/v1/agents")),
  });
  const listed = agents.data?.items.find((agent) => agent.user_id === userId);
  useEffect(() => {
    if (userId && listed) {
      dispatch({
        type: "presence_known",
        userId,
        info: { presence: listed.presence, reason: listed.reason, since: listed.since },
      });
    }
  }, [userId, listed]);
  return known ?? null;
}
