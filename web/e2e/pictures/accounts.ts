/** People come in, and what they do with their account; what admins do for them. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser, online, open, type Person, signedIn } from "../support/browser.ts";
import { client, enter, HIGH, row, take } from "../support/pictures.ts";
import { nextTotp, totp } from "../support/totp.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const { rival } = demo as unknown as { rival: { users: Record<string, { role: string; token: string }> } };
const theirs = Object.values(rival.users).find(({ role }) => role === "org_owner");
const EMAIL = "ida.rhodes@demo.example";
const PASSWORD = "eleven quiet lanterns";
let browser: Browser;
let owner: Person;
let ida: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/people" });
});
afterAll(() => browser?.close());

async function member(name: string) {
  const { page } = owner;
  await page.goto(`/people?q=${name}`);
  await row(page, name).getByText(name).click();
  return page.getByRole("dialog", { name });
}

describe("coming in", () => {
  let link = "";

  it("somebody is invited, and the link handed over", async () => {
    const { page } = owner;
    await row(page, "Anna Agent").waitFor();
    await take(page, "people", { height: HIGH });
    await page.getByRole("button", { name: "Invite somebody" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("E-mail").fill(EMAIL);
    await dialog.getByLabel("Name").fill("Ida Rhodes");
    await dialog.getByLabel("Extension").fill("299");
    await dialog.getByLabel("Phone numbers").uncheck();
    await take(page, "invite");
    await dialog.getByRole("button", { name: "Invite", exact: true }).click();
    const shown = page.getByTestId("invitation-link");
    link = (await shown.locator("code").textContent()) ?? "";
    await take(page, "invitation-link");
    await shown.getByRole("button", { name: "I have copied it" }).click();
    const { post } = client(url, demo.users["owner@demo.example"]?.token);
    await post("invitations", { email: "grace@demo.example", name: "Grace Hopper", role: "supervisor" });
    await page.goto("/people?view=invitations");
    await row(page, EMAIL).waitFor();
    await take(page, "invitations", { shown: 430 });
  });

  it("they choose name and password", async () => {
    ida = await open(browser, url);
    const { page } = ida;
    await page.goto(link);
    await page.getByLabel("Your name").fill("Ida Rhodes");
    await page.getByLabel("New password").fill("eleven");
    await take(page, "invitation", { height: HIGH });
    await page.getByLabel("New password").fill(PASSWORD);
    await page.getByRole("button", { name: "Accept" }).click();
    await page.waitForURL("**/workspace");
    await online(page);
  });
});

