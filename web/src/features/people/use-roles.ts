import { useQuery } from "@tanstack/react-query";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, RoleItem } from "@/lib/api/types";

const NONE: RoleItem[] = [];

/** The roles there are, in the server's order: the most powerful first. */
export function useRoles(): RoleItem[] {
  const query = useQuery({
    queryKey: keys.roles,
    staleTime: 5 * 60_000,
    queryFn: ({ signal }) => take<Page<RoleItem>>(api.GET("/api/v1/roles", { signal })),
  });
  return query.data?.items ?? NONE;
}
