import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser, type Person, signedIn } from "./support/browser.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/directory/individuals" });
});
afterAll(() => browser?.close());

describe("directory", () => {
  const number = freshNumber();
  const name = `Élodie Test ${number.slice(-5)}`;
  const organization = `Maison ${number.slice(-5)}`;
  const contactNumber = freshNumber();

  it("creates an individual, finds it by name and by any form of its number", async () => {
    const { page } = owner;
    await page.getByRole("button", { name: "New individual" }).click();
    const form = page.getByTestId("entry-form");
    await form.getByLabel("Full name").fill(name);
    await form.getByLabel("Number 1", { exact: true }).fill("call me");
    await form.getByLabel("E-mail 1", { exact: true }).fill("elodie@");
    await form.getByText("This is not a phone number.").waitFor();
    await form.getByLabel("E-mail 1", { exact: true }).fill("elodie@mail.example");
    await form.getByLabel("Number 1", { exact: true }).fill("12");
    await form.getByRole("button", { name: "Create" }).click();
    await form.getByText("is not a telephone number").waitFor();
    // National form: the server knows the region.
    await form.getByLabel("Number 1", { exact: true }).fill(number.replace("+33", "0"));
    await form.getByRole("button", { name: "Create" }).click();
    const panel = page.getByRole("dialog", { name });
    await panel.waitFor();
    expect((await panel.textContent())?.replaceAll(" ", "")).toContain(number);
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });

    // She was there before the search: that the others are gone tells that it found her.
    const rows = page.locator("tbody tr[data-row]");
    await expect.poll(() => rows.count()).toBeGreaterThan(1);
    await page.getByLabel("Search", { exact: true }).fill("ÉLODIE test");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 1);
    await page.getByRole("table").getByText(name).waitFor();
    await page.getByLabel("Search", { exact: true }).fill("");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length > 1);
    await page.getByLabel("Phone number", { exact: true }).fill(number.replace("+33", "0033 "));
    await page.getByRole("table").getByText(name).waitFor();
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 1);
  });

  it("keeps several numbers, e-mails and profiles of one, each with its label", async () => {
    const { page } = owner;
    await page.locator("tbody tr[data-row]").first().click();
    const panel = page.getByRole("dialog", { name });
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByRole("button", { name: "Add e-mail" }).click();
    await panel.getByLabel("E-mail 2", { exact: true }).fill("elodie@work");
    await panel.getByLabel("Label of e-mail 2").fill("work");
    await panel.getByText("This is not an e-mail address.").waitFor();
    await panel.getByLabel("E-mail 2", { exact: true }).fill("elodie@work.example");
    await panel.getByRole("button", { name: "Make e-mail 2 the primary one" }).click();
    const second = freshNumber();
    await panel.getByRole("button", { name: "Add number" }).click();
    await panel.getByLabel("Number 2", { exact: true }).fill(second);
    await panel.getByLabel("Label of number 2").fill("mobile");
    await panel.getByRole("button", { name: "Add profile" }).click();
    await panel.getByLabel("Address of profile 1").fill("https://www.linkedin.com/in/elodie");
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByRole("link", { name: "elodie@mail.example" }).waitFor();
    const work = panel.getByRole("listitem").filter({ hasText: "elodie@work.example" });
    await work.getByText("Primary", { exact: true }).waitFor();
    await work.getByText("work", { exact: true }).waitFor();
    await panel.getByRole("link", { name: "LinkedIn" }).waitFor();
    expect((await panel.textContent())?.replaceAll(" ", "")).toContain(second);
    // The list has the primary one.
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    await page.getByRole("table").getByText("elodie@work.example").waitFor();

    await page.locator("tbody tr[data-row]").first().click();
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByRole("button", { name: "Remove e-mail 2" }).click();
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByRole("link", { name: "elodie@mail.example" }).waitFor();
    expect(await panel.getByRole("link", { name: "elodie@work.example" }).count()).toBe(0);
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
  });

  it("pops with that person at once", async () => {
    const agent = await signedIn(browser, url, demo, "agent3@demo.example");
    const call = new TestCall(demo, number, demo.numbers[2] ?? "", { agent: { extension: "203" } });
    await call.send("ringing");
    await agent.page.locator('[data-testid="caller-name"]', { hasText: name }).waitFor();
    await call.send("ended", { reason: "missed" });
    await agent.context.close();
  });

  it("edits under the version it has seen, and deletes after asking", async () => {
    const { page } = owner;
    await page.locator("tbody tr[data-row]").first().click();
    const panel = page.getByRole("dialog");
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("E-mail 1", { exact: true }).fill("elodie@test.example");
    // Closing would lose what was typed: it asks, and goes on where one was.
    await page.keyboard.press("Escape");
    await page.getByRole("alertdialog", { name: "Discard what you typed?" }).waitFor();
    await page.getByRole("alertdialog").getByRole("button", { name: "Cancel" }).click();
    expect(await panel.getByLabel("E-mail 1", { exact: true }).inputValue()).toBe("elodie@test.example");
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByRole("link", { name: "elodie@test.example" }).waitFor();
    await panel.getByRole("button", { name: "Delete" }).click();
    const confirm = page.getByRole("alertdialog");
    await confirm.getByRole("button", { name: "Delete" }).click();
    await page.getByText(`${name} was deleted.`).waitFor();
    await page.getByText("Nothing matches").waitFor();
  });

  it("creates an organization with a contact", async () => {
    const { page } = owner;
    await page.getByRole("tab", { name: "Organizations" }).click();
    await page.waitForURL("**/directory/organizations**");
    await page.goto("/directory/organizations");
    await page.getByRole("button", { name: "New organization" }).click();
    const form = page.getByTestId("entry-form");
    await form.getByLabel("Name").fill(organization);
    await form.getByLabel("Number 1", { exact: true }).fill(freshNumber());
    await form.getByRole("button", { name: "Create" }).click();
    const panel = page.getByRole("dialog", { name: organization });
    await panel.getByRole("tab", { name: "Contacts" }).click();
    await panel.getByText("No contacts yet").waitFor();
    await panel.getByRole("button", { name: "Add contact" }).click();
    await panel.getByLabel("Full name").fill("Paul Contact");
    await panel.getByLabel("Number 1", { exact: true }).fill(contactNumber);
    await panel.getByRole("button", { name: "Create" }).click();
    await panel.getByRole("table").getByText("Paul Contact").waitFor();
  });

  it("shows what a contact called and what was filed, on its page and its organization's", async () => {
    const agent = await signedIn(browser, url, demo, "agent3@demo.example");
    const call = new TestCall(demo, contactNumber, demo.numbers[2] ?? "", { agent: { extension: "203" } });
    await call.send("ringing");
    await agent.page.locator('[data-testid="caller-name"]', { hasText: "Paul Contact" }).waitFor();
    await agent.page.getByLabel("Title").fill("From the workshop");
    await agent.page.getByRole("button", { name: "File ticket" }).click();
    await agent.page.getByTestId("filed-ticket").waitFor();
    await call.send("ended", { reason: "missed" });
    // The pop leads to the contact itself.
    await agent.page.getByTestId("caller-name").getByRole("link").click();
    await agent.page.waitForURL(/organizations\?.*contact=/);
    await agent.page.getByRole("dialog", { name: "Paul Contact" }).waitFor();
    await agent.context.close();

    const { page } = owner;
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("table").getByText("Paul Contact").click();
    await page.getByRole("dialog", { name: "Paul Contact" }).waitFor();
    await dialog.getByRole("tab", { name: "Calls" }).click();
    await dialog.getByRole("table", { name: "Calls" }).getByText("missed").waitFor();
    await dialog.getByRole("tab", { name: "Tickets" }).click();
    await dialog.getByRole("table", { name: "Tickets" }).getByText("From the workshop").waitFor();
    await dialog.getByRole("button", { name: "All contacts" }).click();
    await dialog.getByRole("tab", { name: "Tickets" }).click();
    await dialog.getByRole("table", { name: "Tickets" }).getByText("From the workshop").waitFor();
    await dialog.getByRole("tab", { name: "Calls" }).click();
    await dialog.getByRole("table", { name: "Calls" }).getByRole("link", { name: "Paul Contact" }).waitFor();
    // A row leads to the call, the call back to the contact.
    await dialog.locator("tbody tr[data-row]").first().click();
    await page.waitForURL("**/calls/*");
    await page.getByRole("link", { name: "Paul Contact" }).click();
    await page.getByRole("dialog", { name: "Paul Contact" }).waitFor();
  });

  it("edits a contact, refuses a stale change, puts the server's word at the field, deletes", async () => {
    const { page } = owner;
    const dialog = page.getByRole("dialog");
    await dialog.getByRole("button", { name: "Edit" }).click();
    // Somebody else is faster.
    const [, id, contact] = /id=([^&]+).*contact=([^&]+)/.exec(page.url()) ?? [];
    const elsewhere = await owner.context.request.patch(`/api/v1/organizations/${id}/contacts/${contact}`, {
      headers: { authorization: `Bearer ${demo.users["admin@demo.example"]?.token}` },
      data: { email: "first@test.example" },
    });
    expect(elsewhere.status()).toBe(200);
    await dialog.getByLabel("Full name").fill("Paula Contact");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("Somebody else has changed this record.").waitFor();
    // What they changed is there, what was typed here as well.
    expect(await dialog.getByLabel("E-mail 1", { exact: true }).inputValue()).toBe("first@test.example");
    expect(await dialog.getByLabel("Full name").inputValue()).toBe("Paula Contact");
    // What only the server knows: a number that looks like one and is none.
    const first = dialog.getByLabel("Number 1", { exact: true });
    await first.fill("12");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("is not a telephone number").waitFor();
    expect(await first.getAttribute("aria-invalid")).toBe("true");
    expect(await first.evaluate((field) => field === document.activeElement)).toBe(true);
    await first.fill(contactNumber);
    await dialog.getByRole("button", { name: "Save" }).click();
    await page.getByRole("dialog", { name: "Paula Contact" }).waitFor();
    await dialog.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Paula Contact was deleted.").waitFor();
    await dialog.getByText("No contacts yet").waitFor();
  });

  it("says where a company is, and is narrowed to it", async () => {
    const { page } = owner;
    const mark = `Place${number.slice(-5)}`;
    const headers = { authorization: `Bearer ${demo.users["owner@demo.example"]?.token}` };
    for (const [each, city, country] of [
      ["Far", "Bern", "CH"],
      ["Nowhere", null, null],
    ]) {
      const answer = await owner.context.request.post("/api/v1/organizations", {
        headers,
        data: { name: `${mark} ${each}`, phones: [], city, country },
      });
      expect(answer.status()).toBe(201);
    }
    await page.goto(`/directory/organizations?q=${mark}&sort=name`);
    await page.getByTestId("list-count").getByText("2 of 2").waitFor();
    await page.getByRole("button", { name: "New organization" }).click();
    const form = page.getByTestId("entry-form");
    await form.getByLabel("Name").fill(`${mark} Near`);
    await form.getByLabel("Tax ID").fill("DE 123 456 789");
    await form.getByLabel("Address", { exact: true }).fill("Weg 1");
    await form.getByLabel("City").fill("Köln");
    await form.getByLabel("State or province").fill("NRW");
    await form.getByLabel("Country").fill("Atlantis");
    await form.getByRole("button", { name: "Create" }).click();
    await form.getByText("Choose a country of the list.").waitFor();
    await form.getByLabel("Country").fill("Germany");
    await form.getByRole("button", { name: "Create" }).click();
    const panel = page.getByRole("dialog", { name: `${mark} Near` });
    for (const shown of ["DE 123 456 789", "Weg 1", "Köln", "NRW", "Germany"])
      await panel.getByText(shown, { exact: true }).waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });

    const rows = page.locator("tbody tr[data-row]");
    await page.getByLabel("Country", { exact: true }).fill("Switzerland");
    await page.waitForURL(/country=CH/);
    await page.getByTestId("list-count").getByText("1 of 1").waitFor();
    await rows.getByText(`${mark} Far`).waitFor();
    await page.getByLabel("Country", { exact: true }).fill("");
    await page.getByTestId("list-count").getByText("3 of 3").waitFor();
    await page.getByLabel("City", { exact: true }).fill("KÖLN");
    await page.getByTestId("list-count").getByText("1 of 1").waitFor();
    await rows.getByText(`${mark} Near`).waitFor();
    await page.getByRole("button", { name: "View" }).click();
    for (const column of ["Tax ID", "Country"])
      await page.getByRole("menuitemcheckbox", { name: column }).click();
    await page.keyboard.press("Escape");
    await rows.getByText("DE 123 456 789").waitFor();
    await rows.getByText("Germany").waitFor();
    await page.getByRole("button", { name: "View" }).click();
    for (const column of ["Tax ID", "Country"])
      await page.getByRole("menuitemcheckbox", { name: column }).click();
    await page.keyboard.press("Escape");
  });

  it("deletes several at once after asking", async () => {
    const { page } = owner;
    const mark = `Bulk${number.slice(-5)}`;
    for (const each of ["One", "Two", "Three"]) {
      const made = await owner.context.request.post("/api/v1/individuals", {
        headers: { authorization: `Bearer ${demo.users["owner@demo.example"]?.token}` },
        data: { full_name: `${mark} ${each}`, phones: [freshNumber()] },
      });
      expect(made.status()).toBe(201);
    }
    await page.goto(`/directory/individuals?q=${mark}&sort=name`);
    await page.getByTestId("list-count").getByText("3 of 3").waitFor();
    await page.getByLabel(`Select ${mark} One`).check();
    await page.getByLabel(`Select ${mark} Two`).check();
    await page.getByTestId("bulk").getByRole("button", { name: "Delete" }).click();
    const ask = page.getByRole("alertdialog", { name: "Delete 2 records?" });
    await ask.getByRole("button", { name: "Delete" }).click();
    await page.getByText("2 done.").waitFor();
    await page.getByTestId("list-count").getByText("1 of 1").waitFor();
    await page.getByRole("table").getByText(`${mark} Three`).waitFor();
  });

  it("narrows by where people stand, shows it, and moves several at once", async () => {
    const { page } = owner;
    const mark = `Stand${number.slice(-5)}`;
    const headers = { authorization: `Bearer ${demo.users["owner@demo.example"]?.token}` };
    const made: string[] = [];
    for (const each of ["One", "Two", "Three"]) {
      const answer = await owner.context.request.post("/api/v1/individuals", {
        headers,
        data: { full_name: `${mark} ${each}`, gender: "Female", phones: [freshNumber()] },
      });
      expect(answer.status()).toBe(201);
      made.push(((await answer.json()) as { id: string }).id);
    }
    await page.goto(`/directory/individuals?q=${mark}&sort=name`);
    await page.getByTestId("list-count").getByText("3 of 3").waitFor();
    await page.getByRole("button", { name: "View" }).click();
    for (const column of ["Status", "Gender"])
      await page.getByRole("menuitemcheckbox", { name: column }).click();
    await page.keyboard.press("Escape");
    const row = (name: string) => page.locator("tbody tr[data-row]").filter({ hasText: `${mark} ${name}` });
    await row("One").locator('[data-standing="active"]').waitFor();
    await row("One").getByText("Female").waitFor();

    for (const each of ["One", "Two"]) await page.getByLabel(`Select ${mark} ${each}`).check();
    const bulk = page.getByTestId("bulk");
    // Nobody active is made active.
    expect(await bulk.getByRole("button", { name: "Activate" }).isDisabled()).toBe(true);
    await bulk.getByRole("button", { name: "Suspend" }).click();
    // Somebody else is faster with one of them: that one is refused by name, the other moved.
    await owner.context.request.patch(`/api/v1/individuals/${made[0]}`, {
      headers: { ...headers, "if-match": "*" },
      data: { address: "1 rue des Essais" },
    });
    const ask = page.getByRole("alertdialog", { name: "Suspend 2 records?" });
    await ask.getByRole("button", { name: "Suspend" }).click();
    await page.getByText("1 done.").waitFor();
    await page.getByTestId("refused").getByText(`${mark} One:`).waitFor();
    await row("Two").locator('[data-standing="suspended"]').waitFor();
    await expect.poll(() => row("One").locator('[data-standing="active"]').count()).toBe(1);

    await page.getByLabel("Status", { exact: true }).selectOption("suspended");
    await page.waitForURL(/status=suspended/);
    await page.getByTestId("list-count").getByText("1 of 1").waitFor();
    await row("Two").waitFor();
    // The figure above counts it, and is the same filter.
    const figures = page.getByRole("list", { name: "Contacts by status" });
    const card = figures.getByRole("button", { name: /^Suspended/ });
    await page.getByTestId("card-suspended").filter({ hasText: /[1-9]/ }).waitFor();
    expect(await card.getAttribute("aria-pressed")).toBe("true");
    await card.click();
    await page.getByTestId("list-count").getByText("3 of 3").waitFor();
    await figures.getByRole("button", { name: /^Inactive/ }).click();
    await page.waitForURL(/status=inactive/);
    await page.getByText("Nothing matches", { exact: true }).waitFor();
    await card.click();
    await page.getByTestId("list-count").getByText("1 of 1").waitFor();
    await page.getByRole("button", { name: "View" }).click();
    for (const column of ["Status", "Gender"])
      await page.getByRole("menuitemcheckbox", { name: column }).click();
    await page.keyboard.press("Escape");
  });
});

