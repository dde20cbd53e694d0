/**
 * The pictures in docs/images: the real console on the demo's data, 1280 px wide, light. No test: run by hand with
 * `npm run pictures` when a screen has changed, and look at each before it is kept.
 */
import path from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { launchBrowser, type Person, signedIn } from "./support/browser.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../docs/images");
/** As low as the navigation is whole. */
const LOW = 640;
const HIGH = 760;
const url = inject("serverUrl");
const demo = inject("demo");
const token = demo.users["owner@demo.example"]?.token;
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/people" });
});
afterAll(() => browser?.close());

async function post(target: string, data: object, headers: object = {}): Promise<{ id: string }> {
  const answer = await fetch(`${url}/api/v1/${target}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
    body: JSON.stringify(data),
  });
  if (!answer.ok) throw new Error(`${target}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as { id: string };
}

/** `shown` is less than `height` where a picture would be heavy with rows that are like the others. */
async function take(page: Page, name: string, height = LOW, shown = height): Promise<void> {
  await page.setViewportSize({ width: 1280, height });
  await page.getByTestId("skeleton").waitFor({ state: "detached" });
  // Toasts and things that slide in are no part of a screen.
  await page.addStyleTag({ content: "[data-sonner-toaster]{display:none!important}" });
  await page.mouse.move(0, 0);
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    // Flags are emoji, which the machine that takes the pictures may have no font for.
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode())
      texts.currentNode.nodeValue =
        texts.currentNode.nodeValue?.replaceAll(/[\u{1F1E6}-\u{1F1FF}]/gu, "") ?? null;
    return Promise.allSettled(document.getAnimations().map((each) => each.finished.catch(() => undefined)));
  });
  await page.screenshot({
    path: path.join(FOLDER, `${name}.png`),
    caret: "hide",
    clip: { x: 0, y: 0, width: 1280, height: shown },
  });
}

const row = (page: Page, text: string) => page.locator("tbody tr[data-row]").filter({ hasText: text });

