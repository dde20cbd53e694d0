/**
 * Folds socket frames into what the screen shows. Pure: no clock, no socket, no storage.
 *
 * Delivery is at least once, so a frame whose `event_id` was seen changes nothing but the proof that it was
 * sent again. Frames are provisional until a *new* durable cursor covers them; after a resume, `resynced`
 * drops what the server did not send again, because a crash before the commit undid it.
 *
 *   frame          | call unknown        | call live                 | call ended
 *   screen_pop     | new pop             | refreshed, not withdrawn  | stays ended
 *   call_updated   | ignored             | merged                    | stays ended (caller may be filled in)
 *   call_ended     | ignored             | ended                     | stays ended
 *   pop_withdrawn  | ignored             | withdrawn                 | stays ended
 */
import type { Call, CallerContext, PresenceState, TicketDraft, Wallboard } from "../api/types";
import type { Frame, PopCall, WallboardDelta } from "./protocol";

/** How many event ids are remembered for the duplicate check. */
export const SEEN_LIMIT = 4096;
/** How many finished pops stay on the screen until the agent closes them. */
export const FINISHED_LIMIT = 12;

export interface Pop {
  call: PopCall;
  caller: CallerContext | null;
  draft: TicketDraft | null;
  /** Event id of the pop itself; forgotten again if the pop proves to be undone. */
  eventId: string | null;
  /** When this browser first showed it. */
  shownAt: number;
  /** Set while another agent has it or the caller's attempt was taken back. */
  withdrawn: { reason: string | null } | null;
  /** Connection in which the server last vouched for this pop. */
  epoch: number;
  durable: boolean;
}

export interface PresenceInfo {
  presence: PresenceState;
  reason: string | null;
  since: string | null;
}

export interface LiveState {
  /** Counts connections; a pop of an older epoch was not sent again yet. */
  epoch: number;
  cursor: string | null;
  /** True between `resume` and `resynced`: live cursors must not be adopted yet. */
  resuming: boolean;
  heartbeatMs: number | null;
  pops: Record<string, Pop>;
  /** Ids, oldest first. */
  order: string[];
  focused: string | null;
  /** Provisional frames: event id → its call and the epoch of its last sending. */
  provisional: Record<string, { callId: string | null; epoch: number; type: string }>;
  seen: string[];
  seenSet: ReadonlySet<string>;
  /** Calls whose local state can no longer be trusted; to be read again over REST. */
  doubt: string[];
  presence: Record<string, PresenceInfo>;
  wallboard: Wallboard | null;
  /** Set when a delta did not fit: a full board must be asked for. */
  wallboardGap: boolean;
  wallboardAt: number | null;
}

export const initialLiveState: LiveState = {
  epoch: 0,
  cursor: null,
  resuming: false,
  heartbeatMs: null,
  pops: {},
  order: [],
  focused: null,
  provisional: {},
  seen: [],
  seenSet: new Set(),
  doubt: [],
  presence: {},
  wallboard: null,
  wallboardGap: false,
  wallboardAt: null,
};

export type LiveAction =
  | { type: "frame"; frame: Frame; now: number }
  | { type: "unknown_frame"; eventId: string }
  | { type: "resuming" }
  | { type: "focus"; callId: string }
  | { type: "dismiss"; callId: string }
  | { type: "dismiss_finished" }
  | { type: "verified"; callId: string; call: Call | null }
  | { type: "presence_known"; userId: string; info: PresenceInfo }
  | { type: "wallboard_dropped" }
  | { type: "reset" };

export function isFinished(pop: Pop): boolean {
  return pop.call.state === "ended" || pop.withdrawn !== null;
}

/** Pops in tab order: newest first. */
export function popsNewestFirst(state: Pick<LiveState, "order" | "pops">): Pop[] {
  return state.order.flatMap((id) => state.pops[id] ?? []).reverse();
}

export function ringingCount(state: Pick<LiveState, "order" | "pops">): number {
  return state.order.filter((id) => {
    const pop = state.pops[id];
    return pop !== undefined && pop.call.state === "ringing" && pop.withdrawn === null;
  }).length;
}

