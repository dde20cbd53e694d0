/** The tenants somebody is a member of, and going from one to another. */
import { useQuery } from "@tanstack/react-query";
import { api, take } from "./api/client";
import { keys } from "./api/query";
import type { MyTenant, Page } from "./api/types";

export function useMyTenants(enabled = true) {
  return useQuery({
    queryKey: keys.myTenants,
    enabled,
    staleTime: 60_000,
    queryFn: ({ signal }) => take<Page<MyTenant>>(api.GET("/api/v1/me/tenants", { signal })),
    select: (page) => page.items,
  });
}

/** The answer sets the cookie of a new session there; the old one ends, and what was loaded is another tenant's. */
export async function switchTenant(slug: string): Promise<void> {
  await take(api.POST("/api/v1/auth/switch", { body: { tenant: slug } }));
}
