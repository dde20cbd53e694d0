/**
 * What needs somebody outside, on a server of its own: mail by which people come in and choose a new password, a receiver
 * of events, and the limits that tests do without.
 */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { launchBrowser, open, type Person, signedIn } from "../support/browser.ts";
import { sql } from "../support/database.ts";
import { freshNumber, TestCall } from "../support/hooks.ts";
import { LIMITED, tireOut } from "../support/limits.ts";
import { linkIn, type MailServer, startMail } from "../support/mail.ts";
import { client, HIGH, row, take } from "../support/pictures.ts";
import { type RunningServer, startServer } from "../support/server.ts";

let server: RunningServer;
let mail: MailServer;
let receiver: Server;
let status = 204;
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  mail = await startMail();
  receiver = createServer((request, response) => {
    request.resume().on("end", () => response.writeHead(status).end());
  });
  await new Promise<void>((resolve) => receiver.listen(0, "127.0.0.1", resolve));
  const from = "Switchroom <switchroom@calls.example>";
  server = await startServer([
    ...LIMITED,
    "--smtp-url",
    mail.url,
    "--mail-from",
    from,
    "--webhook-allow",
    "127.0.0.0/8",
  ]);
  browser = await launchBrowser();
  owner = await signedIn(browser, server.url, server.demo, "owner@demo.example", {
    path: "/people?view=registrations",
  });
});
afterAll(async () => {
  await browser?.close();
  await server?.dispose();
  receiver?.close();
  await mail?.close();
});

describe("a client", () => {
  const EMAIL = "ada.client@mail.example";

  it("registers, proves the address, and is let in", async () => {
    const { page } = owner;
    await page.getByTestId("registration-settings").getByText("After approval").click();
    await page.getByText("Saved.").waitFor();
    const guest = await open(browser, server.url);
    await guest.page.goto(`/register?tenant=${server.demo.tenant.slug}`);
    await guest.page.getByLabel("Your name").fill("Ada Client");
    await guest.page.getByLabel("E-mail").fill(EMAIL);
    await take(guest.page, "register");
    await guest.page.getByRole("button", { name: "Register" }).click();
    await guest.page.goto(linkIn(await mail.next(EMAIL)));
    await guest.page.getByRole("button", { name: "Go on" }).click();
    await guest.page.getByLabel("New password", { exact: true }).fill("a passphrase of one's own");
    await guest.page.getByRole("button", { name: "Go on" }).click();
    await guest.page.getByText("Your address is proved.").waitFor();
    await page.reload();
    await row(page, EMAIL).waitFor();
    await take(page, "registrations");
    await row(page, EMAIL)
      .getByRole("button", { name: `Let in: ${EMAIL}` })
      .click();
    await page.getByText("Ada Client is in.").waitFor();
    expect((await mail.next(EMAIL)).text).toContain(server.url);
    await guest.context.close();
  });
});

describe("who cannot sign in", () => {
  const EMAIL = "agent2@demo.example";

  it("is told that the account rests", async () => {
    await tireOut(server.url, EMAIL);
    const agent = await open(browser, server.url);
    await agent.page.goto("/sign-in");
    await agent.page.getByLabel("E-mail").fill(EMAIL);
    await agent.page.getByLabel("Password").fill(server.demo.users[EMAIL]?.password ?? "");
    await agent.page.getByRole("button", { name: "Sign in" }).click();
    await agent.page.getByText("Too many attempts.").waitFor();
    await take(agent.page, "locked");
    await agent.context.close();
  });

  it("has a link mailed and chooses a new password, which ends the rest", async () => {
    const agent = await open(browser, server.url);
    const { page } = agent;
    await page.goto("/reset");
    await page.getByLabel("E-mail").fill(EMAIL);
    await take(page, "forgotten");
    await page.getByRole("button", { name: "Send me a link" }).click();
    await page.goto(linkIn(await mail.next(EMAIL)));
    await page.getByLabel("New password").fill("seven green bicycles");
    await take(page, "new-password");
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByText("Your password is set").waitFor();
    await agent.context.close();
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

  it("is named, takes events or not, and is sent them again", async () => {
    const { page } = owner;
    const { post } = client(server.url, server.demo.users["owner@demo.example"]?.token);
    await post("webhook-endpoints", { name: "Data warehouse", url: "https://data.example/calls" });
    await page.goto("/webhooks");
    await page.getByRole("button", { name: "New endpoint" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("CRM");
    await dialog
      .getByLabel("Address")
      .fill(`http://127.0.0.1:${(receiver.address() as AddressInfo).port}/events`);
    await dialog.getByLabel("call.ringing").check();
    await dialog.getByLabel("call.ended").check();
    await take(page, "webhook-form", { height: HIGH });
    await dialog.getByRole("button", { name: "Create" }).click();
    await page.getByTestId("webhook-secret").waitFor();
    await take(page, "webhook-secret");
    await page.getByRole("button", { name: "I have noted it" }).click();
    await call();
    await page.getByRole("table").getByText("CRM", { exact: true }).click();
    const panel = page.getByRole("dialog", { name: "CRM" });
    const rows = panel.locator("tbody tr[data-row]");
    const shows = async (tab: string, count: number) => {
      await page.reload();
      await panel.getByRole("tab", { name: tab }).click();
      await page.getByTestId("skeleton").first().waitFor({ state: "detached" });
      return (await rows.count()) >= count;
    };
    await take(page, "webhooks");
    await expect.poll(() => shows("Deliveries", 2), { timeout: 20_000, interval: 1000 }).toBe(true);
    status = 503;
    await call();
    const later = "UPDATE webhook_endpoints SET failed = 9, next_attempt_at = now()";
    const given = async () => {
      // Fifteen hours of attempts are not waited for.
      await sql(server.dataDir, later);
      return shows("Given up", 2);
    };
    await expect.poll(given, { timeout: 50_000, interval: 1500 }).toBe(true);
    await take(page, "webhook-given-up");
    await panel.getByRole("tab", { name: "Deliveries" }).click();
    await rows.nth(2).waitFor();
    await take(page, "webhook-deliveries");
    status = 204;
    await panel.getByRole("tab", { name: "Details" }).click();
    await panel.getByRole("button", { name: "Send the log again" }).click();
    await page
      .getByRole("dialog", { name: "Send the log to CRM again?" })
      .getByText("All that is kept")
      .click();
    await take(page, "webhook-replay");
    await page
      .getByRole("dialog", { name: "Send the log to CRM again?" })
      .getByRole("button", { name: "Send again" })
      .click();
    await page.getByText("The events are on their way.").waitFor();
  });
});
