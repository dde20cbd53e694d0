import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { WebhookEndpoint } from "@/lib/api/types";
import { fakeServer, renderConsole } from "@/testing/render";
import { expanded, WebhookForm } from "./webhook-form";

const endpoint = (events: string[]): WebhookEndpoint => ({
  id: "w",
  name: "CRM",
  url: "https://crm.example/hook",
  events,
  is_active: true,
  failed: 0,
  next_attempt_at: null,
  rotating: false,
  cursor: "",
  secret: null,
  created_at: "2026-11-01T10:00:00Z",
  updated_at: "2026-11-01T10:00:00Z",
  version: 3,
});

const ticked = () =>
  screen
    .getAllByRole<HTMLInputElement>("checkbox")
    .filter((box) => box.checked)
    .map((box) => box.value);

const ALL = [
  "call.ringing",
  "call.answered",
  "call.held",
  "call.resumed",
  "call.transferred",
  "call.ended",
  "agent.presence",
];

describe("the events of an endpoint", () => {
  it.each([
    [[], []],
    [["*", "call.ringing"], ALL],
    [["call.*"], ALL.slice(0, 6)],
    [
      ["agent.*", "call.held"],
      ["agent.presence", "call.held"],
    ],
    [
      ["ticket.filed", "call.held"],
      ["ticket.filed", "call.held"],
    ],
  ])("%j are shown as %j", (words, shown) => {
    expect(expanded(words).toSorted()).toEqual(shown.toSorted());
  });

  const opened = (events: string[]) => {
    const server = fakeServer({ "PATCH /webhook-endpoints/w": { body: endpoint(events) } });
    renderConsole(
      <WebhookForm endpoint={endpoint(events)} onSaved={() => undefined} onCancel={() => undefined} />,
    );
    return server;
  };
  const save = () => fireEvent.click(screen.getByRole("button", { name: "Save" }));

  it.each([[["*", "call.ringing"]], [["agent.*"]], [["ticket.filed"]]])(
    "%j stay as they are where only the name is changed",
    async (events) => {
      const server = opened(events);
      expect(ticked().toSorted()).toEqual(expanded(events).toSorted());
      fireEvent.change(screen.getByLabelText(/^Name/), { target: { value: "Customers" } });
      save();
      await waitFor(() => expect(server.requests).toHaveLength(1));
      expect(server.requests[0]?.body).toEqual({ name: "Customers", url: "https://crm.example/hook" });
      expect(server.requests[0]?.headers.get("If-Match")).toBe('"3"');
    },
  );

  it("are sent where a box is changed", async () => {
    const server = opened(["call.*"]);
    fireEvent.click(screen.getByRole("checkbox", { name: "call.held" }));
    save();
    await waitFor(() => expect(server.requests).toHaveLength(1));
    expect(server.requests[0]?.body).toMatchObject({
      events: ["call.ringing", "call.answered", "call.resumed", "call.transferred", "call.ended"],
    });
  });
});
