/** The tenants a platform admin chooses among: the first two hundred by name, and the one chosen wherever it stands. */
import { useQuery } from "@tanstack/react-query";
import { useMemo } from "react";
import { api, take } from "@/lib/api/client";
import { keys } from "@/lib/api/query";
import type { Page, Tenant } from "@/lib/api/types";

export function useTenants(
  enabled: boolean,
  chosen: string | undefined,
): { id: string; name: string }[] | null {
  const all = useQuery({
    queryKey: [...keys.tenants, "choice"],
    enabled,
    staleTime: 60_000,
    queryFn: ({ signal }) =>
      take<Page<Tenant>>(api.GET("/api/v1/tenants", { params: { query: { limit: 200 } }, signal })),
  });
  const known = all.data?.items;
  const beyond = chosen !== undefined && known !== undefined && !known.some((tenant) => tenant.id === chosen);
  const one = useQuery({
    queryKey: [...keys.tenants, "one", chosen],
    enabled: enabled && beyond,
    queryFn: ({ signal }) =>
      take<Tenant>(api.GET("/api/v1/tenants/{id}", { params: { path: { id: chosen ?? "" } }, signal })),
  });
  return useMemo(
    () => (enabled ? [...(known ?? []), ...(beyond && one.data ? [one.data] : [])] : null),
    [enabled, known, beyond, one.data],
  );
}
