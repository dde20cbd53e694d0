/** What the platform admin does with tenants. The console calls them accounts. */
import { api, take } from "@/lib/api/client";
import type { Tenant } from "@/lib/api/types";

export type TenantStatus = Tenant["status"];
export const STATUSES = ["active", "suspended"] as const;

export function loadTenant(id: string, signal?: AbortSignal): Promise<Tenant> {
  return take<Tenant>(api.GET("/api/v1/tenants/{id}", { params: { path: { id } }, signal }));
}

export function suspend(tenant: Tenant, reason: string): Promise<Tenant> {
  const body = reason.trim() ? { reason: reason.trim() } : {};
  return take<Tenant>(
    api.POST("/api/v1/tenants/{id}/suspend", { params: { path: { id: tenant.id } }, body }),
  );
}

export function resume(tenant: Tenant): Promise<Tenant> {
  return take<Tenant>(api.POST("/api/v1/tenants/{id}/resume", { params: { path: { id: tenant.id } } }));
}
