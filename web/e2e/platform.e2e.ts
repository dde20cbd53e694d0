/** The platform admin: the whole inventory of lines, and acting for a tenant. */
import { readFile } from "node:fs/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, open, type Person, sideways } from "./support/browser.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const root = (demo as unknown as { platform_admin: { email: string; password: string; token: string } })
  .platform_admin;
const LINE = "+33 1 99 00 07 01";
const ABOVE = ["Phone numbers", "Accounts", "Audit log", "Security", "System"];
let browser: Browser;
let admin: Person;

beforeAll(async () => {
  browser = await launchBrowser();
  admin = await open(browser, url);
  const { page } = admin;
  await page.goto("/");
  await page.getByLabel("E-mail").fill(root.email);
  await page.getByLabel("Password").fill(root.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL("**/numbers");
});
afterAll(() => browser?.close());

const row = () => admin.page.locator("tbody tr[data-row]").filter({ hasText: LINE });

describe("the inventory", () => {
  it("takes a new line, names what is wrong with one, and refuses one that is there", async () => {
    const { page } = admin;
    const nav = page.getByRole("navigation", { name: "Main" });
    // A member of no tenant sees what needs none.
    await nav.getByRole("link").first().waitFor();
    await expect.poll(() => nav.getByRole("link").allTextContents()).toEqual(ABOVE);
    await page.getByRole("button", { name: "New number" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Number").fill("01 99");
    await dialog.getByLabel("Monthly cost").fill("1.505");
    await dialog.getByLabel("Provider").focus();
    await dialog.getByText("With + and country code, such as").waitFor();
    await dialog.getByText("An amount such as 1.50.").waitFor();
    expect(await axe(page), "new number").toEqual([]);
    await dialog.getByLabel("Number").fill(demo.numbers[0] ?? "");
    await dialog.getByLabel("Country").fill("fr");
    await dialog.getByLabel("Region").fill("Paris");
    await dialog.getByLabel("Monthly cost").fill("2,50");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("This number is in the inventory already.").waitFor();
    await dialog.getByLabel("Number").fill(LINE);
    await dialog.getByRole("button", { name: "Create" }).click();
    await page.getByText(`${LINE} is in the pool.`).waitFor();
    await page.getByRole("tab", { name: "Available" }).click();
    await row().getByText("€2.50").waitFor();
  });

  it("changes what is known about a line", async () => {
    const { page } = admin;
    await row().getByText("Paris").click();
    const panel = page.getByRole("dialog", { name: LINE });
    await panel.getByRole("button", { name: "Edit" }).click();
    const form = page.getByRole("dialog", { name: LINE }).last();
    await form.getByLabel("Region").fill("Lyon");
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText(`${LINE} was saved.`).waitFor();
    await panel.getByText("France, Lyon").waitFor();
    // Somebody else is faster: what they changed is shown, what was typed stays.
    await panel.getByRole("button", { name: "Edit" }).click();
    await form.getByLabel("Provider").fill("telnyx");
    const id = new URL(page.url()).searchParams.get("id");
    const faster = await fetch(`${url}/api/v1/phone-numbers/${id}`, {
      method: "PATCH",
      headers: { authorization: `Bearer ${root.token}`, "content-type": "application/json" },
      body: JSON.stringify({ region: "Nice" }),
    });
    expect(faster.status).toBe(200);
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("Somebody else has changed this record.").waitFor();
    expect(await form.getByLabel("Region").inputValue()).toBe("Nice");
    await form.getByRole("button", { name: "Save" }).click();
    await panel.getByText("France, Nice").waitFor();
    await panel.getByText("telnyx").waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  });

  it("holds a line for a tenant, frees it, and takes it out after asking", async () => {
    const { page } = admin;
    await page.getByRole("button", { name: `Reserve ${LINE} for an account` }).click();
    const dialog = page.getByRole("dialog", { name: `Reserve ${LINE}` });
    await dialog.getByLabel("Account").fill("No Such!");
    await dialog.getByRole("button", { name: "Reserve" }).click();
    await dialog.getByText("Small letters, digits and hyphens.").waitFor();
    await dialog.getByLabel("Account").fill("no-such-tenant");
    await dialog.getByRole("button", { name: "Reserve" }).click();
    // Shown as reserved at once, and taken back when the server says no.
    await page.getByText(`${LINE} was not reserved`).waitFor();
    await row().waitFor();
    await page.getByRole("button", { name: `Reserve ${LINE} for an account` }).click();
    await dialog.getByLabel("Account").fill(demo.tenant.slug);
    await dialog.getByRole("button", { name: "Reserve" }).click();
    await page.getByText(`${LINE} is reserved.`).waitFor();
    await page.getByRole("tab", { name: "Reserved" }).click();
    await row().waitFor();
    await page.getByRole("button", { name: `Give back ${LINE}` }).click();
    await page.getByRole("alertdialog").getByText("back to the pool at once").waitFor();
    await page.getByRole("alertdialog").getByRole("button", { name: "Give back" }).click();
    await row().waitFor({ state: "detached" });
    await page.getByRole("tab", { name: "Available" }).click();
    await page.getByRole("button", { name: `Remove ${LINE} from the inventory` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText(`${LINE} left the inventory.`).waitFor();
    await row().waitFor({ state: "detached" });
  });
});

describe("a file of lines", () => {
  it("is sent, read with the region it names, and what was refused can be kept", async () => {
    const { page } = admin;
    await page.getByRole("tab", { name: "Imports" }).click();
    await page.getByText("No files yet").waitFor();
    await page.getByRole("button", { name: "Import a file" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Country").fill("f");
    await dialog.getByRole("button", { name: "Import" }).click();
    await dialog.getByText("Choose a file.").waitFor();
    await dialog.getByText("Two letters, such as FR.").waitFor();
    expect(await axe(page), "sending a file").toEqual([]);
    await dialog.getByLabel("File").setInputFiles({
      name: "lines.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(
        `number,region,monthly_cost,currency\n01 99 00 08 01,Nantes,1.50,EUR\n01 99 00 08 02,Nantes,1.50,EUR\n${demo.numbers[0]},Paris,1.50,EUR\nno number,,,\n`,
      ),
    });
    await dialog.getByLabel("Country").fill("fr");
    await dialog.getByRole("button", { name: "Import" }).click();
    const file = page.locator("tbody tr[data-row]").filter({ hasText: "lines.csv" });
    await file.locator('[data-import="done"]').waitFor();
    await file.getByText("2 new, 1 there already, 1 refused").waitFor();
    expect(await axe(page), "files of lines").toEqual([]);
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await sideways(page)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 800 });
    const waiting = page.waitForEvent("download");
    await file.getByRole("button", { name: "Refused rows" }).click();
    const rejects = await readFile((await (await waiting).path()) ?? "", "utf8");
    expect(rejects).toContain("no number");
    expect(rejects).not.toContain("Nantes");

    await page.getByRole("tab", { name: "Available" }).click();
    await page.locator("tbody tr[data-row]").filter({ hasText: "+33 1 99 00 08 02" }).waitFor();
    await page.getByRole("tab", { name: "Imports" }).click();
    await file.getByRole("button", { name: "Forget" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Forget" }).click();
    await page.getByText("No files yet").waitFor();
  });
});

describe("acting for a tenant", () => {
  it("opens its screens until it stops", async () => {
    const { page } = admin;
    const corner = page.getByRole("complementary").getByRole("button").last();
    await corner.click();
    await page.getByRole("menuitem", { name: "Act for an account…" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Account").fill("no-such-tenant");
    await dialog.getByRole("button", { name: "Go there" }).click();
    await dialog.getByText("There is no account of this name.").waitFor();
    await dialog.getByLabel("Account").fill(demo.tenant.slug);
    await dialog.getByRole("button", { name: "Go there" }).click();
    await page.waitForURL("**/wallboard");
    await page.getByRole("button", { name: "Acting for Demo" }).waitFor();
    await page.getByRole("navigation", { name: "Main" }).getByRole("link", { name: "People" }).click();
    await page.getByRole("table").getByText("Olivia Owner").waitFor();
    await corner.click();
    await page.getByRole("menuitem", { name: "Stop" }).click();
    await page.waitForURL("**/numbers");
    const links = page.getByRole("navigation", { name: "Main" }).getByRole("link");
    await expect.poll(() => links.allTextContents()).toEqual(ABOVE);
  });
});
