/**
 * Frames of the `switchroom.v1` WebSocket subprotocol (AsyncAPI: /asyncapi.json).
 * The reader is tolerant: unknown types and extra fields pass, a frame without an object is dropped.
 */
import type {
  Call,
  CallerContext,
  PresenceState,
  TicketDraft,
  Timestamp,
  Uuid,
  Wallboard,
} from "../api/types";

export const SUBPROTOCOL = "switchroom.v1";

/** What a pop says about the call; later frames add who answered and how it ended. */
export type PopCall = Pick<Call, "id" | "state"> &
  Partial<
    Pick<
      Call,
      | "connection_id"
      | "provider_call_id"
      | "direction"
      | "from"
      | "to"
      | "number_id"
      | "queue"
      | "started_at"
      | "agent_id"
      | "answered_at"
      | "ended_at"
      | "end_reason"
    >
  >;

export interface FrameData {
  hello: {
    session_id: string;
    user: unknown;
    tenant: unknown;
    cursor: string;
    heartbeat_ms: number;
  };
  screen_pop: {
    call: PopCall;
    caller: CallerContext;
    ticket_draft: TicketDraft;
    received_at_us?: number;
    pushed_at_us?: number;
  };
  pop_withdrawn: { call_id: Uuid; reason: string | null };
  call_updated: { call: PopCall; caller?: CallerContext | null; ticket_draft?: TicketDraft | null };
  call_ended: { call: PopCall };
  presence: {
    user_id: Uuid;
    presence: PresenceState;
    reason?: string | null;
    since?: Timestamp | null;
  };
  queue: Record<string, unknown>;
  ticket_updated: Record<string, unknown>;
  notification: { title?: string; body?: string; message?: string };
  wallboard: WallboardDelta;
  committed: { cursor: string };
  resynced: { cursor: string };
  error: { code: string; detail?: string };
  ping: Record<string, unknown>;
}

/** A whole board has no `base`; a delta carries the revision it builds on and the changed keys. */
export type WallboardDelta = Partial<Wallboard> & { revision: number; base?: number; gone?: Uuid[] };

export type FrameType = keyof FrameData;

export type Frame = {
  [T in FrameType]: { type: T; event_id: string | null; at: Timestamp | null; data: FrameData[T] };
}[FrameType];

const KNOWN = new Set<string>([
  "hello",
  "screen_pop",
  "pop_withdrawn",
  "call_updated",
  "call_ended",
  "presence",
  "queue",
  "ticket_updated",
  "notification",
  "wallboard",
  "committed",
  "resynced",
  "error",
  "ping",
]);

/** Frames about a call must name it, others must hold what the reducer reads; the rest is not ours to judge. */
function plausible(type: string, data: Record<string, unknown>): boolean {
  switch (type) {
    case "screen_pop":
    case "call_updated":
    case "call_ended":
      return isObject(data.call) && typeof data.call.id === "string";
    case "pop_withdrawn":
      return typeof data.call_id === "string";
    case "presence":
      return typeof data.user_id === "string" && typeof data.presence === "string";
    case "committed":
    case "resynced":
    case "hello":
      return typeof data.cursor === "string" || typeof data.cursor === "number";
    case "wallboard":
      return typeof data.revision === "number";
    default:
      return true;
  }
}

export interface RawFrame {
  type: string;
  event_id: string | null;
  frame: Frame | null;
}

/** `null`: not a frame at all. `frame: null`: a type this console does not know (still to be acknowledged). */
export function parseFrame(text: string): RawFrame | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value) || typeof value.type !== "string") return null;
  const event_id = typeof value.event_id === "string" ? value.event_id : null;
  const data = isObject(value.data) ? value.data : {};
  if (!KNOWN.has(value.type) || !plausible(value.type, data)) {
    return { type: value.type, event_id, frame: null };
  }
  const at = typeof value.at === "string" ? value.at : null;
  return { type: value.type, event_id, frame: { type: value.type, event_id, at, data } as unknown as Frame };
}

export type ClientFrame =
  | { type: "resume"; cursor: string }
  | { type: "ack"; event_id: string }
  | { type: "subscribe"; topics: string[] }
  | { type: "unsubscribe"; topics: string[] }
  | { type: "presence"; state: "available" | "break" | "offline"; reason: string | null }
  | { type: "pong" };

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