describe("e-mail contacts", () => {
  it("are made with an address, changed and deleted", async () => {
    const { page } = owner;
    const name = `Maxim Mail ${freshNumber().slice(-5)}`;
    await page.goto("/directory/email-contacts");
    await page.getByRole("button", { name: "New e-mail contact" }).click();
    const form = page.getByTestId("entry-form");
    await form.getByLabel("Name").fill(name);
    await form.getByRole("button", { name: "Create" }).click();
    await form.getByText("This is needed.").waitFor();
    await form.getByLabel("E-mail 1", { exact: true }).fill("maxim@mail.example");
    await form.getByRole("button", { name: "Create" }).click();
    const panel = page.getByRole("dialog", { name });
    await panel.getByRole("link", { name: "maxim@mail.example" }).waitFor();
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Name").fill(`${name} II`);
    await panel.getByLabel("E-mail 1", { exact: true }).fill("maxim@work.example");
    await panel.getByRole("button", { name: "Save" }).click();
    const renamed = page.getByRole("dialog", { name: `${name} II` });
    await renamed.getByRole("link", { name: "maxim@work.example" }).waitFor();
    await renamed.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText(`${name} II was deleted.`).waitFor();
    await page.getByLabel("Search", { exact: true }).fill(name);
    await page.getByText("Nothing matches").waitFor();
  });
});

