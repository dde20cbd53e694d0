import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { DuplicateGroups } from "./duplicate-groups";
import { MERGEABLE, type MergeableKind } from "./merging";

const record = (name: string) => ({
  id: name,
  name,
  email: null,
  numbers: ["+33639980001"],
  organization_id: null,
  organization_name: null,
  created_at: "2026-11-01T10:00:00Z",
});
const group = (value: string, ...names: string[]) => ({
  reason: "number",
  value,
  contact_ids: names,
  contacts: names.map(record),
});

function shown(answers: Parameters<typeof fakeServer>[0] = {}, kind: MergeableKind = "individuals") {
  const server = fakeServer({
    "GET /contact-duplicates": ({ url }) => ({
      body: new URL(url).searchParams.has("cursor")
        ? { items: [group("+33639980002", "Joan", "Edith")], next_cursor: null }
        : { items: [group("+33639980001", "Ada", "Grace")], next_cursor: "more" },
    }),
    "POST /contact-merges": { status: 201, body: { moved_tickets: 2, moved_notes: 0 } },
    ...answers,
  });
  const view = renderConsole(
    <DuplicateGroups kinds={MERGEABLE} kind={kind} by="number" onChange={() => undefined} />,
  );
  return { ...server, ...view };
}
const merged = (requests: ReturnType<typeof fakeServer>["requests"]) =>
  requests.filter(({ method }) => method === "POST").map(({ body }) => body);

describe("the duplicates of the account", () => {
  it("are merged into the oldest, or into the one that is chosen", async () => {
    const { requests, container } = shown();
    const ada = await screen.findByRole<HTMLInputElement>("radio", { name: "Ada stays" });
    expect(ada.checked).toBe(true);
    expect(screen.queryByRole("button", { name: "Merge Ada into Ada" })).toBeNull();
    expect(await violations(container)).toEqual([]);
    fireEvent.click(screen.getByRole("radio", { name: "Grace stays" }));
    fireEvent.click(screen.getByRole("button", { name: "Merge Ada into Grace" }));
    const ask = await screen.findByRole("alertdialog");
    expect(ask.textContent).toContain("Merge Ada into Grace?");
    fireEvent.click(within(ask).getByRole("button", { name: "Merge" }));
    await waitFor(() =>
      expect(merged(requests)).toEqual([{ kind: "individual", keep_id: "Grace", merge_id: "Ada" }]),
    );
  });

  it("of an organization's people say whose they are, and lead to them", async () => {
    const asked: string[] = [];
    const { requests } = shown(
      {
        "GET /contact-duplicates": ({ url }) => {
          asked.push(new URL(url).searchParams.get("kind") ?? "");
          return {
            body: {
              items: [
                {
                  ...group("+33639980001", "Ada"),
                  contacts: [
                    { ...record("Ada"), organization_id: "acme", organization_name: "Acme" },
                    { ...record("A."), organization_id: "other", organization_name: "Acme SA" },
                  ],
                },
              ],
              next_cursor: null,
            },
          };
        },
      },
      "contacts",
    );
    const link = await screen.findByRole("link", { name: "A." });
    expect(link.getAttribute("href")).toContain("id=other");
    expect(link.getAttribute("href")).toContain("contact=A.");
    expect(link.parentElement?.textContent).toContain("Acme SA · ");
    expect(asked).toEqual(["organization_contact"]);
    // Nothing else is asked for: a group brings what its records are told apart by.
    expect(requests).toHaveLength(1);
  });

  it("come page by page, and a page that does not is asked for again", async () => {
    let down = true;
    shown({
      "GET /contact-duplicates": ({ url }) => {
        if (!new URL(url).searchParams.has("cursor"))
          return { body: { items: [group("+33639980001", "Ada", "Grace")], next_cursor: "more" } };
        return down
          ? { status: 400, body: { detail: "Not now." } }
          : { body: { items: [group("+33639980002", "Joan", "Edith")], next_cursor: null } };
      },
    });
    fireEvent.click(await screen.findByRole("button", { name: "Load more" }));
    const alert = await screen.findByRole("alert");
    expect(alert.textContent).toContain("Not now.");
    expect(screen.getByRole("radio", { name: "Ada stays" })).toBeTruthy();
    down = false;
    fireEvent.click(within(alert).getByRole("button", { name: "Try again" }));
    await screen.findByRole("radio", { name: "Joan stays" });
    expect(screen.queryByRole("button", { name: "Load more" })).toBeNull();
  });
});
