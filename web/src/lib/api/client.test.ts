import { afterEach, describe, expect, it, vi } from "vitest";
import { fakeServer } from "@/testing/render";
import { api, csrfToken, onSignedOut, take } from "./client";
import { ApiError, NetworkError } from "./problem";
import type { Call, Me, Wallboard } from "./types";

afterEach(() => {
  // biome-ignore lint/suspicious/noDocumentCookie: the only way in a test
  document.cookie = "switchroom_csrf=; max-age=0";
});

describe("csrfToken", () => {
  it.each([
    ["switchroom_csrf=abc", "abc"],
    ["a=1; switchroom_csrf=a%2Fb; b=2", "a/b"],
    ["switchroom_csrf=plain; __Host-switchroom_csrf=tls", "tls"],
    ["x_switchroom_csrf=no", null],
    ["", null],
  ])("in %s is %s", (cookies, token) => {
    expect(csrfToken(cookies)).toBe(token);
  });
});

describe("requests", () => {
  it("carry the CSRF header on changes and not on reads", async () => {
    document.cookie = "switchroom_csrf=token-1";
    const server = fakeServer({
      "GET /me": { body: {} },
      "POST /ws-tickets": { body: { ticket: "t", expires_in: 30 } },
    });
    await take<Me>(api.GET("/api/v1/me", {}));
    await take<{ ticket: string; expires_in: number }>(api.POST("/api/v1/ws-tickets"));
    expect(server.requests.map((request) => request.headers.get("x-csrf-token"))).toEqual([null, "token-1"]);
  });

  it("turn a problem document into an error with its fields", async () => {
    fakeServer({
      "GET /calls/x": {
        status: 422,
        body: {
          type: "validation",
          title: "T",
          detail: "D",
          errors: [{ pointer: "/phones/0/number", detail: "no" }],
        },
      },
    });
    const error = await take<Call>(api.GET("/api/v1/calls/{id}", { params: { path: { id: "x" } } })).catch(
      (e) => e,
    );
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, type: "validation", message: "D" });
    expect(error.field("phones")).toBe("no");
    expect(error.field("email")).toBeUndefined();
  });

  it("survive an answer that is no JSON", async () => {
    vi.stubGlobal("fetch", async () => new Response("<html>Bad gateway</html>", { status: 502 }));
    const error = await take<Call>(api.GET("/api/v1/calls/{id}", { params: { path: { id: "x" } } })).catch(
      (e) => e,
    );
    expect(error).toMatchObject({ status: 502, message: "HTTP 502" });
  });

  it("tell a lost network apart", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    const error = await take<Wallboard>(api.GET("/api/v1/wallboard", {})).catch((e) => e);
    expect(error).toBeInstanceOf(NetworkError);
    expect(error.status).toBe(0);
  });

  it("announce an ended sign-in, but not for the sign-in itself", async () => {
    fakeServer({
      "GET /wallboard": { status: 401, body: {} },
      "GET /me": { status: 401, body: {} },
      "POST /auth/login": { status: 401, body: {} },
    });
    const ended = vi.fn<() => void>();
    const stop = onSignedOut(ended);
    await take<Me>(api.GET("/api/v1/me", {})).catch(() => undefined);
    await take(api.POST("/api/v1/auth/login", { body: { email: "a", password: "b" } })).catch(
      () => undefined,
    );
    expect(ended).not.toHaveBeenCalled();
    await take<Wallboard>(api.GET("/api/v1/wallboard", {})).catch(() => undefined);
    expect(ended).toHaveBeenCalledOnce();
    stop();
  });
});
