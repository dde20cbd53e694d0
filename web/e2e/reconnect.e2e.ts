/** Losing the server: the screen says so, comes back by itself, and shows what happened meanwhile. */
import type { Browser, WebSocketRoute } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, online, open, signedIn, signIn, WAIT_MS } from "./support/browser.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";
import { type RunningServer, startServer } from "./support/server.ts";

let browser: Browser;
let server: RunningServer;
beforeAll(async () => {
  browser = await launchBrowser();
  server = await startServer();
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
});

describe("reconnect", () => {
  it.each(["SIGTERM", "SIGKILL"] as const)(
    "after %s the pop is still there, once, and goes on",
    async (signal) => {
      const { page, context } = await signedIn(browser, server.url, server.demo, "agent1@demo.example");
      const line = server.demo.numbers[2] ?? "";
      const call = new TestCall(server.demo, freshNumber(), line, { agent: { extension: "201" } });
      await call.send("ringing");
      await page.getByTestId("pop").waitFor();
      await page.getByLabel("Title").fill("Typed before the power cut");

      await server.stop(signal);
      await page.getByText("Connection lost. Reconnecting…").waitFor();
      await page.getByText(/What you see may be old since/).waitFor();
      expect(await page.getByTestId("pop").count()).toBe(1);

      await server.start();
      const banner = page.locator('[data-testid="link-banner"][data-link="open"]');
      await banner.waitFor({ state: "attached", timeout: 2 * WAIT_MS });
      expect(await page.getByRole("tab").count()).toBe(1);
      expect(await page.getByTestId("pop-status").getAttribute("data-state")).toBe("ringing");
      expect(await page.getByLabel("Title").inputValue()).toBe("Typed before the power cut");

      // And live again.
      const resumed = new TestCall(server.demo, freshNumber(), line, { agent: { extension: "201" } });
      await resumed.send("ringing");
      await page.getByRole("tab").nth(1).waitFor();
      await resumed.send("ended", { reason: "missed" });
      await page.locator('[data-testid="pop-status"][data-state="ended"]').waitFor();
      await call.send("ended", { reason: "missed" });
      await context.close();
    },
  );

  it("catches up on a call that rang and ended while the line was down", async () => {
    const person = await open(browser, server.url);
    const { page, context } = person;
    // A line that the test can cut: frames pass through here, to and from the real server.
    const lines: WebSocketRoute[] = [];
    await page.routeWebSocket(/\/ws$/, (line) => {
      lines.push(line);
      line.connectToServer();
    });
    await signIn(page, server.demo, "agent2@demo.example");
    await online(page);
    await page.route("**/api/v1/ws-tickets", (route) => route.abort());
    await lines[0]?.close({ code: 4409, reason: "cut by the test" });
    await page.getByText("Connection lost. Reconnecting…").waitFor();

    const call = new TestCall(server.demo, freshNumber(), server.demo.numbers[2] ?? "", {
      agent: { extension: "202" },
    });
    await call.send("ringing");
    await call.send("ended", { reason: "missed" });
    expect(await page.getByTestId("pop").count()).toBe(0);

    await page.unroute("**/api/v1/ws-tickets");
    await page.getByRole("button", { name: "Try now" }).click();
    await page.locator('[data-testid="pop-status"][data-state="ended"]').waitFor();
    await online(page);
    expect(await page.getByRole("tab").count()).toBe(1);
    expect(await page.title()).not.toMatch(/^\(/);
    await context.close();
  });
});
