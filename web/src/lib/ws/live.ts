/**
 * The page's live state: one socket, one store, and the bridge from frames to the REST cache.
 */
import { useEffect } from "react";
import { create } from "zustand";
import { announceSignedOut, api, take } from "../api/client";
import { isApiError } from "../api/problem";
import { keys, queryClient } from "../api/query";
import type { Call } from "../api/types";
import { type Link, LiveSocket } from "./client";
import type { Frame } from "./protocol";
import { initialLiveState, type LiveAction, type LiveState, reduce } from "./reducer";

export interface LiveStore extends LiveState {
  link: Link;
}

export const useLive = create<LiveStore>(() => ({
  ...initialLiveState,
  link: { status: "idle", staleSince: null, attempt: 0 },
}));

export function dispatch(action: LiveAction): void {
  const before = useLive.getState();
  const after = reduce(before, action);
  if (after !== before) useLive.setState(after);
  if (after.wallboardGap && !before.wallboardGap) liveSocket.resubscribe("wallboard");
  for (const callId of after.doubt) void verify(callId);
}

/** Frames for those who want more than the fold, e.g. sound and notices. */
type FrameListener = (frame: Frame, fresh: boolean) => void;
const listeners = new Set<FrameListener>();
export function onFrame(listener: FrameListener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const verifying = new Set<string>();

async function verify(callId: string): Promise<void> {
  if (verifying.has(callId)) return;
  verifying.add(callId);
  try {
    const call = await take<Call>(api.GET("/api/v1/calls/{id}", { params: { path: { id: callId } } }));
    dispatch({ type: "verified", callId, call });
  } catch (error) {
    if (isApiError(error) && error.status === 404) dispatch({ type: "verified", callId, call: null });
    // Anything else: still in doubt; the next frame or reconnect asks again.
  } finally {
    verifying.delete(callId);
  }
}

const LIST_REFRESH_MS = 1000;
const waiting = new Map<string, ReturnType<typeof setTimeout>>();

/** Lists are read again at most once a second, however many calls move. */
function refreshSoon(queryKey: readonly string[]): void {
  const name = queryKey.join("/");
  if (waiting.has(name)) return;
  waiting.set(
    name,
    setTimeout(() => {
      waiting.delete(name);
      void queryClient.invalidateQueries({ queryKey });
    }, LIST_REFRESH_MS),
  );
}

/** What a frame makes stale in the REST cache. */
function refresh(frame: Frame): void {
  switch (frame.type) {
    case "screen_pop":
      refreshSoon([...keys.calls, "list"]);
      break;
    case "call_updated":
    case "call_ended": {
      const id = frame.data.call.id;
      refreshSoon([...keys.calls, "list"]);
      void queryClient.invalidateQueries({ queryKey: keys.call(id) });
      void queryClient.invalidateQueries({ queryKey: keys.callEvents(id) });
      break;
    }
    case "committed":
      // What was provisional can be read now.
      refreshSoon([...keys.calls, "events"]);
      break;
    case "ticket_updated":
      void queryClient.invalidateQueries({ queryKey: keys.tickets });
      break;
    case "presence":
      refreshSoon(keys.agents);
      break;
    case "resynced":
      void queryClient.invalidateQueries();
      break;
    default:
      break;
  }
}

export const liveSocket = new LiveSocket({
  async fetchTicket() {
    return (await take<{ ticket: string; expires_in: number }>(api.POST("/api/v1/ws-tickets"))).ticket;
  },
  connect(protocols) {
    const url = new URL("/ws", location.href);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    return new WebSocket(url, protocols);
  },
  now: () => Date.now(),
  random: () => Math.random(),
  setTimer: (run, ms) => setTimeout(run, ms),
  clearTimer: (timer) => clearTimeout(timer as ReturnType<typeof setTimeout>),
  onLink: (link) => useLive.setState({ link }),
  onFrame(frame) {
    const before = useLive.getState();
    const fresh = frame.event_id === null || !before.seenSet.has(frame.event_id);
    const newCursor = frame.type === "committed" && String(frame.data.cursor) !== before.cursor;
    dispatch({ type: "frame", frame, now: Date.now() });
    if (fresh && (frame.type !== "committed" || newCursor)) refresh(frame);
    for (const listener of listeners) listener(frame, fresh);
  },
  onUnknownFrame: (eventId) => dispatch({ type: "unknown_frame", eventId }),
  cursor: () => useLive.getState().cursor,
  onResuming: () => dispatch({ type: "resuming" }),
  onSignedOut: announceSignedOut,
});

/** Opens the socket while the signed-in part of the console is on the screen, and somebody is in a tenant. */
export function useLiveSocket(enabled: boolean): void {
  useEffect(() => {
    if (!enabled) return undefined;
    liveSocket.start();
    const retry = () => liveSocket.retryNow();
    const visible = () => {
      if (!document.hidden) liveSocket.retryNow();
    };
    addEventListener("online", retry);
    document.addEventListener("visibilitychange", visible);
    return () => {
      removeEventListener("online", retry);
      document.removeEventListener("visibilitychange", visible);
      liveSocket.stop();
    };
  }, [enabled]);
}

export function useTopic(topic: string): void {
  useEffect(() => liveSocket.subscribe(topic), [topic]);
}

export function resetLive(): void {
  liveSocket.stop();
  dispatch({ type: "reset" });
}
