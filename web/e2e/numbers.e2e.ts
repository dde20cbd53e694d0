/** Lines and connections: taken, connected, given back; opened, changed, shut. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser, type Person, signedIn } from "./support/browser.ts";
import { freshNumber, sendHook } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const admin = demo.users["admin@demo.example"];
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/numbers" });
});
afterAll(() => browser?.close());

const digits = (text: string) => text.replaceAll(" ", "");

describe("lines", () => {
  const card = (name: string) =>
    owner.page.getByTestId(`card-${name}`).filter({ hasText: /\d/ }).textContent();
  let spoken = "";

  it("shows four figures that follow what is done", async () => {
    const { page } = owner;
    const before = { own: Number(await card("own")), pool: Number(await card("pool")) };
    await page.getByRole("button", { name: "Available pool" }).click();
    await page.waitForURL("**/numbers?view=pool");
    expect(Number(await card("connected"))).toBeGreaterThanOrEqual(2);
    expect(await card("cost")).toMatch(/\d/);
    const take = page.getByRole("button", { name: /^Take \+/ }).first();
    spoken = ((await take.getAttribute("aria-label")) ?? "").replace(/^Take (.*) for this account$/, "$1");
    await take.click();
    const ask = page.getByRole("alertdialog", { name: `Take ${spoken}?` });
    await ask.getByRole("button", { name: "Take" }).click();
    await page.getByText(`${spoken} now belongs to this account.`).waitFor();
    await page.waitForFunction(
      ([own, pool]) =>
        document.querySelector('[data-testid="card-own"]')?.textContent === own &&
        document.querySelector('[data-testid="card-pool"]')?.textContent === pool,
      [String(before.own + 1), String(before.pool - 1)],
    );
  });

  it("finds it by digits, connects it to an agent without a line, and shows its history", async () => {
    const { page } = owner;
    await page.getByRole("tab", { name: "My numbers" }).click();
    await page.getByLabel("Search", { exact: true }).fill(digits(spoken).slice(-6));
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 1);
    await page.getByRole("button", { name: `Connect ${spoken} to an agent` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Connect" }).click();
    await dialog.getByText("Choose who gets the calls.").waitFor();
    // Who has a line already cannot be chosen.
    const taken = dialog.locator("option", { hasText: "Anna Agent" });
    await dialog.locator("option[disabled]", { hasText: "Anna Agent" }).waitFor({ state: "attached" });
    expect(await taken.textContent()).toContain("has +33");
    await dialog.getByLabel("Agent").selectOption(demo.users["agent4@demo.example"]?.id ?? "");
    await dialog.getByRole("button", { name: "Connect" }).click();
    await page.getByText(`${spoken} is connected.`).waitFor();
    await page.locator('[data-number-status="connected"]').waitFor();

    await page.locator("tbody tr[data-row]").first().getByText("Connected", { exact: true }).click();
    const panel = page.getByRole("dialog", { name: spoken });
    await panel.getByTestId("line-history").getByText("Still held").waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  });

  it("says why a stale command is refused, disconnects and gives it back after asking", async () => {
    const { page, context } = owner;
    const id = await page.locator("tbody tr[data-row]").first().getAttribute("data-row");
    await page.getByRole("button", { name: `Disconnect ${spoken}` }).click();
    const ask = page.getByRole("alertdialog");
    await ask.getByText("no longer pop on the screen of").waitFor();
    // Somebody else does it meanwhile.
    const elsewhere = await context.request.post(`/api/v1/phone-numbers/${id}/disconnect`, {
      headers: { authorization: `Bearer ${admin?.token}` },
      data: {},
    });
    expect(elsewhere.status()).toBe(200);
    await ask.getByRole("button", { name: "Disconnect" }).click();
    await page.getByText(`${spoken} was not disconnected`).waitFor();
    await page.getByText("The number is not connected any more.").waitFor();

    await page.getByRole("button", { name: `Give back ${spoken}` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Give back" }).click();
    await page.getByText(`${spoken} was given back.`).waitFor();
    await page.getByRole("button", { name: `Give back ${spoken}` }).waitFor({ state: "detached" });
  });

  it("takes several at once and names the one that was refused", async () => {
    const { page, context } = owner;
    await page.goto("/numbers?view=pool");
    const rows = page.locator("tbody tr[data-row]");
    await rows.nth(1).waitFor();
    const ids = await Promise.all([0, 1].map((index) => rows.nth(index).getAttribute("data-row")));
    await rows.nth(0).getByRole("checkbox").check();
    await rows.nth(1).getByRole("checkbox").check();
    await page.getByTestId("bulk").getByRole("button", { name: "Take" }).click();
    const rival = await context.request.post(`/api/v1/phone-numbers/${ids[0]}/assign`, {
      headers: { authorization: `Bearer ${admin?.token}` },
      data: {},
    });
    expect(rival.status()).toBe(200);
    await page.getByRole("alertdialog").getByRole("button", { name: "Take" }).click();
    await page.getByText("1 was refused.").waitFor();
    for (const id of ids) {
      const back = await context.request.post(`/api/v1/phone-numbers/${id}/release`, {
        headers: { authorization: `Bearer ${admin?.token}` },
        data: {},
      });
      expect(back.status()).toBe(200);
    }
  });

  it("offers nothing to those who may only look", async () => {
    const member = await signedIn(browser, url, demo, "agent1@demo.example", { path: "/numbers" });
    await member.page.locator("tbody tr[data-row]").first().waitFor();
    expect(await member.page.getByRole("columnheader", { name: "Actions" }).count()).toBe(0);
    expect(await member.page.getByRole("checkbox").count()).toBe(0);
    await member.page.goto("/connections");
    await member.page.getByText("Not permitted").waitFor();
    await member.context.close();
  });
});

describe("connections", () => {
  it("shows a new connection's address and secret exactly once", async () => {
    const { page } = owner;
    await page.goto("/connections");
    await page.getByRole("button", { name: "New connection" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Provider").selectOption("twilio");
    await dialog.getByLabel("Name").fill("Workshop PBX");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("This is needed.").waitFor();
    expect(await dialog.getByLabel("Auth token").getAttribute("aria-invalid")).toBe("true");
    await dialog.getByLabel("Provider").selectOption("generic");
    await dialog.getByRole("button", { name: "Create" }).click();
    const made = page.getByTestId("connection-secret");
    await made.waitFor();
    expect(await made.textContent()).toMatch(/\/hooks\/\S+/);
    expect(await made.textContent()).toMatch(/whsec_/);
    await made.getByRole("button", { name: "I have noted both" }).click();
    await page.getByRole("table").getByText("Workshop PBX").waitFor();
    expect(await page.locator("body").textContent()).not.toMatch(/whsec_/);
  });

  it("takes another secret in place of the one it has, at once", async () => {
    const { page, context } = owner;
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy: Webhook address of Workshop PBX" }).click();
    const door = { hook_url: await page.evaluate(() => navigator.clipboard.readText()) };
    const secret = `whsec_${Buffer.from("twenty-four octets or so").toString("base64")}`;
    const event = {
      call_id: "after-the-change",
      // Over already: a call that rings on would be seen by the files that come after.
      type: "ended",
      reason: "missed",
      from: freshNumber(),
      to: "+33199000001",
    } as const;
    const says = async (key: string) =>
      (await sendHook({ ...demo, connections: { generic: { id: "", ...door, secret: key } } }, event)).status;
    expect(await says(secret)).toBe(401);
    await page.getByRole("table").getByText("Workshop PBX").click();
    const panel = page.getByRole("dialog", { name: "Workshop PBX" });
    await panel.getByRole("button", { name: "Edit" }).click();
    // It is never shown, and an empty field keeps it.
    expect(await panel.getByLabel("Secret").inputValue()).toBe("");
    await panel.getByLabel("Secret").fill(secret);
    await panel.getByRole("button", { name: "Save" }).click();
    await page.getByText("Workshop PBX was saved.").waitFor();
    expect(await page.locator("body").textContent()).not.toContain(secret);
    await expect.poll(() => says(secret)).toBeLessThan(300);
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  });

  it("copies the address, changes the name, and shuts the door after asking", async () => {
    const { page, context } = owner;
    await context.grantPermissions(["clipboard-read", "clipboard-write"]);
    await page.getByRole("button", { name: "Copy: Webhook address of Workshop PBX" }).click();
    const copied = await page.evaluate(() => navigator.clipboard.readText());
    expect(copied).toMatch(/^http.*\/hooks\/\S{20,}$/);
    // The whole address is a key: the list shows only its beginning.
    expect(await page.locator("body").textContent()).not.toContain(copied);

    await page.getByRole("table").getByText("Workshop PBX").click();
    const panel = page.getByRole("dialog", { name: "Workshop PBX" });
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Default region").fill("ZZ");
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByText("is no ISO 3166-1 alpha-2 country code").waitFor();
    await panel.getByLabel("Default region").fill("de");
    await panel.getByLabel("Name").fill("Werkstatt");
    await panel.getByRole("button", { name: "Save" }).click();
    const renamed = page.getByRole("dialog", { name: "Werkstatt" });
    await renamed.getByText("DE", { exact: true }).waitFor();
    await renamed.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Werkstatt was deleted.").waitFor();
    const shut = await context.request.post(copied, { data: {} });
    expect(shut.status()).toBe(404);
  });
});
