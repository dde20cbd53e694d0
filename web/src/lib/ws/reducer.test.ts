import { describe, expect, it } from "vitest";
import { caller, frame, popCall, screenPop } from "@/testing/frames";
import type { Call, Wallboard } from "../api/types";
import type { Frame } from "./protocol";
import {
  applyDelta,
  FINISHED_LIMIT,
  fullBoard,
  initialLiveState,
  type LiveAction,
  type LiveState,
  popsNewestFirst,
  reduce,
  ringingCount,
  SEEN_LIMIT,
} from "./reducer";

const NOW = 1_000;
const hello = (cursor: string) =>
  frame("hello", { session_id: "s", user: {}, tenant: {}, cursor, heartbeat_ms: 15_000 }, null);
const committed = (cursor: string) => frame("committed", { cursor }, null);
const resynced = (cursor: string) => frame("resynced", { cursor }, null);

function run(state: LiveState, ...steps: (Frame | LiveAction)[]): LiveState {
  return steps.reduce<LiveState>((current, step) => {
    const action: LiveAction =
      "data" in step ? { type: "frame", frame: step, now: NOW } : (step as LiveAction);
    return reduce(current, action);
  }, state);
}

const connected = run(initialLiveState, hello("c0"));

describe("pops", () => {
  it("shows a pop with caller and draft, and focuses it", () => {
    const state = run(connected, screenPop("a"));
    expect(state.focused).toBe("a");
    expect(state.pops.a?.caller?.customer_name).toBe("Claire Fontaine");
    expect(state.pops.a?.draft?.call_id).toBe("a");
    expect(state.pops.a?.shownAt).toBe(NOW);
    expect(ringingCount(state)).toBe(1);
  });

  it("focuses the newest of several and lists it first", () => {
    const state = run(connected, screenPop("a"), screenPop("b"));
    expect(state.focused).toBe("b");
    expect(popsNewestFirst(state).map((pop) => pop.call.id)).toEqual(["b", "a"]);
  });

  it("changes nothing for a repeated event", () => {
    const once = run(connected, screenPop("a"), { type: "focus", callId: "a" }, screenPop("b"), {
      type: "focus",
      callId: "a",
    });
    const twice = run(once, screenPop("b"));
    expect(twice).toEqual(once);
    expect(twice.focused).toBe("a");
  });

  it("keeps a second pop frame of the same call as one tab", () => {
    const state = run(connected, screenPop("a", "one"), screenPop("a", "two"));
    expect(state.order).toEqual(["a"]);
  });

  it("does not let a repeated pop take away a richer caller", () => {
    const rich = caller({
      open_tickets: [{ id: "t", number: 1001, title: "x", status: "open", priority: "low" }],
    });
    const state = run(
      connected,
      screenPop("a", "one"),
      frame("call_updated", { call: popCall("a"), caller: rich }),
    );
    expect(state.pops.a?.caller?.open_tickets).toHaveLength(1);
  });

  it("ignores updates of calls that never popped here", () => {
    const state = run(
      connected,
      frame("call_updated", { call: popCall("x", { state: "answered" }) }),
      frame("call_ended", { call: popCall("x", { state: "ended" }) }),
      frame("pop_withdrawn", { call_id: "x", reason: null }),
    );
    expect(state.order).toEqual([]);
    expect(state.pops).toEqual({});
  });

  it("follows ringing, answered, held, answered, ended", () => {
    let state = run(connected, screenPop("a"));
    for (const next of ["answered", "held", "answered"] as const) {
      state = run(state, frame("call_updated", { call: popCall("a", { state: next, agent_id: "me" }) }));
      expect(state.pops.a?.call.state).toBe(next);
    }
    state = run(
      state,
      frame("call_ended", { call: popCall("a", { state: "ended", end_reason: "completed", ended_at: "t" }) }),
    );
    expect(state.pops.a?.call).toMatchObject({ state: "ended", end_reason: "completed", agent_id: "me" });
    expect(ringingCount(state)).toBe(0);
  });

  it("keeps ended when a late update or pop arrives", () => {
    const state = run(
      connected,
      screenPop("a", "one"),
      frame("call_ended", { call: popCall("a", { state: "ended", end_reason: "missed" }) }),
      frame("call_updated", { call: popCall("a", { state: "answered" }) }),
      screenPop("a", "late"),
      frame("pop_withdrawn", { call_id: "a", reason: "answered" }),
    );
    expect(state.pops.a?.call.state).toBe("ended");
    expect(state.pops.a?.call.end_reason).toBe("missed");
    expect(state.pops.a?.withdrawn).toBeNull();
  });

  it("does not unknow a field that a shorter frame leaves out", () => {
    const state = run(
      connected,
      screenPop("a"),
      frame("call_updated", { call: { id: "a", state: "answered", from: null } }),
    );
    expect(state.pops.a?.call.from).toBe("+33639980001");
  });

  it("marks a withdrawn pop and takes it out of the ringing count", () => {
    const state = run(
      connected,
      screenPop("a"),
      frame("pop_withdrawn", { call_id: "a", reason: "answered" }),
    );
    expect(state.pops.a?.withdrawn).toEqual({ reason: "answered" });
    expect(ringingCount(state)).toBe(0);
  });

  it("revives a withdrawn pop that is offered again", () => {
    const state = run(
      connected,
      screenPop("a", "one"),
      frame("pop_withdrawn", { call_id: "a", reason: "timeout" }),
      screenPop("a", "two"),
    );
    expect(state.pops.a?.withdrawn).toBeNull();
    expect(ringingCount(state)).toBe(1);
  });

  it("a replayed call that is over does not take the screen from a live one", () => {
    const state = run(connected, screenPop("a"), screenPop("b", "pop-b", { state: "ended" }));
    expect(state.focused).toBe("a");
  });

  it("dismissing moves on to the newest call still going on", () => {
    const state = run(
      connected,
      screenPop("a"),
      screenPop("b"),
      screenPop("c"),
      frame("call_ended", { call: popCall("b", { state: "ended" }) }),
      { type: "dismiss", callId: "c" },
    );
    expect(state.focused).toBe("a");
    expect(run(state, { type: "dismiss_finished" }).order).toEqual(["a"]);
  });

  it("bounds finished pops but never drops a live one", () => {
    let state = run(connected, screenPop("live"));
    for (let i = 0; i < FINISHED_LIMIT + 5; i++) {
      state = run(
        state,
        screenPop(`c${i}`),
        frame("call_ended", { call: popCall(`c${i}`, { state: "ended" }) }),
      );
    }
    state = run(state, screenPop("new"));
    expect(state.order).toHaveLength(FINISHED_LIMIT + 2);
    expect(state.pops.live).toBeDefined();
    expect(state.pops.c0).toBeUndefined();
  });
});

