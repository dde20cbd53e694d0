/** What a command makes of a line, shown before the server has said so, and taken back where it says no. */
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/query";
import type { Page, PhoneNumber } from "@/lib/api/types";
import type { Order } from "./commands";

/** The line as it will be; null where it leaves the inventory. */
export function after(order: Order): PhoneNumber | null {
  const { number } = order;
  switch (order.command) {
    case "assign":
      return { ...number, status: "assigned" };
    case "reserve":
      return { ...number, status: "reserved" };
    case "release":
      // The platform admin frees what is held; a tenant's line goes into quarantine first.
      return { ...number, status: number.status === "reserved" ? "available" : "reserved" };
    case "connect":
      return { ...number, connected: true, endpoint: { kind: "user", id: order.userId } };
    case "disconnect":
      return { ...number, connected: false, endpoint: null };
    case "remove":
      return null;
  }
}

type Pages = InfiniteData<Page<PhoneNumber>>;

/** A list with the line as it will be; a line that belongs to another list now leaves this one. */
export function patched(pages: Pages, next: PhoneNumber | null, id: string, status: string): Pages {
  return {
    ...pages,
    pages: pages.pages.map((page) => ({
      ...page,
      items: page.items.flatMap((line) =>
        line.id !== id ? [line] : next && next.status === status ? [next] : [],
      ),
    })),
  };
}

/** How the figures move: by status, and the connected ones. */
export function moves(before: PhoneNumber, next: PhoneNumber | null): Record<string, number> {
  const at = (status: PhoneNumber["status"]) =>
    Number(next?.status === status) - Number(before.status === status);
  return {
    own: at("assigned"),
    pool: at("available"),
    connected: Number(next?.connected ?? false) - Number(before.connected),
  };
}

type Count = { value: number; exact: boolean };

/** Shows the outcome at once; the answer takes everything back. */
export async function foresee(client: QueryClient, order: Order): Promise<() => void> {
  await client.cancelQueries({ queryKey: keys.numbers });
  const before = client.getQueriesData({ queryKey: keys.numbers });
  const next = after(order);
  const { id } = order.number;
  for (const [key, data] of before) {
    const [, what, name, more] = key;
    if (data === undefined) continue;
    if (what === "list") client.setQueryData(key, patched(data as Pages, next, id, statusOf(more)));
    else if (what === "one" && name === id && next) client.setQueryData(key, next);
    else if (what === "by-agent") {
      const others = (data as PhoneNumber[]).filter((line) => line.id !== id);
      client.setQueryData(key, next?.connected ? [...others, next] : others);
    } else if (what === "count") {
      const count = data as Count;
      const move = moves(order.number, next)[String(name)] ?? 0;
      client.setQueryData(key, { ...count, value: Math.max(0, count.value + move) });
    }
  }
  return () => {
    for (const [key, data] of before) client.setQueryData(key, data);
  };
}

const statusOf = (filter: unknown): string =>
  typeof filter === "object" && filter !== null && "status" in filter ? String(filter.status) : "";
