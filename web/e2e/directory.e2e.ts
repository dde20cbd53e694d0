import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser, type Person, signedIn } from "./support/browser.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/directory/individuals" });
});
afterAll(() => browser?.close());

describe("directory", () => {
  const number = freshNumber();
  const name = `Élodie Test ${number.slice(-5)}`;

  it("creates an individual, finds it by name and by any form of its number", async () => {
    const { page } = owner;
    await page.getByRole("button", { name: "New individual" }).click();
    const form = page.getByTestId("entry-form");
    await form.getByLabel("Full name").fill(name);
    await form.getByLabel("Number 1", { exact: true }).fill("12");
    await form.getByRole("button", { name: "Create" }).click();
    await form.getByRole("alert").first().waitFor();
    // National form: the server knows the region.
    await form.getByLabel("Number 1", { exact: true }).fill(number.replace("+33", "0"));
    await form.getByRole("button", { name: "Create" }).click();
    const panel = page.getByRole("dialog", { name });
    await panel.waitFor();
    expect((await panel.textContent())?.replaceAll(" ", "")).toContain(number);
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });

    await page.getByLabel("Search", { exact: true }).fill(name.slice(0, 12));
    await page.getByRole("table").getByText(name).waitFor();
    await page.getByLabel("Search", { exact: true }).fill("");
    await page.getByLabel("Phone number", { exact: true }).fill(number.replace("+33", "0033 "));
    await page.getByRole("table").getByText(name).waitFor();
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 1);
  });

  it("pops with that person at once", async () => {
    const agent = await signedIn(browser, url, demo, "agent3@demo.example");
    const call = new TestCall(demo, number, demo.numbers[2] ?? "", { agent: { extension: "203" } });
    await call.send("ringing");
    await agent.page.locator('[data-testid="caller-name"]', { hasText: name }).waitFor();
    await call.send("ended", { reason: "missed" });
    await agent.context.close();
  });

  it("edits under the version it has seen, and deletes after asking", async () => {
    const { page } = owner;
    await page.locator("tbody tr[data-row]").first().click();
    const panel = page.getByRole("dialog");
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("E-mail").fill("elodie@test.example");
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByRole("link", { name: "elodie@test.example" }).waitFor();
    await panel.getByRole("button", { name: "Delete" }).click();
    const confirm = page.getByRole("alertdialog");
    await confirm.getByRole("button", { name: "Delete" }).click();
    await page.getByText(`${name} was deleted.`).waitFor();
    await page.getByText("Nothing matches").waitFor();
  });

  it("creates an organization with a contact", async () => {
    const { page } = owner;
    await page.getByRole("tab", { name: "Organizations" }).click();
    await page.waitForURL("**/directory/organizations**");
    await page.goto("/directory/organizations");
    await page.getByRole("button", { name: "New organization" }).click();
    const form = page.getByTestId("entry-form");
    const organization = `Maison ${number.slice(-5)}`;
    await form.getByLabel("Name").fill(organization);
    await form.getByLabel("Number 1", { exact: true }).fill(freshNumber());
    await form.getByRole("button", { name: "Create" }).click();
    const panel = page.getByRole("dialog", { name: organization });
    await panel.getByRole("button", { name: "Add contact" }).click();
    await panel.getByLabel("Full name").fill("Paul Contact");
    await panel.getByLabel("Number 1", { exact: true }).fill(freshNumber());
    await panel.getByRole("button", { name: "Create" }).click();
    await panel.getByRole("listitem").getByText("Paul Contact").waitFor();
  });
});

describe("lines and connections", () => {
  it("takes a number, connects, disconnects and gives it back", async () => {
    const { page } = owner;
    await page.goto("/numbers?status=available");
    const first = page.getByRole("button", { name: /^Take / }).first();
    const spoken = ((await first.getAttribute("aria-label")) ?? "").replace(
      /^Take (.*) for this account$/,
      "$1",
    );
    await first.click();
    await page.goto("/numbers?status=assigned");
    await page.getByRole("button", { name: `Connect ${spoken} to an agent` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Agent").selectOption({ index: 1 });
    await dialog.getByRole("button", { name: "Connect" }).click();
    await page.getByRole("button", { name: `Disconnect ${spoken}` }).click();
    await page.getByRole("button", { name: `Give back ${spoken}` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Give back" }).click();
    await page.getByText(`${spoken} was given back.`).waitFor();
    await page.getByRole("button", { name: `Give back ${spoken}` }).waitFor({ state: "detached" });
  });

  it("shows a new connection's address and secret exactly once", async () => {
    const { page } = owner;
    await page.goto("/connections");
    await page.getByRole("button", { name: "New connection" }).click();
    await page.getByRole("dialog").getByLabel("Name").fill("Workshop PBX");
    await page.getByRole("dialog").getByRole("button", { name: "Create" }).click();
    const made = page.getByTestId("connection-secret");
    await made.waitFor();
    expect(await made.textContent()).toMatch(/\/hooks\/\S+/);
    expect(await made.textContent()).toMatch(/whsec_/);
    await made.getByRole("button", { name: "I have noted both" }).click();
    await page.getByRole("table").getByText("Workshop PBX").waitFor();
    expect(await page.locator("body").textContent()).not.toMatch(/whsec_/);
  });
});

describe("calls and tickets", () => {
  it("lists a call, filters it, shows its log, and moves a ticket along the table", async () => {
    const { page } = owner;
    const from = freshNumber();
    const call = new TestCall(demo, from, demo.numbers[2] ?? "", { agent: { extension: "203" } });
    await call.send("ringing");
    await call.send("ended", { reason: "missed" });
    await page.goto(`/calls?state=ended&from=${encodeURIComponent(from)}`);
    const row = page.locator("tbody tr[data-row]");
    await row.first().waitFor();
    expect(await row.count()).toBe(1);
    await row.first().click();
    await page.locator('[data-testid="timeline"] [data-event="ringing"]').waitFor();
    await page.locator('[data-testid="timeline"] [data-event="ended"]').waitFor();

    const agent = await signedIn(browser, url, demo, "agent3@demo.example");
    const second = new TestCall(demo, from, demo.numbers[2] ?? "", { agent: { extension: "203" } });
    await second.send("ringing");
    await agent.page.getByLabel("Title").fill("To be moved");
    await agent.page.getByRole("button", { name: "File ticket" }).click();
    await agent.page.getByTestId("filed-ticket").getByRole("link").click();
    await agent.page.locator('[data-ticket-status="open"]').first().waitFor();
    const moves = agent.page.getByTestId("ticket-moves");
    await moves.getByRole("button", { name: "Start work" }).click();
    await agent.page.locator('[data-ticket-status="in_progress"]').first().waitFor();
    await moves.getByRole("button", { name: "Resolve" }).click();
    await agent.page.locator('[data-ticket-status="resolved"]').first().waitFor();
    expect(await moves.getByRole("button").count()).toBe(2);
    await second.send("ended", { reason: "missed" });
    await agent.context.close();
  });
});
