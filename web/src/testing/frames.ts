/** Frames as the server sends them, for tests. */
import type { CallerContext } from "@/lib/api/types";
import type { Frame, FrameData, FrameType, PopCall } from "@/lib/ws/protocol";

let counter = 0;

export function frame<T extends FrameType>(
  type: T,
  data: FrameData[T],
  eventId: string | null = `event-${++counter}`,
): Extract<Frame, { type: T }> {
  return { type, event_id: eventId, at: "2026-01-05T10:00:00Z", data } as unknown as Extract<
    Frame,
    { type: T }
  >;
}

export function caller(changes: Partial<CallerContext> = {}): CallerContext {
  return {
    found: true,
    number: "+33639980001",
    quality: "exact",
    customer_type: "individual",
    customer_name: "Claire Fontaine",
    caller_name: "Claire Fontaine",
    organization_name: null,
    organization_id: null,
    contact_person: null,
    gender: "Female",
    email: "claire@fontaine.example",
    inactive: false,
    contact: { kind: "individual", id: "person-1" },
    other_matches: [],
    reason: "the only owner of this number",
    open_tickets: [],
    recent_calls: [],
    ...changes,
  };
}

export function popCall(id: string, changes: Partial<PopCall> = {}): PopCall {
  return {
    id,
    state: "ringing",
    direction: "inbound",
    from: "+33639980001",
    to: "+33199000000",
    connection_id: "connection-1",
    provider_call_id: `pbx-${id}`,
    number_id: null,
    queue: null,
    started_at: "2026-01-05T10:00:00Z",
    ...changes,
  };
}

export function screenPop(
  id: string,
  eventId: string | null = `pop-${id}`,
  changes: Partial<PopCall> = {},
  who: CallerContext = caller(),
): Extract<Frame, { type: "screen_pop" }> {
  return frame(
    "screen_pop",
    {
      call: popCall(id, changes),
      caller: who,
      ticket_draft: {
        title: null,
        description: null,
        priority: null,
        call_id: id,
        phone_number: who.number,
        customer_type: who.customer_type,
        customer_name: who.customer_name,
        customer_gender: who.gender,
        contact_person: who.contact_person,
        customer_email: who.email,
        organization_id: who.organization_id,
      },
    },
    eventId,
  );
}
