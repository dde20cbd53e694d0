/** What can be done to a ticket. Each names the version it was decided on, so that nobody's change is run over. */
import { api, idempotencyKey, take } from "@/lib/api/client";
import type { Reply, Ticket, TicketChange, TicketStatus } from "@/lib/api/types";

type Held = Pick<Ticket, "id" | "version">;

const named = ({ id, version }: Held) => ({
  params: { path: { id } },
  headers: { "If-Match": `"${version}"`, "Idempotency-Key": idempotencyKey() },
});

export function moveTicket(ticket: Held, status: TicketStatus, reason: string): Promise<Ticket> {
  const body = reason.trim() ? { status, reason: reason.trim() } : { status };
  return take<Ticket>(api.POST("/api/v1/tickets/{id}/status", { body, ...named(ticket) }));
}

export function closeTicket(ticket: Held): Promise<Ticket> {
  return take<Ticket>(api.POST("/api/v1/tickets/{id}/close", { body: {}, ...named(ticket) }));
}

/** Without a version: of several who try, the server says who has it now (409), which tells more than "changed". */
export function takeTicket({ id }: Held): Promise<Ticket> {
  return take<Ticket>(
    api.POST("/api/v1/tickets/{id}/take", {
      body: {},
      params: { path: { id } },
      headers: { "Idempotency-Key": idempotencyKey() },
    }),
  );
}

export function assignTicket(ticket: Held, userId: string | null): Promise<Ticket> {
  return take<Ticket>(
    api.POST("/api/v1/tickets/{id}/assign", { body: { user_id: userId }, ...named(ticket) }),
  );
}

export function transferTicket(ticket: Held, userId: string): Promise<Ticket> {
  return take<Ticket>(
    api.POST("/api/v1/tickets/{id}/transfer", { body: { user_id: userId }, ...named(ticket) }),
  );
}

export function editTicket(ticket: Held, change: TicketChange): Promise<Ticket> {
  return take<Ticket>(
    api.PATCH("/api/v1/tickets/{id}", {
      body: change,
      params: { path: { id: ticket.id } },
      headers: { "If-Match": `"${ticket.version}"` },
    }),
  );
}

export async function deleteTicket(id: string): Promise<void> {
  await take(api.DELETE("/api/v1/tickets/{id}", { params: { path: { id } } }));
}

export interface ReplyInput {
  body: string;
  internal: boolean;
  solution: boolean;
}

export function writeReply(ticketId: string, input: ReplyInput, key: string): Promise<Reply> {
  return take<Reply>(
    api.POST("/api/v1/tickets/{id}/replies", {
      body: {
        body: input.body.trim(),
        format: "text",
        visibility: input.internal ? "internal" : "public",
        is_solution: input.solution,
      },
      params: { path: { id: ticketId } },
      headers: { "Idempotency-Key": key },
    }),
  );
}
