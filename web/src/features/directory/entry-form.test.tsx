import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api/problem";
import { keys } from "@/lib/api/query";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { EntryForm } from "./entry-form";
import { fieldOf, settled, valuesOf } from "./entry-values";
import {
  contactBody,
  type Entry,
  type EntryInput,
  emailContactBody,
  individualBody,
  organizationBody,
  toEntry,
} from "./kinds";

const type = (label: string | RegExp, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });
const submit = () => fireEvent.click(screen.getByRole("button", { name: "Create" }));

function form(kind: Parameters<typeof EntryForm>[0]["kind"], entry?: Entry) {
  const onSubmit = vi.fn<(input: EntryInput) => Promise<void>>(async () => undefined);
  const view = renderConsole(
    <EntryForm
      kind={kind}
      entry={entry}
      submitLabel="Create"
      onSubmit={onSubmit}
      onCancel={() => undefined}
    />,
  );
  return { onSubmit, ...view };
}

describe("EntryForm", () => {
  it("sends an individual with as many numbers as were added", async () => {
    const { onSubmit, container } = form("individuals");
    type(/Full name/, "  Claire Fontaine ");
    type("Number 1", "06 39 98 00 01");
    fireEvent.click(screen.getByRole("button", { name: "Add number" }));
    fireEvent.click(screen.getByRole("button", { name: "Add number" }));
    type("Number 3", "+33639980002");
    type("Label of number 3", "work");
    expect(await violations(container)).toEqual([]);
    submit();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledOnce());
    expect(onSubmit.mock.calls[0]?.[0]).toEqual({
      name: "Claire Fontaine",
      gender: null,
      dob: null,
      taxId: null,
      address: null,
      city: null,
      state: null,
      country: null,
      social: [],
      active: null,
      custom: {},
      emails: [],
      phones: [
        { number: "06 39 98 00 01", label: null, primary: true },
        { number: "+33639980002", label: "work", primary: false },
      ],
    });
  });

  it("asks for a name, and for the address of an e-mail contact", async () => {
    const { onSubmit } = form("email-contacts");
    submit();
    await waitFor(() => expect(screen.getAllByText("This is needed.")).toHaveLength(2));
    expect(screen.getByLabelText("E-mail 1").getAttribute("aria-invalid")).toBe("true");
    // The only row stays.
    expect(screen.queryByRole("button", { name: "Remove e-mail 1" })).toBeNull();
    expect(onSubmit).not.toHaveBeenCalled();
  });

  it("puts the server's word about a number at its row, blank rows not counted", async () => {
    const { onSubmit } = form("organizations");
    onSubmit.mockRejectedValueOnce(
      new ApiError(422, {
        detail: "Not valid.",
        errors: [{ pointer: "/phones/0/number", detail: "is no number" }],
      }),
    );
    type(/Name/, "Atelier");
    fireEvent.click(screen.getByRole("button", { name: "Add number" }));
    type("Number 2", "12");
    submit();
    await screen.findByText("is no number");
    expect(screen.getByLabelText("Number 2").getAttribute("aria-invalid")).toBe("true");
    expect(screen.getByLabelText("Number 1").getAttribute("aria-invalid")).toBeNull();
  });

  it("tells what is wrong when a field is left, and again with every key", async () => {
    form("individuals");
    const email = screen.getByLabelText("E-mail 1");
    type("E-mail 1", "claire@");
    expect(screen.queryByText("This is not an e-mail address.")).toBeNull();
    fireEvent.blur(email);
    await screen.findByText("This is not an e-mail address.");
    type("E-mail 1", "claire@x.example");
    await waitFor(() => expect(screen.queryByText("This is not an e-mail address.")).toBeNull());
    const number = screen.getByLabelText("Number 1");
    type("Number 1", "call me");
    fireEvent.blur(number);
    await screen.findByText("This is not a phone number.");
    type("Number 1", "call me 0639980001");
    await screen.findByText("This is not a phone number.");
    type("Number 1", "0639980001 ext. 7");
    await waitFor(() => expect(screen.queryByText("This is not a phone number.")).toBeNull());
  });

  it("lets exactly one number be the primary one", async () => {
    const { onSubmit } = form("organizations");
    type(/Name/, "Atelier");
    type("Number 1", "+33639980001");
    fireEvent.click(screen.getByRole("button", { name: "Add number" }));
    type("Number 2", "+33639980002");
    fireEvent.click(screen.getByRole("button", { name: "Make number 2 the primary one" }));
    submit();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledOnce());
    expect(onSubmit.mock.calls[0]?.[0].phones.map((phone) => phone.primary)).toEqual([false, true]);
  });

  it("takes several e-mails, one of them the primary one", async () => {
    const { onSubmit, container } = form("email-contacts");
    type(/Name/, "Claire");
    type("E-mail 1", " claire@home.example ");
    fireEvent.click(screen.getByRole("button", { name: "Add e-mail" }));
    type("E-mail 2", "claire@work.example");
    type("Label of e-mail 2", "work");
    fireEvent.click(screen.getByRole("button", { name: "Make e-mail 2 the primary one" }));
    expect(await violations(container)).toEqual([]);
    submit();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledOnce());
    const input = onSubmit.mock.calls[0]?.[0];
    expect(input?.emails).toEqual([
      { email: "claire@home.example", label: null, primary: false },
      { email: "claire@work.example", label: "work", primary: true },
    ]);
    expect(input && emailContactBody(input)).toMatchObject({ email: "claire@work.example" });
  });

  it("shows what the server says of no field of the form", async () => {
    const { onSubmit } = form("organizations");
    onSubmit.mockRejectedValueOnce(
      new ApiError(422, { errors: [{ pointer: "/elsewhere", detail: "is odd" }] }),
    );
    type(/Name/, "Atelier");
    submit();
    expect((await screen.findByRole("alert")).textContent).toBe("elsewhere: is odd");
  });

  it("edits what is there, the inactive mark included", async () => {
    const { onSubmit } = form("individuals", {
      id: "x",
      name: "Claire",
      gender: "Female",
      dob: "1981-04-02",
      email: "c@x.example",
      emails: [{ email: "c@x.example", label: null, primary: true }],
      phones: [
        { e164: "+33639980001", raw: "06", label: null, primary: false },
        { e164: "+33639980002", raw: "06", label: "work", primary: true },
      ],
      taxId: null,
      address: "1 rue de la Paix",
      city: "Lyon",
      state: null,
      country: "FR",
      social: [{ platform: "LinkedIn", url: "https://www.linkedin.com/in/claire" }],
      active: true,
      standing: null,
      custom: {},
      provenance: "manual",
      createdAt: "2026-01-01T00:00:00Z",
      updatedAt: "2026-01-01T00:00:00Z",
      version: 3,
    });
    fireEvent.click(screen.getByLabelText(/^Active/));
    expect((screen.getByLabelText("Country") as HTMLInputElement).value).toBe("France");
    type("City", " Bern ");
    type("Country", "switzerland");
    submit();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledOnce());
    expect(onSubmit.mock.calls[0]?.[0]).toMatchObject({
      name: "Claire",
      gender: "Female",
      active: false,
      address: "1 rue de la Paix",
      city: "Bern",
      state: null,
      country: "CH",
      social: [{ platform: "LinkedIn", url: "https://www.linkedin.com/in/claire" }],
      phones: [
        { number: "+33639980001", primary: false },
        { number: "+33639980002", label: "work", primary: true },
      ],
    });
  });
});

