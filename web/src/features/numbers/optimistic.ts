/** What a command makes of a line, shown before the server has said so, and taken back where it says no. */
import type { InfiniteData, QueryClient } from "@tanstack/react-query";
import { keys } from "@/lib/api/query";
import type { NumberSummary, Page, PhoneNumber } from "@/lib/api/types";
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
      return { ...number, connected: true, endpoint: order.endpoint };
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

/** The figures as they will be; what lines cost is left to the server, which knows all currencies. */
export function counted(
  figures: NumberSummary,
  before: PhoneNumber,
  next: PhoneNumber | null,
): NumberSummary {
  const move = (was: boolean, is: boolean) => Number(is) - Number(was);
  const at = (status: PhoneNumber["status"]) => move(before.status === status, next?.status === status);
  const connected = move(before.connected, next?.connected ?? false);
  const bots = move(before.endpoint?.kind === "bot", next?.endpoint?.kind === "bot");
  return {
    ...figures,
    assigned: figures.assigned + at("assigned"),
    available: figures.available + at("available"),
    reserved: figures.reserved + at("reserved"),
    connected: figures.connected + connected,
    connected_to_bots: figures.connected_to_bots + bots,
    not_connected: figures.not_connected + at("assigned") - connected,
  };
}

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
    else if (what === "by-endpoint") {
      const others = (data as PhoneNumber[]).filter((line) => line.id !== id);
      client.setQueryData(key, next?.connected ? [...others, next] : others);
    } else if (what === "summary")
      client.setQueryData(key, counted(data as NumberSummary, order.number, next));
  }
  return () => {
    for (const [key, data] of before) client.setQueryData(key, data);
  };
}

const statusOf = (filter: unknown): string =>
  typeof filter === "object" && filter !== null && "status" in filter ? String(filter.status) : "";
