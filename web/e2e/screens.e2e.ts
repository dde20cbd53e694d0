/** Every screen, both themes: accessible, no sideways scrolling from 360 px up, usable without a mouse. */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, online, open, sideways, signedIn } from "./support/browser.ts";
import { freshNumber, TestCall } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const line = demo.numbers[2] ?? "";
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

const WIDTHS = [360, 768, 1280, 1920];

async function fits(page: Page): Promise<void> {
  const height = 800;
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height });
    expect(await sideways(page), `${page.url()} at ${width} px`).toBe(0);
  }
  await page.setViewportSize({ width: 1280, height });
}

describe.each([
  ["light", false],
  ["dark", true],
])("in the %s theme", (theme, dark) => {
  it("the sign-in page", async () => {
    const { page, context } = await open(browser, url, { dark });
    await page.goto("/");
    await page.getByLabel("E-mail").waitFor();
    expect(await page.evaluate(() => document.documentElement.dataset.theme)).toBe(theme);
    expect(await axe(page)).toEqual([]);
    await fits(page);
    await context.close();
  });

  it("the agent's screens", async () => {
    const { page, context, errors } = await signedIn(browser, url, demo, "agent1@demo.example", { dark });
    errors.length = 0;
    const call = new TestCall(demo, freshNumber(), line, { agent: { extension: "201" } });
    await call.send("ringing");
    await page.getByTestId("timeline").waitFor();
    expect(await axe(page), "workspace").toEqual([]);
    await fits(page);
    await page.getByLabel("Organization").check();
    await page.getByRole("button", { name: "File ticket" }).click();
    await page.getByText("Say in a few words").waitFor();
    expect(await axe(page), "workspace with an error").toEqual([]);
    await call.send("ended", { reason: "missed" });
    await page.locator('[data-testid="pop-status"][data-state="ended"]').waitFor();
    expect(await axe(page), "workspace after the call").toEqual([]);

    for (const path of [
      "/calls",
      "/tickets",
      "/directory/individuals",
      "/directory/organizations",
      "/numbers",
    ]) {
      await page.goto(path);
      await page.getByRole("table").or(page.getByText(/yet$/)).first().waitFor();
      expect(await axe(page), path).toEqual([]);
      await fits(page);
    }
    await page.goto("/calls");
    await page.locator("tbody tr[data-row]").first().click();
    await page.getByTestId("timeline").waitFor();
    expect(await axe(page), "a call").toEqual([]);
    await fits(page);
    await page.getByRole("button", { name: "New ticket" }).click();
    await page.getByRole("dialog").getByLabel("Title").fill("Seen by axe");
    expect(await axe(page), "a new ticket").toEqual([]);
    await page.getByRole("dialog").getByRole("button", { name: "File ticket" }).click();
    await page.waitForURL("**/tickets/*");
    await page.getByTestId("linked-calls").getByRole("link").waitFor();
    await page.getByTestId("reply-form").getByText("Internal note", { exact: true }).first().click();
    await page.getByTestId("reply-form").getByRole("textbox").fill("Noted.");
    await page.getByRole("button", { name: "Add note" }).click();
    await page.getByTestId("replies").waitFor();
    expect(await axe(page), "a ticket").toEqual([]);
    await fits(page);
    await page.getByRole("tab", { name: "Activity" }).click();
    await page.getByTestId("activities").waitFor();
    expect(await axe(page), "a ticket's activity").toEqual([]);
    await page.getByRole("button", { name: "Edit", exact: true }).click();
    await page.getByTestId("ticket-edit").waitFor();
    expect(await axe(page), "a ticket's form").toEqual([]);
    expect(errors).toEqual([]);
    await context.close();
  });

  it("the supervisor's and owner's screens", async () => {
    const { page, context } = await signedIn(browser, url, demo, "owner@demo.example", {
      dark,
      path: "/wallboard",
    });
    await page.locator(".recharts-surface").first().waitFor();
    expect(await axe(page), "wallboard").toEqual([]);
    await fits(page);
    await page.goto("/connections");
    await page.getByRole("table").waitFor();
    expect(await axe(page), "connections").toEqual([]);
    await fits(page);
    await page.getByRole("button", { name: "New connection" }).click();
    await page.getByRole("dialog").waitFor();
    expect(await axe(page), "new connection").toEqual([]);
    await page.keyboard.press("Escape");
    await page.goto("/connections");
    await page.getByRole("table").getByText("Twilio").first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Edit" }).click();
    expect(await axe(page), "a connection's form").toEqual([]);
    await fits(page);

    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keyboard shortcuts" }).waitFor();
    expect(await axe(page), "shortcuts").toEqual([]);
    await context.close();
  });

  it("what admins set up", async () => {
    const { page, context } = await signedIn(browser, url, demo, "owner@demo.example", {
      dark,
      path: "/fields",
    });
    for (const [path, make] of [
      ["/fields", "New field"],
      ["/identity-providers", "New identity provider"],
      ["/erasures", null],
      ["/roles", "New role"],
      ["/audit", null],
      ["/people?view=registrations&registered=all", null],
      ["/people?view=extensions", null],
      ["/directory/imports", null],
      ["/directory/duplicates", null],
      ["/directory/duplicates?by=name", null],
      ["/teams", "New team"],
      ["/webhooks", "New endpoint"],
      ["/bots", "New bot"],
    ] as const) {
      await page.goto(path);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await page.getByTestId("skeleton").waitFor({ state: "detached" });
      expect(await axe(page), path).toEqual([]);
      await fits(page);
      if (!make) continue;
      await page.getByRole("button", { name: make }).click();
      const dialog = page.getByRole("dialog");
      await dialog.getByRole("button", { name: "Create" }).click();
      await dialog.getByText("This is needed.").first().waitFor();
      expect(await axe(page), `${make}, with what is wrong`).toEqual([]);
      await fits(page);
    }
    await context.close();
  });

  it("what a webhook endpoint was sent", async () => {
    const { page, context } = await signedIn(browser, url, demo, "owner@demo.example", { dark });
    const made = await fetch(`${url}/api/v1/webhook-endpoints`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${demo.users["owner@demo.example"]?.token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ name: `Nobody ${theme}`, url: "https://nobody.invalid/hook" }),
    });
    const { id } = (await made.json()) as { id: string };
    const call = new TestCall(demo, freshNumber(), line, { agent: { extension: "201" } });
    await call.send("ringing");
    // Nobody's screen shall still show it when the next file looks at one.
    await call.send("ended", { reason: "missed" });
    await page.goto(`/webhooks?id=${id}&tab=deliveries`);
    const panel = page.getByRole("dialog");
    await expect
      .poll(
        async () => {
          await page.reload();
          await panel.getByRole("tab", { name: "Deliveries" }).waitFor();
          await page.getByTestId("skeleton").first().waitFor({ state: "detached" });
          return panel.locator("tbody tr[data-row]").count();
        },
        { timeout: 30_000, interval: 1000 },
      )
      .toBeGreaterThan(0);
    expect(await axe(page), "deliveries").toEqual([]);
    await fits(page);
    for (const tab of ["Given up", "Details"]) {
      await panel.getByRole("tab", { name: tab }).click();
      await page.getByTestId("skeleton").waitFor({ state: "detached" });
      expect(await axe(page), tab).toEqual([]);
      await fits(page);
    }
    await fetch(`${url}/api/v1/webhook-endpoints/${id}`, {
      method: "DELETE",
      headers: { authorization: `Bearer ${demo.users["owner@demo.example"]?.token}` },
    });
    await context.close();
  });

  it("bots, one of them opened and in its form", async () => {
    const { page, context } = await signedIn(browser, url, demo, "owner@demo.example", { dark });
    const headers = {
      authorization: `Bearer ${demo.users["owner@demo.example"]?.token}`,
      "content-type": "application/json",
    };
    const name = `Night ${theme}`;
    const made = await fetch(`${url}/api/v1/bots`, {
      method: "POST",
      headers,
      body: JSON.stringify({
        name,
        description: "From eight to eight",
        prompt: `Say who we are.\n${"Take a message, and say when somebody calls back. ".repeat(20)}`,
        sip_uri: `sip:${"reception".repeat(8)}@bots.example`,
      }),
    });
    expect(made.status).toBe(201);
    const { id } = (await made.json()) as { id: string };
    await page.goto("/bots");
    await page.locator("tbody tr[data-row]").getByText(name).waitFor();
    expect(await axe(page), "bots").toEqual([]);
    await fits(page);
    await page.locator("tbody tr[data-row]").getByText(name).click();
    const dialog = page.getByRole("dialog", { name });
    await dialog.getByText("No phone number").waitFor();
    expect(await axe(page), "a bot").toEqual([]);
    await fits(page);
    await dialog.getByRole("button", { name: "Edit" }).click();
    await dialog.getByLabel("Name").fill("");
    await dialog.getByLabel("SIP address").fill("reception");
    await dialog.getByRole("button", { name: "Save" }).click();
    await dialog.getByText("This is needed.").waitFor();
    await dialog.getByText("A SIP address, such as").waitFor();
    expect(await axe(page), "a bot's form, with what is wrong").toEqual([]);
    await fits(page);
    await fetch(`${url}/api/v1/bots/${id}`, { method: "DELETE", headers });
    await context.close();
  });

  it("the directory beside its list", async () => {
    const { page, context } = await signedIn(browser, url, demo, "owner@demo.example", {
      dark,
      path: "/directory/organizations",
    });
    await page.locator("tbody tr[data-row]").first().click();
    const dialog = page.getByRole("dialog");
    for (const tab of ["Details", "Contacts", "Notes", "Duplicates", "Calls", "Tickets"]) {
      await dialog.getByRole("tab", { name: tab }).click();
      await dialog.getByTestId(`tab-${tab.toLowerCase()}`).waitFor();
      expect(await axe(page), `an organization's ${tab}`).toEqual([]);
      await fits(page);
    }
    await page.goto("/directory/individuals");
    await page.locator("tbody tr[data-row]").first().click();
    await dialog.getByRole("button", { name: "Edit" }).click();
    await dialog.getByRole("button", { name: "Add profile" }).click();
    await dialog.getByRole("button", { name: "Add number" }).click();
    await dialog.getByRole("button", { name: "Add e-mail" }).click();
    await dialog.getByLabel("E-mail 1", { exact: true }).fill("x");
    await dialog.getByLabel("Full name").fill("");
    await dialog.getByText("This is not an e-mail address.").waitFor();
    expect(await axe(page), "a person's form with errors").toEqual([]);
    await fits(page);
    await context.close();
  });

  it("people, invitations and one's own account", async () => {
    const { page, context } = await signedIn(browser, url, demo, "owner@demo.example", {
      dark,
      path: "/people",
    });
    await page.locator("tbody tr[data-row]").first().waitFor();
    expect(await axe(page), "people").toEqual([]);
    await fits(page);
    await page.getByRole("button", { name: "Invite somebody" }).click();
    await page.getByRole("dialog").getByLabel("E-mail").fill("x");
    await page.getByRole("dialog").getByLabel("Extension").fill("x");
    await page.getByRole("dialog").getByLabel("Name").focus();
    await page.getByText("This is not an e-mail address.").waitFor();
    expect(await axe(page), "an invitation").toEqual([]);
    await fits(page);
    await page.goto("/people");
    await page.locator("tbody tr[data-row]").first().click();
    const dialog = page.getByRole("dialog");
    for (const tab of ["History", "API tokens", "Details"]) {
      await dialog.getByRole("tab", { name: tab }).click();
      await dialog.getByTestId("skeleton").waitFor({ state: "detached" });
      expect(await axe(page), `a member's ${tab}`).toEqual([]);
      await fits(page);
    }
    await dialog.getByRole("button", { name: "Edit" }).click();
    expect(await axe(page), "a member's form").toEqual([]);
    await fits(page);
    for (const path of [
      "/people?view=invitations&status=all",
      "/people?view=tokens",
      "/account",
      "/account?tab=security",
      "/account?tab=sessions",
      "/account?tab=history",
      "/account?tab=tokens",
    ]) {
      await page.goto(path);
      await page.getByRole("main").getByRole("tab").first().waitFor();
      await page.getByTestId("skeleton").waitFor({ state: "detached" });
      expect(await axe(page), path).toEqual([]);
      await fits(page);
    }
    await page.getByRole("button", { name: "New token" }).click();
    await page.getByLabel("Good for").selectOption("never");
    expect(await axe(page), "a new token").toEqual([]);
    await context.close();
  });

  it("several rows at once, and the lines", async () => {
    const { page, context } = await signedIn(browser, url, demo, "owner@demo.example", {
      dark,
      path: "/tickets",
    });
    await page.locator("tbody tr[data-row]").first().waitFor();
    await page.getByLabel("Select all rows shown").check();
    await page.getByTestId("bulk").waitFor();
    expect(await axe(page), "ticked rows").toEqual([]);
    await fits(page);
    await page.getByRole("button", { name: "View" }).click();
    await page.getByRole("menuitemcheckbox").first().waitFor();
    // A menu floats outside the landmarks and is reached from its button.
    expect(await axe(page, ["region"]), "the view menu").toEqual([]);
    await page.keyboard.press("Escape");
    await page.goto("/numbers");
    await page.locator("tbody tr[data-row]").first().waitFor();
    expect(await axe(page), "lines").toEqual([]);
    await fits(page);
    await page
      .getByRole("button", { name: /^Give back/ })
      .first()
      .click();
    await page.getByRole("alertdialog").waitFor();
    expect(await axe(page), "a question").toEqual([]);
    await page.keyboard.press("Escape");
    await page.getByRole("alertdialog").waitFor({ state: "detached" });
    await page.locator("tbody tr[data-row]").first().getByText("France").click();
    await page.getByTestId("line-history").waitFor();
    expect(await axe(page), "a line").toEqual([]);
    await fits(page);
    await context.close();
  });
});

