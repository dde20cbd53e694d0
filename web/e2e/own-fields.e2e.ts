/** The fields that an account has of its own: made, ordered, asked in a contact's form, changed, removed. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, type Person, sideways, signedIn } from "./support/browser.ts";

const url = inject("serverUrl");
const demo = inject("demo");
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/fields?of=organizations" });
});
afterAll(() => browser?.close());

async function small(): Promise<void> {
  const { page } = owner;
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await sideways(page), page.url()).toBe(0);
  await page.setViewportSize({ width: 1280, height: 800 });
}

const labels = () =>
  owner.page.locator("tbody tr[data-row] td:first-child span.font-medium").allTextContents();

async function make(label: string, more: { key?: string; type?: string; choices?: string } = {}) {
  const { page } = owner;
  await page.getByRole("button", { name: "New field" }).click();
  const dialog = page.getByRole("dialog", { name: "New field: Organizations" });
  await dialog.getByLabel("Label").fill(label);
  if (more.key) await dialog.getByLabel("Key").fill(more.key);
  if (more.type) await dialog.getByLabel("Type").selectOption(more.type);
  if (more.choices) await dialog.getByLabel("Choices").fill(more.choices);
  await dialog.getByRole("button", { name: "Create" }).click();
  await page.getByText(`${label} was saved.`).waitFor();
  await dialog.waitFor({ state: "detached" });
}

describe("own fields", () => {
  it("are made, with the key that the label suggests, and name what is wrong", async () => {
    const { page } = owner;
    await page.getByText("No fields of your own yet").waitFor();
    expect(await axe(page), "no fields").toEqual([]);
    await page.getByRole("button", { name: "New field" }).click();
    const dialog = page.getByRole("dialog", { name: "New field: Organizations" });
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("This is needed.").waitFor();
    await dialog.getByLabel("Label").fill("Größe der Firma");
    expect(await dialog.getByLabel("Key").inputValue()).toBe("gro_e_der_firma");
    await dialog.getByLabel("Key").fill("Size!");
    await dialog.getByText("A small letter, then").waitFor();
    await dialog.getByLabel("Key").fill("size");
    // What one has written oneself stays.
    await dialog.getByLabel("Label").fill("Company size");
    expect(await dialog.getByLabel("Key").inputValue()).toBe("size");
    await dialog.getByLabel("Type").selectOption("choice");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("1 to 200 choices, one a line.").waitFor();
    await dialog.getByLabel("Choices").fill("small\nLarge\nlarge");
    await dialog.getByText("A choice is there twice.").waitFor();
    expect(await axe(page), "a field's form").toEqual([]);
    await small();
    await dialog.getByLabel("Choices").fill("small\nlarge");
    await dialog.getByRole("button", { name: "Create" }).click();
    await page.getByText("Company size was saved.").waitFor();
    await page.getByRole("table").getByText("small, large").waitFor();

    await page.getByRole("button", { name: "New field" }).click();
    await dialog.getByLabel("Label").fill("Size");
    await dialog.getByRole("button", { name: "Create" }).click();
    await dialog.getByText("has a field of that key").waitFor();
    expect(await dialog.getByLabel("Key").getAttribute("aria-invalid")).toBe("true");
    await page.keyboard.press("Escape");
    await page.getByRole("alertdialog").getByRole("button", { name: "Discard" }).click();
    await dialog.waitFor({ state: "detached" });
  });

  it("are put in order with the keyboard, for good", async () => {
    const { page } = owner;
    await make("Founded", { type: "date" });
    await make("Head count", { type: "number" });
    // The list is asked for again after the dialog has gone.
    await expect.poll(labels).toEqual(["Company size", "Founded", "Head count"]);
    const up = page.getByRole("button", { name: "Move Head count up" });
    await up.focus();
    await page.keyboard.press("Enter");
    await page.getByText("Head count is now 2 of 3.").waitFor({ state: "attached" });
    await page.keyboard.press("Enter");
    await page.getByText("Head count is now 1 of 3.").waitFor({ state: "attached" });
    // At the top there is no further up: the keyboard goes on at the button beside it.
    await page.waitForFunction(() => document.activeElement?.getAttribute("aria-label")?.endsWith("down"));
    await page.keyboard.press("Enter");
    await page.getByText("Head count is now 2 of 3.").waitFor({ state: "attached" });
    const order = ["Company size", "Head count", "Founded"];
    await expect.poll(labels).toEqual(order);
    expect(await axe(page), "fields").toEqual([]);
    await small();
    // As the server has it: it was told of one move after the other.
    await expect
      .poll(async () => {
        const answer = await owner.context.request.get("/api/v1/contact-fields?kind=organization");
        const { items } = (await answer.json()) as { items: { label: string }[] };
        return items.map(({ label }) => label);
      })
      .toEqual(order);
    await page.reload();
    await page.getByRole("table").waitFor();
    await expect.poll(labels).toEqual(order);
  });

  it("are changed, except for key and type", async () => {
    const { page } = owner;
    await page.getByRole("button", { name: "Edit Company size" }).click();
    const dialog = page.getByRole("dialog", { name: "Company size" });
    expect(await dialog.getByLabel("Key").count()).toBe(0);
    expect(await dialog.getByLabel("Type").count()).toBe(0);
    await dialog.getByLabel("Choices").fill("small\nmiddling\nlarge");
    await dialog.getByLabel("Needed").check();
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("table").getByText("small, middling, large").waitFor();
    await page.locator("tbody tr[data-row]").first().getByText("Yes", { exact: true }).waitFor();
  });

  it("are asked in the form of a contact, and shown on its page", async () => {
    const { page } = owner;
    await page.goto("/directory/organizations");
    await page.getByRole("button", { name: "New organization" }).click();
    const form = page.getByTestId("entry-form");
    await form.getByLabel("Name").fill("Feldmann & Co");
    await form.getByLabel("Company size").waitFor();
    await form.getByRole("button", { name: "Create" }).click();
    // Needed, and said at its field.
    await page.waitForFunction(
      () => document.querySelector('select[aria-invalid="true"]')?.getAttribute("name") === "custom.size",
    );
    await form.getByLabel("Company size").selectOption("middling");
    await form.getByLabel("Head count").fill("12");
    await form.getByRole("button", { name: "Create" }).click();
    const panel = page.getByRole("dialog", { name: "Feldmann & Co" });
    await panel.getByText("middling", { exact: true }).waitFor();
    await panel.getByText("12", { exact: true }).waitFor();
  });

  it("are removed after asking, and those of other kinds are others", async () => {
    const { page } = owner;
    await page.goto("/fields?of=organizations");
    for (const label of ["Company size", "Head count", "Founded"]) {
      await page.getByRole("button", { name: `Remove ${label}` }).click();
      const ask = page.getByRole("alertdialog", { name: `Remove ${label}?` });
      await ask.getByRole("button", { name: "Remove" }).click();
      await page.getByText(`${label} was removed.`).waitFor();
      await ask.waitFor({ state: "detached" });
    }
    await page.getByText("No fields of your own yet").waitFor();
    await page.getByRole("tab", { name: "E-mail contacts" }).click();
    await page.waitForURL("**of=email-contacts");
  });

  it("say whether every organization needs a tax ID", async () => {
    const { page, context } = owner;
    await page.goto("/fields?of=organizations");
    const needed = page.getByLabel("Every organization needs a tax ID");
    await needed.check();
    await page.getByText("Saved.", { exact: true }).waitFor();
    expect(await axe(page), "a tax id is needed").toEqual([]);
    await small();
    await page.reload();
    await expect.poll(() => needed.isChecked()).toBe(true);
    await page.goto("/directory/organizations");
    await page.getByRole("button", { name: "New organization" }).click();
    const form = page.getByTestId("entry-form");
    const mark = `Needy ${Date.now()}`;
    await form.getByLabel("Name").fill(mark);
    await expect.poll(() => form.getByLabel("Tax ID").getAttribute("aria-required")).toBe("true");
    await form.getByRole("button", { name: "Create" }).click();
    await form.getByText("is required").waitFor();
    await form.getByLabel("Tax ID").fill("FR1");
    await form.getByRole("button", { name: "Create" }).click();
    await page.getByRole("dialog", { name: mark }).getByText("FR1", { exact: true }).waitFor();
    const answer = await context.request.patch("/api/v1/settings/directory", {
      headers: { authorization: `Bearer ${demo.users["owner@demo.example"]?.token}` },
      data: { tax_id_required: false },
    });
    expect(answer.status()).toBe(200);
    await page.goto("/fields?of=organizations");
    await expect.poll(() => needed.isChecked()).toBe(false);
  });

  it("are shown to agents and not given to them to change; clients see a plain no", async () => {
    const agent = await signedIn(browser, url, demo, "agent1@demo.example", { path: "/fields" });
    await agent.page.getByRole("heading", { name: "Own fields" }).waitFor();
    expect(await agent.page.getByRole("button", { name: "New field" }).count()).toBe(0);
    const nav = agent.page.getByRole("navigation", { name: "Main" });
    expect(await nav.getByRole("link", { name: "Own fields" }).count()).toBe(0);
    await agent.page.goto("/identity-providers");
    await agent.page.getByText("Not permitted").waitFor();
    await agent.page.goto("/erasures");
    await agent.page.getByText("Not permitted").waitFor();
    await agent.context.close();
  });
});
