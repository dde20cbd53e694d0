/**
 * What stands outside and is asked: an identity provider that vouches for people, a mail server by which clients prove
 * their address, a receiver of events. All three are real ones, on this machine.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { axe, launchBrowser, online, open, type Person, sideways, signedIn } from "./support/browser.ts";
import { sql } from "./support/database.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";
import { type Issuer, startIssuer } from "./support/issuer.ts";
import { linkIn, type MailServer, startMail } from "./support/mail.ts";
import { type RunningServer, startServer } from "./support/server.ts";

let server: RunningServer;
let issuer: Issuer;
let mail: MailServer;
let browser: Browser;
let owner: Person;
let receiver: Server;
/** What the receiver was sent, in order. */
const heard: { id: string; type: string }[] = [];
/** What it answers. */
let status = 204;

beforeAll(async () => {
  issuer = await startIssuer();
  mail = await startMail();
  receiver = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => {
      text += chunk.toString();
    });
    request.on("end", () => {
      heard.push({
        id: String(request.headers["webhook-id"]),
        type: (JSON.parse(text) as { type: string }).type,
      });
      response.writeHead(status).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  server = await startServer([
    "--private-issuers",
    "true",
    "--smtp-url",
    mail.url,
    "--mail-from",
    "Switchroom <switchroom@calls.example>",
    "--webhook-allow",
    "127.0.0.0/8",
  ]);
  browser = await launchBrowser();
  owner = await signedIn(browser, server.url, server.demo, "owner@demo.example", {
    path: "/identity-providers",
  });
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
  await issuer?.close();
  await mail?.close();
  receiver?.close();
});

async function small(page = owner.page): Promise<void> {
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await sideways(page), page.url()).toBe(0);
  await page.setViewportSize({ width: 1280, height: 800 });
}

