/** Performance: what supervisors see of their agents, and what agents see of themselves. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, type Person, sideways, signedIn } from "./support/browser.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const line = demo.numbers[2] ?? "";
const EMAIL = "agent4@demo.example";
const agent = demo.users[EMAIL];
let browser: Browser;
let supervisor: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  supervisor = await signedIn(browser, url, demo, "supervisor@demo.example");
});
afterAll(() => browser?.close());

interface Figures {
  offered: number;
  answered: number;
  missed: number;
  talk_seconds: number;
}

async function figures(): Promise<Figures> {
  const answer = await fetch(`${url}/api/v1/agents/${agent?.id}/performance`, {
    headers: { authorization: `Bearer ${demo.users["supervisor@demo.example"]?.token}` },
  });
  expect(answer.status).toBe(200);
  return (await answer.json()) as Figures;
}

const at = (msAgo: number) => new Date(Date.now() - msAgo).toISOString();

describe("performance", () => {
  it("counts a call that was answered and one that was not", async () => {
    const before = await figures();
    const one = new TestCall(demo, freshNumber(), line, { agent: { email: EMAIL } });
    await one.send("ringing", { at: at(90_000) });
    await one.send("answered", { at: at(80_000) });
    await one.send("ended", { at: at(20_000), reason: "completed" });
    const two = new TestCall(demo, freshNumber(), line, { agent: { email: EMAIL } });
    await two.send("ringing", { at: at(10_000) });
    await two.send("ended", { at: at(1_000), reason: "missed" });
    const after = await figures();
    expect(after.offered - before.offered).toBe(2);
    expect(after.answered - before.answered).toBe(1);
    expect(after.missed - before.missed).toBe(1);
    expect(Math.abs(after.talk_seconds - before.talk_seconds - 60)).toBeLessThanOrEqual(1);

    const { page } = supervisor;
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await page.keyboard.press("g");
    await page.keyboard.press("v");
    await page.waitForURL("**/performance");
    const row = page.locator(`tr[data-row="${agent?.id}"]`);
    await row.waitFor();
    // Cells begin with their heading, which narrow screens show.
    const shown = await row
      .locator("td")
      .evaluateAll((cells) => cells.slice(1, 4).map((cell) => Number(cell.textContent?.replace(/\D/g, ""))));
    expect(shown).toEqual([after.offered, after.answered, after.missed]);
  });

  it("is ordered by any figure, and keeps order and period in the address", async () => {
    const { page } = supervisor;
    await page.getByRole("button", { name: "Agent", exact: true }).click();
    await page.waitForURL("**/performance?*sort=name*");
    const names = await page.locator("tbody tr[data-row] td:first-child").allTextContents();
    expect(names.length).toBeGreaterThan(3);
    expect(names).toEqual([...names].sort((a, b) => a.localeCompare(b)));
    await page.getByLabel("Period").selectOption("Last 90 days");
    await page.waitForURL("**/performance?*period=quarter*");
    await page.getByLabel("Period").selectOption("From day to day");
    await page.getByText("Choose the first and the last day").waitFor();
    await page.getByLabel("First day").fill("2020-01-02");
    await page.getByLabel("Last day").fill("2020-01-03");
    // Long ago nothing was; those who take calls are there all the same, with nothing to average.
    const row = page.locator(`tr[data-row="${agent?.id}"]`);
    await row.waitFor();
    await expect.poll(() => row.textContent()).toContain("–");
    await page.reload();
    await row.waitFor();
    expect(await page.getByLabel("First day").inputValue()).toBe("2020-01-02");
  });

  it("opens one agent with the days, by keyboard", async () => {
    const { page } = supervisor;
    await page.goto("/performance");
    const row = page.locator(`tr[data-row="${agent?.id}"]`);
    await row.focus();
    await page.keyboard.press("Enter");
    await page.waitForURL("**/people?*tab=performance*");
    const dialog = page.getByRole("dialog");
    await dialog.getByTestId("card-offered").waitFor();
    const now = await figures();
    expect(await dialog.getByTestId("card-offered").textContent()).toBe(String(now.offered));
    await dialog.locator(".recharts-surface").first().waitFor();
    await dialog.getByText(/within 8 days/).waitFor();
  });

  it.each([
    ["light", false],
    ["dark", true],
  ])("has nothing that axe finds wrong, and fits, in the %s theme", async (_, dark) => {
    const { page, context } = await signedIn(browser, url, demo, "supervisor@demo.example", {
      dark,
      path: "/performance",
    });
    await page.locator("tbody tr[data-row]").first().waitFor();
    for (const width of [360, 768, 1280, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await sideways(page), `at ${width} px`).toBe(0);
    }
    expect(await axe(page)).toEqual([]);
    await page.goto(`/people?id=${agent?.id}&tab=performance`);
    await page.getByRole("dialog").locator(".recharts-surface").first().waitFor();
    expect(await axe(page), "one agent").toEqual([]);
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await sideways(page), "one agent at 360 px").toBe(0);
    await context.close();
  });

  it("is for those who lead; agents see their own", async () => {
    const { page, context } = await signedIn(browser, url, demo, EMAIL, { path: "/performance" });
    await page.getByText("Not permitted").waitFor();
    await page.goto(`/people?id=${agent?.id}&tab=performance`);
    await page.getByRole("dialog").getByTestId("card-offered").waitFor();
    await page.goto(`/people?id=${demo.users["agent1@demo.example"]?.id}&tab=performance`);
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("tab", { name: "Details" }).waitFor();
    expect(await dialog.getByRole("tab", { name: "Performance" }).count()).toBe(0);
    await context.close();
  });
});
