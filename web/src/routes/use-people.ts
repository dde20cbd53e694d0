/** The people one can choose from; the first two hundred, and empty for those who may not see people. */
import { useQuery } from "@tanstack/react-query";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Person } from "@/lib/api/types";
import { useCan, useMe } from "@/lib/session";

const NONE: Person[] = [];

export function usePeople(): Person[] {
  const inTenant = useMe()?.tenant !== null;
  const allowed = useCan("users.read") && inTenant;
  const query = useQuery({
    queryKey: [...keys.people, "all"],
    enabled: allowed,
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      take<Page<Person>>(api.GET("/api/v1/users", { params: { query: { limit: 200 } }, signal })),
  });
  return query.data?.items ?? NONE;
}
