/** People: invited, changed, switched off and on; what admins may not do to owners; lines on people's pages. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, open, type Person, sideways, signedIn, signIn } from "./support/browser.ts";

const url = inject("serverUrl");
const demo = inject("demo");
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/people" });
});
afterAll(() => browser?.close());

const PASSWORD = "eleven quiet lanterns";
const NEWCOMER = "ida@new.example";
/** Hers at the moment. */
let password = PASSWORD;

describe("invitations", () => {
  let first = "";

  it("names the field at fault while it is typed, and says who is a member already", async () => {
    const { page } = owner;
    await page.getByRole("button", { name: "Invite somebody" }).click();
    const dialog = page.getByRole("dialog", { name: "Invite somebody" });
    await dialog.getByLabel("E-mail").fill("ida");
    await dialog.getByLabel("Extension").fill("2");
    await dialog.getByLabel("Name").focus();
    await dialog.getByText("This is not an e-mail address.").waitFor();
    await dialog.getByText("2 to 6 digits.", { exact: true }).waitFor();
    await dialog.getByLabel("E-mail").fill("agent1@demo.example");
    await dialog.getByLabel("Extension").fill("201");
    await dialog.getByRole("button", { name: "Invite", exact: true }).click();
    await dialog.getByText("Somebody with this e-mail is a member.").waitFor();
    await dialog.getByLabel("E-mail").fill(NEWCOMER);
    await dialog.getByRole("button", { name: "Invite", exact: true }).click();
    await dialog.getByText("Somebody has this extension.").waitFor();
    expect(await dialog.getByLabel("Extension").getAttribute("aria-invalid")).toBe("true");
  });

  it("shows the link where the server sends no mail, once", async () => {
    const { page } = owner;
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Extension").fill("299");
    await dialog.getByLabel("Phone numbers").uncheck();
    await dialog.getByRole("button", { name: "Invite", exact: true }).click();
    const link = page.getByTestId("invitation-link");
    await link.waitFor();
    first = (await link.locator("code").textContent()) ?? "";
    expect(first).toContain("/invitation#swi_");
    await link.getByRole("button", { name: "I have copied it" }).click();
    await page.getByRole("tab", { name: "Invitations" }).click();
    await page.getByRole("table").getByText(NEWCOMER).waitFor();
    expect(await page.locator("body").textContent()).not.toContain("swi_");
  });

  it("sends it again with another link, and the old one is good no more", async () => {
    const { page } = owner;
    await page.getByRole("button", { name: `Send again: ${NEWCOMER}` }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Send again" }).click();
    const link = page.getByTestId("invitation-link");
    await link.waitFor();
    const second = (await link.locator("code").textContent()) ?? "";
    expect(second).not.toBe(first);
    await link.getByRole("button", { name: "I have copied it" }).click();

    const guest = await open(browser, url);
    await guest.page.goto(first);
    await guest.page.getByText(/used already/).waitFor();
    await guest.page.goto("about:blank");
    await guest.page.goto(second);
    await guest.page.getByLabel("Your name").fill("Ida Rhodes");
    await guest.page.getByLabel("New password").fill(PASSWORD);
    await guest.page.getByRole("button", { name: "Accept" }).click();
    await guest.page.waitForURL("**/workspace");
    // Phone numbers were switched off for her.
    const nav = guest.page.getByRole("navigation", { name: "Main" });
    await nav.getByRole("link", { name: "Tickets" }).waitFor();
    expect(await nav.getByRole("link", { name: "Phone numbers" }).count()).toBe(0);
    await guest.context.close();
  });

  it("withdraws several at once", async () => {
    const { page, context } = owner;
    for (const email of ["one@new.example", "two@new.example"]) {
      const made = await context.request.post("/api/v1/invitations", {
        headers: { authorization: `Bearer ${demo.users["owner@demo.example"]?.token}` },
        data: { email, role: "member" },
      });
      expect(made.status()).toBe(201);
    }
    await page.reload();
    await page.getByRole("table").getByText("one@new.example").waitFor();
    await page.getByLabel("Select one@new.example").check();
    await page.getByLabel("Select two@new.example").check();
    await page.getByTestId("bulk").getByRole("button", { name: "Withdraw" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Withdraw" }).click();
    await page.getByText("2 done.").waitFor();
    await page.getByLabel("Status").selectOption("revoked");
    await page.waitForURL("**status=revoked**");
    await page.getByRole("table").getByText("two@new.example").waitFor();
    await expect.poll(() => page.locator('[data-invitation="revoked"]').count()).toBeGreaterThanOrEqual(2);
  });
});

describe("who forgot their password", () => {
  const FRESH = "twelve loud lanterns";

  it("gets a link from an admin, who is shown it once where the server sends no mail", async () => {
    const { page } = owner;
    const ida = await open(browser, url);
    const signsIn = async (password: string) => {
      await ida.page.goto("/sign-in");
      await ida.page.getByLabel("E-mail").fill(NEWCOMER);
      await ida.page.getByLabel("Password").fill(password);
      await ida.page.getByRole("button", { name: "Sign in" }).click();
    };
    await signsIn(PASSWORD);
    await ida.page.waitForURL("**/workspace");
    await page.goto("/people?q=Ida");
    await page.locator("tbody tr[data-row]").getByText("Ida Rhodes").click();
    const panel = page.getByRole("dialog", { name: "Ida Rhodes" });
    await panel.getByRole("button", { name: "Password link" }).click();
    const ask = page.getByRole("alertdialog", { name: "Make a password link for Ida Rhodes?" });
    expect(await axe(page), "asking for a link").toEqual([]);
    await ask.getByRole("button", { name: "Make the link" }).click();
    const made = page.getByTestId("password-link");
    const link = (await made.locator("code").textContent()) ?? "";
    expect(link).toContain("/reset#swl_");
    expect(await axe(page), "a password link").toEqual([]);
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await sideways(page)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 800 });
    await made.getByRole("button", { name: "I have copied it" }).click();
    expect(await page.locator("body").textContent()).not.toContain("swl_");

    const guest = await open(browser, url);
    await guest.page.goto(link);
    await guest.page.getByLabel("New password").fill(FRESH);
    await guest.page.getByRole("button", { name: "Set password" }).click();
    await guest.page.getByText("Your password is set").waitFor();
    await guest.context.close();
    // Who held the account until then is out.
    await ida.page.waitForURL("**/sign-in**");
    await signsIn(PASSWORD);
    await ida.page.getByRole("alert").waitFor();
    await signsIn(FRESH);
    await ida.page.waitForURL("**/workspace");

    await panel.getByRole("tab", { name: "History" }).click();
    await panel.locator('[data-event="password.link_created"]').first().waitFor();
    await panel.getByRole("tab", { name: "Details" }).click();
    await panel.getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Sign out everywhere" }).click();
    await page.getByText("Ida Rhodes is signed out everywhere.").waitFor();
    await ida.page.waitForURL("**/sign-in**");
    await ida.context.close();
    password = FRESH;
  });

  it("is offered for others, not for oneself", async () => {
    const { page } = owner;
    await page.goto("/people?q=owner");
    await page.locator("tbody tr[data-row]").getByText("Olivia Owner").click();
    const panel = page.getByRole("dialog", { name: "Olivia Owner" });
    await panel.getByRole("button", { name: "Edit" }).waitFor();
    expect(await panel.getByRole("button", { name: "Password link" }).count()).toBe(0);
  });
});

describe("members", () => {
  it("are found, changed, and told of a faster hand", async () => {
    const { page, context } = owner;
    await page.goto("/people");
    await page.getByLabel("Search", { exact: true }).fill("Ida");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 1);
    await page.waitForURL("**q=Ida**");
    const id = await page.locator("tbody tr[data-row]").getAttribute("data-row");
    await page.locator("tbody tr[data-row]").getByText("Ida Rhodes").click();
    const panel = page.getByRole("dialog", { name: "Ida Rhodes" });
    await panel.getByText("Without Phone numbers").waitFor();
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("SIP address").fill("tel:299");
    await panel.getByLabel("Extension").focus();
    await panel.getByText("A SIP address, such as sip:201@pbx.example.").waitFor();
    await panel.getByLabel("SIP address").fill("sip:299@pbx.example");
    // Somebody else is faster.
    const elsewhere = await context.request.patch(`/api/v1/users/${id}`, {
      headers: { authorization: `Bearer ${demo.users["owner@demo.example"]?.token}` },
      data: { extension: "298" },
    });
    expect(elsewhere.status()).toBe(200);
    await panel.getByLabel("Role").selectOption("supervisor");
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByText("Somebody else has changed this record.").waitFor();
    await panel.getByRole("button", { name: "Save" }).click();
    await page.getByText("Ida Rhodes was saved.").waitFor();
    await panel.getByText("Supervisor", { exact: true }).waitFor();
    // What the form did not touch stayed as the faster hand left it.
    await panel.getByText("298", { exact: true }).waitFor();
    await panel.getByText("sip:299@pbx.example").waitFor();
  });

  it("have notes for programs, key by key", async () => {
    const { page, context } = owner;
    const panel = page.getByRole("dialog", { name: "Ida Rhodes" });
    const id = await page.locator("tbody tr[data-row]").getAttribute("data-row");
    const headers = { authorization: `Bearer ${demo.users["owner@demo.example"]?.token}` };
    const note = async (metadata: Record<string, unknown>) => {
      const answer = await context.request.patch(`/api/v1/users/${id}`, { headers, data: { metadata } });
      expect(answer.status()).toBe(200);
    };
    await note({ "cost.centre[1]": 12, old: "x" });
    await page.reload();
    await panel.getByTestId("member-notes").getByText("cost.centre[1]").waitFor();
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Value of cost.centre[1]").fill("13");
    await panel.getByRole("button", { name: "Remove old" }).click();
    await panel.getByRole("button", { name: "Add key" }).click();
    await panel.getByLabel("Key 1", { exact: true }).fill("cost.centre[1]");
    await panel.getByLabel("Value 1", { exact: true }).fill("4711");
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByText("This key is there twice.").waitFor();
    await panel.getByLabel("Key 1", { exact: true }).fill("payroll");
    // Somebody else notes something down meanwhile: neither is lost.
    await note({ theirs: true });
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByText("Somebody else has changed this record.").waitFor();
    await panel.getByLabel("Value of theirs").waitFor();
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByTestId("member-notes").getByText("4711").waitFor();
    const now = await context.request.get(`/api/v1/users/${id}`, { headers });
    expect(((await now.json()) as { metadata: unknown }).metadata).toEqual({
      "cost.centre[1]": 13,
      payroll: "4711",
      theirs: true,
    });
  });

  it("get a number from their page, and lose it there", async () => {
    const { page } = owner;
    const panel = page.getByRole("dialog", { name: "Ida Rhodes" });
    const card = panel.getByTestId("endpoint-line");
    await card.getByText("No phone number").waitFor();
    await card.getByRole("button", { name: "Connect a number" }).click();
    const dialog = page.getByRole("dialog", { name: "A number for Ida Rhodes" });
    await dialog.getByRole("button", { name: "Connect" }).click();
    await dialog.getByText("Choose a number first.").waitFor();
    await dialog.getByLabel("Number").selectOption({ index: 1 });
    await dialog.getByRole("button", { name: "Connect" }).click();
    const link = card.getByRole("link", { name: /\+33/ });
    await link.waitFor();
    const spoken = /\+[\d ]+\d/.exec((await link.textContent()) ?? "")?.[0] ?? "";
    await page.getByText(`${spoken} is connected.`).waitFor();
    await page.keyboard.press("Escape");
    await panel.waitFor({ state: "detached" });
    // The list has a column for it that leads to the number's page.
    await page.locator("tbody tr[data-row]").getByRole("link", { name: spoken }).click();
    await page.waitForURL("**/numbers?view=own&id=**");
    // Once as whom it rings, once in its history, whichever is there first.
    await page.getByRole("dialog", { name: spoken }).getByText("Ida Rhodes (298)").first().waitFor();
    await page.goBack();
    await page.locator("tbody tr[data-row]").getByText("Ida Rhodes").click();
    await card.getByRole("button", { name: "Disconnect" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Disconnect" }).click();
    await card.getByText("No phone number").waitFor();
  });

  it("are switched off, out at once, and on again", async () => {
    const { page } = owner;
    const ida = await open(browser, url);
    await ida.page.goto("/");
    await ida.page.getByLabel("E-mail").fill(NEWCOMER);
    await ida.page.getByLabel("Password").fill(password);
    await ida.page.getByRole("button", { name: "Sign in" }).click();
    await ida.page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));

    const panel = page.getByRole("dialog", { name: "Ida Rhodes" });
    await panel.getByRole("tab", { name: "History" }).click();
    await panel.locator('[data-event="session.started"]').first().waitFor();
    await panel.getByRole("tab", { name: "Details" }).click();
    await panel.getByRole("button", { name: "Switch off" }).click();
    await page.getByRole("alertdialog").getByText("They are signed out at once").waitFor();
    await page.getByRole("alertdialog").getByRole("button", { name: "Switch off" }).click();
    await page.getByText("Ida Rhodes is switched off.").waitFor();
    await panel.locator('[data-active="false"]').waitFor();
    await ida.page.waitForURL("**/sign-in**");
    await panel.getByRole("button", { name: "Switch on" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Switch on" }).click();
    await panel.locator('[data-active="true"]').waitFor();
    await ida.page.getByLabel("E-mail").fill(NEWCOMER);
    await ida.page.getByLabel("Password").fill(password);
    await ida.page.getByRole("button", { name: "Sign in" }).click();
    await ida.page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));
    await ida.context.close();
  });

  it("keeps the last owner, and nobody changes their own powers", async () => {
    const { page } = owner;
    await page.goto("/people?q=owner");
    await page.locator("tbody tr[data-row]").getByText("Olivia Owner").click();
    const panel = page.getByRole("dialog", { name: "Olivia Owner" });
    expect(await panel.getByRole("button", { name: "Switch off" }).count()).toBe(0);
    await panel.getByRole("button", { name: "Edit" }).click();
    expect(await panel.getByLabel("Role").isDisabled()).toBe(true);
    await panel.getByText("Nobody changes their own role or modules.").waitFor();
    await panel.getByLabel("Extension").fill("290");
    await panel.getByRole("button", { name: "Save" }).click();
    await page.getByText("Olivia Owner was saved.").waitFor();
    await panel.getByText("290", { exact: true }).waitFor();
  });
});

