/** The second factor: set up with an app, asked for at sign-in, backup codes, trusted browsers, reset by an admin. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, open, type Person, sideways, signedIn } from "./support/browser.ts";
import { nextTotp, totp } from "./support/totp.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const EMAIL = "hedy@new.example";
const PASSWORD = "six frozen oranges";
let browser: Browser;
let person: Person;
let secret = "";
let codes: string[] = [];
/** Signed in again after the reset. */
let mine: Person;

async function enter(target: Person, path = "/"): Promise<void> {
  await target.page.goto(path);
  await target.page.getByLabel("E-mail").fill(EMAIL);
  await target.page.getByLabel("Password").fill(PASSWORD);
  await target.page.getByRole("button", { name: "Sign in" }).click();
}

const inside = (target: Person) =>
  target.page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));

beforeAll(async () => {
  browser = await launchBrowser();
  const answer = await fetch(`${url}/api/v1/invitations`, {
    method: "POST",
    headers: {
      authorization: `Bearer ${demo.users["admin@demo.example"]?.token}`,
      "content-type": "application/json",
    },
    body: JSON.stringify({ email: EMAIL, role: "agent" }),
  });
  const { link } = (await answer.json()) as { link: string };
  person = await open(browser, url);
  await person.page.goto(link);
  await person.page.getByLabel("Your name").fill("Hedy Kiesler");
  await person.page.getByLabel("New password").fill(PASSWORD);
  await person.page.getByRole("button", { name: "Accept" }).click();
  await person.page.waitForURL("**/workspace");
});
afterAll(() => browser?.close());

