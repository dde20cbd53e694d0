/** Who is signed in. The browser holds no token: the cookie is the session, `GET /me` tells its owner. */
import { queryOptions, useQuery } from "@tanstack/react-query";
import { api, take } from "./api/client";
import { isApiError } from "./api/problem";
import { keys, queryClient } from "./api/query";
import type { LoginBody, Me } from "./api/types";
import { can } from "./permissions";

export const meQuery = queryOptions({
  queryKey: keys.me,
  staleTime: 5 * 60_000,
  retry: false,
  queryFn: async (): Promise<Me | null> => {
    try {
      return await take<Me>(api.GET("/api/v1/me", {}));
    } catch (error) {
      if (isApiError(error) && error.status === 401) return null;
      throw error;
    }
  },
});

export function useMe(): Me | null {
  return useQuery(meQuery).data ?? null;
}

export function useCan(permission: string): boolean {
  return can(useMe(), permission);
}

export async function signIn(login: LoginBody): Promise<void> {
  await take(api.POST("/api/v1/auth/login", { body: login }));
  queryClient.clear();
}

export async function signOut(): Promise<void> {
  await take(api.POST("/api/v1/auth/logout"));
}
