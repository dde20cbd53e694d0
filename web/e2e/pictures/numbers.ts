/** Phone numbers: the pool, taken, connected, disconnected, given back; and the platform admin's inventory. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { launchBrowser, type Person, signedIn } from "../support/browser.ts";
import { enter, HIGH, row, take } from "../support/pictures.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const { platform_admin: root } = demo as unknown as { platform_admin: { email: string; password: string } };
const LINE = "+33 1 99 00 07 01";
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/numbers" });
});
afterAll(() => browser?.close());

describe("a tenant's lines", () => {
  let number = "";

  it("are seen, and one is taken from the pool", async () => {
    const { page } = owner;
    await page.locator("tbody tr[data-row]").first().waitFor();
    await take(page, "numbers");
    await page.goto("/numbers?view=pool");
    const button = page.getByRole("button", { name: /^Take \+/ }).first();
    number = ((await button.getAttribute("aria-label")) ?? "").replace(/^Take (.*) for this account$/, "$1");
    await button.click();
    await page.getByRole("alertdialog").waitFor();
    await take(page, "number-take");
    await page.getByRole("alertdialog").getByRole("button", { name: "Take" }).click();
    await page.getByText(`${number} now belongs to this account.`).waitFor();
  });

  it("ring somebody, tell who held them, and are given back", async () => {
    const { page } = owner;
    await page.goto(`/numbers?q=${number.replaceAll(/\D/g, "").slice(-6)}`);
    await page.getByRole("button", { name: `Connect ${number} to` }).click();
    const dialog = page.getByRole("dialog");
    await dialog.locator("option", { hasText: "Dawit Desta" }).first().waitFor({ state: "attached" });
    const agent = dialog.locator("option", { hasText: "Dawit Desta" });
    await dialog.getByLabel("Agent").selectOption((await agent.getAttribute("value")) ?? "");
    await take(page, "number-connect");
    await dialog.getByRole("button", { name: "Connect" }).click();
    await page.locator('[data-number-status="connected"]').first().waitFor();
    await page.locator("tbody tr[data-row]").first().getByText("Connected", { exact: true }).click();
    await page
      .getByRole("dialog", { name: number })
      .getByTestId("line-history")
      .getByText("Still held")
      .waitFor();
    await take(page, "number", { height: HIGH });
    await page.keyboard.press("Escape");
    await page.getByRole("button", { name: `Disconnect ${number}` }).click();
    await page.getByRole("alertdialog").getByText("no longer pop on the screen of").waitFor();
    await take(page, "number-disconnect");
    await page.getByRole("alertdialog").getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("button", { name: `Give back ${number}` }).click();
    await page.getByRole("alertdialog").waitFor();
    await take(page, "number-give-back");
    await page.getByRole("alertdialog").getByRole("button", { name: "Give back" }).click();
    await page.getByText(`${number} was given back.`).waitFor();
  });
});

describe("the inventory", () => {
  it("takes lines in, one by one and by the file, and holds one for a tenant", async () => {
    const { page } = await enter(browser, url, root.email, root.password);
    await page.waitForURL("**/numbers");
    await page.getByRole("button", { name: "New number" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Number").fill(LINE);
    await dialog.getByLabel("Country").fill("fr");
    await dialog.getByLabel("Region").fill("Paris");
    await dialog.getByLabel("Monthly cost").fill("2,50");
    await take(page, "number-new", { height: HIGH });
    await dialog.getByRole("button", { name: "Create" }).click();
    await page.getByText(`${LINE} is in the pool.`).waitFor();
    await page.getByRole("tab", { name: "Available" }).click();
    await page.getByRole("button", { name: `Reserve ${LINE} for an account` }).click();
    await dialog.getByLabel("Account").fill(demo.tenant.slug);
    await take(page, "number-reserve");
    await dialog.getByRole("button", { name: "Reserve" }).click();
    await page.getByText(`${LINE} is reserved.`).waitFor();
    await page.getByRole("tab", { name: "Imports" }).click();
    await page.getByRole("button", { name: "Import a file" }).click();
    await dialog.getByLabel("File").setInputFiles({
      name: "lines.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(
        `number,region,monthly_cost,currency\n01 99 00 08 01,Nantes,1.50,EUR\n01 99 00 08 02,Nantes,1.50,EUR\n${demo.numbers[0]},Paris,1.50,EUR\nno number,,,\n`,
      ),
    });
    await dialog.getByLabel("Country").fill("fr");
    await dialog.getByRole("button", { name: "Import" }).click();
    await row(page, "lines.csv").locator('[data-import="done"]').waitFor();
    await take(page, "numbers-import", { shown: 380 });
  });
});
