/** What admins set up: roles, teams, how clients come in; and the audit log of it all. */
import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, open, type Person, sideways, signedIn } from "./support/browser.ts";

const url = inject("serverUrl");
const demo = inject("demo");
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/roles" });
});
afterAll(() => browser?.close());

async function small(): Promise<void> {
  const { page } = owner;
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await sideways(page), page.url()).toBe(0);
  await page.setViewportSize({ width: 1280, height: 800 });
}

describe("roles", () => {
  it("shows the built-in ones, which nobody changes", async () => {
    const { page } = owner;
    await page.getByRole("table").getByText("Supervisor").click();
    const panel = page.getByRole("dialog", { name: "Supervisor" });
    await panel.getByText("A built-in role is the same everywhere").waitFor();
    expect(await panel.getByRole("button", { name: "Delete" }).count()).toBe(0);
    expect(await panel.getByLabel("Wallboard: read").isChecked()).toBe(true);
    expect(await axe(page), "a built-in role").toEqual([]);
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  });

  it("makes one like another, with fewer permissions, and gives it to somebody", async () => {
    const { page } = owner;
    await page.getByRole("table").getByText("Agent", { exact: true }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Make one like it" }).click();
    const panel = page.getByRole("dialog", { name: "New role" });
    await panel.getByRole("button", { name: "Create" }).click();
    await panel.getByText("This is needed.").waitFor();
    await panel.getByLabel("Name").fill("Night shift");
    expect(await panel.getByLabel("Tickets: read").isChecked()).toBe(true);
    await panel.getByRole("button", { name: "All of Tickets" }).click();
    await panel.getByRole("button", { name: "None of Tickets" }).click();
    expect(await panel.getByLabel("Tickets: read").isChecked()).toBe(false);
    // Reading comes with it.
    await panel.getByLabel("Tickets: reply").check();
    expect(await panel.getByLabel("Tickets: read").isChecked()).toBe(true);
    expect(await axe(page), "a role's form").toEqual([]);
    await small();
    await panel.getByRole("button", { name: "Create" }).click();
    await page.getByText("Night shift is ready.").waitFor();
    await page.getByRole("dialog", { name: "Night shift" }).waitFor();
    await page.keyboard.press("Escape");

    await page.goto("/people?q=agent5");
    await page.locator("tbody tr[data-row]").first().click();
    const member = page.getByRole("dialog", { name: "Eva Engel" });
    await member.getByRole("button", { name: "Edit" }).click();
    await member.getByLabel("Role").selectOption({ label: "Night shift" });
    await member.getByRole("button", { name: "Save" }).click();
    await page.getByText("Eva Engel was saved.").waitFor();
    await member.getByText("Night shift").waitFor();
    await page.keyboard.press("Escape");
    await page.getByRole("table").getByText("Night shift").waitFor();
  });

  it("is felt at once, cannot be deleted while somebody has it, and the name is taken", async () => {
    const { page } = owner;
    const eva = await signedIn(browser, url, demo, "agent5@demo.example");
    const nav = eva.page.getByRole("navigation", { name: "Main" });
    await nav.getByRole("link", { name: "Tickets" }).waitFor();
    await eva.context.close();
    await page.goto("/roles");
    await page.getByRole("button", { name: "New role" }).click();
    const panel = page.getByRole("dialog");
    await panel.getByLabel("Name").fill("night SHIFT");
    await panel.getByLabel("Calls: read").check();
    await panel.getByRole("button", { name: "Create" }).click();
    await panel.getByText("There is a role of this name.").waitFor();
    await page.goto("/roles");
    await page.getByRole("table").getByText("Night shift").click();
    await panel.getByRole("button", { name: "Delete" }).click();
    const ask = page.getByRole("alertdialog");
    await ask.getByRole("button", { name: "Delete" }).click();
    await ask.getByText("Somebody has this role").waitFor();
    await ask.getByRole("button", { name: "Cancel" }).click();
    await panel.getByLabel("Description").fill("From ten to six");
    await panel.getByRole("button", { name: "Save" }).click();
    await page.getByText("Night shift was saved.").waitFor();
  });
});

describe("teams", () => {
  it("are made, filled, led, renamed and deleted", async () => {
    const { page } = owner;
    await page.goto("/teams");
    await page.getByText("No teams yet").waitFor();
    await page.getByRole("button", { name: "New team" }).click();
    const dialog = page.getByRole("dialog", { name: "New team" });
    await dialog.getByLabel("Name").fill("Support");
    await dialog.getByRole("button", { name: "Create" }).click();
    const panel = page.getByRole("dialog", { name: "Support" });
    await panel.getByText("Nobody is in it yet.").waitFor();
    await panel.getByLabel("Add somebody").selectOption({ label: "Anna Agent" });
    await panel.getByRole("button", { name: "Make lead: Anna Agent" }).waitFor();
    await panel.getByLabel("Add somebody").selectOption({ label: "Ben Becker" });
    await panel.getByRole("button", { name: "Make lead: Ben Becker" }).click();
    await panel.getByText("Leads").waitFor();
    const names = panel.getByTestId("team-members").locator("li");
    expect(await names.first().textContent()).toContain("Ben Becker");
    await panel.getByRole("button", { name: "Take Anna Agent out" }).click();
    await page.waitForFunction(
      () => document.querySelectorAll('[data-testid="team-members"] li').length === 1,
    );
    expect(await axe(page), "a team").toEqual([]);
    await small();
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Name").fill("Helpdesk");
    await panel.getByRole("button", { name: "Save" }).click();
    const renamed = page.getByRole("dialog", { name: "Helpdesk" });
    await renamed.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Helpdesk was deleted.").waitFor();
    await page.getByText("No teams yet").waitFor();
  });
});

describe("how clients come in", () => {
  it("is chosen, and closed where no mail can prove an address", async () => {
    const { page } = owner;
    await page.goto("/people?view=registrations");
    const settings = page.getByTestId("registration-settings");
    await settings.getByText("This server sends no mail").waitFor();
    await settings.getByText("After approval").click();
    await page.getByText("Saved.").waitFor();
    const link = (await settings.locator("code").textContent()) ?? "";
    expect(link).toContain(`/register?tenant=${demo.tenant.slug}`);
    expect(await axe(page), "registrations").toEqual([]);
    await small();
    const guest = await open(browser, url);
    await guest.page.goto(link);
    await guest.page.getByText("Registration is closed here.").waitFor();
    expect(await axe(guest.page), "registration is closed").toEqual([]);
    await guest.page.goto("/register#swg_nonsense");
    await guest.page.getByRole("button", { name: "Go on" }).click();
    await guest.page.getByText(/used already/).waitFor();
    await guest.context.close();
  });
});

describe("a token with fewer permissions", () => {
  it("may what was ticked and nothing else", async () => {
    const { page } = owner;
    await page.goto("/account?tab=tokens");
    await page.getByRole("button", { name: "New token" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("reads tickets");
    await dialog.getByText("Only some").click();
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("Choose at least one permission.").waitFor();
    await dialog.getByLabel("Tickets: read").check();
    expect(await axe(page), "a token's permissions").toEqual([]);
    await small();
    await dialog.getByRole("button", { name: "Create" }).click();
    const token = (await page.getByTestId("token-secret").locator("code").textContent()) ?? "";
    const ask = (path: string) =>
      fetch(`${url}${path}`, { headers: { authorization: `Bearer ${token}` } }).then(({ status }) => status);
    expect(await ask("/api/v1/tickets")).toBe(200);
    expect(await ask("/api/v1/users")).toBe(403);
    await page.getByRole("button", { name: "I have noted it" }).click();
    await page.getByRole("table").getByText("1 permission").waitFor();
  });
});

describe("the audit log", () => {
  it("shows who did what, narrows by the address bar, and opens an entry with before and after", async () => {
    const { page } = owner;
    await page.goto("/audit");
    await page.locator("tbody tr[data-row]").first().waitFor();
    expect(await axe(page), "the audit log").toEqual([]);
    await small();
    await page.getByLabel("Action").fill("role.*");
    await page.waitForURL("**action=role**");
    await page.locator('[data-action="role.created"]').waitFor();
    await page.waitForFunction(() =>
      [...document.querySelectorAll("[data-action]")].every((each) =>
        each.getAttribute("data-action")?.startsWith("role."),
      ),
    );
    await page.locator('tr:has([data-action="role.changed"])').first().getByText("Olivia Owner").click();
    const changes = page.getByTestId("audit-changes");
    await changes.getByText("description").waitFor();
    await changes.getByText("From ten to six").waitFor();
    expect(await axe(page), "an entry").toEqual([]);
    await page.getByRole("button", { name: "All about this record" }).click();
    await page.waitForURL("**object=**");
    await page.getByText("Of one record").waitFor();
    await page.locator('[data-action="role.created"]').waitFor();
  });

  it("exports what it shows", async () => {
    const { page } = owner;
    const waiting = page.waitForEvent("download");
    await page.getByRole("button", { name: "Export CSV" }).click();
    const file = await waiting;
    expect(file.suggestedFilename()).toBe("audit.csv");
    const text = await readFile((await file.path()) ?? "", "utf8");
    const [head, ...lines] = text.trim().split("\n");
    expect(head).toContain("created_at,action");
    expect(lines.length).toBeGreaterThanOrEqual(2);
    expect(lines.every((line) => line.includes("role."))).toBe(true);
  });

  it("is not for agents", async () => {
    const agent = await signedIn(browser, url, demo, "agent1@demo.example", { path: "/audit" });
    await agent.page.getByText("Not permitted").waitFor();
    await agent.page.goto("/roles");
    expect(await agent.page.getByRole("button", { name: "New role" }).count()).toBe(0);
    await agent.context.close();
  });
});