describe("where an organization is", () => {
  it("is asked with its tax id, and a country is one of the list", async () => {
    const { onSubmit, container } = form("organizations");
    type(/Name/, "Atelier");
    type("Tax ID", " FR 1 ");
    type("Country", "Atlantis");
    submit();
    await screen.findByText("Choose a country of the list.");
    expect(onSubmit).not.toHaveBeenCalled();
    type("Country", "de");
    expect(await violations(container)).toEqual([]);
    submit();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledOnce());
    expect(onSubmit.mock.calls[0]?.[0]).toMatchObject({ taxId: "FR 1", country: "DE", city: null });
  });

  it("marks the tax id where the account wants it, of new ones and of those that have one", async () => {
    fakeServer({
      "GET /settings/directory": { body: { tax_id_required: true, version: 1 } },
      "GET /contact-fields": { body: { items: [] } },
    });
    const { client } = form("organizations");
    client.setQueryData(keys.me, { permissions: ["contact_fields.read"] });
    await waitFor(() => expect(screen.getByLabelText(/^Tax ID/).getAttribute("aria-required")).toBe("true"));
  });

  it("is not asked of an e-mail contact", () => {
    form("email-contacts");
    expect(screen.queryByLabelText("Country")).toBeNull();
    expect(screen.queryByLabelText("Tax ID")).toBeNull();
  });
});

