/** Tickets: filed from a call, taken, handed over, answered, moved, found again. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { launchBrowser, type Person, signedIn } from "./support/browser.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
let browser: Browser;
let agent: Person;
let lead: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  agent = await signedIn(browser, url, demo, "agent3@demo.example", { path: "/tickets" });
  lead = await signedIn(browser, url, demo, "supervisor@demo.example", { path: "/tickets" });
});
afterAll(() => browser?.close());

const token = (email: string) => ({ authorization: `Bearer ${demo.users[email]?.token}` });

async function file(title: string, body: object = {}): Promise<{ id: string; number: number }> {
  const made = await lead.context.request.post("/api/v1/tickets", {
    headers: token("supervisor@demo.example"),
    data: { title, ...body },
  });
  expect(made.status()).toBe(201);
  return (await made.json()) as { id: string; number: number };
}

const status = (page: Page, word: string) => page.locator(`[data-ticket-status="${word}"]`).first().waitFor();

describe("a ticket", () => {
  it("is filed from a call's page, linked both ways, and shows the call", async () => {
    const { page } = agent;
    const from = freshNumber();
    const call = new TestCall(demo, from, demo.numbers[2] ?? "", { agent: { extension: "203" } });
    await call.send("ringing");
    await call.send("ended", { reason: "missed" });
    await page.goto(`/calls?from=${encodeURIComponent(from)}`);
    await page.locator("tbody tr[data-row]").first().click();
    await page.waitForURL("**/calls/*");
    await page.getByRole("button", { name: "New ticket" }).click();
    await page.getByLabel("Title").fill("Called and nobody answered");
    await page.getByRole("button", { name: "File ticket" }).click();
    await page.waitForURL("**/tickets/*");
    const linked = page.getByTestId("linked-calls");
    await linked.getByText("missed").waitFor();
    await linked.getByRole("link").click();
    await page.waitForURL("**/calls/*");
    await page.getByText("Called and nobody answered").waitFor();
    await page.goto(`/calls?from=${encodeURIComponent(from)}`);
    await page.getByRole("link", { name: "1 ticket" }).click();
    await page.getByRole("heading", { name: /Called and nobody answered/ }).waitFor();
  });

  it("offers exactly the moves of the table", async () => {
    const { page } = agent;
    const moves = page.getByTestId("ticket-moves");
    const offered = async () => (await moves.getByRole("button").allTextContents()).toSorted();
    await status(page, "open");
    expect(await offered()).toEqual(["Close", "Mark answered", "Put on hold", "Start work"]);
    await page.getByLabel("Reason (optional)").fill("at it");
    await moves.getByRole("button", { name: "Start work" }).click();
    await status(page, "in_progress");
    expect(await offered()).toEqual(["Close", "Put on hold", "Resolve", "Wait for customer"]);
    await moves.getByRole("button", { name: "Resolve" }).click();
    await status(page, "resolved");
    expect(await offered()).toEqual(["Close", "Open again"]);
    await moves.getByRole("button", { name: "Close" }).click();
    await status(page, "closed");
    expect(await offered()).toEqual(["Open again"]);
    await page.getByText("The ticket is closed. Open it again to reply.").waitFor();
    await moves.getByRole("button", { name: "Open again" }).click();
    await status(page, "open");
  });

  it("takes replies and internal notes, and keeps them apart", async () => {
    const { page } = agent;
    const form = page.getByTestId("reply-form");
    await form.getByRole("button", { name: "Send reply" }).click();
    await form.getByText("Write something first.").waitFor();
    await form.getByRole("textbox").fill("We are looking into it.");
    await form.getByText("This solves it").click();
    await page.keyboard.press("Control+Enter");
    const replies = page.getByTestId("replies");
    await replies.getByText("We are looking into it.").waitFor();
    await replies.getByText("Solution").waitFor();
    await form.getByText("Internal note", { exact: true }).first().click();
    await form.getByRole("textbox").fill("Sounds angry.");
    await form.getByRole("button", { name: "Add note" }).click();
    await replies.locator('[data-visibility="internal"]', { hasText: "Sounds angry." }).waitFor();
    await expect.poll(() => replies.locator('[data-visibility="public"]').count()).toBe(1);
  });

  it("tells what happened, in order", async () => {
    const { page } = agent;
    await page.getByRole("tab", { name: "Activity" }).click();
    const activities = page.getByTestId("activities");
    await activities.getByText("added an internal note").waitFor();
    await activities.getByText("moved it from Open to In progress: at it").waitFor();
    const kinds = await activities
      .getByRole("listitem")
      .evaluateAll((items) => items.map((item) => (item as HTMLElement).dataset.activity));
    expect(kinds.slice(0, 2)).toEqual(["created", "call_linked"]);
    expect(kinds.filter((kind) => kind === "status_change").length).toBeGreaterThanOrEqual(4);
  });

  it("is taken by an agent, who may hand it over; a lead gives it to anybody or nobody", async () => {
    const ticket = await file(`Whose ${freshNumber()}`);
    const { page } = agent;
    await page.goto(`/tickets/${ticket.id}`);
    const owner = page.getByTestId("ticket-owner");
    await owner.getByRole("button", { name: "Take" }).waitFor();
    await owner.getByRole("button", { name: "Take" }).click();
    const mine = demo.users["agent3@demo.example"]?.id ?? "";
    const other = demo.users["agent4@demo.example"]?.id ?? "";
    await owner.getByLabel("Hand over to").waitFor();

    await lead.page.goto(`/tickets/${ticket.id}`);
    const leadsView = lead.page.getByTestId("ticket-owner");
    await leadsView.getByLabel("Assign to").selectOption(other);
    await lead.page.getByText(/^Now with /).waitFor();
    await leadsView.getByLabel("Assign to").selectOption("none");
    await lead.page.getByText("Now with nobody.").waitFor();
    await leadsView.getByLabel("Assign to").selectOption(mine);
    await leadsView.getByTestId("ticket-owner-name").filter({ hasNotText: "Nobody" }).waitFor();

    await page.reload();
    await owner.getByLabel("Hand over to").selectOption(other);
    await page.getByText("No longer on your desk").waitFor();
    await page.getByRole("button", { name: "Tickets" }).click();
    await page.waitForURL("**/tickets");
  });

  it("is edited under the version that was seen, and deleted by those who may", async () => {
    const ticket = await file(`Edit me ${freshNumber()}`);
    const admin = await signedIn(browser, url, demo, "admin@demo.example", { path: `/tickets/${ticket.id}` });
    const { page } = admin;
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    const form = page.getByTestId("ticket-edit");
    await form.getByLabel("Title").fill("");
    await form.getByLabel("E-mail").fill("nobody");
    await form.getByLabel("Description").fill("Now with words.");
    await form.getByText("Say in a few words").waitFor();
    await form.getByText("This is not an e-mail address.").waitFor();
    await form.getByLabel("Title").fill("Edited");
    await form.getByLabel("E-mail").fill("");
    await form.getByLabel("Priority").selectOption("urgent");
    const elsewhere = await admin.context.request.patch(`/api/v1/tickets/${ticket.id}`, {
      headers: token("supervisor@demo.example"),
      data: { description: "Somebody else's words." },
    });
    expect(elsewhere.status()).toBe(200);
    await form.getByRole("button", { name: "Save" }).click();
    await form.getByText("Somebody else has changed this ticket.").waitFor();
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { name: /Edited/ }).waitFor();
    await page.getByText("Now with words.").waitFor();
    expect(await lead.page.getByRole("button", { name: "Delete" }).count()).toBe(0);
    await page.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText(`Ticket ${ticket.number} was deleted.`).waitFor();
    await page.waitForURL("**/tickets");
    await admin.context.close();
  });
});