export function reduce(state: LiveState, action: LiveAction): LiveState {
  switch (action.type) {
    case "frame":
      return onFrame(state, action.frame, action.now);
    case "unknown_frame":
      return state.seenSet.has(action.eventId) ? state : remember(state, action.eventId);
    case "resuming":
      return { ...state, resuming: true };
    case "focus":
      return state.pops[action.callId] ? { ...state, focused: action.callId } : state;
    case "dismiss":
      return drop(state, [action.callId]);
    case "dismiss_finished":
      return drop(
        state,
        state.order.filter((id) => state.pops[id] && isFinished(state.pops[id])),
      );
    case "verified":
      return onVerified(state, action.callId, action.call);
    case "presence_known":
      // A frame is newer than any answer to a request: only fill what no frame has told yet.
      return state.presence[action.userId]
        ? state
        : { ...state, presence: { ...state.presence, [action.userId]: action.info } };
    case "wallboard_dropped":
      return { ...state, wallboard: null, wallboardGap: false, wallboardAt: null };
    case "reset":
      return { ...initialLiveState };
  }
}

function onFrame(state: LiveState, frame: Frame, now: number): LiveState {
  const id = frame.event_id;
  if (id !== null) {
    if (state.seenSet.has(id)) return sentAgain(state, frame, id);
    state = noteProvisional(remember(state, id), frame, id);
  }
  switch (frame.type) {
    case "hello":
      return {
        ...state,
        epoch: state.epoch + 1,
        // After a reconnect the old cursor is the place to resume from; the new one would skip what was missed.
        cursor: state.cursor ?? String(frame.data.cursor),
        heartbeatMs: typeof frame.data.heartbeat_ms === "number" ? frame.data.heartbeat_ms : null,
      };
    case "screen_pop":
      return onPop(state, frame.data, id, now);
    case "pop_withdrawn":
      return patchPop(state, frame.data.call_id, (pop) =>
        pop.call.state === "ended" ? pop : { ...pop, withdrawn: { reason: frame.data.reason ?? null } },
      );
    case "call_updated":
      return patchPop(state, frame.data.call.id, (pop) => ({
        ...pop,
        call: mergeCall(pop.call, frame.data.call),
        caller: frame.data.caller ? { ...pop.caller, ...frame.data.caller } : pop.caller,
        draft: frame.data.ticket_draft ? { ...pop.draft, ...frame.data.ticket_draft } : pop.draft,
      }));
    case "call_ended":
      return patchPop(state, frame.data.call.id, (pop) => ({
        ...pop,
        call: mergeCall(pop.call, { ...frame.data.call, state: "ended" }),
      }));
    case "presence":
      return {
        ...state,
        presence: {
          ...state.presence,
          [frame.data.user_id]: {
            presence: frame.data.presence,
            reason: frame.data.reason ?? null,
            since: frame.data.since ?? null,
          },
        },
      };
    case "wallboard":
      return onWallboard(state, frame.data, now);
    case "committed":
      return onCommitted(state, String(frame.data.cursor));
    case "resynced":
      return onResynced(state, String(frame.data.cursor));
    case "error":
      return onError(state, frame.data.code);
    case "queue":
    case "ticket_updated":
    case "notification":
    case "ping":
      return state;
  }
}

/** A repetition: nothing new, but the server vouches for it in this connection. */
function sentAgain(state: LiveState, frame: Frame, id: string): LiveState {
  let next = state;
  const note = state.provisional[id];
  if (note && note.epoch !== state.epoch) {
    next = { ...next, provisional: { ...next.provisional, [id]: { ...note, epoch: state.epoch } } };
  }
  if (frame.type === "screen_pop") {
    next = patchPop(next, frame.data.call.id, (pop) =>
      pop.epoch === next.epoch ? pop : { ...pop, epoch: next.epoch },
    );
  }
  return next;
}

