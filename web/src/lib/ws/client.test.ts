import { describe, expect, it } from "vitest";
import { backoffMs, type Environment, type Link, LiveSocket, type SocketLike } from "./client";

class FakeSocket implements SocketLike {
  readyState = 1;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: never) => void) | null = null;
  onclose: ((event: never) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  sent: Record<string, unknown>[] = [];
  closedWith: number | null = null;
  constructor(readonly protocols: string[]) {}
  send(data: string) {
    this.sent.push(JSON.parse(data) as Record<string, unknown>);
  }
  close(code?: number) {
    this.closedWith = code ?? 1005;
    this.readyState = 3;
  }
  receive(type: string, data: object = {}, event_id: string | null = null) {
    this.onmessage?.({ data: JSON.stringify({ type, event_id, at: null, data }) } as never);
  }
  drop(code: number) {
    this.readyState = 3;
    this.onclose?.({ code } as never);
  }
}

function harness(options: { cursor?: string | null; tickets?: (() => Promise<string>)[] } = {}) {
  const timers = new Map<number, { run: () => void; ms: number }>();
  let nextTimer = 1;
  let nextTicket = 1;
  const log = {
    sockets: [] as FakeSocket[],
    links: [] as Link[],
    frames: [] as string[],
    unknown: [] as string[],
    resuming: 0,
    signedOut: 0,
    cursor: options.cursor ?? null,
  };
  const env: Environment = {
    fetchTicket: () => options.tickets?.shift()?.() ?? Promise.resolve(`t${nextTicket++}`),
    connect: (protocols) => {
      const socket = new FakeSocket(protocols);
      log.sockets.push(socket);
      return socket;
    },
    now: () => 5_000,
    random: () => 0.5,
    setTimer: (run, ms) => {
      timers.set(nextTimer, { run, ms });
      return nextTimer++;
    },
    clearTimer: (timer) => void timers.delete(timer as number),
    onLink: (link) => log.links.push(link),
    onFrame: (frame) => log.frames.push(frame.type),
    onUnknownFrame: (id) => log.unknown.push(id),
    cursor: () => log.cursor,
    onResuming: () => log.resuming++,
    onSignedOut: () => log.signedOut++,
  };
  const client = new LiveSocket(env);
  const settle = async () => {
    for (let i = 0; i < 5; i++) await Promise.resolve();
  };
  return {
    client,
    log,
    settle,
    socket: () => log.sockets.at(-1) as FakeSocket,
    status: () => log.links.at(-1)?.status,
    link: () => log.links.at(-1),
    timers: () => [...timers.values()].map((timer) => timer.ms),
    /** Runs the one pending timer of that kind. */
    fire: async (pick: (ms: number) => boolean) => {
      const found = [...timers].find(([, timer]) => pick(timer.ms));
      if (!found) throw new Error("no such timer");
      timers.delete(found[0]);
      found[1].run();
      await settle();
    },
    hello: (cursor = "c1", heartbeat_ms = 1000) =>
      (log.sockets.at(-1) as FakeSocket).receive("hello", { cursor, heartbeat_ms }),
    /** What the client said, but for the resume behind every hello. */
    said: () => (log.sockets.at(-1) as FakeSocket).sent.filter((each) => each.type !== "resume"),
  };
}