describe("calls and tickets", () => {
  it("lists a call, filters it, shows its log, and moves a ticket along the table", async () => {
    const { page } = owner;
    const from = freshNumber();
    const call = new TestCall(demo, from, demo.numbers[2] ?? "", { agent: { extension: "203" } });
    await call.send("ringing");
    await call.send("ended", { reason: "missed" });
    await page.goto(`/calls?state=ended&from=${encodeURIComponent(from)}`);
    const row = page.locator("tbody tr[data-row]");
    await row.first().waitFor();
    await expect.poll(() => row.count()).toBe(1);
    await row.first().click();
    await page.locator('[data-testid="timeline"] [data-event="ringing"]').waitFor();
    await page.locator('[data-testid="timeline"] [data-event="ended"]').waitFor();

    const agent = await signedIn(browser, url, demo, "agent3@demo.example");
    const second = new TestCall(demo, from, demo.numbers[2] ?? "", { agent: { extension: "203" } });
    await second.send("ringing");
    await agent.page.getByLabel("Title").fill("To be moved");
    await agent.page.getByRole("button", { name: "File ticket" }).click();
    await agent.page.getByTestId("filed-ticket").getByRole("link").click();
    await agent.page.locator('[data-ticket-status="open"]').first().waitFor();
    const moves = agent.page.getByTestId("ticket-moves");
    await moves.getByRole("button", { name: "Start work" }).click();
    await agent.page.locator('[data-ticket-status="in_progress"]').first().waitFor();
    await moves.getByRole("button", { name: "Resolve" }).click();
    await agent.page.locator('[data-ticket-status="resolved"]').first().waitFor();
    await expect.poll(() => moves.getByRole("button").count()).toBe(2);
    await second.send("ended", { reason: "missed" });
    await agent.context.close();
  });
});
