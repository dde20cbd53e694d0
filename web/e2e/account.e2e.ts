/** One's own account: name, password, sessions, history, tokens, and going from one tenant to another. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser, open, type Person, signedIn } from "./support/browser.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const EMAIL = "edith@new.example";
const FIRST = "nine patient herons";
const SECOND = "forty copper kettles";
let browser: Browser;
let person: Person;

async function enter(email: string, password: string): Promise<Person> {
  const entered = await open(browser, url);
  await entered.page.goto("/");
  await entered.page.getByLabel("E-mail").fill(email);
  await entered.page.getByLabel("Password").fill(password);
  await entered.page.getByRole("button", { name: "Sign in" }).click();
  await entered.page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));
  return entered;
}

async function invited(token: string | undefined, email: string, role: string): Promise<string> {
  const answer = await fetch(`${url}/api/v1/invitations`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ email, role }),
  });
  return ((await answer.json()) as { link: string }).link;
}

beforeAll(async () => {
  browser = await launchBrowser();
  // Somebody of their own, whose password may change without the other tests noticing.
  const link = await invited(demo.users["admin@demo.example"]?.token, EMAIL, "agent");
  person = await open(browser, url);
  await person.page.goto(link);
  await person.page.getByLabel("Your name").fill("Edith Clarke");
  await person.page.getByLabel("New password").fill(FIRST);
  await person.page.getByRole("button", { name: "Accept" }).click();
  await person.page.waitForURL("**/workspace");
});
afterAll(() => browser?.close());