describe("durability", () => {
  it("is provisional until a new cursor arrives", () => {
    const popped = run(connected, screenPop("a"));
    expect(popped.pops.a?.durable).toBe(false);
    const done = run(popped, committed("c1"));
    expect(done.pops.a?.durable).toBe(true);
    expect(done.cursor).toBe("c1");
    expect(done.provisional).toEqual({});
  });

  it("a heartbeat that repeats the old cursor proves nothing", () => {
    const state = run(connected, screenPop("a"), committed("c0"));
    expect(state.pops.a?.durable).toBe(false);
    expect(Object.keys(state.provisional)).toEqual(["pop-a"]);
  });

  it("keeps the old cursor over a reconnect, so that nothing is skipped", () => {
    const state = run(connected, committed("c5"), hello("c9"));
    expect(state.cursor).toBe("c5");
    expect(state.epoch).toBe(2);
  });

  it("does not adopt a live cursor while missed frames are still coming", () => {
    const state = run(connected, committed("c5"), hello("c9"), { type: "resuming" }, committed("c10"));
    expect(state.cursor).toBe("c5");
    expect(run(state, resynced("c10")).cursor).toBe("c10");
  });

  it("takes the open pops of a page that has just loaded for durable at its first resynced", () => {
    const state = run(
      initialLiveState,
      hello("c5"),
      { type: "resuming" },
      screenPop("a"),
      committed("c5"),
      resynced("c5"),
    );
    expect(state.pops.a?.durable).toBe(true);
    expect(state.provisional).toEqual({});
    expect(state.resuming).toBe(false);
  });

  it("drops a provisional pop that was not sent again, with its event id", () => {
    const before = run(connected, committed("c1"), screenPop("ghost"));
    const after = run(before, hello("c1"), { type: "resuming" }, resynced("c1"));
    expect(after.pops.ghost).toBeUndefined();
    expect(after.focused).toBeNull();
    expect(after.seenSet.has("pop-ghost")).toBe(false);
    // The provider retries, the same id is derived again: it must pop.
    expect(run(after, screenPop("ghost")).pops.ghost).toBeDefined();
  });

  it("keeps a provisional pop that was sent again, without showing it twice", () => {
    const before = run(connected, screenPop("a"));
    const after = run(before, hello("c1"), { type: "resuming" }, screenPop("a"), resynced("c2"));
    expect(after.order).toEqual(["a"]);
    expect(after.pops.a?.durable).toBe(true);
    expect(after.doubt).toEqual([]);
  });

  it("asks about a durable live call that is not among the open pops any more", () => {
    const before = run(connected, screenPop("a"), committed("c1"));
    const after = run(before, hello("c2"), { type: "resuming" }, resynced("c2"));
    expect(after.pops.a).toBeDefined();
    expect(after.doubt).toEqual(["a"]);
  });

  it("does not ask about calls known to be over", () => {
    const before = run(
      connected,
      screenPop("a"),
      frame("call_ended", { call: popCall("a", { state: "ended" }) }),
      committed("c1"),
    );
    expect(run(before, hello("c2"), { type: "resuming" }, resynced("c2")).doubt).toEqual([]);
  });

  it("asks about a call whose provisional ending was lost", () => {
    const before = run(
      connected,
      screenPop("a"),
      committed("c1"),
      frame("call_ended", { call: popCall("a", { state: "ended", end_reason: "missed" }) }, "end-a"),
    );
    const after = run(before, hello("c1"), { type: "resuming" }, screenPop("a"), resynced("c1"));
    expect(after.doubt).toEqual(["a"]);
    const record = { ...popCall("a"), state: "ringing", end_reason: null } as unknown as Call;
    const verified = run(after, { type: "verified", callId: "a", call: record });
    expect(verified.pops.a?.call.state).toBe("ringing");
    expect(verified.doubt).toEqual([]);
  });

  it("drops a call in doubt that the server does not know", () => {
    const before = run(connected, screenPop("a"), committed("c1"));
    const after = run(before, hello("c2"), { type: "resuming" }, resynced("c2"), {
      type: "verified",
      callId: "a",
      call: null,
    });
    expect(after.pops.a).toBeUndefined();
  });

  it("takes missed frames of a resume in order: a pop that rang and ended meanwhile", () => {
    const before = run(connected, committed("c1"));
    const after = run(
      before,
      hello("c9"),
      { type: "resuming" },
      screenPop("b"),
      frame("call_ended", { call: popCall("b", { state: "ended", end_reason: "missed" }) }),
      resynced("c9"),
    );
    expect(after.pops.b?.call).toMatchObject({ state: "ended", end_reason: "missed" });
    expect(ringingCount(after)).toBe(0);
  });

  it("after a cursor that is too old trusts the snapshot and asks about the rest", () => {
    const before = run(connected, screenPop("a"), screenPop("b"), committed("c1"));
    const after = run(
      before,
      hello("c9"),
      { type: "resuming" },
      screenPop("b"),
      frame("error", { code: "cursor_too_old" }, null),
    );
    expect(after.resuming).toBe(false);
    expect(after.doubt).toEqual(["a"]);
    expect(run(after, committed("c10")).cursor).toBe("c10");
  });

  it("bounds the memory of seen events and still knows the recent ones", () => {
    let state = connected;
    for (let i = 0; i <= SEEN_LIMIT; i++) state = run(state, { type: "unknown_frame", eventId: `u${i}` });
    expect(state.seen.length).toBeLessThanOrEqual(SEEN_LIMIT);
    expect(state.seenSet.has(`u${SEEN_LIMIT}`)).toBe(true);
    expect(state.seenSet.has("u0")).toBe(false);
    expect(state.seenSet.size).toBe(state.seen.length);
  });
});

