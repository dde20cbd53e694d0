/** What admins set up: roles, teams, identity providers; and the audit log of it. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { launchBrowser, type Person, signedIn } from "../support/browser.ts";
import { client, HIGH, row, take } from "../support/pictures.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const { post, put } = client(url, demo.users["owner@demo.example"]?.token);
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/roles" });
});
afterAll(() => browser?.close());

describe("an account's own", () => {
  it("roles", async () => {
    const { page } = owner;
    await page.getByRole("table").getByText("Agent", { exact: true }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Make one like it" }).click();
    const panel = page.getByRole("dialog", { name: "New role" });
    await panel.getByLabel("Name").fill("Night shift");
    await panel.getByLabel("Description").fill("From ten to six");
    await take(page, "roles", { height: HIGH });
    await panel.getByRole("button", { name: "Create" }).click();
    const made = page.getByRole("dialog", { name: "Night shift" });
    await made.getByLabel("Description").fill("From ten to six, on Sundays too");
    await made.getByRole("button", { name: "Save" }).click();
    await page.getByText("Night shift was saved.").waitFor();
  });

  it("teams", async () => {
    const { page } = owner;
    const agents = ["agent1@demo.example", "agent2@demo.example", "agent3@demo.example"].map(
      (email) => demo.users[email]?.id ?? "",
    );
    for (const [name, description, members] of [
      ["Support", "First line, every day from eight to eight", agents],
      ["Back office", "Contracts and invoices", agents.slice(1)],
    ] as const) {
      const team = await post("teams", { name, description });
      for (const [at, id] of members.entries())
        await put(`teams/${team.id}/members/${id}`, { is_lead: at === 0 });
    }
    await page.goto("/teams");
    await row(page, "Support").click();
    await page.getByTestId("team-members").getByText("Anna Agent").waitFor();
    await take(page, "teams");
  });

  it("identity providers", async () => {
    const { page } = owner;
    const made = await post("identity-providers", {
      name: "Company sign-in",
      issuer: "https://id.company.example/realms/main",
      client_id: "switchroom",
      client_secret: "not shown",
      joins_as: "agent",
    });
    await page.goto(`/identity-providers?id=${made.id}`);
    await page.getByRole("dialog").getByText("Kept, never shown").waitFor();
    await take(page, "identity-providers");
  });

  it("audit log, an entry of it, and its export", async () => {
    const { page } = owner;
    await page.goto("/audit");
    await row(page, "team created").first().waitFor();
    await take(page, "audit", { shown: 591 });
    await page.goto("/audit?action=role.*");
    await page.locator('tr:has([data-action="role.changed"])').first().getByText("Olivia Owner").click();
    await page.getByTestId("audit-changes").waitFor();
    await take(page, "audit-entry");
    const waiting = page.waitForEvent("download");
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: "Export CSV" }).click();
    await waiting;
  });
});

describe("every screen", () => {
  it("is there in the dark", async () => {
    const dark = await signedIn(browser, url, demo, "owner@demo.example", { path: "/people", dark: true });
    await row(dark.page, "Anna Agent").waitFor();
    await take(dark.page, "dark");
    await dark.context.close();
  });

  it("is there on a phone", async () => {
    const phone = await signedIn(browser, url, demo, "owner@demo.example", {
      path: "/directory/individuals",
      viewport: { width: 390, height: 780 },
    });
    await phone.page.locator("tbody tr[data-row]").first().waitFor();
    await take(phone.page, "narrow", { width: 390, height: HIGH });
    await phone.page.goto("/audit");
    await phone.page.locator("tbody tr[data-row]").first().waitFor();
    await phone.page.emulateMedia({ colorScheme: "dark" });
    await take(phone.page, "narrow-dark", { width: 390, height: HIGH });
    await phone.context.close();
  });
});