function onPop(
  state: LiveState,
  data: Extract<Frame, { type: "screen_pop" }>["data"],
  eventId: string | null,
  now: number,
): LiveState {
  const known = state.pops[data.call.id];
  const pop: Pop = {
    call: known ? mergeCall(known.call, data.call) : data.call,
    // A richer second frame may already be here; a repeated pop must not take it away.
    caller: known?.caller ? { ...known.caller, ...data.caller } : (data.caller ?? null),
    draft: data.ticket_draft ?? known?.draft ?? null,
    eventId,
    shownAt: known?.shownAt ?? now,
    withdrawn: null,
    epoch: state.epoch,
    durable: false,
  };
  const order = known ? state.order : [...state.order, data.call.id];
  return trim({
    ...state,
    pops: { ...state.pops, [data.call.id]: pop },
    order,
    // The newest call takes the screen; a replayed call that is already over does not.
    focused: pop.call.state === "ended" && state.focused ? state.focused : data.call.id,
  });
}

/** Order on the wire is not trusted: `ended` wins always. */
function mergeCall(known: PopCall, update: PopCall): PopCall {
  const merged = { ...known };
  for (const [key, value] of Object.entries(update) as [keyof PopCall, never][]) {
    if (value !== undefined && (value !== null || merged[key] === undefined)) merged[key] = value;
  }
  if (known.state === "ended") {
    merged.state = "ended";
    // What is learnt after the end may correct its reason; what was sent before it may not.
    if (update.state !== "ended") merged.end_reason = known.end_reason ?? null;
  }
  return merged;
}

function onCommitted(state: LiveState, cursor: string): LiveState {
  // While missed frames are still coming, adopting a later cursor would lose them if the line drops again.
  if (state.resuming) return state;
  // A heartbeat repeats the old cursor and proves nothing about newer frames.
  if (cursor === state.cursor) return state;
  return { ...makeDurable(state), cursor };
}

function makeDurable(state: LiveState): LiveState {
  const pops: Record<string, Pop> = {};
  for (const [id, pop] of Object.entries(state.pops))
    pops[id] = pop.durable ? pop : { ...pop, durable: true };
  return { ...state, pops, provisional: {} };
}

/**
 * The server has sent everything behind our cursor and all open pops. What is provisional and was not sent
 * again never became durable: forget it, its event id too, so that the provider's retry pops anew.
 */
function onResynced(state: LiveState, cursor: string): LiveState {
  const lost = Object.entries(state.provisional).filter(([, note]) => note.epoch !== state.epoch);
  const lostIds = new Set(lost.map(([id]) => id));
  const gone: string[] = [];
  const doubt = new Set(state.doubt);
  for (const id of state.order) {
    const pop = state.pops[id];
    if (!pop) continue;
    if (!pop.durable && pop.epoch !== state.epoch) gone.push(id);
    // Thought durable and still live, yet not among the open pops: ask before believing either side.
    else if (pop.epoch !== state.epoch && pop.call.state !== "ended" && pop.withdrawn === null) doubt.add(id);
  }
  for (const [, note] of lost) {
    if (note.callId && state.pops[note.callId] && !gone.includes(note.callId)) doubt.add(note.callId);
  }
  const seen = lostIds.size > 0 ? state.seen.filter((id) => !lostIds.has(id)) : state.seen;
  const next = makeDurable(drop(state, gone));
  return {
    ...next,
    cursor,
    resuming: false,
    seen,
    seenSet: seen === state.seen ? state.seenSet : new Set(seen),
    doubt: [...doubt].filter((id) => next.pops[id]),
  };
}

/** The log no longer reaches back to our cursor: a snapshot of the open pops follows instead. */
function onError(state: LiveState, code: string): LiveState {
  if (code !== "cursor_too_old" && code !== "bad_cursor") return state;
  const doubt = state.order.filter((id) => {
    const pop = state.pops[id];
    return pop && pop.epoch !== state.epoch && !isFinished(pop);
  });
  return { ...state, resuming: false, cursor: null, doubt: [...new Set([...state.doubt, ...doubt])] };
}

function onVerified(state: LiveState, callId: string, call: Call | null): LiveState {
  const doubt = state.doubt.filter((id) => id !== callId);
  const next = { ...state, doubt };
  if (!call) return drop(next, [callId]);
  // The record is the truth here, so it may also take back an ending that was never committed.
  return patchPop(next, callId, (pop) => ({
    ...pop,
    call: { ...pop.call, ...call },
    durable: true,
    epoch: state.epoch,
  }));
}