describe("the second factor", () => {
  it("is set up with the password, a QR code and a first code, and gives backup codes once", async () => {
    const { page } = person;
    await page.goto("/account?tab=security");
    await page.getByRole("button", { name: "Set up a second factor" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Password").fill("not mine at all");
    await dialog.getByRole("button", { name: "Next" }).click();
    await dialog.getByText("This is not your password.").waitFor();
    await dialog.getByLabel("Password").fill(PASSWORD);
    await dialog.getByRole("button", { name: "Next" }).click();
    await dialog.getByTestId("qr").waitFor();
    // The picture is there, and not a broken one.
    expect(
      await dialog.getByTestId("qr").evaluate((image) => (image as HTMLImageElement).naturalWidth),
    ).toBeGreaterThan(100);
    expect(await axe(page), "the QR code").toEqual([]);
    secret = (await dialog.locator("code").first().textContent()) ?? "";
    await dialog.getByLabel("Code of the app").fill("12345");
    await dialog.getByRole("button", { name: "Switch on" }).click();
    await dialog.getByText("Six digits.", { exact: true }).waitFor();
    await dialog.getByLabel("Code of the app").fill("000000");
    await dialog.getByRole("button", { name: "Switch on" }).click();
    await dialog.getByText(/not the app’s code/).waitFor();
    await dialog.getByLabel("Code of the app").fill(totp(secret));
    await dialog.getByRole("button", { name: "Switch on" }).click();
    const kept = page.getByTestId("backup-codes");
    await kept.waitFor();
    codes = await kept.locator("li").allTextContents();
    expect(codes).toHaveLength(10);
    expect(await axe(page), "backup codes").toEqual([]);
    // They cannot be closed by accident.
    await page.keyboard.press("Escape");
    await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
    await kept.getByLabel("I have kept them in a safe place").check();
    await kept.getByRole("button", { name: "Done" }).click();
    await page.getByTestId("second-factor").getByText("Sign-ins ask for a code of your app").waitFor();
    await page.getByTestId("second-factor").getByText("10 backup codes are left.").waitFor();
  });

  it("is asked for once the password was right, and a browser can be trusted", async () => {
    const other = await open(browser, url);
    await enter(other);
    const code = other.page.getByLabel("Code");
    await code.waitFor();
    expect(await axe(other.page), "the second step").toEqual([]);
    expect(await sideways(other.page)).toBe(0);
    await code.fill("000000");
    await other.page.getByRole("button", { name: "Go on" }).click();
    await other.page.getByText("This code is wrong, too old, or was used before.").waitFor();
    await code.fill(nextTotp(secret));
    await other.page.getByLabel("Do not ask in this browser for 30 days").check();
    await other.page.getByRole("button", { name: "Go on" }).click();
    await inside(other);
    // Signed out and in again: trusted.
    await other.page.getByRole("button", { name: /^Account/ }).click();
    await other.page.getByRole("menuitem", { name: "Sign out" }).click();
    await other.page.waitForURL("**/sign-in");
    await enter(other, "/sign-in");
    await inside(other);
    // Told to ask again.
    await other.page.goto("/account?tab=security");
    await other.page.getByRole("button", { name: /^Ask again:/ }).click();
    await other.page.getByText("No trusted browsers").waitFor();
    await other.context.close();
  });

  it("takes a backup code, once", async () => {
    const other = await open(browser, url);
    await enter(other);
    await other.page.getByLabel("Code").fill(codes[0] ?? "");
    await other.page.getByRole("button", { name: "Go on" }).click();
    await inside(other);
    await other.context.close();
    const again = await open(browser, url);
    await enter(again);
    await again.page.getByLabel("Code").fill(codes[0] ?? "");
    await again.page.getByRole("button", { name: "Go on" }).click();
    await again.page.getByText("This code is wrong, too old, or was used before.").waitFor();
    await again.page.getByRole("button", { name: "Another account" }).click();
    await again.page.getByLabel("E-mail").waitFor();
    await again.context.close();
  });

  it("renews backup codes against password and a code", async () => {
    const { page } = person;
    await page.reload();
    await page.getByTestId("second-factor").getByText("9 backup codes are left.").waitFor();
    await page.getByRole("button", { name: "Renew backup codes" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Password").fill(PASSWORD);
    await dialog.getByLabel("Code").fill(codes[1] ?? "");
    await dialog.getByRole("button", { name: "Renew backup codes" }).click();
    const kept = page.getByTestId("backup-codes");
    await kept.waitFor();
    const renewed = await kept.locator("li").allTextContents();
    expect(renewed).not.toContain(codes[2]);
    await kept.getByLabel("I have kept them in a safe place").check();
    await kept.getByRole("button", { name: "Done" }).click();
    await page.goto("/account?tab=history");
    await page.locator('[data-event="second_factor.backup_used"]').first().waitFor();
  });

  it("is reset by an admin for who lost everything", async () => {
    const admin = await signedIn(browser, url, demo, "admin@demo.example", { path: "/people?q=hedy" });
    await admin.page.locator("tbody tr[data-row]").getByText("Hedy Kiesler").click();
    const card = admin.page.getByTestId("member-factor");
    await card.getByRole("button", { name: "Reset" }).click();
    await admin.page.getByRole("alertdialog").getByRole("button", { name: "Reset" }).click();
    await card.getByText("Has no second factor.").waitFor();
    await admin.context.close();
    const other = await open(browser, url);
    await enter(other);
    await inside(other);
    await other.context.close();
  });

  it("is asked for by another account's invitation too", async () => {
    mine = await open(browser, url);
    await enter(mine);
    await inside(mine);
    const { page } = mine;
    await page.goto("/account?tab=security");
    await page.getByRole("button", { name: "Set up a second factor" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Password").fill(PASSWORD);
    await dialog.getByRole("button", { name: "Next" }).click();
    await dialog.getByTestId("qr").waitFor();
    const key = (await dialog.locator("code").first().textContent()) ?? "";
    await dialog.getByLabel("Code of the app").fill(totp(key));
    await dialog.getByRole("button", { name: "Switch on" }).click();
    const kept = page.getByTestId("backup-codes");
    await kept.waitFor();
    codes = await kept.locator("li").allTextContents();
    await kept.getByLabel("I have kept them in a safe place").check();
    await kept.getByRole("button", { name: "Done" }).click();

    const { rival } = demo as unknown as {
      rival: { users: Record<string, { role: string; token: string }> };
    };
    const theirs = Object.values(rival.users).find((user) => user.role === "org_owner");
    const answer = await fetch(`${url}/api/v1/invitations`, {
      method: "POST",
      headers: { authorization: `Bearer ${theirs?.token}`, "content-type": "application/json" },
      body: JSON.stringify({ email: EMAIL, role: "agent" }),
    });
    const { link } = (await answer.json()) as { link: string };
    const guest = await open(browser, url);
    await guest.page.goto(link);
    await guest.page.getByRole("link", { name: "Have a link sent" }).waitFor();
    await guest.page.getByLabel("Password").fill(PASSWORD);
    await guest.page.getByRole("button", { name: "Accept" }).click();
    await guest.page.getByLabel("Code").waitFor();
    expect(await axe(guest.page), "an invitation's code").toEqual([]);
    expect(await sideways(guest.page)).toBe(0);
    await guest.page.getByLabel("Code").fill("000000");
    await guest.page.getByRole("button", { name: "Accept" }).click();
    await guest.page.getByText("This code is wrong, too old, or was used before.").waitFor();
    await guest.page.getByLabel("Code").fill(codes[0] ?? "");
    await guest.page.getByRole("button", { name: "Accept" }).click();
    await guest.page.waitForURL("**/workspace");
    await guest.context.close();
  });

  it("is taken away again by its owner, against password and a code", async () => {
    const { page } = mine;
    const dialog = page.getByRole("dialog");
    await page.getByRole("button", { name: "Take it away" }).click();
    await dialog.getByLabel("Password").fill("not mine at all");
    await dialog.getByLabel("Code").fill(codes[1] ?? "");
    await dialog.getByRole("button", { name: "Take it away" }).click();
    await dialog.getByText("This is not your password.").waitFor();
    expect(await axe(page), "taking it away").toEqual([]);
    await dialog.getByLabel("Password").fill(PASSWORD);
    await dialog.getByRole("button", { name: "Take it away" }).click();
    await page.getByText("Sign-ins ask for your password only.").first().waitFor();
    await page.getByRole("button", { name: "Set up a second factor" }).waitFor();
    await mine.context.close();
    const other = await open(browser, url);
    await enter(other);
    await inside(other);
    await other.context.close();
  });
});