describe("one's own account", () => {
  it("name, and the other accounts one is a member of", async () => {
    const { page } = ida;
    const { post } = client(url, theirs?.token);
    const { link } = await post("invitations", { email: EMAIL, role: "supervisor" });
    await client(url).post("auth/invitations/accept", {
      token: link?.split("#")[1],
      password: PASSWORD,
    });
    await page.goto("/account");
    await page
      .getByTestId("tenants")
      .getByRole("button", { name: /^Go to/ })
      .waitFor();
    await take(page, "account");
    await page
      .getByTestId("tenants")
      .getByRole("button", { name: /^Go to/ })
      .click();
    await page.waitForURL("**/wallboard");
    await page.getByRole("complementary").getByRole("button").last().click();
    await page.getByRole("menuitem", { name: "Demo", exact: true }).waitFor();
    await take(page, "switch-tenant", { height: HIGH });
    await page.getByRole("menuitem", { name: "Demo", exact: true }).click();
    await page.waitForURL("**/workspace");
  });

  it("where one is signed in, and what happened", async () => {
    // oxlint-disable-next-line no-await-in-loop -- one after the other, as people do
    for (const [password, agent] of [
      [
        PASSWORD,
        "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 Version/18.1 Mobile/15E148 Safari/604.1",
      ],
      ["not this one", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:132.0) Gecko/20100101 Firefox/132.0"],
    ] as const)
      await fetch(`${url}/api/v1/auth/login`, {
        method: "POST",
        headers: { "content-type": "application/json", "user-agent": agent },
        body: JSON.stringify({ email: EMAIL, password, tenant: demo.tenant.slug }),
      });
    const { page } = ida;
    await page.goto("/account?tab=sessions");
    await page.getByText("This one").waitFor();
    await take(page, "sessions", { shown: 420 });
    await page.goto("/account?tab=history");
    await page.locator('[data-event="session.refused"]').first().waitFor();
    await take(page, "history", { shown: 560 });
  });

  it("a new password, with its rules while it is typed", async () => {
    const { page } = ida;
    await page.goto("/account?tab=security");
    await page.getByLabel("Current password").fill(PASSWORD);
    await page.getByLabel("New password *").fill("seven copper");
    await take(page, "password", { height: HIGH });
  });

  it("a second factor, its backup codes, and a browser that is trusted", async () => {
    const { page } = ida;
    await page.reload();
    await page.getByRole("button", { name: "Set up a second factor" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Password").fill(PASSWORD);
    await dialog.getByRole("button", { name: "Next" }).click();
    await dialog.getByTestId("qr").waitFor();
    const secret = (await dialog.locator("code").first().textContent()) ?? "";
    await take(page, "second-factor", { height: HIGH });
    await dialog.getByLabel("Code of the app").fill(totp(secret));
    await dialog.getByRole("button", { name: "Switch on" }).click();
    const codes = page.getByTestId("backup-codes");
    await codes.waitFor();
    await take(page, "backup-codes");
    await codes.getByLabel("I have kept them in a safe place").check();
    await codes.getByRole("button", { name: "Done" }).click();

    const second = await enter(browser, url, EMAIL, PASSWORD);
    await second.page.getByLabel("Code").fill(nextTotp(secret));
    await second.page.getByLabel("Do not ask in this browser for 30 days").check();
    await take(second.page, "sign-in-code");
    await second.page.getByRole("button", { name: "Go on" }).click();
    await second.page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));
    await second.page.goto("/account?tab=security");
    const trusted = second.page.getByRole("button", { name: /^Ask again:/ });
    await trusted.waitFor();
    await second.page.setViewportSize({ width: 1280, height: HIGH });
    await trusted.scrollIntoViewIfNeeded();
    await take(second.page, "trusted-browsers", { height: HIGH });
    await second.context.close();
  });

  it("a token that may only some things", async () => {
    const { page } = ida;
    await page.goto("/account?tab=tokens");
    await page.getByRole("button", { name: "New token" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Nightly export");
    await dialog.getByText("Only some").click();
    await dialog.getByLabel("Individuals: read").check();
    await dialog.getByLabel("Organizations: read").check();
    await dialog.getByLabel("Name").scrollIntoViewIfNeeded();
    await take(page, "tokens", { height: HIGH });
    await dialog.getByRole("button", { name: "Create" }).click();
    await page.getByTestId("token-secret").waitFor();
    await take(page, "token-made");
    await page.getByRole("button", { name: "I have noted it" }).click();
    await row(page, "Nightly export").waitFor();
  });
});

describe("what admins do for somebody", () => {
  it("sees what they are and may, and changes it", async () => {
    const { page } = owner;
    const panel = await member("Ida Rhodes");
    await panel.getByTestId("member-factor").waitFor();
    await take(page, "member", { height: HIGH });
    await panel.getByRole("tab", { name: "History" }).click();
    await panel.locator('[data-event="second_factor.enabled"]').waitFor();
    await take(page, "member-history");
    await panel.getByRole("tab", { name: "Details" }).click();
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Role").selectOption("supervisor");
    await take(page, "member-form", { height: HIGH });
  });

  it("resets a second factor, hands over a password link, signs out, switches off", async () => {
    const { page } = owner;
    const panel = await member("Ida Rhodes");
    await panel.getByTestId("member-factor").getByRole("button", { name: "Reset" }).click();
    // Of somebody who is a member elsewhere too it is not theirs to do.
    await page.getByRole("alertdialog").getByRole("button", { name: "Reset" }).click();
    await page.getByRole("alertdialog").getByRole("alert").waitFor();
    await take(page, "member-elsewhere");

    const other = await member("Ben Becker");
    await other.getByRole("button", { name: "Password link" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Make the link" }).click();
    const link = page.getByTestId("password-link");
    expect(await link.locator("code").textContent()).toContain("/reset#swl_");
    await take(page, "password-link");
    await link.getByRole("button", { name: "I have copied it" }).click();
    await other.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByText("Ben Becker is signed out everywhere.").waitFor();
    await other.getByRole("button", { name: "Switch off" }).click();
    await page.getByRole("alertdialog").waitFor();
    await take(page, "switch-off");
    await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
    await page.goto("/people?view=extensions");
    await row(page, "201").waitFor();
    await take(page, "extensions", { shown: 420 });
  });
});
