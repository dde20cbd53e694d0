import { screen, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { AuditRecord } from "@/lib/api/types";
import { renderConsole, violations } from "@/testing/render";
import { AuditPanel } from "./audit-panel";

const record = {
  id: "11111111-1111-4111-8111-111111111111",
  action: "user.changed",
  created_at: "2026-11-22T10:00:00Z",
  detail: { by: "Ida Rhodes", fields: ["role", "modules"], forced: false },
  before: {
    permissions: ["calls.read"],
    modules: { tickets: true, numbers: true },
    phones: [{ e164: "+33639980001", label: null }],
    extension: "201",
  },
  after: {
    permissions: ["calls.read", "tickets.read"],
    modules: { tickets: false, numbers: true },
    phones: [],
    extension: "201",
  },
} as unknown as AuditRecord;

/** The cells of a field: what was, and what is. */
function cells(field: string): [HTMLElement, HTMLElement] {
  const row = screen.getByRole("rowheader", { name: field }).closest("tr");
  const [was, is] = within(row as HTMLElement).getAllByRole("cell");
  if (!was || !is) throw new Error(`${field} has no two cells`);
  return [was, is];
}

describe("an entry of the audit log in full", () => {
  it("shows lists as items and objects as lines, and no JSON", async () => {
    renderConsole(<AuditPanel record={record} onClose={() => undefined} onSame={() => undefined} />);
    const entry = await screen.findByTestId("audit-entry");
    const items = (cell: HTMLElement) =>
      within(cell)
        .getAllByRole("listitem")
        .map((item) => item.textContent);
    const [was, is] = cells("permissions");
    expect(items(was)).toEqual(["calls.read"]);
    expect(items(is)).toEqual(["calls.read", "tickets.read"]);

    const lines = (cell: HTMLElement) =>
      within(cell)
        .getAllByRole("term")
        .map((term) => `${term.textContent} ${term.nextElementSibling?.textContent}`);
    const [before, after] = cells("modules");
    expect(lines(before)).toEqual(["tickets: Yes", "numbers: Yes"]);
    expect(lines(after)).toEqual(["tickets: No", "numbers: Yes"]);

    // Objects in a list, and a list that is empty.
    const [phones, none] = cells("phones");
    expect(lines(phones)).toEqual(["e164: +33639980001", "label: –"]);
    expect(none.textContent).toBe("–");

    // What did not change is not said.
    expect(screen.queryByRole("rowheader", { name: "extension" })).toBeNull();
    expect(within(entry).getByText("Ida Rhodes")).toBeDefined();
    expect(entry.textContent).not.toMatch(/[{}[\]"]/);
    expect(await violations(entry)).toEqual([]);
  });
});
