/** Losing the server: the screen says so, comes back by itself, and shows what happened meanwhile. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, signedIn, WAIT_MS } from "./support/browser.ts";
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
      expect(await page.getByRole("tab").allTextContents()).toHaveLength(1);
      expect(await page.getByTestId("pop-status").getAttribute("data-state")).toBe("ringing");
      expect(await page.getByLabel("Title").inputValue()).toBe("Typed before the power cut");

      // And live again.
      const resumed = new TestCall(server.demo, freshNumber(), line, { agent: { extension: "201" } });
      await resumed.send("ringing");
      await page.getByRole("tab").nth(1).waitFor();
      await resumed.send("ended", { reason: "missed" });
      await page.locator('[data-testid="pop-status"][data-state="ended"]').waitFor();
      await context.close();
    },
  );

  it("shows a call that rang and ended while the line was down as ended", async () => {
    const { page, context } = await signedIn(browser, server.url, server.demo, "agent2@demo.example");
    await context.setOffline(true);
    // An open WebSocket survives the emulated outage in some browsers; a reload of the socket does not.
    await page.evaluate(() => dispatchEvent(new Event("offline")));
    await context.setOffline(false);
    const line = server.demo.numbers[2] ?? "";
    const call = new TestCall(server.demo, freshNumber(), line, { agent: { extension: "202" } });
    await call.send("ringing");
    await call.send("ended", { reason: "missed" });
    await page.locator('[data-testid="pop-status"][data-state="ended"]').waitFor();
    expect(await page.title()).not.toMatch(/^\(/);
    await context.close();
  });
});