describe("an identity provider", () => {
  let signInPage = "";

  /** From the account's sign-in page to the provider's and back. */
  async function goThere(page: Page, address: string | null): Promise<void> {
    await page.goto(signInPage);
    await page.getByRole("link", { name: "Sign in with Company" }).click();
    await page.getByRole("heading", { name: "Who are you?" }).waitFor();
    expect(page.url()).toContain(issuer.url);
    if (address === null) await page.getByRole("button", { name: "Nobody" }).click();
    else {
      await page.getByLabel("Address").fill(address);
      await page.getByRole("button", { name: "I am" }).click();
    }
  }

  it("is added, its secret goes in and is never shown", async () => {
    const { page } = owner;
    await page.getByText("No identity providers").waitFor();
    expect(await axe(page), "no providers").toEqual([]);
    await page.getByRole("button", { name: "New identity provider" }).click();
    const dialog = page.getByRole("dialog", { name: "New identity provider" });
    await dialog.getByLabel("Issuer").fill("id.example");
    await dialog.getByLabel("Scopes").fill("email");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("This is needed.").first().waitFor();
    await dialog.getByText("An https address without a query.").waitFor();
    await dialog.getByText("Words with blanks between, openid among them.").waitFor();
    expect(await axe(page), "a provider's form with errors").toEqual([]);
    await small();
    await dialog.getByLabel("Name").fill("Company");
    await dialog.getByLabel("Issuer").fill(issuer.url);
    await dialog.getByLabel("Client id").fill(issuer.clientId);
    await dialog.getByLabel("Client secret").fill("not the secret");
    await dialog.getByLabel("Scopes").fill("openid email profile");
    await dialog.getByRole("button", { name: "Create" }).click();
    const panel = page.getByRole("dialog", { name: "Company" });
    await panel.getByText(`${server.url}/api/v1/auth/oidc/callback`).waitFor();
    await panel.getByText("Kept, never shown").waitFor();
    expect(await page.content()).not.toContain("not the secret");
    signInPage = (await panel.locator("code", { hasText: "/sign-in?tenant=" }).textContent()) ?? "";
    expect(await axe(page), "a provider").toEqual([]);
    await small();
  });

  it("with the wrong secret signs nobody in, and with the right one a member", async () => {
    const guest = await open(browser, server.url);
    await goThere(guest.page, "agent1@demo.example");
    await guest.page.waitForURL("**/sign-in?problem=oidc-failed");
    await guest.page.getByRole("alert").getByText("was not good").waitFor();
    // It may be tried again from where one stands.
    await guest.page.getByRole("link", { name: "Company" }).waitFor();

    const { page } = owner;
    const panel = page.getByRole("dialog", { name: "Company" });
    await panel.getByRole("button", { name: "Edit" }).click();
    expect(await panel.getByLabel("Client secret").inputValue()).toBe("");
    await panel.getByLabel("Client secret").fill(issuer.clientSecret);
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByRole("button", { name: "Edit" }).waitFor();

    await goThere(guest.page, "agent1@demo.example");
    await guest.page.waitForURL("**/workspace");
    await online(guest.page);
    await guest.page.getByRole("button", { name: "Account: Anna Agent" }).waitFor();

    // An empty field keeps the secret.
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Strangers join as").selectOption({ label: "Agent" });
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByRole("button", { name: "Edit" }).waitFor();
    await guest.context.close();
  });

  it("lets a stranger in as what was chosen, and nobody where it says nobody", async () => {
    const stranger = await open(browser, server.url);
    await goThere(stranger.page, "ada@company.example");
    await online(stranger.page);
    const me = await stranger.context.request.get("/api/v1/me");
    expect(await me.json()).toMatchObject({ role: "agent", user: { email: "ada@company.example" } });
    await stranger.context.close();

    const { page } = owner;
    const panel = page.getByRole("dialog", { name: "Company" });
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Strangers join as").selectOption({ label: "Nobody" });
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByRole("button", { name: "Edit" }).waitFor();
    const other = await open(browser, server.url);
    await goThere(other.page, "eve@company.example");
    await other.page.getByRole("alert").getByText("There is nobody here by that name").waitFor();
    expect(await axe(other.page), "refused").toEqual([]);
    await goThere(other.page, null);
    await other.page.getByRole("alert").getByText("signed nobody in").waitFor();
    await other.context.close();
  });

  it("is switched off and takes its sessions along, switched on, and deleted", async () => {
    const member = await open(browser, server.url);
    await goThere(member.page, "agent2@demo.example");
    await member.page.waitForURL("**/workspace");
    await online(member.page);
    const { page } = owner;
    const panel = page.getByRole("dialog", { name: "Company" });
    await panel.getByRole("button", { name: "Switch off" }).click();
    const ask = page.getByRole("alertdialog", { name: "Switch Company off?" });
    await ask.getByRole("button", { name: "Switch off" }).click();
    await page.getByText("Company is switched off.").waitFor();
    await member.page.waitForURL("**/sign-in**");
    await member.page.goto(signInPage);
    await member.page.getByLabel("E-mail").waitFor();
    expect(await member.page.getByRole("link", { name: "Sign in with Company" }).count()).toBe(0);
    await panel.getByRole("button", { name: "Switch on" }).click();
    await page.getByText("Company is in use.").waitFor();
    await member.page.reload();
    await member.page.getByRole("link", { name: "Sign in with Company" }).waitFor();
    await member.context.close();
    await panel.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Company was deleted.").waitFor();
    await page.getByText("No identity providers").waitFor();
  });
});

