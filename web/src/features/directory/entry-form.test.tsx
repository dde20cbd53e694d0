import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api/problem";
import { renderConsole, violations } from "@/testing/render";
import { EntryForm, phonesOf } from "./entry-form";
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
      email: null,
      active: null,
      phones: [
        { number: "06 39 98 00 01", label: null, primary: true },
        { number: "+33639980002", label: "work", primary: false },
      ],
    });
  });

  it("asks for a name, and for the address of an e-mail contact", async () => {
    const { onSubmit } = form("email-contacts");
    submit();
    await screen.findByText("This is needed.");
    await screen.findByText("This is not an e-mail address.");
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

  it("edits what is there, the inactive mark included", async () => {
    const { onSubmit } = form("individuals", {
      id: "x",
      name: "Claire",
      gender: "Female",
      dob: "1981-04-02",
      email: "c@x.example",
      phones: [
        { e164: "+33639980001", raw: "06", label: null, primary: false },
        { e164: "+33639980002", raw: "06", label: "work", primary: true },
      ],
      active: true,
      version: 3,
    });
    fireEvent.click(screen.getByLabelText(/^Active/));
    submit();
    await waitFor(() => expect(onSubmit).toHaveBeenCalledOnce());
    expect(onSubmit.mock.calls[0]?.[0]).toMatchObject({
      name: "Claire",
      gender: "Female",
      active: false,
      phones: [
        { number: "+33639980001", primary: false },
        { number: "+33639980002", label: "work", primary: true },
      ],
    });
  });
});

describe("phonesOf", () => {
  const row = (number: string, primary = false) => ({ number, label: "", primary });
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
  ])("marks exactly one primary number: %j", (rows, primaries) => {
    expect(phonesOf(rows).map((phone) => phone.primary)).toEqual(primaries);
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
      email: null,
      active: true,
      phones: [],
    };
    expect(individualBody(input)).toHaveProperty("full_name", "N");
    expect(individualBody(input)).toHaveProperty("dob");
    expect(contactBody(input)).not.toHaveProperty("dob");
    expect(organizationBody(input)).toEqual({ name: "N", email: null, phones: [], is_active: true });
    expect(emailContactBody({ ...input, active: null })).not.toHaveProperty("is_active");
  });
});
