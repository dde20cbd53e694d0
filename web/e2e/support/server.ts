/** Starts the real server binary on a fresh data directory and waits for its ready line. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const READY_MS = 80_000;
const STOP_MS = 15_000;

export interface DemoUser {
  id: string;
  role: string;
  password: string;
  token: string;
  extension?: string;
}
export interface Demo {
  tenant: { id: string; slug: string; region: string };
  users: Record<string, DemoUser>;
  connections: Record<string, { id: string; hook_url: string; secret: string | null }>;
  numbers: string[];
}

export interface RunningServer {
  url: string;
  dataDir: string;
  demo: Demo;
  /** Ends the process: by SIGTERM (it drains) or, as a power cut would, by SIGKILL. */
  stop(signal?: "SIGTERM" | "SIGKILL"): Promise<void>;
  /** Starts it again on the same data and the same address. */
  start(): Promise<void>;
  /** Stops it and removes its data. */
  dispose(): Promise<void>;
}

export function binary(): string {
  return process.env.SWITCHROOM_BIN ?? path.resolve(here, "../../../target/debug/switchroom");
}

/** With what a test needs beside the usual: a mail server, a network that may be asked. */
export async function startServer(more: readonly string[] = []): Promise<RunningServer> {
  const dataDir = await mkdtemp(path.join(tmpdir(), "switchroom-e2e-"));
  let child: ChildProcess | null = null;
  const server: RunningServer = {
    url: "",
    dataDir,
    demo: { tenant: { id: "", slug: "", region: "" }, users: {}, connections: {}, numbers: [] },
    async start() {
      const http = server.url ? new URL(server.url).host : "127.0.0.1:0";
      const started = await launch(dataDir, http, more);
      child = started.child;
      server.url = started.url;
      server.demo = JSON.parse(await readFile(path.join(dataDir, "demo.json"), "utf8")) as Demo;
    },
    async stop(signal = "SIGTERM") {
      const running = child;
      child = null;
      if (!running || running.exitCode !== null) return;
      const gone = new Promise<void>((resolve) => running.once("exit", () => resolve()));
      running.kill(signal);
      const late = setTimeout(() => running.kill("SIGKILL"), STOP_MS);
      await gone;
      clearTimeout(late);
    },
    async dispose() {
      await server.stop();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
  await server.start();
  return server;
}

async function launch(
  dataDir: string,
  http: string,
  more: readonly string[],
): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(
    binary(),
    [
      "serve",
      "--demo=quiet",
      "--data-dir",
      dataDir,
      "--http",
      http,
      "--sip",
      "127.0.0.1:0",
      "--rate-limit",
      "off",
      ...more,
    ],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let log = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-8000);
  });
  return new Promise((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`${why}\n${log}`));
    const late = setTimeout(() => {
      child.kill("SIGKILL");
      fail(`the server was not ready within ${READY_MS} ms`);
    }, READY_MS);
    let out = "";
    child.stdout?.on("data", (chunk: Buffer) => {
      out += chunk.toString();
      const ready = /^ready http=(http:\/\/\S+)/m.exec(out);
      if (ready?.[1]) {
        clearTimeout(late);
        resolve({ child, url: ready[1] });
      }
    });
    child.once("error", (error) => {
      clearTimeout(late);
      fail(`the server could not be started (${binary()}): ${error.message}`);
    });
    child.once("exit", (code) => {
      clearTimeout(late);
      fail(`the server ended with ${code} before it was ready`);
    });
  });
}