describe("a client who registers", () => {
  const CLIENT = "ada@client.example";
  const PASSWORD = "a passphrase of one's own";

  async function proves(page: Page, email: string): Promise<void> {
    await page.goto(`/register?tenant=${server.demo.tenant.slug}`);
    await page.getByLabel("Your name").fill("Ada Client");
    await page.getByLabel("E-mail").fill(email);
    await page.getByRole("button", { name: "Register" }).click();
    await page.getByText("a mail with a link is on its way").waitFor();
    await page.goto(linkIn(await mail.next(email)));
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByLabel("New password", { exact: true }).fill("short");
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByText("Use 10 characters or more.").first().waitFor();
    expect(await axe(page), "a password for a new account").toEqual([]);
    await page.getByLabel("New password", { exact: true }).fill(PASSWORD);
    await page.getByRole("button", { name: "Go on" }).click();
    await page.getByText("Your address is proved.").waitFor();
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  async function signsIn(page: Page, email: string): Promise<void> {
    await page.getByLabel("E-mail").fill(email);
    await page.getByLabel("Password").fill(PASSWORD);
    await page.getByRole("button", { name: "Sign in" }).click();
  }

  it("proves the address, waits, is let in by an admin, and signs in", async () => {
    const { page } = owner;
    await page.goto("/people?view=registrations");
    await page.getByTestId("registration-settings").getByText("After approval").click();
    await page.getByText("Saved.").waitFor();
    const client = await open(browser, server.url);
    await client.page.goto(`/sign-in?tenant=${server.demo.tenant.slug}`);
    await client.page.getByRole("link", { name: "Register" }).click();
    await client.page.getByText("An administrator lets you in").waitFor();
    expect(await axe(client.page), "registration").toEqual([]);
    await small(client.page);
    await proves(client.page, CLIENT);
    await signsIn(client.page, CLIENT);
    await client.page.getByRole("alert").waitFor();
    expect(new URL(client.page.url()).pathname).toBe("/sign-in");

    await page.reload();
    const row = page.locator("tbody tr[data-row]").filter({ hasText: CLIENT });
    await row.getByRole("button", { name: `Let in: ${CLIENT}` }).click();
    await page.getByText("Ada Client is in.").waitFor();
    await row.waitFor({ state: "detached" });
    expect((await mail.next(CLIENT)).text).toContain(server.url);
    await signsIn(client.page, CLIENT);
    await client.page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));
    await client.page.getByRole("button", { name: /^Account.*Ada Client/ }).waitFor();
    await client.context.close();
  });

  it("is turned away, and stays outside", async () => {
    const eve = await open(browser, server.url);
    await proves(eve.page, "eve@client.example");
    const { page } = owner;
    await page.reload();
    const row = page.locator("tbody tr[data-row]").filter({ hasText: "eve@client.example" });
    await row.getByRole("button", { name: "Do not let eve@client.example in" }).click();
    const ask = page.getByRole("alertdialog", { name: "Not let 1 client in?" });
    await ask.getByRole("button", { name: "Do not" }).click();
    await row.waitFor({ state: "detached" });
    await signsIn(eve.page, "eve@client.example");
    await eve.page.getByRole("alert").waitFor();
    await eve.context.close();
  });
});