describe("a client", () => {
  const token = demo.users["owner@demo.example"]?.token;
  // A word: digits alone would be sought as a number.
  const tag = `q${Date.now().toString(36).slice(-6)}`;
  const CLIENT = `rosa${tag}@client.example`;
  const [single, colleague, company] = [`Rosa Single ${tag}`, `Rosa Works ${tag}`, `Rosa Works Ltd ${tag}`];
  const ids: Record<string, string> = {};
  let session = "";

  /** Beside the browser, whose cookie stays the owner's whoever signs in here. */
  async function send(method: string, path: string, data?: object, bearer = token) {
    const answer = await fetch(`${url}/api/v1/${path}`, {
      method,
      headers: { authorization: `Bearer ${bearer}`, "content-type": "application/json" },
      body: JSON.stringify(data),
    });
    const text = await answer.text();
    expect(answer.ok, `${path}: ${answer.status} ${text}`).toBe(true);
    return JSON.parse(text) as Record<string, string>;
  }

  it("is invited as a contact, found by name", async () => {
    ids.single = (await send("POST", "individuals", { full_name: single, phones: [] })).id ?? "";
    ids.company = (await send("POST", "organizations", { name: company, phones: [] })).id ?? "";
    const path = `organizations/${ids.company}/contacts`;
    ids.colleague = (await send("POST", path, { full_name: colleague, phones: [] })).id ?? "";
    const { page } = owner;
    await page.goto("/people");
    await page.getByRole("button", { name: "Invite somebody" }).click();
    const dialog = page.getByRole("dialog", { name: "Invite somebody" });
    await dialog.getByLabel("E-mail").fill(CLIENT);
    // Staff are nobody's contact.
    expect(await dialog.getByTestId("contact-chooser").count()).toBe(0);
    await dialog.getByLabel("Role").selectOption("client");
    const chooser = dialog.getByTestId("contact-chooser");
    await chooser.getByLabel("Signs in as").fill(`nobody ${tag}`);
    await chooser.getByText("No individual and no organization’s contact is called so.").waitFor();
    await chooser.getByLabel("Signs in as").fill(tag);
    const found = chooser.getByRole("list", { name: "Contacts found" });
    await found.getByRole("button", { name: colleague }).waitFor();
    // The company itself signs in nowhere.
    await expect.poll(() => found.getByRole("button").count()).toBe(2);
    expect(await axe(page), "choosing a contact").toEqual([]);
    await found.getByRole("button", { name: single }).click();
    expect(await chooser.getByTestId("chosen-contact").textContent()).toBe(single);
    await dialog.getByRole("button", { name: "Invite", exact: true }).click();
    const link = page.getByTestId("invitation-link");
    await link.waitFor();
    const address = (await link.locator("code").textContent()) ?? "";
    await link.getByRole("button", { name: "I have copied it" }).click();
    await page.getByRole("tab", { name: "Invitations" }).click();
    await page.getByRole("table").getByText(single).waitFor();
    const accepted = await send("POST", "auth/invitations/accept", {
      token: address.split("#")[1],
      name: "Rosa Parcel",
      password: PASSWORD,
    });
    session = accepted.access_token ?? "";
  });

  it("is another contact after a change, seen on both pages", async () => {
    const { page } = owner;
    await page.goto(`/people?q=${CLIENT}`);
    await page.locator("tbody tr[data-row]").getByText("Rosa Parcel").click();
    const panel = page.getByRole("dialog", { name: "Rosa Parcel" });
    await panel.getByRole("link", { name: single }).waitFor();
    await panel.getByRole("button", { name: "Edit" }).click();
    const form = panel.getByTestId("member-form");
    expect(await form.getByTestId("chosen-contact").textContent()).toBe(single);
    await form.getByRole("button", { name: "Nobody in particular" }).click();
    await form.getByLabel("Signs in as").fill(tag);
    await form.getByRole("button", { name: colleague }).click();
    await page.setViewportSize({ width: 360, height: 800 });
    expect(await sideways(page)).toBe(0);
    await page.setViewportSize({ width: 1280, height: 800 });
    await form.getByRole("button", { name: "Save" }).click();
    await page.getByText("Rosa Parcel was saved.").waitFor();
    await panel.getByRole("link", { name: `${colleague}, ${company}` }).click();
    await page.waitForURL("**/directory/organizations?**");
    const contact = page.getByRole("dialog", { name: colleague });
    await contact.getByRole("tab", { name: "Portal accounts" }).click();
    await contact.getByText(CLIENT).waitFor();
    expect(await axe(page), "portal accounts").toEqual([]);
    await contact.getByRole("link", { name: "Rosa Parcel" }).click();
    await page.getByRole("dialog", { name: "Rosa Parcel" }).getByTestId("member-details").waitFor();
    await page.goto(`/directory/individuals?id=${ids.single}&tab=accounts`);
    await page.getByText("Nobody signs in as this contact.").waitFor();
  });

  it("files tickets that are the contact's", async () => {
    const title = `Printer on fire ${tag}`;
    await send("POST", "tickets", { title }, session);
    const { page } = owner;
    await page.goto(`/directory/organizations?id=${ids.company}&contact=${ids.colleague}&tab=tickets`);
    await page.getByRole("dialog", { name: colleague }).getByText(title).waitFor();
    await page.goto(`/directory/organizations?id=${ids.company}&tab=tickets`);
    await page.getByRole("dialog", { name: company }).getByText(title).waitFor();
  });

  it("is nobody in particular once that is said", async () => {
    const { page } = owner;
    await page.goto(`/people?q=${CLIENT}`);
    await page.locator("tbody tr[data-row]").getByText("Rosa Parcel").click();
    const panel = page.getByRole("dialog", { name: "Rosa Parcel" });
    await panel.getByRole("link", { name: colleague }).waitFor();
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByRole("button", { name: "Nobody in particular" }).click();
    await panel.getByRole("button", { name: "Save" }).click();
    await page.getByText("Rosa Parcel was saved.").first().waitFor();
    await panel.getByTestId("member-details").waitFor();
    expect(await panel.getByRole("link", { name: colleague }).count()).toBe(0);
  });
});

