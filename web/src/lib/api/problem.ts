import type { ProblemBody } from "./types";

/** A refused request: the server's problem document (RFC 9457), or our words for a lost network. */
export class ApiError extends Error {
  readonly status: number;
  readonly type: string;
  readonly title: string;
  readonly errors: { pointer: string; detail: string }[];

  constructor(status: number, body: ProblemBody) {
    super(body.detail ?? body.title ?? `HTTP ${status}`);
    this.name = "ApiError";
    this.status = status;
    this.type = body.type ?? "about:blank";
    this.title = body.title ?? "";
    this.errors = Array.isArray(body.errors) ? body.errors : [];
  }

  /** The validation text for one field, by JSON pointer (`/email`, `/phones/0/number`). */
  field(name: string): string | undefined {
    return this.errors.find((e) => e.pointer.replace(/^#?\//, "").split("/")[0] === name)?.detail;
  }
}

/** Status 0: the request never reached the server. */
export class NetworkError extends ApiError {
  constructor() {
    super(0, { title: "network", detail: "network" });
    this.name = "NetworkError";
  }
}

export function isApiError(error: unknown): error is ApiError {
  return error instanceof ApiError;
}
