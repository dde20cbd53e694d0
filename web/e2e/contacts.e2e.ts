/** What is kept about contacts: notes, where they stand, duplicates made one, files in and out, erasure. */
import { mkdtemp, readFile, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, type Person, sideways, signedIn } from "./support/browser.ts";
import { freshNumber } from "./support/hooks.ts";

const url = inject("serverUrl");
const demo = inject("demo");
const token = demo.users["owner@demo.example"]?.token;
let browser: Browser;
let owner: Person;
beforeAll(async () => {
  browser = await launchBrowser();
  owner = await signedIn(browser, url, demo, "owner@demo.example", { path: "/directory/individuals" });
});
afterAll(() => browser?.close());

async function send(method: string, target: string, data: object): Promise<{ id: string }> {
  const answer = await fetch(`${url}/api/v1/${target}`, {
    method,
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json", "if-match": "*" },
    body: JSON.stringify(data),
  });
  if (!answer.ok) throw new Error(`${target}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as { id: string };
}
const post = (target: string, data: object) => send("POST", target, data);
const patch = (target: string, data: object) => send("PATCH", target, data);

async function small(): Promise<void> {
  const { page } = owner;
  await page.setViewportSize({ width: 360, height: 800 });
  expect(await sideways(page), page.url()).toBe(0);
  await page.setViewportSize({ width: 1280, height: 800 });
}

describe("a contact", () => {
  const number = freshNumber();
  let keep = "";

  it("has notes: written, pinned, changed and deleted", async () => {
    const { page } = owner;
    keep = (await post("individuals", { full_name: "Rosa Parcel", phones: [number] })).id;
    await page.goto(`/directory/individuals?id=${keep}&tab=notes`);
    const panel = page.getByRole("dialog", { name: "Rosa Parcel" });
    await panel.getByText("No notes yet").waitFor();
    await panel.getByLabel("New note").fill("Prefers mornings");
    await page.keyboard.press("Control+Enter");
    const notes = panel.getByTestId("notes");
    await notes.getByText("Prefers mornings").waitFor();
    await panel.getByLabel("New note").fill("Has two dogs");
    await panel.getByRole("button", { name: "Add note" }).click();
    await notes.getByText("Has two dogs").waitFor();
    expect(await notes.locator("li").first().textContent()).toContain("Has two dogs");
    const first = notes.locator("li").filter({ hasText: "Prefers mornings" });
    await first.getByRole("button", { name: "Pin this note" }).click();
    await first.getByText("Pinned").waitFor();
    await page.waitForFunction(
      () =>
        document.querySelector('[data-testid="notes"] li')?.textContent?.includes("Prefers mornings") ??
        false,
    );
    expect(await axe(page), "notes").toEqual([]);
    await small();
    const second = notes.locator("li").filter({ hasText: "two dogs" });
    await second.getByRole("button", { name: "Edit this note" }).click();
    await notes.getByLabel("Edit this note").last().fill("Has three dogs");
    await notes.getByRole("button", { name: "Save" }).click();
    const changed = notes.locator("li").filter({ hasText: "Has three dogs" });
    await changed.getByRole("button", { name: "Delete this note" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await changed.waitFor({ state: "detached" });
  });

  it("is suspended with a reason, and activated again", async () => {
    const { page } = owner;
    const panel = page.getByRole("dialog", { name: "Rosa Parcel" });
    await panel.getByRole("tab", { name: "Details" }).click();
    await panel.locator('[data-standing="active"]').waitFor();
    await panel.getByRole("button", { name: "Suspend" }).click();
    const ask = page.getByRole("dialog", { name: "Suspend Rosa Parcel?" });
    await ask.getByLabel("Reason").fill("unpaid");
    await ask.getByRole("button", { name: "Suspend" }).click();
    await panel.locator('[data-standing="suspended"]').waitFor();
    await panel.getByRole("button", { name: "Activate" }).click();
    await page
      .getByRole("dialog", { name: "Activate Rosa Parcel?" })
      .getByRole("button", { name: "Activate" })
      .click();
    await panel.locator('[data-standing="active"]').waitFor();
  });

  it("gets a field of one's own, with its value shown and checked", async () => {
    const { page } = owner;
    await post("contact-fields", {
      kind: "individual",
      key: "floor",
      label: "Floor",
      type: "number",
    });
    await page.reload();
    const panel = page.getByRole("dialog", { name: "Rosa Parcel" });
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Floor").fill("high");
    await panel.getByRole("button", { name: "Save" }).click();
    await panel.getByRole("alert").first().waitFor();
    expect(await panel.getByLabel("Floor").getAttribute("aria-invalid")).toBe("true");
    await panel.getByLabel("Floor").fill("4");
    await panel.getByRole("button", { name: "Save" }).click();
    await page.getByText("Rosa Parcel was saved.").waitFor();
    await panel.getByText("Floor", { exact: true }).waitFor();
    await panel.getByText("4", { exact: true }).waitFor();
  });

  it("is merged with its duplicate, and split again", async () => {
    const { page } = owner;
    await post("individuals", { full_name: "Rosa Parcell", phones: [number] });
    await page.goto(`/directory/individuals?id=${keep}&tab=duplicates`);
    const panel = page.getByRole("dialog", { name: "Rosa Parcel" });
    await panel.getByTestId("candidates").getByText("Same number").waitFor();
    expect(await axe(page), "duplicates").toEqual([]);
    await small();
    await panel.getByRole("button", { name: "Merge Rosa Parcell into this record" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Merge" }).click();
    await page.getByText("Rosa Parcell is part of Rosa Parcel now.").waitFor();
    await panel.getByText("No duplicates found").waitFor();
    await panel.getByTestId("merges").getByRole("button", { name: "Undo" }).click();
    await page.getByText("They are two records again.").waitFor();
    await panel.getByTestId("candidates").getByText("Same number").waitFor();
  });

  it("is found among the duplicates of the whole account, and merged there into the one that is to stay", async () => {
    const { page } = owner;
    await page.goto("/directory/individuals");
    await page.getByRole("link", { name: "Duplicates" }).click();
    const group = page.getByTestId("duplicate-groups").locator("section").filter({ hasText: "Rosa Parcell" });
    await group.getByText("2 records").waitFor();
    // The oldest stays where nobody says another.
    expect(await group.getByRole("radio", { name: "Rosa Parcel stays", exact: true }).isChecked()).toBe(true);
    expect(await axe(page), "duplicates of the account").toEqual([]);
    await small();
    await group.getByRole("button", { name: "Merge Rosa Parcell into Rosa Parcel", exact: true }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Merge" }).click();
    await page.getByText("Rosa Parcell is part of Rosa Parcel now.").waitFor();
    await group.waitFor({ state: "detached" });

    const twin = await post("individuals", { full_name: "Rosa P.", phones: [number] });
    await page.reload();
    const again = page.getByTestId("duplicate-groups").locator("section").filter({ hasText: "Rosa P." });
    await again.getByRole("radio", { name: "Rosa P. stays" }).check();
    await again.getByRole("button", { name: "Merge Rosa Parcel into Rosa P." }).waitFor();
    await page.getByLabel("In common").selectOption("name");
    await page.waitForURL(/by=name/);
    await page.getByLabel("Records").selectOption("organizations");
    await page.waitForURL(/of=organizations/);
    await page.goto("/directory/duplicates");
    await again.getByRole("link", { name: "Rosa P." }).click();
    const panel = page.getByRole("dialog", { name: "Rosa P." });
    await panel.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Rosa P. was deleted.").waitFor();
    await page.goto(`/directory/individuals?id=${twin.id}`);
    await page.getByText("Not found").waitFor();
  });

  it("of an organization, or known from mail, is merged as others are", async () => {
    const { page } = owner;
    const line = freshNumber();
    const acme = await post("organizations", { name: "Parcel Works", phones: [] });
    const twin = await post("organizations", { name: "Parcel Works SA", phones: [] });
    const people = (of: { id: string }) => `organizations/${of.id}/contacts`;
    const ines = await post(people(acme), { full_name: "Ines Carrier", phones: [line] });
    await post(people(twin), { full_name: "Ines Carier", phones: [line] });
    await page.goto(`/directory/organizations?id=${acme.id}&contact=${ines.id}&tab=duplicates`);
    const panel = page.getByRole("dialog", { name: "Ines Carrier" });
    await panel.getByRole("button", { name: "Merge Ines Carier into this record" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Merge" }).click();
    await page.getByText("Ines Carier is part of Ines Carrier now.").waitFor();
    await panel.getByTestId("merges").getByRole("button", { name: "Undo" }).click();
    await page.getByText("They are two records again.").waitFor();

    await page.goto("/directory/duplicates?of=contacts");
    const group = page.getByTestId("duplicate-groups").locator("section").filter({ hasText: "Ines Carier" });
    await group.getByText("Parcel Works SA").waitFor();
    expect(await axe(page), "duplicates of organizations' contacts").toEqual([]);
    await small();

    for (const name of ["Olaf Sender", "Olaf Sendr"])
      await post("email-contacts", { name, email: `${name.replace(" ", ".")}@mail.example`, phones: [line] });
    await page.getByLabel("Records", { exact: true }).selectOption("email-contacts");
    const writers = page.getByTestId("duplicate-groups").locator("section").filter({ hasText: "Olaf Sendr" });
    await writers.getByRole("button", { name: "Merge Olaf Sendr into Olaf Sender" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Merge" }).click();
    await page.getByText("Olaf Sendr is part of Olaf Sender now.").waitFor();
    await writers.waitFor({ state: "detached" });
  });

  it("is erased for good once its name is typed", async () => {
    const { page } = owner;
    await page.goto(`/directory/individuals?id=${keep}`);
    const panel = page.getByRole("dialog", { name: "Rosa Parcel" });
    await panel.getByRole("button", { name: "Erase person" }).click();
    const ask = page.getByRole("dialog", { name: "Erase Rosa Parcel for good?" });
    const erase = ask.getByRole("button", { name: "Erase person" });
    expect(await erase.isDisabled()).toBe(true);
    await ask.getByLabel(/Type the name/).fill("rosa");
    await ask.getByText("This is not the name.").waitFor();
    expect(await axe(page), "erasure").toEqual([]);
    await ask.getByLabel(/Type the name/).fill("Rosa Parcel");
    await ask.getByLabel("Reason").fill("Letter of 2026-11-20");
    await erase.click();
    await page.getByText("The person was erased.").waitFor();
    await page.goto(`/directory/individuals?id=${keep}`);
    await page.getByText("Not found").waitFor();
  });

  it("leaves a line among the erasures that does not say who it was", async () => {
    const { page } = owner;
    await page.goto("/erasures");
    const row = page.locator("tbody tr[data-row]").filter({ hasText: "Letter of 2026-11-20" });
    await row.getByText("Individual", { exact: true }).waitFor();
    await row.getByText("Olivia Owner").waitFor();
    expect(await page.getByRole("table").textContent()).not.toContain("Parcel");
    expect(await axe(page), "erasures").toEqual([]);
    await small();
  });
});

describe("files of contacts", () => {
  it("come in by mapping, preview and progress, and what was refused can be kept", async () => {
    const { page } = owner;
    const folder = await mkdtemp(path.join(tmpdir(), "switchroom-import-"));
    const file = path.join(folder, "people.csv");
    const numbers = [freshNumber(), freshNumber()];
    await writeFile(
      file,
      `Who,Phone,Shoe size\nIvo Import,${numbers[0]},42\nUna Import,${numbers[1]},38\nNobody,not a number,1\n`,
    );
    await page.goto("/directory/individuals");
    await page.getByRole("button", { name: "Import" }).click();
    const dialog = page.getByRole("dialog", { name: "Import contacts" });
    await dialog.getByRole("button", { name: "Next" }).click();
    await dialog.getByText("Choose a file.").waitFor();
    await dialog.getByLabel("File").setInputFiles(file);
    await dialog.getByRole("button", { name: "Next" }).click();
    const mapping = dialog.getByTestId("import-mapping");
    await mapping.getByLabel("Who").selectOption("name");
    await mapping.getByLabel("Shoe size").selectOption("ignore");
    await dialog.getByTestId("import-preview").getByText("Ivo Import").waitFor();
    await dialog.getByText("2 rows are good").waitFor();
    expect(await axe(page), "the preview").toEqual([]);
    await small();
    await dialog.getByRole("button", { name: "Import", exact: true }).click();
    const result = dialog.getByTestId("import-result");
    await result.locator('[data-import="done"]').waitFor();
    await result.getByText("2 new, 0 there already, 1 refused").waitFor();
    const waiting = page.waitForEvent("download");
    await result.getByRole("button", { name: "Refused rows" }).click();
    const rejects = await readFile((await (await waiting).path()) ?? "", "utf8");
    expect(rejects).toContain("not a number");
    await result.getByRole("button", { name: "Close" }).click();

    // The dialog is gone; the file, how it went and its refused rows are not.
    await page.getByRole("link", { name: "Imports" }).click();
    const sent = page.locator("tbody tr[data-row]").filter({ hasText: "people.csv" });
    await sent.getByText("2 new, 0 there already, 1 refused").waitFor();
    expect(await axe(page), "files of contacts").toEqual([]);
    await small();
    const kept = page.waitForEvent("download");
    await sent.getByRole("button", { name: "Refused rows" }).click();
    expect((await kept).suggestedFilename()).toContain("people.csv");
    await page.getByRole("main").getByRole("link", { name: "Directory" }).click();
    await page.getByLabel("Search", { exact: true }).fill("Una Import");
    await page.getByRole("table").getByText("Una Import").waitFor();
  });

  it("that wait for their columns are gone on with, and forgotten", async () => {
    const { page } = owner;
    await page.goto("/directory/imports");
    await page.getByRole("button", { name: "Import", exact: true }).click();
    const dialog = page.getByRole("dialog", { name: "Import contacts" });
    await dialog.getByLabel("File").setInputFiles({
      name: "later.csv",
      mimeType: "text/csv",
      buffer: Buffer.from(`Who,Phone\nOda Later,${freshNumber()}\n`),
    });
    await dialog.getByRole("button", { name: "Next" }).click();
    await dialog.getByTestId("import-mapping").waitFor();
    await dialog.getByRole("button", { name: "Cancel" }).click();
    const sent = page.locator("tbody tr[data-row]").filter({ hasText: "later.csv" });
    await sent.locator('[data-import="uploaded"]').waitFor();
    await sent.getByRole("button", { name: "Go on" }).click();
    await dialog.getByTestId("import-mapping").getByLabel("Who").selectOption("name");
    await dialog.getByText("1 row is good").waitFor();
    await dialog.getByRole("button", { name: "Import", exact: true }).click();
    await dialog.getByTestId("import-result").locator('[data-import="done"]').waitFor();
    await dialog.getByTestId("import-result").getByRole("button", { name: "Close" }).click();
    await sent.locator('[data-import="done"]').waitFor();
    await sent.getByRole("button", { name: "Forget" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Forget" }).click();
    await sent.waitFor({ state: "detached" });
  });

  it("that cannot be kept say why", async () => {
    const { page } = owner;
    await page.goto("/audit");
    await page.route("**/api/v1/audit/export*", (route) =>
      route.fulfill({ status: 503, json: { type: "busy", detail: "Too many exports at once." } }),
    );
    await page.getByRole("button", { name: "Export CSV" }).click();
    await page.getByText("audit.csv was not saved.").waitFor();
    await page.getByText("Too many exports at once.").waitFor();
    await page.unroute("**/api/v1/audit/export*");
  });

  it("go out as the list is narrowed", async () => {
    const { page } = owner;
    await page.goto("/directory/individuals?q=Una Import");
    await page.getByRole("table").getByText("Una Import").waitFor();
    const taken = async (item: string) => {
      await page.getByRole("button", { name: "Export" }).click();
      const waiting = page.waitForEvent("download");
      await page.getByRole("menuitem", { name: item }).click();
      return readFile((await (await waiting).path()) ?? "");
    };
    const text = (await taken("As CSV")).toString();
    expect(text).toContain("Una Import");
    expect(text).not.toContain("Ivo Import");
    expect((await taken("As XLSX")).subarray(0, 2).toString()).toBe("PK");
  });

  it("are not for agents", async () => {
    const agent = await signedIn(browser, url, demo, "agent1@demo.example", {
      path: "/directory/individuals",
    });
    await agent.page.locator("tbody tr[data-row]").first().waitFor();
    expect(await agent.page.getByRole("button", { name: /^(Import|Export)$/ }).count()).toBe(0);
    await agent.context.close();
  });
});

describe("outgoing webhooks", () => {
  it("are made with a secret shown once, changed, switched off and deleted", async () => {
    const { page } = owner;
    await page.goto("/webhooks");
    await page.getByRole("button", { name: "New endpoint" }).click();
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Name").fill("CRM");
    await dialog.getByLabel("Address").fill("crm.example");
    await dialog.getByLabel("call.ringing").check();
    await dialog.getByLabel("call.ended").check();
    await dialog.getByText("Start with http:// or https://.").waitFor();
    await dialog.getByLabel("Address").fill("https://crm.example/hooks");
    await dialog.getByRole("button", { name: "Create" }).click();
    const secret = page.getByTestId("webhook-secret");
    await secret.waitFor();
    expect(await secret.locator("code").textContent()).toMatch(/^whsec_/);
    await secret.getByRole("button", { name: "I have noted it" }).click();
    expect(await page.locator("body").textContent()).not.toContain("whsec_");
    expect(await axe(page), "webhooks").toEqual([]);
    await small();
    await page.getByRole("table").getByText("CRM", { exact: true }).click();
    const panel = page.getByRole("dialog", { name: "CRM" });
    const customers = page.getByRole("dialog", { name: "Customers" });
    await panel.getByText("call.ringing, call.ended").waitFor();
    await panel.getByRole("button", { name: "Edit" }).click();
    await panel.getByLabel("Name").fill("Customers");
    await panel.getByRole("button", { name: "Save" }).click();
    await page.getByText("Customers was saved.").waitFor();
    await customers.getByText("call.ringing, call.ended").waitFor();

    // Words for many events stay as the API was told, until a box is changed.
    const id = new URL(page.url()).searchParams.get("id") ?? "";
    await patch(`webhook-endpoints/${id}`, { events: ["*", "call.ringing"] });
    await page.reload();
    await customers.getByRole("button", { name: "Edit" }).click();
    for (const box of await customers.getByRole("checkbox").all()) expect(await box.isChecked()).toBe(true);
    expect(await axe(page), "an endpoint's form").toEqual([]);
    await customers.getByLabel("Address").fill("https://crm.example/hooks/2");
    await customers.getByRole("button", { name: "Save" }).click();
    await customers.getByText("https://crm.example/hooks/2").waitFor();
    await customers.getByText("*, call.ringing").waitFor();
    await customers.getByRole("button", { name: "Edit" }).click();
    await customers.getByLabel("call.held").uncheck();
    await customers.getByRole("button", { name: "Save" }).click();
    await customers.getByText("call.ringing, call.answered, call.resumed").waitFor();

    await customers.getByRole("button", { name: "New secret" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "New secret" }).click();
    const renewed = page.getByRole("dialog", { name: "Secret" });
    expect(await renewed.locator("code").textContent()).toMatch(/^whsec_/);
    await renewed.getByRole("button", { name: "I have noted it" }).click();
    await customers.getByText("Two secrets sign for now").waitFor();
    expect(await page.locator("body").textContent()).not.toContain("whsec_");

    await customers.getByRole("button", { name: "Switch off" }).click();
    await page.getByText("Customers is switched off.").waitFor();
    await customers.getByText("Switched off").waitFor();
    await customers.getByRole("tab", { name: "Deliveries" }).click();
    await customers.getByText("Nothing sent yet").waitFor();
    await customers.getByRole("tab", { name: "Given up" }).click();
    await customers.getByText("Nothing given up").waitFor();
    expect(await axe(page), "an endpoint").toEqual([]);
    await customers.getByRole("tab", { name: "Details" }).click();
    await customers.getByRole("button", { name: "Delete" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Delete" }).click();
    await page.getByText("Customers was deleted.").waitFor();
  });
});