describe("theme", () => {
  it("follows the choice and keeps it over a reload", async () => {
    const { page, context } = await signedIn(browser, url, demo, "agent1@demo.example");
    const current = () => page.evaluate(() => document.documentElement.dataset.theme);
    expect(await current()).toBe("light");
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitem", { name: "Dark" }).click();
    expect(await current()).toBe("dark");
    await page.reload();
    await online(page);
    expect(await current()).toBe("dark");
    await context.close();
  });
});

describe("without a mouse", () => {
  it("signs in, takes a call, files a ticket and finds its way", async () => {
    const { page, context } = await open(browser, url);
    const keys = page.keyboard;
    await page.goto("/");
    await page.getByLabel("E-mail").waitFor();
    await keys.press("Tab");
    await keys.type("agent1@demo.example");
    await keys.press("Tab");
    await keys.type(demo.users["agent1@demo.example"]?.password ?? "");
    await keys.press("Enter");
    await page.waitForURL("**/workspace");
    await online(page);

    // The first Tab reaches the way past the navigation, and one can see where one is.
    await keys.press("Tab");
    const skip = page.getByText("Skip to content");
    expect(await skip.evaluate((link) => link === document.activeElement)).toBe(true);
    expect((await skip.boundingBox())?.width).toBeGreaterThan(50);
    await keys.press("Enter");
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("main");

    const call = new TestCall(demo, freshNumber(), line, { agent: { extension: "201" } });
    await call.send("ringing");
    await page.getByTestId("pop").waitFor();
    const title = page.getByLabel("Title");
    for (let i = 0; i < 40; i++) {
      if (await title.evaluate((field) => field === document.activeElement)) break;
      await keys.press("Tab");
    }
    await keys.type("By keyboard only");
    await keys.press("Control+Enter");
    await page.getByTestId("filed-ticket").waitFor();
    await call.send("ended", { reason: "missed" });

    // Leave the field: letters are shortcuts only where one does not type.
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    await keys.press("g");
    await keys.press("t");
    await page.waitForURL("**/tickets");
    await page.getByText("By keyboard only").first().waitFor();
    await keys.press("/");
    await keys.type("keyboard");
    await page.waitForURL("**/tickets?q=keyboard");

    await keys.press("Control+k");
    await page.getByPlaceholder("Type a command…").waitFor();
    await keys.type("directory");
    await keys.press("Enter");
    await page.waitForURL("**/directory/individuals");
    // The address changes first: until the new screen is there, the rows are still the tickets'.
    await page.getByRole("table", { name: "Individuals" }).locator("tbody tr[data-row]").first().focus();
    await keys.press("ArrowDown");
    await keys.press("Enter");
    await page.getByRole("dialog").waitFor();
    await keys.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await context.close();
  });
});
