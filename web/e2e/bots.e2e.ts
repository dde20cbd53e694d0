/** Bots: made, given a number, kept out of people's way, and handed back. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, online, type Person, sideways, signedIn } from "./support/browser.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const root = (demo as unknown as { platform_admin: { token: string } }).platform_admin;
const admin = demo.users["admin@demo.example"]?.token;
const LINE = "+33199000951";
const SPOKEN = "+33 1 99 00 09 51";
let browser: Browser;
let owner: Person;
let agent: Person;

async function ask(method: string, path: string, token: string | undefined, body: object = {}) {
  const answer = await fetch(`${url}/api/v1/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.status === 204 ? {} : ((await answer.json()) as { id?: string });
}

beforeAll(async () => {
  browser = await launchBrowser();
  const { id } = await ask("POST", "phone-numbers", root.token, { number: LINE, country: "FR" });
  await ask("POST", `phone-numbers/${id}/assign`, admin);
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/bots" });
  agent = await signedIn(browser, url, demo, "agent3@demo.example", { path: "/workspace" });
});
afterAll(() => browser?.close());

const panel = () => owner.page.getByRole("dialog", { name: "Reception at night" });

describe("a bot", () => {
  it("is made, with what is wrong named at its field", async () => {
    const { page } = owner;
    await page.getByText("No bots yet").waitFor();
    await page.getByRole("button", { name: "New bot" }).click();
    const dialog = page.getByRole("dialog", { name: "New bot" });
    await dialog.getByLabel("SIP address").fill("reception");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("This is needed.").waitFor();
    await dialog.getByText("A SIP address, such as").waitFor();
    await dialog.getByLabel("Name").fill("Reception at night");
    await dialog.getByLabel("SIP address").fill("sip:reception@bots.example");
    await dialog.getByLabel("Prompt").fill("Say who we are.\nTake a message.");
    await dialog.getByRole("button", { name: "Create" }).click();
    await page.getByText("Reception at night is ready.").waitFor();
    await panel().getByText("Take a message.").waitFor();
    await panel().getByText("Takes calls").waitFor();
    await panel().getByText("No phone number").waitFor();
    expect(await axe(page), "a bot").toEqual([]);
  });

  it("is saved although somebody else was faster, with what both of them wrote", async () => {
    const { page } = owner;
    await panel().getByRole("button", { name: "Edit" }).click();
    await panel().getByLabel("Description").fill("From eight to eight");
    const id = new URL(page.url()).searchParams.get("id");
    await ask("PATCH", `bots/${id}`, admin, { prompt: "Say who we are." });
    await panel().getByRole("button", { name: "Save" }).click();
    await panel().getByText("Somebody else has changed this record.").waitFor();
    expect(await panel().getByLabel("Prompt").inputValue()).toBe("Say who we are.");
    await panel().getByRole("button", { name: "Save" }).click();
    await page.getByText("Reception at night was saved.").waitFor();
    await panel().getByText("From eight to eight").waitFor();
  });

  it("gets a number where numbers are connected", async () => {
    const { page } = owner;
    await page.goto("/numbers");
    await page.getByLabel("Search", { exact: true }).fill(LINE.slice(-6));
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 1);
    await page.getByRole("button", { name: `Connect ${SPOKEN} to an agent or a bot` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.locator('optgroup[label="Bots"] option').waitFor({ state: "attached" });
    expect(await axe(page), "whom to connect").toEqual([]);
    await dialog.getByLabel("Agent or bot").selectOption({ label: "Reception at night" });
    await dialog.getByRole("button", { name: "Connect" }).click();
    await page.getByText(`${SPOKEN} is connected.`).waitFor();
    const row = page.locator("tbody tr[data-row]").first();
    await row.getByText("Reception at night").waitFor();
    await page.getByText("1 to a bot").waitFor();
    await row.getByText("Connected", { exact: true }).click();
    await page.getByTestId("line-connections").getByText("Bot: Reception at night").waitFor();
    expect(await axe(page), "a bot's number").toEqual([]);

    await page.goto("/bots");
    await page.locator("tbody tr[data-row]").getByText("Reception at night").click();
    await panel().getByTestId("endpoint-line").getByRole("link", { name: SPOKEN }).waitFor();
    for (const width of [360, 768, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await sideways(page), `at ${width} px`).toBe(0);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it("takes its calls alone, until it hands one over", async () => {
    const { page } = agent;
    await ask(
      "POST",
      `agents/${demo.users["agent3@demo.example"]?.id}/presence`,
      demo.users["agent3@demo.example"]?.token,
      {
        state: "available",
      },
    );
    await online(page);
    const pop = page.getByTestId("pop-status");
    const [kept, handed] = [0, 1].map(() => new TestCall(demo, freshNumber(), LINE));
    await kept?.send("ringing");
    await kept?.send("ended", { reason: "completed" });
    await handed?.send("ringing");
    await handed?.send("answered");
    await handed?.send("ringing", {
      at: new Date(Date.now() + 1000).toISOString(),
      agent: { extension: "203" },
    });
    // Only the one that names them has come when this one is there.
    await pop.waitFor();
    expect(await page.getByRole("tab").filter({ hasText: "+33" }).count()).toBeLessThanOrEqual(1);
    await handed?.send("ended", { at: new Date(Date.now() + 2000).toISOString() });
    await ask(
      "POST",
      `agents/${demo.users["agent3@demo.example"]?.id}/presence`,
      demo.users["agent3@demo.example"]?.token,
      {
        state: "offline",
      },
    );

    await panel().getByRole("link", { name: "Calls to this bot" }).click();
    await owner.page.getByText("Of one bot").waitFor();
    await owner.page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 2);
    await owner.page.locator("tbody tr[data-row]").first().click();
    await owner.page.getByTestId("line-then").getByText("Rang the bot Reception at night").waitFor();
    expect(await axe(owner.page), "a bot's call").toEqual([]);
  });

  it("is shown to those who may only look, and to clients not at all", async () => {
    await agent.page.goto("/bots");
    await agent.page.locator("tbody tr[data-row]").getByText("Reception at night").click();
    await agent.page.getByText("Say who we are.").waitFor();
    expect(await agent.page.getByRole("button", { name: "Edit" }).count()).toBe(0);
    expect(await agent.page.getByRole("button", { name: "New bot" }).count()).toBe(0);
    const client = await signedIn(browser, url, demo, "client@demo.example", { path: "/bots" });
    await client.page.getByText("Not permitted").waitFor();
    await client.context.close();
  });

  it("gives its number back when it is switched off, and is deleted", async () => {
    const { page } = owner;
    await page.goto("/bots?q=night");
    await page.locator("tbody tr[data-row]").getByText("Reception at night").click();
    await panel().getByRole("button", { name: "Switch off" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Switch off" }).click();
    await page.getByText("Reception at night is switched off.").waitFor();
    await panel().getByText("A bot that is switched off takes no calls").waitFor();
    await panel().getByRole("button", { name: "Switch on" }).click();
    await page.getByText("Reception at night is switched on.").waitFor();
    await panel().getByRole("button", { name: "Connect a number" }).waitFor();
    await panel().getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Reception at night was deleted.").waitFor();
    await page.getByText("Nothing matches").waitFor();
    await page.goto("/numbers");
    await page.getByLabel("Search", { exact: true }).fill(LINE.slice(-6));
    await page.getByRole("button", { name: `Give back ${SPOKEN}` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Give back" }).click();
    await page.getByText(`${SPOKEN} was given back.`).waitFor();
  });
});