describe("my account", () => {
  it("is reached from the menu, and has my name changed", async () => {
    const { page } = person;
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitem", { name: "My account" }).click();
    await page.waitForURL("**/account");
    const name = page.getByLabel("Name");
    await name.fill("");
    await name.blur();
    await page.getByText("This is needed.").waitFor();
    await name.fill("Edith M. Clarke");
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByText("Your profile was saved.").waitFor();
    await page.getByRole("button", { name: "Account: Edith M. Clarke" }).waitFor();
  });

  it("shows the rules of a new password while it is typed, and ends the other sessions", async () => {
    const { page } = person;
    const other = await enter(EMAIL, FIRST);
    await page.getByRole("tab", { name: "Security" }).click();
    await page.waitForURL("**tab=security");
    const met = () => page.locator('[data-testid="password-rules"] [data-met="true"]').count();
    const next = page.getByLabel("New password *");
    expect(await met()).toBe(0);
    await next.fill("0123456789");
    expect(await page.locator('[data-rule="pattern"]').getAttribute("data-met")).toBe("false");
    expect(await page.locator('[data-rule="length"]').getAttribute("data-met")).toBe("true");
    await next.fill("Edith M. Clarke");
    expect(await page.locator('[data-rule="own"]').getAttribute("data-met")).toBe("false");
    // Only the server knows the commonest ones.
    await page.getByLabel("Current password").fill("not this one");
    await next.fill("Password123!");
    expect(await met()).toBe(3);
    await page.getByLabel("New password once more").fill("Password123?");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("This is not the same as the new password.").waitFor();
    await page.getByLabel("New password once more").fill("Password123!");
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText(/tried first/).waitFor();
    await next.fill(SECOND);
    await page.getByLabel("New password once more").fill(SECOND);
    await page.getByRole("button", { name: "Change password" }).click();
    const current = page.getByLabel("Current password");
    await page.locator('[aria-invalid="true"]').first().waitFor();
    expect(await current.getAttribute("aria-invalid")).toBe("true");
    await current.fill(FIRST);
    await page.getByRole("button", { name: "Change password" }).click();
    await page.getByText("Your password was changed.").waitFor();
    await other.page.waitForURL("**/sign-in**");
    await other.context.close();
  });

  it("lists where I am signed in, and ends one session and all of them", async () => {
    const { page } = person;
    const other = await enter(EMAIL, SECOND);
    const third = await enter(EMAIL, SECOND);
    await page.getByRole("tab", { name: "Sessions" }).click();
    await page.getByText("This one").waitFor();
    const rows = page.locator("tbody tr[data-row]");
    await rows.nth(2).waitFor();
    await expect.poll(() => rows.count()).toBe(3);
    const foreign = rows.filter({ hasNotText: "This one" }).first();
    await foreign.getByRole("button", { name: /^End/ }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "End" }).click();
    await page.getByText("The session was ended.").waitFor();
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 2);

    // Several at once, this one left alone.
    const fourth = await enter(EMAIL, SECOND);
    await page.reload();
    await rows.nth(2).waitFor();
    for (const row of await rows.filter({ hasNotText: "This one" }).all()) {
      // oxlint-disable-next-line no-await-in-loop -- one box after the other
      await row.getByRole("checkbox").check();
    }
    await page.getByTestId("bulk").getByText("2 selected").waitFor();
    await page.getByTestId("bulk").getByRole("button", { name: "End" }).click();
    const ask = page.getByRole("alertdialog", { name: "End 2 sessions?" });
    await ask.getByRole("button", { name: "End" }).click();
    await page.getByText("2 done.").waitFor();
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 1);
    await fourth.page.waitForURL("**/sign-in**");
    await fourth.context.close();

    await page.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Sign out everywhere" }).click();
    await page.waitForURL("**/sign-in**");
    await other.page.waitForURL("**/sign-in**");
    await third.page.waitForURL("**/sign-in**");
    await other.context.close();
    await third.context.close();
  });

  it("tells what happened to it, failures included", async () => {
    const { page } = person;
    await page.getByLabel("E-mail").fill(EMAIL);
    await page.getByLabel("Password").fill("wrong again, sorry");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").waitFor();
    await page.getByLabel("Password").fill(SECOND);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));
    await page.goto("/account?tab=history");
    await page.locator('[data-event="session.refused"]').first().waitFor();
    await page.locator('[data-event="password.changed"]').first().waitFor();
    await page.locator('[data-event="password.refused"]').first().waitFor();
    await page.locator("tbody").getByText("Chrome on Linux").first().waitFor();
  });

  it("makes a token that works, shows it once, and revokes it", async () => {
    const { page } = person;
    await page.getByRole("tab", { name: "API tokens" }).click();
    await page.getByText("No API tokens").waitFor();
    await page.getByRole("button", { name: "New token" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("This is needed.").waitFor();
    await dialog.getByLabel("Name").fill("nightly export");
    await dialog.getByLabel("Good for").selectOption("never");
    await dialog.getByText("good until somebody revokes it").waitFor();
    await dialog.getByLabel("Good for").selectOption("30");
    await dialog.getByRole("button", { name: "Create" }).click();
    const made = page.getByTestId("token-secret");
    await made.waitFor();
    const token = (await made.locator("code").textContent()) ?? "";
    const asked = () =>
      fetch(`${url}/api/v1/me`, { headers: { authorization: `Bearer ${token}` } }).then(
        ({ status }) => status,
      );
    expect(await asked()).toBe(200);
    await made.getByRole("button", { name: "I have noted it" }).click();
    await page.getByRole("table").getByText("nightly export").waitFor();
    expect(await page.locator("body").textContent()).not.toContain("swt_");

    // Who looks after tokens sees it too, with whose it is.
    const owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/people?view=tokens" });
    const row = owner.page.locator("tbody tr[data-row]").filter({ hasText: "nightly export" });
    await row.getByText("Edith M. Clarke").waitFor();
    await owner.context.close();

    await page.getByRole("button", { name: "Revoke nightly export" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Revoke" }).click();
    await page.getByText("nightly export was revoked.").waitFor();
    expect(await asked()).toBe(401);
  });

  it("goes to another tenant that invited me, and back", async () => {
    const { page } = person;
    const rival = (demo as unknown as { rival: { users: Record<string, { role: string; token: string }> } })
      .rival;
    const theirs = Object.values(rival.users).find((user) => user.role === "org_owner");
    const link = await invited(theirs?.token, EMAIL, "supervisor");
    const guest = await open(browser, url);
    await guest.page.goto(link);
    await guest.page.getByLabel("Password").fill(SECOND);
    await guest.page.getByRole("button", { name: "Accept" }).click();
    await guest.page.waitForURL((address) => !address.pathname.startsWith("/invitation"));
    await guest.context.close();

    await page.goto("/account");
    const list = page.getByTestId("tenants");
    await list.getByText("You are here").waitFor();
    await list.getByRole("button", { name: /^Go to/ }).click();
    // A supervisor there, who lands at the board.
    await page.waitForURL("**/wallboard");
    await page.getByRole("complementary").getByRole("button").last().click();
    await page.getByRole("menuitem", { name: "Demo", exact: true }).click();
    await page.waitForURL("**/workspace");
  });
});
