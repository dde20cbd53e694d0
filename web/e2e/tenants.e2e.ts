/** Accounts of the server as its platform admin runs them, and what of it they and owners watch. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, open, type Person, sideways, signedIn } from "./support/browser.ts";
import { type RunningServer, startServer } from "./support/server.ts";

const demo = inject("demo");
const url = inject("serverUrl");
let browser: Browser;
let admin: Person;
/** One of its own: an account is suspended here, and nobody else's tests shall notice. */
let own: RunningServer;

const root = (of: RunningServer) =>
  (of.demo as unknown as { platform_admin: { email: string; password: string } }).platform_admin;

async function enter(page: Page, who: { email: string; password: string }): Promise<void> {
  await page.goto("/");
  await page.getByLabel("E-mail").fill(who.email);
  await page.getByLabel("Password").fill(who.password);
  await page.getByRole("button", { name: "Sign in" }).click();
}

beforeAll(async () => {
  browser = await launchBrowser();
  own = await startServer();
  admin = await open(browser, own.url);
  await enter(admin.page, root(own));
  await admin.page.waitForURL("**/numbers");
}, 120_000);
afterAll(async () => {
  await browser?.close();
  await own?.dispose();
});

const row = (name: string) => admin.page.locator("tbody tr[data-row]").filter({ hasText: name });
const go = (name: string) =>
  admin.page.getByRole("navigation", { name: "Main" }).getByRole("link", { name }).click();