describe("pictures of", () => {
  let contact = "";

  // Before the fields: rows without one that is needed are refused.
  it("the import", async () => {
    const { page } = owner;
    await page.goto("/directory/organizations");
    await page.getByRole("button", { name: "Import" }).click();
    const dialog = page.getByRole("dialog");
    const lines = [
      "Kind,Who,Company,Telephone,Mail,Shoe size",
      "organization,Atelier Rousseau,,01 99 00 61 01,bureau@rousseau.example,",
      "organization_contact,Hugo Rousseau,Atelier Rousseau,06 39 98 61 02,hugo@rousseau.example,43",
      "individual,Inès Garnier,,06 39 98 61 03,ines.garnier@mail.example,38",
      "individual,Paul Meunier,,not a number,,44",
      "individual,Lea Schmitt,,+49 30 9012 0004,lea.schmitt@mail.example,39",
    ];
    await dialog.getByLabel("File").setInputFiles({
      name: "customers.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(`${lines.join("\n")}\n`),
    });
    await dialog.getByRole("button", { name: "Next" }).click();
    const mapping = dialog.getByTestId("import-mapping");
    await mapping.getByLabel("Who").selectOption("name");
    await mapping.getByLabel("Company").selectOption("organization");
    await mapping.getByLabel("Telephone").selectOption("phone");
    await mapping.getByLabel("Mail").selectOption("email");
    await mapping.getByLabel("Shoe size").selectOption("ignore");
    await dialog.getByTestId("import-preview").getByText("Hugo Rousseau").waitFor();
    await take(page, "import", HIGH);
  });

  it("own fields", async () => {
    const { page } = owner;
    for (const field of [
      { key: "customer_no", label: "Customer number", type: "text", required: true, position: 1 },
      {
        key: "contract",
        label: "Contract",
        type: "choice",
        choices: ["Basic", "Plus", "Premium"],
        position: 2,
      },
      { key: "since", label: "Customer since", type: "date", position: 3 },
      { key: "newsletter", label: "Newsletter", type: "boolean", position: 4 },
    ])
      await post("contact-fields", { kind: "individual", ...field });
    await page.goto("/fields");
    await row(page, "Newsletter").waitFor();
    await page.getByRole("button", { name: "New field" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Label").fill("Preferred language");
    await dialog.getByLabel("Type").selectOption("choice");
    await dialog.getByLabel("Choices").fill("German\nFrench\nEnglish");
    await take(page, "own-fields", HIGH);
  });

  it("the directory, and a contact in it", async () => {
    const { page } = owner;
    contact = (
      await post("individuals", {
        full_name: "Claire Fontaine",
        gender: "Female",
        dob: "1981-04-02",
        address: "12 rue des Tilleuls\n44000 Nantes",
        phones: [
          { number: "+33639981207", label: "mobile", primary: true },
          { number: "+33240899912", label: "home" },
        ],
        emails: [
          { email: "claire.fontaine@mail.example", primary: true },
          { email: "c.fontaine@atelier.example", label: "work" },
        ],
        social_media: [{ platform: "LinkedIn", url: "https://www.linkedin.com/in/claire-fontaine" }],
        custom: { customer_no: "K-20417", contract: "Plus", since: "2019-06-01", newsletter: true },
      })
    ).id;
    await page.goto("/directory/individuals");
    await row(page, "Claire Fontaine").waitFor();
    await take(page, "directory", HIGH);
    await page.goto(`/directory/individuals?id=${contact}`);
    await page.getByRole("dialog").getByText("K-20417").waitFor();
    await take(page, "contact");
  });

  it("duplicates", async () => {
    const { page } = owner;
    await post("individuals", {
      full_name: "Klaire Fontaine",
      phones: ["+33639981207"],
      email: "claire.fontaine@mail.example",
      custom: { customer_no: "K-20983" },
    });
    await page.goto(`/directory/individuals?id=${contact}&tab=duplicates`);
    await page.getByTestId("candidates").getByText("Klaire Fontaine").waitFor();
    await take(page, "duplicates");
  });

  it("phone numbers and people", async () => {
    const { page } = owner;
    await page.goto("/numbers");
    await page.locator("tbody tr[data-row]").first().waitFor();
    await take(page, "numbers");
    await page.goto("/people");
    await row(page, "Anna Agent").waitFor();
    await take(page, "people", HIGH);
  });

  it("teams", async () => {
    const { page } = owner;
    const agents = ["agent1@demo.example", "agent2@demo.example", "agent3@demo.example"].map(
      (email) => demo.users[email]?.id ?? "",
    );
    for (const [name, description, members] of [
      ["Support", "First line, every day from eight to eight", agents],
      ["Back office", "Contracts and invoices", agents.slice(1)],
    ] as const) {
      const team = await post("teams", { name, description });
      for (const [at, member] of members.entries())
        await fetch(`${url}/api/v1/teams/${team.id}/members/${member}`, {
          method: "PUT",
          headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
          body: JSON.stringify({ is_lead: at === 0 }),
        });
    }
    await page.goto("/teams");
    await row(page, "Support").click();
    await page.getByTestId("team-members").getByText("Anna Agent").waitFor();
    await take(page, "teams");
  });

  it("outgoing webhooks", async () => {
    const { page } = owner;
    const made = await post("webhook-endpoints", {
      name: "CRM",
      url: "https://crm.example/hooks/switchroom",
      events: ["call.ringing", "call.ended"],
    });
    await post("webhook-endpoints", { name: "Data warehouse", url: "https://data.example/calls" });
    await page.goto(`/webhooks?id=${made.id}`);
    await page.getByRole("dialog").getByText("call.ringing, call.ended").waitFor();
    await take(page, "webhooks");
  });

  it("tokens", async () => {
    const { page } = owner;
    await page.goto("/account?tab=tokens");
    await page.getByRole("button", { name: "New token" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("Nightly export");
    await dialog.getByText("Only some").click();
    await dialog.getByLabel("Individuals: read").check();
    await dialog.getByLabel("Organizations: read").check();
    await dialog.getByLabel("Name").scrollIntoViewIfNeeded();
    await take(page, "tokens", HIGH);
  });

  it("identity providers", async () => {
    const { page } = owner;
    const made = await post("identity-providers", {
      name: "Company sign-in",
      issuer: "https://id.company.example/realms/main",
      client_id: "switchroom",
      client_secret: "not shown",
      joins_as: "agent",
    });
    await page.goto(`/identity-providers?id=${made.id}`);
    await page.getByRole("dialog").getByText("Kept, never shown").waitFor();
    await take(page, "identity-providers");
  });

  it("the second factor", async () => {
    const agent = await signedIn(browser, url, demo, "agent2@demo.example", {
      path: "/account?tab=security",
    });
    const { page } = agent;
    await page.getByRole("button", { name: "Set up a second factor" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Password").fill(demo.users["agent2@demo.example"]?.password ?? "");
    await dialog.getByRole("button", { name: "Next" }).click();
    await dialog.getByTestId("qr").waitFor();
    await take(page, "second-factor", HIGH);
    await agent.context.close();
  });

  it("roles, and the audit log of all this", async () => {
    const { page } = owner;
    await page.goto("/roles");
    await page.getByRole("table").getByText("Agent", { exact: true }).first().click();
    await page.getByRole("dialog").getByRole("button", { name: "Make one like it" }).click();
    const panel = page.getByRole("dialog", { name: "New role" });
    await panel.getByLabel("Name").fill("Night shift");
    await panel.getByLabel("Description").fill("From ten to six");
    await take(page, "roles", HIGH);
    await page.goto("/audit");
    await row(page, "team created").first().waitFor();
    await take(page, "audit", LOW, 591);
  });
});