describe("the extensions", () => {
  it("are listed with whose they are, and lead to that person", async () => {
    const { page } = owner;
    await page.goto("/people");
    await page.getByRole("tab", { name: "Extensions" }).click();
    await page.waitForURL(/view=extensions/);
    const row = page.locator("tbody tr[data-row]").filter({ hasText: "201" });
    const name = (await row.getByRole("cell").nth(1).textContent()) ?? "";
    expect(await axe(page), "extensions").toEqual([]);
    await row.click();
    const panel = page.getByRole("dialog");
    await panel.getByTestId("member-details").getByText("201", { exact: true }).waitFor();
    expect(name).toContain((await panel.getByRole("heading").first().textContent()) ?? "nobody");
    await page.keyboard.press("Escape");
  });
});

describe("who is no owner", () => {
  it("as an admin reaches everybody but owners", async () => {
    const admin = await signedIn(browser, url, demo, "admin@demo.example", { path: "/people?q=owner" });
    await admin.page.locator("tbody tr[data-row]").getByText("Olivia Owner").click();
    const panel = admin.page.getByRole("dialog", { name: "Olivia Owner" });
    await panel.getByText("Only an owner changes an owner.").waitFor();
    expect(await panel.getByRole("button", { name: "Edit" }).count()).toBe(0);
    await admin.page.keyboard.press("Escape");
    await admin.page.getByRole("button", { name: "Invite somebody" }).click();
    const roles = admin.page.getByRole("dialog").getByLabel("Role").locator("option");
    await expect.poll(() => roles.allTextContents()).toContain("Admin");
    expect(await roles.allTextContents()).not.toContain("Owner");
    await admin.context.close();
  });

  it("as an agent looks and changes nothing", async () => {
    const { page, context } = await open(browser, url);
    await signIn(page, demo, "agent1@demo.example", "/people");
    await page.locator("tbody tr[data-row]").first().waitFor();
    expect(await page.getByRole("button", { name: "Invite somebody" }).count()).toBe(0);
    expect(await page.getByRole("checkbox").count()).toBe(0);
    expect(await page.getByRole("tab", { name: "Invitations" }).count()).toBe(0);
    await page.locator("tbody tr[data-row]").first().click();
    const panel = page.getByRole("dialog");
    await panel.getByTestId("member-details").waitFor();
    expect(await panel.getByRole("button", { name: /Edit|Switch|Sign out/ }).count()).toBe(0);
    expect(await panel.getByRole("tab", { name: "History" }).count()).toBe(0);
    await context.close();
  });

  it("as a client sees nothing of it, nor of the place of agents", async () => {
    const { page, context } = await open(browser, url);
    await signIn(page, demo, "client@demo.example", "/people");
    await page.getByText("Not permitted").waitFor();
    await page.goto("/workspace");
    await page.getByText("Not permitted").waitFor();
    expect(await page.getByTestId("workspace-idle").count()).toBe(0);
    await context.close();
  });
});
