import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser, type Person, signedIn } from "./support/browser.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const line = demo.numbers[2] ?? "";
let browser: Browser;
let supervisor: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  supervisor = await signedIn(browser, url, demo, "supervisor@demo.example", { path: "/wallboard" });
});
afterAll(() => browser?.close());

const tile = async (page: Page, name: string) =>
  Number(await page.locator(`[data-tile="${name}"] p`).last().textContent());
const reaches = (page: Page, name: string, value: number) =>
  page.waitForFunction(
    ([which, wanted]) =>
      document.querySelector(`[data-tile="${which}"] p:last-child`)?.textContent === String(wanted),
    [name, value] as const,
  );

describe("wallboard", () => {
  it("moves with the calls, without a reload", async () => {
    const { page } = supervisor;
    await page.getByTestId("wallboard").waitFor();
    const before = { ringing: await tile(page, "ringing"), talking: await tile(page, "talking") };
    const call = new TestCall(demo, freshNumber(), line, { agent: { extension: "205" } });
    await call.send("ringing");
    await reaches(page, "ringing", before.ringing + 1);
    await page
      .locator(`[data-agent="${demo.users["agent5@demo.example"]?.id}"] [data-presence="ringing"]`)
      .waitFor();
    await call.send("answered");
    await reaches(page, "talking", before.talking + 1);
    await reaches(page, "ringing", before.ringing);
    await page
      .locator(`[data-agent="${demo.users["agent5@demo.example"]?.id}"] [data-presence="on_call"]`)
      .waitFor();
    await call.send("ended", { reason: "completed" });
    await reaches(page, "talking", before.talking);
    expect(await page.getByTestId("data-age").getAttribute("data-stale")).toBe("false");
  });

  it("draws the minutes and explains every figure", async () => {
    const { page } = supervisor;
    await page.locator(".recharts-surface").first().waitFor();
    const figure = page.getByRole("button", { name: /^How “/ }).first();
    await figure.hover();
    await page.getByText(/\(version .+\)/).waitFor();
  });

  it("lets ages tick by itself", async () => {
    const { page } = supervisor;
    const age = page.locator("[data-agent] time").first();
    const first = await age.textContent();
    await page.waitForFunction(
      (old) => document.querySelector("[data-agent] time")?.textContent !== old,
      first,
    );
  });
});