function onWallboard(state: LiveState, data: WallboardDelta, now: number): LiveState {
  if (data.base === undefined || data.base === null) {
    return { ...state, wallboard: fullBoard(data), wallboardGap: false, wallboardAt: now };
  }
  const board = state.wallboard;
  if (!board) return { ...state, wallboardGap: true };
  // A delta we already hold (it raced with a full board) is harmless.
  if (data.revision <= board.revision) return state;
  if (data.base !== board.revision) return { ...state, wallboardGap: true };
  return { ...state, wallboard: applyDelta(board, data), wallboardGap: false, wallboardAt: now };
}

export function fullBoard(data: WallboardDelta): Wallboard {
  return {
    cursor: data.cursor ?? null,
    revision: data.revision,
    at: data.at ?? "",
    queues: data.queues ?? [],
    agents: data.agents ?? [],
    calls: data.calls ?? {},
    figures: data.figures ?? [],
    series: { calls_per_minute: data.series?.calls_per_minute ?? [] },
  };
}

/** Changed keys come whole, except agents: those are the changed ones, merged by id. */
export function applyDelta(board: Wallboard, delta: WallboardDelta): Wallboard {
  const { base: _base, agents, gone, ...rest } = delta;
  const next: Wallboard = { ...board };
  for (const [key, value] of Object.entries(rest)) {
    if (value !== undefined && value !== null) Object.assign(next, { [key]: value });
  }
  if (agents) {
    const changed = new Map(agents.map((agent) => [agent.user_id, agent]));
    const kept = board.agents.map((agent) => {
      const update = changed.get(agent.user_id);
      if (!update) return agent;
      changed.delete(agent.user_id);
      return { ...agent, ...update };
    });
    next.agents = [...kept, ...changed.values()];
  }
  if (gone?.length) next.agents = next.agents.filter((agent) => !gone.includes(agent.user_id));
  return next;
}

function remember(state: LiveState, id: string): LiveState {
  const seen = [...state.seen, id];
  if (seen.length > SEEN_LIMIT) {
    const kept = seen.slice(seen.length - SEEN_LIMIT / 2);
    return { ...state, seen: kept, seenSet: new Set(kept) };
  }
  const seenSet = new Set(state.seenSet);
  seenSet.add(id);
  return { ...state, seen, seenSet };
}

function noteProvisional(state: LiveState, frame: Frame, id: string): LiveState {
  return {
    ...state,
    provisional: {
      ...state.provisional,
      [id]: { callId: callIdOf(frame), epoch: state.epoch, type: frame.type },
    },
  };
}

export function callIdOf(frame: Frame): string | null {
  switch (frame.type) {
    case "screen_pop":
    case "call_updated":
    case "call_ended":
      return frame.data.call.id;
    case "pop_withdrawn":
      return frame.data.call_id;
    default:
      return null;
  }
}

function patchPop(state: LiveState, callId: string, change: (pop: Pop) => Pop): LiveState {
  const pop = state.pops[callId];
  if (!pop) return state;
  const next = change(pop);
  return next === pop ? state : { ...state, pops: { ...state.pops, [callId]: next } };
}

function drop(state: LiveState, ids: string[]): LiveState {
  if (ids.length === 0) return state;
  const gone = new Set(ids);
  const pops = Object.fromEntries(Object.entries(state.pops).filter(([id]) => !gone.has(id)));
  const order = state.order.filter((id) => !gone.has(id));
  let focused = state.focused;
  if (focused !== null && gone.has(focused)) {
    // The nearest call still going on, else the newest of the rest.
    focused = order.findLast((id) => pops[id] && !isFinished(pops[id])) ?? order.at(-1) ?? null;
  }
  return { ...state, pops, order, focused, doubt: state.doubt.filter((id) => !gone.has(id)) };
}

/** Finished pops beyond the limit leave, the oldest first; a live one never does. */
function trim(state: LiveState): LiveState {
  const finished = state.order.filter(
    (id) => state.pops[id] && isFinished(state.pops[id]) && id !== state.focused,
  );
  return finished.length > FINISHED_LIMIT
    ? drop(state, finished.slice(0, finished.length - FINISHED_LIMIT))
    : state;
}
