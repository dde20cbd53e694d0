/** Call events as a PBX would send them: the generic webhook, signed by the Standard Webhooks scheme. */
import { createHmac, randomUUID } from "node:crypto";
import { onTestFinished } from "vitest";
import type { Demo } from "./server.ts";

export interface CallEvent {
  call_id: string;
  type: "ringing" | "answered" | "held" | "resumed" | "transferred" | "ended";
  from: string;
  to: string;
  at?: string;
  direction?: "inbound" | "outbound";
  agent?: { extension: string } | { email: string } | null;
  queue?: string | null;
  reason?: string | null;
}

export async function sendHook(demo: Demo, event: CallEvent): Promise<Response> {
  const connection = demo.connections.generic;
  if (!connection?.secret) throw new Error("demo.json has no generic connection");
  const body = JSON.stringify({ at: new Date().toISOString(), direction: "inbound", ...event });
  const id = `msg_${randomUUID()}`;
  const timestamp = Math.floor(Date.now() / 1000).toString();
  const key = Buffer.from(connection.secret.replace(/^whsec_/, ""), "base64");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return fetch(connection.hook_url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "webhook-id": id,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    },
    body,
  });
}

/** A call one can tell the story of. A test that fails leaves none ringing for the files after it, which share its server. */
export class TestCall {
  readonly id = `e2e-${randomUUID()}`;
  private state: "unheard" | "live" | "ended" = "unheard";

  constructor(
    private readonly demo: Demo,
    private readonly from: string,
    private readonly to: string,
    private readonly extra: Partial<CallEvent> = {},
  ) {}

  async send(type: CallEvent["type"], extra: Partial<CallEvent> = {}): Promise<void> {
    if (this.state === "unheard") {
      onTestFinished(async () => {
        if (this.state === "live") await this.send("ended", { reason: "missed" });
      });
    }
    this.state = type === "ended" ? "ended" : "live";
    const response = await sendHook(this.demo, {
      call_id: this.id,
      type,
      from: this.from,
      to: this.to,
      ...this.extra,
      ...extra,
    });
    if (!response.ok) throw new Error(`the hook answered ${response.status}: ${await response.text()}`);
  }
}

/** Numbers nobody in the demo data owns exactly, and whose last seven digits are theirs alone. */
let counter = Math.floor(Math.random() * 800_000) + 100_000;
export function freshNumber(): string {
  counter += 1;
  return `+331${String(70_000_000 + counter).slice(0, 8)}`;
}