describe("rows", () => {
  const row = (value: string, primary = false) => ({ value, label: "", primary });
  it.each([
    [[], []],
    [[row(" ")], []],
    [
      [row("1"), row("2")],
      [true, false],
    ],
    [
      [row("1"), row("2", true)],
      [false, true],
    ],
    [[row(" ", true), row("2")], [true]],
  ])("have exactly one primary one among the filled: %j", (rows, primaries) => {
    expect(settled(rows).map((each) => each.primary)).toEqual(primaries);
  });
});

describe("records", () => {
  it.each([
    [
      { id: "a", full_name: "Claire", phones: [], email: null, gender: null, is_active: false, version: 2 },
      "Claire",
      false,
    ],
    [{ id: "b", name: "Atelier" }, "Atelier", true],
  ])("become entries", (record, name, active) => {
    expect(toEntry(record)).toMatchObject({ id: record.id, name, active });
  });

  it("go out under the names of their kind", () => {
    const input: EntryInput = {
      name: "N",
      gender: "Other",
      dob: "2000-01-01",
      taxId: "T",
      address: "Here",
      city: "Lyon",
      state: null,
      country: "FR",
      social: [],
      active: true,
      custom: {},
      phones: [],
      emails: [],
    };
    expect(individualBody(input)).toHaveProperty("full_name", "N");
    expect(individualBody(input)).toHaveProperty("dob");
    const place = { address: "Here", city: "Lyon", state: null, country: "FR" };
    expect(individualBody(input)).toMatchObject({ ...place, social_media: [] });
    expect(individualBody(input)).not.toHaveProperty("tax_id");
    expect(contactBody(input)).not.toHaveProperty("dob");
    expect(contactBody(input)).toMatchObject(place);
    expect(organizationBody(input)).toEqual({
      name: "N",
      tax_id: "T",
      ...place,
      emails: [],
      phones: [],
      is_active: true,
    });
    expect(emailContactBody(input)).not.toHaveProperty("city");
    expect(emailContactBody({ ...input, active: null })).not.toHaveProperty("is_active");
  });
});

describe("a pointer of the server", () => {
  const values = {
    ...valuesOf(undefined),
    phones: [row(""), row("1"), row("2")],
    emails: [row("a@x.example"), row(""), { ...row("b@x.example"), primary: true }],
    social: [
      { platform: "LinkedIn", url: "" },
      { platform: "TikTok", url: "http://x" },
    ],
  };
  function row(value: string) {
    return { value, label: "", primary: false };
  }
  it.each([
    ["/full_name", "name"],
    ["/address", "address"],
    ["/tax_id", "tax_id"],
    ["/country", "country"],
    ["/phones/1/number", "phones.2.value"],
    ["/phones/0/label", "phones.1.label"],
    ["/phones/7/number", null],
    ["/emails/1/email", "emails.2.value"],
    ["/email", "emails.2.value"],
    ["/social_media/0/url", "social.1.url"],
    ["/version", null],
  ])("%s means %s", (pointer, field) => {
    expect(fieldOf(values, pointer.slice(1).split("/"))).toBe(field);
  });
});