describe("presence", () => {
  it("takes frames, and a list answer only where no frame has spoken", () => {
    const info = { presence: "available" as const, reason: null, since: "t0" };
    const listed = run(connected, { type: "presence_known", userId: "me", info });
    expect(listed.presence.me?.presence).toBe("available");
    const framed = run(
      listed,
      frame("presence", { user_id: "me", presence: "break", reason: "lunch", since: "t1" }),
    );
    expect(framed.presence.me).toEqual({ presence: "break", reason: "lunch", since: "t1" });
    expect(run(framed, { type: "presence_known", userId: "me", info }).presence.me?.presence).toBe("break");
  });
});

describe("wallboard", () => {
  const agent = (user_id: string, presence: "available" | "on_call") => ({
    user_id,
    email: `${user_id}@demo.example`,
    name: user_id,
    extension: null,
    presence,
    since: null,
    reason: null,
    call_ids: [],
  });
  const board: Wallboard = fullBoard({
    revision: 7,
    at: "t",
    calls: { waiting: 1, ringing: 2 },
    queues: [{ name: "support", waiting: 1, oldest_since: null }],
    agents: [agent("u1", "available"), agent("u2", "available")],
    figures: [],
  });
  const full = frame("wallboard", { ...board }, null);
  const delta = (base: number, revision: number, change: Partial<Wallboard>) =>
    frame("wallboard", { base, revision, at: "t2", ...change }, null);

  it("takes the full board, then deltas", () => {
    const state = run(connected, full, delta(7, 8, { calls: { waiting: 0, ringing: 3 } }));
    expect(state.wallboard?.revision).toBe(8);
    expect(state.wallboard?.calls).toEqual({ waiting: 0, ringing: 3 });
    expect(state.wallboard?.queues).toHaveLength(1);
    expect(state.wallboardGap).toBe(false);
  });

  it("notices a gap, keeps what it shows, and heals with the next full board", () => {
    const gap = run(connected, full, delta(8, 9, { calls: { waiting: 9 } }));
    expect(gap.wallboardGap).toBe(true);
    expect(gap.wallboard?.calls.waiting).toBe(1);
    const healed = run(gap, frame("wallboard", { ...board, revision: 9, calls: { waiting: 9 } }, null));
    expect(healed.wallboardGap).toBe(false);
    expect(healed.wallboard?.calls.waiting).toBe(9);
  });

  it("passes over a delta that is already contained", () => {
    const state = run(connected, full, delta(6, 7, { calls: { waiting: 99 } }));
    expect(state.wallboardGap).toBe(false);
    expect(state.wallboard?.calls.waiting).toBe(1);
  });

  it("asks for a full board when a delta comes first", () => {
    expect(run(connected, delta(7, 8, {})).wallboardGap).toBe(true);
  });

  it("merges agents by id, adds new ones, and replaces other keys whole", () => {
    const next = applyDelta(board, {
      base: 7,
      revision: 8,
      agents: [agent("u2", "on_call"), agent("u3", "available")],
      queues: [],
    });
    expect(next.agents.map((each) => [each.user_id, each.presence])).toEqual([
      ["u1", "available"],
      ["u2", "on_call"],
      ["u3", "available"],
    ]);
    expect(next.queues).toEqual([]);
    expect(next).not.toHaveProperty("base");
  });
});