describe("accounts", () => {
  it("are listed with what they have, and a new one invites its owner", async () => {
    const { page } = admin;
    await go("Accounts");
    await row("demo").getByText("Active").waitFor();
    expect(await axe(page), "accounts").toEqual([]);
    await page.getByRole("button", { name: "New account" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel(/^Name/).fill("Acme");
    await dialog.getByLabel("Country").fill("d");
    await dialog.getByLabel("Owner's e-mail").fill("grace@acme.example");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("Two letters, such as FR.").waitFor();
    await dialog.getByLabel("Country").fill("de");
    await dialog.getByLabel("Short name").fill("demo");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("Another account has this short name.").waitFor();
    expect(await axe(page), "new account").toEqual([]);
    await dialog.getByLabel("Short name").fill("");
    await dialog.getByRole("button", { name: "Create" }).click();
    const link = await page.getByTestId("invitation-link").locator("code").textContent();
    expect(link).toContain("/invitation#");
    await page.getByRole("button", { name: "I have copied it" }).click();
    await row("Acme").getByText("Active").waitFor();
    // The owner comes in by the link.
    const grace = await open(browser, own.url);
    await grace.page.goto(link ?? "");
    await grace.page.getByText("Acme").first().waitFor();
    await grace.context.close();
  });

  it("are found, renamed, suspended after asking, and resumed", async () => {
    const { page } = admin;
    const olivia = await signedIn(browser, own.url, own.demo, "owner@demo.example");
    await page.getByLabel("Search").fill("dem");
    await row("Acme").waitFor({ state: "detached" });
    await row("demo").getByText("demo").first().click();
    const panel = page.getByTestId("tenant");
    await panel.getByRole("button", { name: "Edit" }).click();
    const form = page.getByRole("dialog").last();
    await form.getByLabel("Name").fill("Demo Ltd");
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Demo Ltd was saved.").waitFor();
    await panel.getByRole("button", { name: "Suspend" }).click();
    const ask = page.getByRole("dialog", { name: "Suspend Demo Ltd?" });
    await ask.getByText("Everything it has is kept.").waitFor();
    expect(await axe(page), "suspending").toEqual([]);
    await ask.getByLabel("Reason").fill("not paid");
    await ask.getByRole("button", { name: "Suspend" }).click();
    await panel.getByText("Suspended", { exact: true }).waitFor();
    await panel.getByText("not paid").waitFor();
    // Whoever was in is out, and is told why when they come back.
    await olivia.page.waitForURL("**/sign-in*");
    const owner = own.demo.users["owner@demo.example"];
    await olivia.page.getByLabel("E-mail").fill("owner@demo.example");
    await olivia.page.getByLabel("Password").fill(owner?.password ?? "");
    await olivia.page.getByRole("button", { name: "Sign in" }).click();
    await olivia.page.getByText("Whoever runs this server has suspended it.").waitFor();
    await panel.getByRole("button", { name: "Resume" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Resume" }).click();
    await panel.getByText("Active", { exact: true }).waitFor();
    await olivia.page.getByRole("button", { name: "Sign in" }).click();
    await olivia.page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));
    await olivia.context.close();
    for (const width of [360, 768, 1920]) {
      await page.setViewportSize({ width, height: 800 });
      expect(await sideways(page), `${width}`).toBe(0);
      expect(await axe(page), `${width}`).toEqual([]);
    }
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it("lead to their lines, which say whose they are", async () => {
    const { page } = admin;
    await page.getByTestId("tenant").getByRole("button", { name: "Its numbers" }).click();
    await page.waitForURL("**/numbers?*tenant=*");
    const lines = page.locator("tbody tr[data-row]");
    await lines.first().waitFor();
    expect(await lines.count()).toBe(await lines.filter({ hasText: "Demo Ltd" }).count());
  });

  it("are not for people of an account", async () => {
    const olivia = await signedIn(browser, url, demo, "owner@demo.example", { path: "/tenants" });
    await olivia.page.getByText("Your role does not include this screen.").waitFor();
    const nav = olivia.page.getByRole("navigation", { name: "Main" });
    expect(await nav.getByRole("link", { name: "Accounts" }).count()).toBe(0);
    await olivia.context.close();
  });
});

describe("what is watched", () => {
  it("the platform admin reads what was done about accounts", async () => {
    const { page } = admin;
    await go("Audit log");
    await page.locator('[data-action="tenant.suspended"]').first().waitFor();
    await page.getByRole("columnheader", { name: "Account" }).waitFor();
    expect(await axe(page), "audit above").toEqual([]);
  });

  it("failures under names nobody has are in the journal, and many of them an alert", async () => {
    const { page } = admin;
    // Twice as many as make an alert, in case the clock strikes between them.
    for (let n = 0; n < 20; n += 1) {
      await fetch(`${own.url}/api/v1/auth/login`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ email: `nobody${n}@nowhere.example`, password: "wrong wrong wrong" }),
      });
    }
    await go("Security");
    await page.locator('[data-alert="many_failures"]').first().waitFor();
    expect(await axe(page), "alerts").toEqual([]);
    await page.getByRole("tab", { name: "Sign-ins" }).click();
    await page.getByLabel("Outcome").selectOption({ label: "Failed" });
    await page.locator('[data-event="session.refused"]').first().waitFor();
    await page.locator('[data-event="session.started"]').first().waitFor({ state: "detached" });
    expect(await axe(page), "sign-ins").toEqual([]);
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await sideways(page)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 800 });
  });

  it("the server says how it is to its platform admin, and to an owner who signed in", async () => {
    const { page } = admin;
    await go("System");
    const screen = page.getByTestId("system-health");
    await screen.getByText("Database", { exact: true }).first().waitFor();
    await screen.getByText(/PostgreSQL \d/).waitFor();
    await page.locator('[data-status="ok"]').first().waitFor();
    expect(await axe(page), "system").toEqual([]);
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await sideways(page)).toBe(0);
    // What was refused above was to be refused.
    expect(admin.errors.filter((line) => !line.startsWith("Failed to load resource"))).toEqual([]);
    const owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/system", dark: true });
    await owner.page.getByText("Not permitted").waitFor();
    await owner.page.goto("/security");
    await owner.page.getByRole("tab", { name: "Sign-ins" }).click();
    await owner.page.locator('[data-event="session.started"]').first().waitFor();
    expect(await axe(owner.page), "sign-ins, dark").toEqual([]);
    await owner.context.close();
  });
});