describe("where the server sends mail", () => {
  it("an invitation's link is the invited one's alone, and works", async () => {
    const { page } = owner;
    const email = "mary@new.example";
    await page.goto("/people");
    await page.getByRole("button", { name: "Invite somebody" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("E-mail").fill(email);
    await dialog.getByRole("button", { name: "Invite", exact: true }).click();
    await page.getByText(`A mail with the link is on its way to ${email}.`).waitFor();
    expect(await page.getByTestId("invitation-link").count()).toBe(0);
    const mary = await open(browser, server.url);
    await mary.page.goto(linkIn(await mail.next(email)));
    await mary.page.getByLabel("Your name").fill("Mary Jackson");
    await mary.page.getByLabel("New password").fill("nine silver gliders");
    await mary.page.getByRole("button", { name: "Accept" }).click();
    await mary.page.waitForURL("**/workspace");
    await mary.context.close();
    // So is a password link that an admin makes.
    await page.goto(`/people?q=${email}`);
    await page.locator("tbody tr[data-row]").getByText("Mary Jackson").click();
    await page.getByRole("dialog").getByRole("button", { name: "Password link" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Make the link" }).click();
    await page.getByText(`A mail with the link is on its way to ${email}.`).first().waitFor();
    expect(await page.getByTestId("password-link").count()).toBe(0);
    expect(linkIn(await mail.next(email))).toContain("/reset#swl_");
  });
});

describe("a receiver of events", () => {
  const call = async () => {
    const each = new TestCall(server.demo, freshNumber(), server.demo.numbers[2] ?? "", {
      agent: { extension: "203" },
    });
    await each.send("ringing");
    await each.send("ended", { reason: "missed" });
  };
  const types = () => heard.map(({ type }) => type);

  it("is sent the log again: what came after a delivery, behind a cursor, and all of it", async () => {
    const { page } = owner;
    const at = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`;
    await page.goto("/webhooks");
    await page.getByRole("button", { name: "New endpoint" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("CRM");
    await dialog.getByLabel("Address").fill(at);
    await dialog.getByLabel("call.ringing").check();
    await dialog.getByLabel("call.ended").check();
    await dialog.getByRole("button", { name: "Create" }).click();
    await page.getByRole("button", { name: "I have noted it" }).click();
    await call();
    await expect.poll(types, { timeout: 15_000 }).toEqual(["call.ringing", "call.ended"]);
    const first = heard.map(({ id }) => id);

    // The table's row, and not the toast.
    await page.getByRole("table").getByText("CRM", { exact: true }).click();
    const panel = page.getByRole("dialog", { name: "CRM" });
    await panel.getByRole("tab", { name: "Deliveries" }).click();
    await panel.getByRole("button", { name: /^Send again what came after call.ringing/ }).click();
    const ask = page.getByRole("alertdialog");
    await ask.getByText("under the same ids").waitFor();
    expect(await axe(page), "a question").toEqual([]);
    heard.length = 0;
    await ask.getByRole("button", { name: "Send again" }).click();
    await page.getByText("The events are on their way.").waitFor();
    await expect.poll(types, { timeout: 15_000 }).toEqual(["call.ended"]);
    expect(heard[0]?.id).toBe(first[1]);

    await panel.getByRole("tab", { name: "Details" }).click();
    await panel.getByRole("button", { name: "Send the log again" }).click();
    const again = page.getByRole("dialog", { name: "Send the log to CRM again?" });
    await again.getByRole("button", { name: "Send again" }).click();
    await again.getByText("This is needed.").waitFor();
    await again.getByRole("textbox", { name: "Cursor" }).fill("yesterday");
    await again.getByRole("button", { name: "Send again" }).click();
    await again.getByText("is no cursor of the log").waitFor();
    expect(await again.getByRole("textbox", { name: "Cursor" }).getAttribute("aria-invalid")).toBe("true");
    expect(await axe(page), "the log once more").toEqual([]);
    await small();
    await again.getByText("All that is kept").click();
    heard.length = 0;
    await again.getByRole("button", { name: "Send again" }).click();
    await again.waitFor({ state: "detached" });
    await expect.poll(() => heard.map(({ id }) => id), { timeout: 15_000 }).toEqual(first);
    await page.keyboard.press("Escape");
  });

  it("takes in the end what was given up, one event or all", async () => {
    const { page } = owner;
    status = 503;
    await call();
    await page.goto("/webhooks");
    await page.getByRole("table").getByText("CRM", { exact: true }).click();
    const panel = page.getByRole("dialog", { name: "CRM" });
    await panel.getByRole("tab", { name: "Given up" }).click();
    const letters = panel.locator("tbody tr[data-row]");
    // Fifteen hours of attempts are not waited for: each event has failed as often as it may.
    await expect
      .poll(
        async () => {
          await sql(server.dataDir, "UPDATE webhook_endpoints SET failed = 9, next_attempt_at = now()");
          await page.reload();
          await panel.getByRole("tab", { name: "Given up" }).click();
          await page.getByTestId("skeleton").first().waitFor({ state: "detached" });
          return letters.count();
        },
        { timeout: 50_000, interval: 1500 },
      )
      .toBe(2);
    expect(await axe(page), "what was given up").toEqual([]);
    await small();
    heard.length = 0;
    status = 204;
    await letters.filter({ hasText: "call.ringing" }).getByRole("button", { name: "Send again" }).click();
    await page.getByText("1 event is sent again.").waitFor();
    await expect.poll(types, { timeout: 20_000 }).toEqual(["call.ringing"]);
    await panel.getByRole("button", { name: "Send all again" }).click();
    await expect.poll(types, { timeout: 20_000 }).toEqual(["call.ringing", "call.ended"]);
    await page.reload();
    await letters.getByText("Delivered").nth(1).waitFor();
    expect(await panel.getByRole("button", { name: /again/ }).count()).toBe(0);
  });
});
