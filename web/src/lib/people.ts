/** Who an id stands for, on screens that show who did something. */
import { useQuery } from "@tanstack/react-query";
import { api, take } from "./api/client";
import { keys } from "./api/query";
import type { Member } from "./api/types";
import { useCan, useMe } from "./session";

/** The name, once it is known; null for those who may not see people, and for people who are gone. */
export function usePersonName(id: string | null | undefined): string | null {
  const me = useMe();
  const allowed = useCan("users.read") && me?.tenant !== null;
  const own = id !== undefined && id !== null && me?.user.id === id;
  const query = useQuery({
    queryKey: keys.person(id ?? ""),
    enabled: allowed && !own && typeof id === "string",
    retry: false,
    // Names change seldom; a screen with fifty rows asks once for each person in them.
    staleTime: 5 * 60_000,
    queryFn: ({ signal }) =>
      take<Member>(api.GET("/api/v1/users/{id}", { params: { path: { id: id ?? "" } }, signal })),
  });
  if (own) return me.user.name || me.user.email;
  return query.data ? query.data.name || query.data.email : null;
}
