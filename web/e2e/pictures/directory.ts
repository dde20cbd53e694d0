/** Customers and contacts: files in, own fields, what is kept of one, duplicates, files out, erasure. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, inject, it } from "vitest";
import { launchBrowser, type Person, signedIn } from "../support/browser.ts";
import { client, HIGH, row, take } from "../support/pictures.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const { post } = client(url, demo.users["owner@demo.example"]?.token);
let browser: Browser;
let owner: Person;
let contact = "";
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/directory/organizations" });
});
afterAll(() => browser?.close());

// Before the fields: rows without one that is needed are refused.
describe("a file", () => {
  it("is mapped, looked at, read, and what was refused is kept", async () => {
    const { page } = owner;
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
    await take(page, "import", { height: HIGH });
    await dialog.getByRole("button", { name: "Import", exact: true }).click();
    const result = dialog.getByTestId("import-result");
    await result.locator('[data-import="done"]').waitFor();
    await take(page, "import-result");
    await result.getByRole("button", { name: "Close" }).click();
    await page.goto("/directory/imports");
    await row(page, "customers.csv").waitFor();
    await take(page, "imports", { shown: 380 });
  });
});

describe("contacts", () => {
  it("have fields of the account's own", async () => {
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
    await take(page, "own-fields", { height: HIGH });
  });

  it("are made, and found by a number however it is written", async () => {
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
    await take(page, "directory", { height: HIGH });
    await page.getByLabel("Phone number", { exact: true }).fill("0033 6 39 98 12 07");
    await page.waitForFunction(() => document.querySelectorAll("tbody tr[data-row]").length === 1);
    await page.getByTestId("list-count").getByText("1 of 1").waitFor();
    await take(page, "search", { shown: 380 });
  });

  it("have details, notes, a standing", async () => {
    const { page } = owner;
    await page.goto(`/directory/individuals?id=${contact}`);
    const panel = page.getByRole("dialog", { name: "Claire Fontaine" });
    await panel.getByText("K-20417").waitFor();
    await take(page, "contact");
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Number 2", { exact: true }).waitFor();
    await take(page, "contact-form", { height: HIGH });
    await panel.getByRole("button", { name: "Cancel" }).click();
    await panel.getByRole("tab", { name: "Notes" }).click();
    for (const note of ["Prefers to be called in the morning.", "Has the keys of the workshop in Nantes."]) {
      await panel.getByLabel("New note").fill(note);
      await panel.getByRole("button", { name: "Add note" }).click();
      await panel.getByTestId("notes").getByText(note).waitFor();
    }
    const first = panel.getByTestId("notes").locator("li").filter({ hasText: "in the morning" });
    await first.getByRole("button", { name: "Pin this note" }).click();
    await first.getByText("Pinned").waitFor();
    await take(page, "notes");
    await panel.getByRole("tab", { name: "Details" }).click();
    await panel.getByRole("button", { name: "Suspend" }).click();
    await page
      .getByRole("dialog", { name: "Suspend Claire Fontaine?" })
      .getByLabel("Reason")
      .fill("Invoice 2291 unpaid");
    await take(page, "status");
    await page.keyboard.press("Escape");
  });

  it("of an organization, and those known by an address alone", async () => {
    const { page } = owner;
    await page.goto("/directory/organizations?q=Atelier Rousseau");
    await row(page, "Atelier Rousseau").first().click();
    const panel = page.getByRole("dialog", { name: "Atelier Rousseau" });
    await panel.getByRole("tab", { name: "Contacts" }).click();
    await panel.getByRole("table").getByText("Hugo Rousseau").waitFor();
    await take(page, "organization-contacts");
    const made = await post("email-contacts", {
      name: "Maxim Lindner",
      email: "maxim.lindner@mail.example",
      phones: [],
    });
    await page.goto(`/directory/email-contacts?id=${made.id}`);
    await page.getByRole("dialog").getByRole("link", { name: "maxim.lindner@mail.example" }).waitFor();
    await take(page, "email-contact", { shown: 420 });
  });

  it("that are one are made one, and two again", async () => {
    const { page } = owner;
    await post("individuals", {
      full_name: "Klaire Fontaine",
      phones: ["+33639981207"],
      email: "claire.fontaine@mail.example",
      custom: { customer_no: "K-20983" },
    });
    await page.goto("/directory/duplicates");
    await page.getByTestId("duplicate-groups").getByText("Klaire Fontaine").first().waitFor();
    await take(page, "duplicates-all");
    await page.goto(`/directory/individuals?id=${contact}&tab=duplicates`);
    const panel = page.getByRole("dialog");
    await panel.getByTestId("candidates").getByText("Klaire Fontaine").waitFor();
    await take(page, "duplicates");
    await panel.getByRole("button", { name: "Merge Klaire Fontaine into this record" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Merge" }).click();
    await panel.getByTestId("merges").getByRole("button", { name: "Undo" }).waitFor();
    await take(page, "merged");
    await panel.getByTestId("merges").getByRole("button", { name: "Undo" }).click();
    await page.getByText("They are two records again.").waitFor();
  });

  it("go out as a file, and one is erased", async () => {
    const { page } = owner;
    await page.goto("/directory/individuals");
    await row(page, "Claire Fontaine").waitFor();
    await page.getByRole("button", { name: "Export" }).click();
    await page.getByRole("menuitem", { name: "As XLSX" }).waitFor();
    await take(page, "export", { shown: 420 });
    const waiting = page.waitForEvent("download");
    await page.getByRole("menuitem", { name: "As XLSX" }).click();
    await waiting;
    await row(page, "Klaire Fontaine").click();
    await page.getByRole("dialog").getByRole("button", { name: "Erase person" }).click();
    const ask = page.getByRole("dialog", { name: "Erase Klaire Fontaine for good?" });
    await ask.getByLabel(/Type the name/).fill("Klaire Fontaine");
    await ask.getByLabel("Reason").fill("Letter of 20 November");
    await take(page, "erase");
    await ask.getByRole("button", { name: "Erase person" }).click();
    await page.getByText("The person was erased.").waitFor();
    await page.goto("/erasures");
    await row(page, "Letter of 20 November").waitFor();
    await take(page, "erasures", { shown: 320 });
  });
});
