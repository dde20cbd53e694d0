import { beforeEach, describe, expect, it } from "vitest";
import type { Ticket, TicketDraft } from "@/lib/api/types";
import {
  claimDrafts,
  type DraftValues,
  hasTypedText,
  mergedValues,
  type StoredDraft,
  ticketBody,
  useDrafts,
  valuesFromDraft,
} from "./drafts";

const known: TicketDraft = {
  title: null,
  call_id: "call-1",
  phone_number: "+33639980101",
  customer_type: "organization",
  customer_name: "Atelier Lumière",
  contact_person: "Marc Dubois",
  customer_email: "marc@lumiere.example",
  customer_gender: "Male",
  organization_id: "org-1",
};
const stored = (changes: Partial<DraftValues>): StoredDraft => ({
  values: { ...valuesFromDraft(null), ...changes },
  touched: Object.fromEntries(Object.keys(changes).map((key) => [key, true])),
  idempotencyKey: "key",
  filed: [],
});

beforeEach(() => {
  useDrafts.setState({ drafts: {} });
  sessionStorage.clear();
});

describe("what the form starts with", () => {
  it.each<[string, TicketDraft | null, Partial<DraftValues>]>([
    ["a contact of an organization", known, { customer_type: "organization", contact_person: "Marc Dubois" }],
    ["an organization known by id only", { organization_id: "o" }, { customer_type: "organization" }],
    ["an individual", { customer_type: "individual", customer_name: "Claire" }, { customer_name: "Claire" }],
    [
      "an e-mail contact (no type)",
      { customer_name: "Nora" },
      { customer_type: "individual", customer_name: "Nora" },
    ],
    ["an unknown caller", null, { customer_type: "individual", customer_name: "", priority: "medium" }],
  ])("%s", (_name, draft, expected) => {
    expect(valuesFromDraft(draft)).toMatchObject(expected);
  });

  it("keeps what was typed and fills the rest", () => {
    const values = mergedValues(stored({ title: "Broken lamp", customer_name: "Typed" }), known);
    expect(values).toMatchObject({
      title: "Broken lamp",
      customer_name: "Typed",
      contact_person: "Marc Dubois",
      customer_email: "marc@lumiere.example",
    });
  });

  it("an emptied field stays empty", () => {
    expect(mergedValues(stored({ customer_email: "" }), known).customer_email).toBe("");
  });
});

describe("what is sent", () => {
  const values = (changes: Partial<DraftValues> = {}): DraftValues => ({
    ...valuesFromDraft(known),
    title: " Broken lamp ",
    ...changes,
  });

  it("carries the call, the number, the customer and what the pop knew beyond the form", () => {
    expect(ticketBody(values(), known, "call-1")).toEqual({
      title: "Broken lamp",
      description: null,
      priority: "medium",
      call_id: "call-1",
      phone_number: "+33639980101",
      customer_type: "organization",
      customer_name: "Atelier Lumière",
      contact_person: "Marc Dubois",
      customer_email: "marc@lumiere.example",
      customer_gender: "Male",
      organization_id: "org-1",
    });
  });

  it("another organization is not filed under the first one's id", () => {
    const body = ticketBody(values({ customer_name: "Other Ltd" }), known, "call-1");
    expect(body.organization_id).toBeNull();
    expect(body.customer_gender).toBeNull();
  });

  it("another person of the same organization does not inherit a gender", () => {
    const body = ticketBody(values({ contact_person: "Julie Petit" }), known, "call-1");
    expect(body.organization_id).toBe("org-1");
    expect(body.customer_gender).toBeNull();
  });

  it("an individual has neither contact person nor organization", () => {
    const body = ticketBody(values({ customer_type: "individual" }), known, "call-1");
    expect(body).toMatchObject({ customer_type: "individual", contact_person: null, organization_id: null });
  });

  it("says nothing about a customer nobody named", () => {
    const body = ticketBody({ ...valuesFromDraft(null), title: "Wrong number" }, null, "call-1");
    expect(body).toMatchObject({ customer_type: null, customer_name: null, customer_email: null });
  });
});

describe("the store", () => {
  const ticket = { id: "t1", number: 1001, contact_created: true } as Ticket;

  it("keeps drafts of several calls apart", () => {
    useDrafts.getState().save("a", stored({ title: "A" }));
    useDrafts.getState().save("b", stored({ title: "B" }));
    expect(useDrafts.getState().drafts.a?.values.title).toBe("A");
    expect(hasTypedText(useDrafts.getState().drafts.b)).toBe(true);
  });

  it("after filing remembers the ticket and forgets the words", () => {
    useDrafts.getState().save("a", stored({ title: "A" }));
    useDrafts.getState().filed("a", ticket, "next");
    const draft = useDrafts.getState().drafts.a;
    expect(draft?.filed).toEqual([{ id: "t1", number: 1001, contactCreated: true }]);
    expect(hasTypedText(draft)).toBe(false);
    expect(draft?.idempotencyKey).toBe("next");
  });

  it("survives a reload of the tab but not a change of person", () => {
    claimDrafts("anna");
    useDrafts.getState().save("a", stored({ title: "A" }));
    expect(sessionStorage.getItem("switchroom.drafts")).toContain('"A"');
    claimDrafts("anna");
    expect(useDrafts.getState().drafts.a).toBeDefined();
    claimDrafts("ben");
    expect(useDrafts.getState().drafts).toEqual({});
    expect(sessionStorage.getItem("switchroom.drafts") ?? "").not.toContain('"A"');
  });

  it("is bounded", () => {
    for (let i = 0; i < 50; i++) useDrafts.getState().save(`c${i}`, stored({ title: String(i) }));
    const kept = Object.keys(useDrafts.getState().drafts);
    expect(kept).toHaveLength(30);
    expect(kept.at(-1)).toBe("c49");
  });
});
