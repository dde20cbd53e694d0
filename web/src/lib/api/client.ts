/**
 * The one door to the REST API. Same origin, session cookie, no token ever in script's reach;
 * every change carries the CSRF header that equals the readable cookie.
 */
import createClient, { type Middleware } from "openapi-fetch";
import type { paths } from "@/api/generated/schema";
import { actingFor } from "../acting";
import { ApiError, NetworkError } from "./problem";
import type { ProblemBody } from "./types";

const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

export function csrfToken(cookies: string = document.cookie): string | null {
  const jar = new Map(
    cookies.split(/;\s*/).map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)] as const;
    }),
  );
  const value = jar.get("__Host-switchroom_csrf") ?? jar.get("switchroom_csrf");
  return value ? decodeURIComponent(value) : null;
}

type Listener = () => void;
const signedOut = new Set<Listener>();

/** A 401 from here is about the credentials just given, not about the session. */
const ENTRANCES = ["/auth/login", "/auth/invitations/accept", "/me"];

/** Called when the server says 401 to anything but the sign-in itself. */
export function onSignedOut(listener: Listener): () => void {
  signedOut.add(listener);
  return () => signedOut.delete(listener);
}
export function announceSignedOut(): void {
  for (const listener of signedOut) listener();
}

const middleware: Middleware = {
  onRequest({ request }) {
    const tenant = actingFor();
    if (tenant && !request.headers.has("X-Tenant")) request.headers.set("X-Tenant", tenant);
    if (!SAFE.has(request.method)) {
      const token = csrfToken();
      if (token) request.headers.set("X-CSRF-Token", token);
    }
    return request;
  },
  onResponse({ response, schemaPath }) {
    if (response.status === 401 && !ENTRANCES.some((path) => schemaPath.endsWith(path))) {
      announceSignedOut();
    }
  },
};

export const api = createClient<paths>({
  baseUrl: globalThis.location?.origin ?? "http://localhost",
  credentials: "same-origin",
  headers: { Accept: "application/json, application/problem+json" },
  // Looked up at call time, so that tests can replace it.
  fetch: (request) => globalThis.fetch(request),
});
api.use(middleware);

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/**
 * What the document must at least promise of `T`: the same names with the same kinds of values, words as any text,
 * and nothing about which of them may be empty.
 */
type Loose<T> = T extends string
  ? string
  : T extends readonly (infer Item)[]
    ? Loose<Item>[]
    : T extends object
      ? { [K in keyof T]?: Loose<T[K]> | null }
      : T;

/** The data as the console reads it (`take<Ticket>(api.GET(…))`), or an `ApiError`. */
export async function take<T = unknown>(pending: Promise<Answer<Loose<T>>>): Promise<T> {
  return (await takeWithResponse<T>(pending)).data;
}

export async function takeWithResponse<T = unknown>(
  pending: Promise<Answer<Loose<T>>>,
): Promise<{ data: T; response: Response }> {
  let answer: Answer<Loose<T>>;
  try {
    answer = await pending;
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === "AbortError") throw cause;
    throw new NetworkError();
  }
  if (!answer.response.ok) throw new ApiError(answer.response.status, problemOf(answer.error));
  return { data: answer.data as T, response: answer.response };
}

function problemOf(error: unknown): ProblemBody {
  if (error && typeof error === "object") return error as ProblemBody;
  if (typeof error === "string" && error && error.length < 300 && !error.trimStart().startsWith("<")) {
    return { detail: error };
  }
  return {};
}

/** A fresh key for one intended change; kept while that change is retried. */
export function idempotencyKey(): string {
  return randomId();
}

export function randomId(): string {
  if (typeof crypto.randomUUID === "function") return crypto.randomUUID();
  // Plain http on a LAN address has no randomUUID; getRandomValues is always there.
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
}