describe("LiveSocket", () => {
  it("opens with the subprotocol and a one-use ticket, and is live after hello", async () => {
    const h = harness();
    h.client.start();
    expect(h.status()).toBe("connecting");
    await h.settle();
    expect(h.socket().protocols).toEqual(["switchroom.v1", "ticket.t1"]);
    h.hello();
    expect(h.status()).toBe("open");
    // From where it is: nothing was missed, but `resynced` is what makes the open pops durable.
    expect(h.socket().sent).toEqual([{ type: "resume", cursor: "c1" }]);
    expect(h.log.resuming).toBe(1);
    h.socket().receive("resynced", { cursor: "c1" });
    expect(h.link()).toEqual({ status: "open", staleSince: null, attempt: 0 });
  });

  it("starts once however often it is told to", async () => {
    const h = harness();
    h.client.start();
    h.client.start();
    await h.settle();
    expect(h.log.sockets).toHaveLength(1);
  });

  it("acknowledges every frame with an id, repeated and unknown ones too", async () => {
    const h = harness();
    h.client.start();
    await h.settle();
    h.hello();
    const pop = { call: { id: "a", state: "ringing" } };
    h.socket().receive("screen_pop", pop, "e1");
    h.socket().receive("screen_pop", pop, "e1");
    h.socket().receive("weather", {}, "e2");
    h.socket().receive("committed", { cursor: "c2" });
    expect(h.said()).toEqual([
      { type: "ack", event_id: "e1" },
      { type: "ack", event_id: "e1" },
      { type: "ack", event_id: "e2" },
    ]);
    expect(h.log.unknown).toEqual(["e2"]);
  });

  it("answers ping with pong", async () => {
    const h = harness();
    h.client.start();
    await h.settle();
    h.hello();
    h.socket().receive("ping");
    expect(h.said()).toEqual([{ type: "pong" }]);
  });

  it("survives frames that are no frames", async () => {
    const h = harness();
    h.client.start();
    await h.settle();
    h.hello();
    h.socket().onmessage?.({ data: "{" } as never);
    h.socket().onmessage?.({ data: new ArrayBuffer(4) } as never);
    expect(h.status()).toBe("open");
  });

  it.each([4408, 4409, 4400, 1001, 1006])(
    "after close %i reconnects, resumes and shows since when it is stale",
    async (code) => {
      const h = harness();
      h.client.start();
      await h.settle();
      h.hello();
      h.log.cursor = "c7";
      h.socket().drop(code);
      expect(h.link()).toEqual({ status: "reconnecting", staleSince: 5_000, attempt: 1 });
      await h.fire((ms) => ms < 1000);
      expect(h.log.sockets).toHaveLength(2);
      h.hello("c9");
      expect(h.status()).toBe("resuming");
      expect(h.log.resuming).toBe(2);
      expect(h.socket().sent).toEqual([{ type: "resume", cursor: "c7" }]);
      h.socket().receive("resynced", { cursor: "c9" });
      expect(h.link()).toEqual({ status: "open", staleSince: null, attempt: 0 });
    },
  );

  it("stays stale until the resume is through, also over a second loss", async () => {
    const h = harness();
    h.client.start();
    await h.settle();
    h.hello();
    h.log.cursor = "c7";
    h.socket().drop(1006);
    await h.fire((ms) => ms < 1000);
    h.hello("c9");
    h.socket().drop(1006);
    expect(h.link()?.staleSince).toBe(5_000);
    expect(h.link()?.attempt).toBe(2);
  });

  it("4401 ends at the sign-in and does not come back", async () => {
    const h = harness();
    h.client.start();
    await h.settle();
    h.hello();
    h.socket().drop(4401);
    expect(h.status()).toBe("signed_out");
    expect(h.log.signedOut).toBe(1);
    expect(h.timers()).toEqual([]);
  });

  it("a refused ticket for want of a sign-in ends at the sign-in too", async () => {
    const h = harness({ tickets: [() => Promise.reject(Object.assign(new Error("401"), { status: 401 }))] });
    h.client.start();
    await h.settle();
    expect(h.log.signedOut).toBe(1);
    expect(h.log.sockets).toHaveLength(0);
  });

  it("keeps trying while the server is away", async () => {
    const away = () => Promise.reject(Object.assign(new Error("network"), { status: 0 }));
    const h = harness({ tickets: [away, away, away] });
    h.client.start();
    await h.settle();
    expect(h.link()?.attempt).toBe(1);
    await h.fire(() => true);
    expect(h.link()?.attempt).toBe(2);
    await h.fire(() => true);
    expect(h.link()?.attempt).toBe(3);
    await h.fire(() => true);
    h.hello();
    expect(h.status()).toBe("open");
  });

  it("subscribes again after every connect, once per topic", async () => {
    const h = harness();
    const stop = h.client.subscribe("wallboard");
    h.client.subscribe("wallboard");
    h.client.start();
    await h.settle();
    h.hello();
    expect(h.said()).toEqual([{ type: "subscribe", topics: ["wallboard"] }]);
    stop();
    stop();
    expect(h.said()).toHaveLength(1);
    h.socket().drop(1006);
    await h.fire((ms) => ms < 1000);
    h.hello();
    expect(h.said()).toEqual([{ type: "subscribe", topics: ["wallboard"] }]);
  });

  it("leaves a topic with its last listener and asks again after a gap", async () => {
    const h = harness();
    h.client.start();
    await h.settle();
    h.hello();
    const stop = h.client.subscribe("wallboard");
    h.client.resubscribe("wallboard");
    h.client.resubscribe("calls");
    stop();
    expect(h.said().map((each) => each.type)).toEqual([
      "subscribe",
      "unsubscribe",
      "subscribe",
      "unsubscribe",
    ]);
  });

  it("takes three silent heartbeats for a dead line", async () => {
    const h = harness();
    h.client.start();
    await h.settle();
    h.hello("c1", 1000);
    expect(h.timers()).toEqual([3000]);
    const dead = h.socket();
    await h.fire((ms) => ms === 3000);
    expect(dead.closedWith).not.toBeNull();
    expect(h.status()).toBe("reconnecting");
    dead.receive("committed", { cursor: "late" });
    expect(h.log.frames).toEqual(["hello"]);
  });

  it("says no instead of queueing when there is no line", async () => {
    const h = harness();
    expect(h.client.send({ type: "pong" })).toBe(false);
    h.client.start();
    await h.settle();
    expect(h.client.send({ type: "pong" })).toBe(false);
    h.hello();
    expect(h.client.send({ type: "presence", state: "break", reason: "lunch" })).toBe(true);
  });

  it("retries at once when the network is back", async () => {
    const h = harness();
    h.client.start();
    await h.settle();
    h.hello();
    h.socket().drop(1006);
    h.client.retryNow();
    h.client.retryNow();
    await h.settle();
    expect(h.log.sockets).toHaveLength(2);
  });

  it("is quiet after stop", async () => {
    const h = harness();
    h.client.start();
    await h.settle();
    h.hello();
    const socket = h.socket();
    h.client.stop();
    expect(socket.closedWith).toBe(1000);
    socket.drop(1000);
    socket.receive("screen_pop", { call: { id: "a" } }, "e1");
    expect(h.log.frames).toEqual(["hello"]);
    expect(h.timers()).toEqual([]);
    expect(h.status()).toBe("idle");
  });
});

describe("backoffMs", () => {
  it("grows, is bounded and jittered", () => {
    expect(backoffMs(0, 0)).toBe(200);
    expect(backoffMs(0, 1)).toBe(400);
    expect(backoffMs(3, 0.5)).toBeGreaterThan(backoffMs(1, 0.5));
    expect(backoffMs(50, 1)).toBe(15_000);
  });
});
