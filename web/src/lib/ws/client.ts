/**
 * The tab's one WebSocket: opens it with a one-use ticket, keeps it alive, and brings it back.
 * It decides nothing about calls; frames go to `onFrame`, the reducer folds them.
 */
import { type ClientFrame, type Frame, parseFrame, SUBPROTOCOL } from "./protocol";

export type LinkStatus = "idle" | "connecting" | "resuming" | "open" | "reconnecting" | "signed_out";

export interface Link {
  status: LinkStatus;
  /** Since when what is shown may be old; null while live. */
  staleSince: number | null;
  attempt: number;
}

export interface SocketLike {
  readonly readyState: number;
  onopen: ((event: never) => void) | null;
  onmessage: ((event: never) => void) | null;
  onclose: ((event: never) => void) | null;
  onerror: ((event: never) => void) | null;
  send(data: string): void;
  close(code?: number, reason?: string): void;
}

export interface Environment {
  /** Asks for a one-use ticket; rejects with `{status: 401}` when the sign-in has ended. */
  fetchTicket(): Promise<string>;
  connect(protocols: string[]): SocketLike;
  now(): number;
  random(): number;
  setTimer(run: () => void, ms: number): unknown;
  clearTimer(timer: unknown): void;
  onLink(link: Link): void;
  onFrame(frame: Frame): void;
  onUnknownFrame(eventId: string): void;
  /** The last durable cursor, or null on the first connection of this page. */
  cursor(): string | null;
  onResuming(): void;
  onSignedOut(): void;
}

const OPEN = 1;
const MIN_BACKOFF_MS = 400;
const MAX_BACKOFF_MS = 15_000;
const DEFAULT_HEARTBEAT_MS = 15_000;
const HELLO_TIMEOUT_MS = 10_000;

export const CLOSE_SIGN_IN_ENDED = 4401;

/** Full jitter between half and all of an exponential step, so that a restarted server is not stampeded. */
export function backoffMs(attempt: number, random: number): number {
  const step = Math.min(MAX_BACKOFF_MS, MIN_BACKOFF_MS * 2 ** Math.min(attempt, 10));
  return Math.round(step / 2 + (step / 2) * random);
}

export class LiveSocket {
  private socket: SocketLike | null = null;
  private link: Link = { status: "idle", staleSince: null, attempt: 0 };
  private retryTimer: unknown = null;
  private silenceTimer: unknown = null;
  private heartbeatMs = DEFAULT_HEARTBEAT_MS;
  private topics = new Map<string, number>();
  private generation = 0;
  private greeted = false;
  private running = false;
  private everOpen = false;

  constructor(private readonly env: Environment) {}

  start(): void {
    if (this.running) return;
    this.running = true;
    this.everOpen = false;
    this.setLink({ status: "connecting", staleSince: null, attempt: 0 });
    void this.open();
  }

  /** Closes for good (sign-out, page gone). */
  stop(): void {
    this.running = false;
    this.generation++;
    this.clearTimers();
    const socket = this.socket;
    this.socket = null;
    this.greeted = false;
    socket?.close(1000, "bye");
    this.setLink({ status: "idle", staleSince: null, attempt: 0 });
  }

  /** The network is back or the user asked: do not wait for the timer. */
  retryNow(): void {
    if (!this.running || this.link.status !== "reconnecting" || this.retryTimer === null) return;
    this.env.clearTimer(this.retryTimer);
    this.retryTimer = null;
    void this.open();
  }

  subscribe(topic: string): () => void {
    const count = this.topics.get(topic) ?? 0;
    this.topics.set(topic, count + 1);
    if (count === 0) this.send({ type: "subscribe", topics: [topic] });
    let active = true;
    return () => {
      if (!active) return;
      active = false;
      const left = (this.topics.get(topic) ?? 1) - 1;
      if (left > 0) {
        this.topics.set(topic, left);
        return;
      }
      this.topics.delete(topic);
      this.send({ type: "unsubscribe", topics: [topic] });
    };
  }

  /** Asks for a topic's full state again, after a delta that did not fit. */
  resubscribe(topic: string): void {
    if (!this.topics.has(topic)) return;
    this.send({ type: "unsubscribe", topics: [topic] });
    this.send({ type: "subscribe", topics: [topic] });
  }

  /** False when there is no live connection; nothing is queued, the caller says so to the user. */
  send(frame: ClientFrame): boolean {
    if (!this.greeted || this.socket?.readyState !== OPEN) return false;
    this.socket.send(JSON.stringify(frame));
    return true;
  }