describe("the list of tickets", () => {
  const mark = `mark${freshNumber().slice(-6)}`;

  it("is filtered by state, priority and owner, and ordered by its headings", async () => {
    const { page } = lead;
    await file(`${mark} low`, { priority: "low" });
    await file(`${mark} urgent`, { priority: "urgent" });
    const third = await file(`${mark} medium`, { priority: "medium" });
    await lead.context.request.post(`/api/v1/tickets/${third.id}/assign`, {
      headers: token("supervisor@demo.example"),
      data: { user_id: demo.users["agent4@demo.example"]?.id },
    });
    await page.goto(`/tickets?q=${mark}`);
    const titles = () => page.locator("tbody tr[data-row] td:nth-child(3)").allTextContents();
    await page.getByTestId("list-count").getByText("3 of 3").waitFor();
    await page.getByRole("columnheader", { name: "Priority" }).getByRole("button").click();
    await page.waitForURL(/sort=-priority/);
    await page.waitForFunction(
      (words) => document.querySelector("tbody tr[data-row]")?.textContent?.includes(words),
      `${mark} urgent`,
    );
    expect((await titles()).map((title) => title.replace(/^.*? /, ""))).toEqual(["urgent", "medium", "low"]);
    expect(await page.getByRole("columnheader", { name: "Priority" }).getAttribute("aria-sort")).toBe(
      "descending",
    );
    await page.getByLabel("Assigned to").selectOption("none");
    await page.getByTestId("list-count").getByText("2 of 2").waitFor();
    await page.getByLabel("Priority", { exact: true }).selectOption("low");
    await page.getByTestId("list-count").getByText("1 of 1").waitFor();
    await page.getByLabel("Status", { exact: true }).selectOption("closed");
    await page.getByText("Nothing matches").waitFor();
    await page.getByRole("button", { name: "Clear filters" }).first().click();
    await page.getByRole("table").waitFor();
  });

  it("closes several at once, one by one", async () => {
    const { page } = lead;
    await page.goto(`/tickets?q=${mark}`);
    await page.getByTestId("list-count").getByText("3 of 3").waitFor();
    await page.getByLabel("Select all rows shown").check();
    await page.getByTestId("bulk").getByText("3 selected").waitFor();
    await page.getByTestId("bulk").getByRole("button", { name: "Close" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Close" }).click();
    await page.getByText("3 done.").waitFor();
    await page.getByLabel("Status", { exact: true }).selectOption("active");
    await page.getByText("Nothing matches").waitFor();
  });

  it("pages by the server's cursor without a gap or a repetition", async () => {
    const { page } = lead;
    const many = `pages${freshNumber().slice(-6)}`;
    for (let i = 0; i < 55; i++) await file(`${many} ${i}`);
    await page.goto(`/tickets?q=${many}&sort=number`);
    await page.getByTestId("list-count").getByText("50 of 55").waitFor();
    await page.getByRole("button", { name: "Load more" }).click();
    await page.getByTestId("list-count").getByText("55 of 55").waitFor();
    const shown = await page.locator("tbody tr[data-row] td:nth-child(3)").allTextContents();
    expect(shown.map((title) => Number(title.split(" ").at(-1)))).toEqual(
      Array.from({ length: 55 }, (_, i) => i),
    );
  });
});

describe("rows and columns", () => {
  it("remembers the chosen columns over a reload", async () => {
    const { page } = lead;
    await page.goto("/tickets");
    await page.getByRole("table").waitFor();
    const headings = () => page.getByRole("columnheader").allTextContents();
    expect((await headings()).join()).not.toContain("Phone number");
    await page.getByRole("button", { name: "View" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Phone number" }).click();
    await page.getByRole("menuitemcheckbox", { name: "Customer" }).click();
    await page.keyboard.press("Escape");
    await page.reload();
    await page.getByRole("table").waitFor();
    const after = (await headings()).join();
    expect(after).toContain("Phone number");
    expect(after).not.toContain("Customer");
  });

  it("walks the rows by j and k, selects by x, opens by Enter", async () => {
    const { page } = lead;
    await page.goto("/tickets");
    const rows = page.locator("tbody tr[data-row]");
    await rows.nth(2).waitFor();
    const keys = page.keyboard;
    const at = () => rows.evaluateAll((all) => all.findIndex((row) => row === document.activeElement));
    await keys.press("j");
    expect(await at()).toBe(0);
    await keys.press("j");
    await keys.press("j");
    expect(await at()).toBe(2);
    await keys.press("k");
    expect(await at()).toBe(1);
    await keys.press("x");
    await page.getByTestId("bulk").getByText("1 selected").waitFor();
    const id = await rows.nth(1).getAttribute("data-row");
    await keys.press("Enter");
    await page.waitForURL(`**/tickets/${id}`);
  });
});

describe("when there is little room, or no answer", () => {
  it("folds the filters on a phone and chooses the order in the view menu", async () => {
    const { page, context } = await signedIn(browser, url, demo, "supervisor@demo.example", {
      path: "/tickets",
      viewport: { width: 360, height: 760 },
    });
    await page.locator("tbody tr[data-row]").first().waitFor();
    const status = page.getByLabel("Status", { exact: true });
    expect(await status.isVisible()).toBe(false);
    await page.getByRole("button", { name: "Filters" }).click();
    await status.selectOption("active");
    await page.waitForURL("**/tickets?status=active");
    await page.getByRole("button", { name: "Filters 1" }).waitFor();
    await page.getByRole("button", { name: "View" }).click();
    await page.getByRole("menuitemradio", { name: "Number, ascending" }).click();
    await page.waitForURL(/sort=number/);
    // The old rows stay until the new ones are here.
    await expect
      .poll(async () => {
        const numbers = await page
          .locator("tbody tr[data-row] a.num")
          .evaluateAll((links) => links.map((link) => Number(link.textContent?.slice(1))));
        return numbers.every((number, at) => at === 0 || (numbers[at - 1] ?? 0) < number);
      })
      .toBe(true);
    await context.close();
  });

  it("says that a list could not be loaded, and loads it when asked again", async () => {
    const { page, context } = await signedIn(browser, url, demo, "supervisor@demo.example", {
      path: "/calls",
    });
    const lists = /\/api\/v1\/tickets\?/;
    await page.route(lists, (route) =>
      route.fulfill({
        status: 400,
        contentType: "application/problem+json",
        body: JSON.stringify({
          type: "bad-cursor",
          title: "No",
          status: 400,
          detail: "The cursor cannot be read.",
        }),
      }),
    );
    await page.getByRole("link", { name: "Tickets", exact: true }).click();
    await page.getByRole("alert").getByText("This could not be loaded").waitFor();
    await page.getByText("The cursor cannot be read.").waitFor();
    await page.unroute(lists);
    await page.getByRole("button", { name: "Try again" }).click();
    await page.locator("tbody tr[data-row]").first().waitFor();
    await context.close();
  });
});
