import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser, online, type Person, signedIn } from "./support/browser.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const line = demo.numbers[2] ?? "";
let browser: Browser;
const people: Person[] = [];

async function agent(n: 1 | 2 | 3 | 4 | 5): Promise<Page> {
  const person = await signedIn(browser, url, demo, `agent${n}@demo.example`);
  people.push(person);
  return person.page;
}
const to = (n: number) => ({ agent: { extension: `20${n}` } });

beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(async () => {
  for (const { context } of people) await context.close();
  await browser?.close();
});

const pop = (page: Page) => page.getByTestId("pop");
const state = (page: Page) => page.getByTestId("pop-status");

describe("a call rings", () => {
  it("pops on the named agent, follows the call, and is filed as a ticket that the next call knows", async () => {
    const page = await agent(1);
    const caller = freshNumber();
    const call = new TestCall(demo, caller, line, to(1));
    await call.send("ringing");

    await pop(page).waitFor();
    expect(await page.getByTestId("caller-name").textContent()).toBe("Unknown caller");
    expect((await page.getByTestId("caller-card").textContent())?.replaceAll(" ", "")).toContain(caller);
    expect(await state(page).getAttribute("data-state")).toBe("ringing");
    await page.waitForFunction(() => document.title.startsWith("(1) "));

    await call.send("answered");
    await page.locator('[data-testid="pop-status"][data-state="answered"]').waitFor();
    await page.waitForFunction(() => !document.title.startsWith("("));
    await page.locator('[data-testid="timeline"] [data-event="answered"]').waitFor();

    await page.getByLabel("Customer name").fill("Zoé Nouvelle");
    await page.getByLabel("E-mail").fill("zoe@nouvelle.example");
    await page.getByLabel("Title").fill("Cannot open the gate");
    await page.getByLabel("Description").fill("The code is refused since this morning.");
    await page.getByRole("button", { name: "File ticket" }).click();
    const filed = page.getByTestId("filed-ticket");
    await filed.waitFor();
    expect(await filed.textContent()).toMatch(/Ticket #\d{4,} filed/);
    expect(await filed.textContent()).toContain("added to the directory");

    await call.send("ended", { reason: "completed" });
    await page.locator('[data-testid="pop-status"][data-state="ended"]').waitFor();
    expect(await state(page).textContent()).toContain("completed");

    const again = new TestCall(demo, caller, line, to(1));
    await again.send("ringing");
    await page.getByText("Zoé Nouvelle", { exact: true }).first().waitFor();
    await page.locator('[data-testid="caller-name"]', { hasText: "Zoé Nouvelle" }).waitFor();
    expect(await page.getByLabel("Customer name").inputValue()).toBe("Zoé Nouvelle");
    await page.getByTestId("open-tickets").getByText("Cannot open the gate").waitFor();
    await again.send("ended", { reason: "missed" });

    await filed.waitFor({ state: "detached" });
    await page.getByTestId("open-tickets").getByRole("link").first().click();
    await page.getByRole("heading", { level: 1, name: /Cannot open the gate/ }).waitFor();
    await page.getByText("The code is refused since this morning.").waitFor();
  });

  it("keeps what was typed for one call while another pops", async () => {
    const page = await agent(2);
    const first = new TestCall(demo, freshNumber(), line, to(2));
    await first.send("ringing");
    await page.getByLabel("Title").fill("Half a sentence");
    const second = new TestCall(demo, freshNumber(), line, to(2));
    await second.send("ringing");
    const tabs = page.getByRole("tablist", { name: "Calls" }).getByRole("tab");
    await tabs.nth(1).waitFor();
    // The newest has the screen and an empty form.
    expect(await tabs.nth(0).getAttribute("aria-selected")).toBe("true");
    expect(await page.getByLabel("Title").inputValue()).toBe("");
    await page.waitForFunction(() => document.title.startsWith("(2) "));
    await tabs.nth(1).click();
    expect(await page.getByLabel("Title").inputValue()).toBe("Half a sentence");
    // Also over a reload of the tab: the open pops come back, the words are still there.
    await page.reload();
    await online(page);
    await tabs.nth(1).waitFor();
    const titles: string[] = [];
    for (const index of [0, 1]) {
      await tabs.nth(index).click();
      titles.push(await page.getByLabel("Title").inputValue());
    }
    expect(titles.toSorted()).toEqual(["", "Half a sentence"]);
    await first.send("ended", { reason: "missed" });
    await second.send("ended", { reason: "missed" });
  });

  it("is withdrawn from the others when one agent answers", async () => {
    const [third, fourth] = [await agent(3), await agent(4)];
    const call = new TestCall(demo, freshNumber(), line);
    await call.send("ringing", { agent: { extension: "203" } });
    await pop(third).waitFor();
    await call.send("ringing", { agent: { extension: "204" }, at: new Date(Date.now() + 1).toISOString() });
    await pop(fourth).waitFor();
    await call.send("answered", { agent: { extension: "204" } });
    await third.locator('[data-testid="pop-status"][data-withdrawn="true"]').waitFor();
    await fourth.locator('[data-testid="pop-status"][data-state="answered"]').waitFor();
    await third.getByRole("button", { name: "Close", exact: true }).click();
    await third.getByTestId("workspace-idle").waitFor();
    await call.send("ended", { reason: "completed" });
  });

  it("shows in every tab of the agent", async () => {
    const one = await agent(5);
    const two = await people.at(-1)?.context.newPage();
    if (!two) throw new Error("no second tab");
    await two.goto("/workspace");
    await online(two);
    const call = new TestCall(demo, freshNumber(), line, to(5));
    await call.send("ringing");
    await pop(one).waitFor();
    await pop(two).waitFor();
    await call.send("ended", { reason: "missed" });
    for (const tab of [one, two])
      await tab.locator('[data-testid="pop-status"][data-state="ended"]').waitFor();
  });

  it("says so when the number is withheld", async () => {
    const page = await agent(1);
    const call = new TestCall(demo, "anonymous", line, to(1));
    await call.send("ringing");
    await page.locator('[data-testid="caller-name"]', { hasText: "Anonymous caller" }).waitFor();
    await call.send("ended", { reason: "missed" });
  });

  it("points to the workspace while another screen is open", async () => {
    const page = await agent(2);
    await page.goto("/tickets");
    await online(page);
    const call = new TestCall(demo, freshNumber(), line, to(2));
    await call.send("ringing");
    await page.getByTestId("ringing-elsewhere").getByRole("link", { name: "To the workspace" }).click();
    await pop(page).waitFor();
    await call.send("ended", { reason: "missed" });
  });
});

describe("presence", () => {
  it("is chosen by the agent and seen by the supervisor at once", async () => {
    const page = await agent(4);
    const person = await signedIn(browser, url, demo, "supervisor@demo.example", { path: "/wallboard" });
    people.push(person);
    const id = demo.users["agent4@demo.example"]?.id ?? "";
    const row = person.page.locator(`[data-agent="${id}"]`);
    const own = page.locator("[data-own-presence]");
    await own.click();
    await page.getByRole("menuitem", { name: "Lunch" }).click();
    await page.locator('[data-own-presence="break"]').waitFor();
    await row.locator('[data-presence="break"]').waitFor();
    await own.click();
    await page.getByRole("menuitem", { name: "Available" }).click();
    await page.locator('[data-own-presence="available"]').waitFor();
    await row.locator('[data-presence="available"]').waitFor();
  });
});