  private async open(): Promise<void> {
    const generation = ++this.generation;
    let ticket: string;
    try {
      ticket = await this.env.fetchTicket();
    } catch (error) {
      if (generation !== this.generation || !this.running) return;
      if (isUnauthenticated(error)) this.signedOut();
      else this.retryLater();
      return;
    }
    if (generation !== this.generation || !this.running) return;
    let socket: SocketLike;
    try {
      socket = this.env.connect([SUBPROTOCOL, `ticket.${ticket}`]);
    } catch {
      this.retryLater();
      return;
    }
    this.socket = socket;
    this.greeted = false;
    this.watchSilence(HELLO_TIMEOUT_MS);
    socket.onmessage = (event: never) => {
      if (generation === this.generation) this.receive((event as MessageEvent).data);
    };
    socket.onerror = () => undefined; // a close event follows and tells more
    socket.onclose = (event: never) => {
      if (generation === this.generation) this.closed((event as CloseEvent).code);
    };
  }

  private receive(data: unknown): void {
    this.watchSilence(this.heartbeatMs * 3);
    if (typeof data !== "string") return;
    const raw = parseFrame(data);
    if (!raw) return;
    const { frame } = raw;
    if (frame?.type === "ping") this.send({ type: "pong" });
    if (frame?.type === "hello") this.hello(frame);
    else if (frame) this.env.onFrame(frame);
    else if (raw.event_id) this.env.onUnknownFrame(raw.event_id);
    // Acknowledged after it was folded, again if it is a repetition: the first ack may have been lost.
    if (raw.event_id) this.send({ type: "ack", event_id: raw.event_id });
    if (frame?.type === "resynced") this.live();
    if (
      frame?.type === "error" &&
      (frame.data.code === "cursor_too_old" || frame.data.code === "bad_cursor")
    ) {
      this.live();
    }
  }

  private hello(frame: Extract<Frame, { type: "hello" }>): void {
    const cursor = this.env.cursor();
    this.greeted = true;
    if (typeof frame.data.heartbeat_ms === "number" && frame.data.heartbeat_ms > 0) {
      this.heartbeatMs = frame.data.heartbeat_ms;
      this.watchSilence(this.heartbeatMs * 3);
    }
    this.env.onFrame(frame);
    // A page that has just loaded missed nothing, but its open pops stay provisional until `resynced` covers them.
    if (cursor === null) this.live();
    else this.setLink({ ...this.link, status: "resuming" });
    this.env.onResuming();
    this.send({ type: "resume", cursor: cursor ?? String(frame.data.cursor) });
    if (this.topics.size > 0) this.send({ type: "subscribe", topics: [...this.topics.keys()] });
  }

  private live(): void {
    this.everOpen = true;
    this.setLink({ status: "open", staleSince: null, attempt: 0 });
  }

  private closed(code: number): void {
    this.socket = null;
    this.greeted = false;
    this.clearTimers();
    if (!this.running) return;
    if (code === CLOSE_SIGN_IN_ENDED) this.signedOut();
    else this.retryLater();
  }

  private signedOut(): void {
    this.running = false;
    this.clearTimers();
    this.setLink({ status: "signed_out", staleSince: this.env.now(), attempt: 0 });
    this.env.onSignedOut();
  }

  private retryLater(): void {
    this.clearTimers();
    const attempt = this.link.attempt + 1;
    this.setLink({
      status: "reconnecting",
      staleSince: this.link.staleSince ?? this.env.now(),
      attempt,
    });
    // A restart after a healthy connection deserves one quick try.
    const wait =
      attempt === 1 && this.everOpen
        ? backoffMs(0, this.env.random())
        : backoffMs(attempt, this.env.random());
    this.retryTimer = this.env.setTimer(() => {
      this.retryTimer = null;
      void this.open();
    }, wait);
  }

  /** No frame for so long means the line is dead even if the browser has not noticed. */
  private watchSilence(ms: number): void {
    if (this.silenceTimer !== null) this.env.clearTimer(this.silenceTimer);
    this.silenceTimer = this.env.setTimer(() => {
      this.silenceTimer = null;
      const socket = this.socket;
      this.generation++;
      this.socket = null;
      this.greeted = false;
      socket?.close(4000, "silent");
      if (this.running) this.retryLater();
    }, ms);
  }

  private clearTimers(): void {
    for (const timer of [this.retryTimer, this.silenceTimer]) if (timer !== null) this.env.clearTimer(timer);
    this.retryTimer = null;
    this.silenceTimer = null;
  }

  private setLink(link: Link): void {
    this.link = link;
    this.env.onLink(link);
  }
}

function isUnauthenticated(error: unknown): boolean {
  return typeof error === "object" && error !== null && (error as { status?: unknown }).status === 401;
}
