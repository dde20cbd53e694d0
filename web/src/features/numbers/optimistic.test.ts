import { QueryClient } from "@tanstack/react-query";
import { describe, expect, it } from "vitest";
import type { PhoneNumber } from "@/lib/api/types";
import { after, counted, foresee, patched } from "./optimistic";

const line = (id: string, more: Partial<PhoneNumber> = {}): PhoneNumber => ({
  id,
  number: `+3319900000${id}`,
  country: "FR",
  region: null,
  tenant_id: null,
  status: "assigned",
  connected: false,
  endpoint: null,
  monthly_cost: "1.00",
  currency: "EUR",
  provider: "twilio",
  capabilities: {},
  quarantined_until: null,
  created_at: "2026-01-01T00:00:00Z",
  updated_at: "2026-01-01T00:00:00Z",
  version: 1,
  ...more,
});
const free = line("1", { status: "available" });
const own = line("2");
const connected = line("3", { connected: true, endpoint: { kind: "user", id: "u" } });
const held = line("4", { status: "reserved" });
const FIGURES = {
  assigned: 5,
  connected: 2,
  connected_to_bots: 1,
  not_connected: 3,
  available: 7,
  reserved: 1,
  monthly_cost: [],
};
const pages = (...items: PhoneNumber[]) => ({
  pages: [{ items, next_cursor: null }],
  pageParams: [undefined],
});

describe("a line as it will be", () => {
  it.each([
    [{ number: free, command: "assign" } as const, { status: "assigned" }, [1, -1, 0]],
    [{ number: own, command: "release" } as const, { status: "reserved" }, [-1, 0, 0]],
    [{ number: held, command: "release" } as const, { status: "available" }, [0, 1, 0]],
    [
      { number: own, command: "connect", endpoint: { kind: "user", id: "u" } } as const,
      { connected: true },
      [0, 0, 1],
    ],
    [
      { number: own, command: "connect", endpoint: { kind: "bot", id: "b" } } as const,
      { endpoint: { kind: "bot", id: "b" } },
      [0, 0, 1],
    ],
    [{ number: connected, command: "disconnect" } as const, { connected: false, endpoint: null }, [0, 0, -1]],
  ])("%#", (order, expected, figures) => {
    const next = after(order);
    expect(next).toMatchObject(expected);
    const now = counted(FIGURES, order.number, next);
    expect([now.assigned - 5, now.available - 7, now.connected - 2]).toEqual(figures);
    expect(now.connected + now.not_connected).toBe(now.assigned);
  });

  it("rings a bot no more than it did", () => {
    const bots = (line: PhoneNumber, next: PhoneNumber | null) =>
      counted(FIGURES, line, next).connected_to_bots;
    const endpoint = { kind: "bot", id: "b" } as const;
    const rings = line("5", { connected: true, endpoint });
    expect(bots(own, after({ number: own, command: "connect", endpoint }))).toBe(2);
    expect(bots(rings, after({ number: rings, command: "disconnect" }))).toBe(0);
    expect(bots(connected, after({ number: connected, command: "disconnect" }))).toBe(1);
  });

  it("leaves the list it is no longer in, and stays in its own", () => {
    const shown = (status: string) =>
      patched(pages(free, own), { ...own, status: "reserved" }, own.id, status).pages[0]?.items;
    expect(shown("assigned")).toEqual([free]);
    expect(shown("reserved")?.map((each) => each.status)).toEqual(["available", "reserved"]);
  });
});

it("is taken back where the server says no", async () => {
  const client = new QueryClient();
  const list = ["phone-numbers", "list", "own", { status: "assigned" }];
  const summary = ["phone-numbers", "summary"];
  client.setQueryData(list, pages(own));
  client.setQueryData(summary, FIGURES);
  const back = await foresee(client, { number: own, command: "release" });
  expect(client.getQueryData(list)).toMatchObject({ pages: [{ items: [] }] });
  expect(client.getQueryData(summary)).toMatchObject({ assigned: 4, reserved: 2 });
  back();
  expect(client.getQueryData(list)).toEqual(pages(own));
  expect(client.getQueryData(summary)).toEqual(FIGURES);
});
