/** The bots one can choose from and name; the first two hundred, and empty for those who may not see them. */
import { useQuery } from "@tanstack/react-query";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Bot, Page } from "@/lib/api/types";
import { useCan, useMe } from "@/lib/session";

const NONE: Bot[] = [];

export function useBots(): Bot[] {
  const inTenant = useMe()?.tenant !== null;
  const allowed = useCan("bots.read") && inTenant;
  const query = useQuery({
    queryKey: [...keys.bots, "all"],
    enabled: allowed,
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      take<Page<Bot>>(api.GET("/api/v1/bots", { params: { query: { limit: 200 } }, signal })),
  });
  return query.data?.items ?? NONE;
}
