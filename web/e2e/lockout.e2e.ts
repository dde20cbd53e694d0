/** Too many wrong passwords: the account rests, is said to, and is opened by who can read its mail. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axe, launchBrowser, open, signedIn } from "./support/browser.ts";
import { LIMITED, tireOut } from "./support/limits.ts";
import { linkIn, type MailServer, startMail } from "./support/mail.ts";
import { type RunningServer, startServer } from "./support/server.ts";

const EMAIL = "agent2@demo.example";
const FRESH = "seven green bicycles";
let server: RunningServer;
let mail: MailServer;
let browser: Browser;
beforeAll(async () => {
  mail = await startMail();
  const from = "Switchroom <switchroom@calls.example>";
  server = await startServer([...LIMITED, "--smtp-url", mail.url, "--mail-from", from]);
  browser = await launchBrowser();
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
  await mail?.close();
});

describe("an account that rests", () => {
  it("refuses the right password too, and says so to the person and the admins", async () => {
    await tireOut(server.url, EMAIL);
    const { page, context } = await open(browser, server.url);
    await page.goto("/sign-in");
    await page.getByLabel("E-mail").fill(EMAIL);
    await page.getByLabel("Password").fill(server.demo.users[EMAIL]?.password ?? "");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByRole("alert").getByText("Too many attempts.").waitFor();
    expect(new URL(page.url()).pathname).toBe("/sign-in");
    expect(await axe(page)).toEqual([]);
    await context.close();
    // Others sign in meanwhile.
    const owner = await signedIn(browser, server.url, server.demo, "owner@demo.example", {
      path: "/audit?action=account.locked",
    });
    await owner.page.locator('[data-action="account.locked"]').waitFor();
    await owner.context.close();
  });

  it("is opened by the mailed link, with a new password", async () => {
    const { page, context } = await open(browser, server.url);
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    // The page that is left has a field of this name too.
    await page.getByRole("button", { name: "Send me a link" }).waitFor();
    await page.getByLabel("E-mail").fill(EMAIL);
    await page.getByRole("button", { name: "Send me a link" }).click();
    const link = linkIn(await mail.next(EMAIL));
    await page.goto(link);
    await page.getByLabel("New password").fill(FRESH);
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByText("Your password is set").waitFor();
    await page.goto("/sign-in");
    await page.getByLabel("E-mail").fill(EMAIL);
    await page.getByLabel("Password").fill(FRESH);
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL("**/workspace");
    await page.goto("/account?tab=history");
    for (const event of ["account.locked", "password.reset_requested", "password.reset"])
      await page.locator(`[data-event="${event}"]`).first().waitFor();
    // Once.
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByLabel("New password").fill("another fine password");
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByText(/used already/).waitFor();
    await context.close();
  });
});
