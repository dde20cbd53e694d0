import { describe, expect, it, vi } from "vitest";
import { act } from "./acting";
import { ApiError, NetworkError } from "./api/problem";
import { addressOf, download } from "./download";

describe("a file's address", () => {
  it.each([
    [{}, "/api/v1/audit/export"],
    [{ action: "session.*", actor_id: undefined, address: "" }, "/api/v1/audit/export?action=session.*"],
    [{ q: "a b&c=d", count: true }, "/api/v1/audit/export?q=a+b%26c%3Dd&count=true"],
  ])("%j", (query, expected) => {
    expect(addressOf("/api/v1/audit/export", query)).toBe(expected);
  });
});

describe("a file", () => {
  const kept: string[] = [];
  const asked = (answer: () => Response) => {
    kept.length = 0;
    const fetch = vi.fn<typeof globalThis.fetch>(async () => answer());
    vi.stubGlobal("fetch", fetch);
    URL.createObjectURL = () => "blob:it";
    URL.revokeObjectURL = () => undefined;
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function click(
      this: HTMLAnchorElement,
    ) {
      kept.push(`${this.href} ${this.download}`);
    });
    return fetch;
  };

  it("is kept under its name", async () => {
    const fetch = asked(() => new Response("a,b\n"));
    await download("/api/v1/audit/export", "audit.csv", { q: "x" });
    expect(kept).toEqual(["blob:it audit.csv"]);
    expect(fetch.mock.calls[0]).toEqual(["/api/v1/audit/export?q=x", { headers: {} }]);
  });

  it("is that of the account one acts for", async () => {
    act("acme");
    const fetch = asked(() => new Response("a,b\n"));
    await download("/api/v1/audit/export", "audit.csv");
    expect(fetch.mock.calls[0]?.[1]).toEqual({ headers: { "X-Tenant": "acme" } });
  });

  it("that is refused is an error with the server's words, and no file", async () => {
    const problem = { type: "too-many", detail: "Two exports are running already." };
    asked(() => new Response(JSON.stringify(problem), { status: 409 }));
    const failure = await download("/api/v1/contact-exports", "x.csv").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiError);
    expect(failure).toMatchObject({ status: 409, type: "too-many", message: problem.detail });
    expect(kept).toEqual([]);
  });

  it.each([
    ["is not answered", () => Response.error()],
    ["breaks off", () => new Response(new ReadableStream({ start: (to) => to.error(new Error("reset")) }))],
  ])("that %s is an error, and no file", async (_, answer) => {
    asked(answer);
    await expect(download("/api/v1/audit/export", "x.csv")).rejects.toBeInstanceOf(ApiError);
    expect(kept).toEqual([]);
  });

  it("never comes where the network is gone", async () => {
    asked(() => {
      throw new TypeError("offline");
    });
    await expect(download("/api/v1/audit/export", "x.csv")).rejects.toBeInstanceOf(NetworkError);
  });
});
