import { describe, expect, it } from "vitest";
import { contactOfText, nameOfContact, textOfContact } from "./client-contact";

describe("which contact a client is", () => {
  it("is a text in a form and itself again when sent", () => {
    for (const kind of ["individual", "organization_contact"] as const) {
      const contact = { kind, id: "7f" };
      expect(contactOfText(textOfContact(contact))).toEqual(contact);
    }
    expect(textOfContact(null)).toBe("");
  });

  it.each(["", undefined, "individual", "individual:", "organization:7f", ":7f"])(
    "is nobody for %j",
    (text) => expect(contactOfText(text)).toBeNull(),
  );

  it("is called with whose person it is", () => {
    const ada = {
      kind: "individual" as const,
      id: "7f",
      name: "Ada",
      organization_id: null,
      organization_name: null,
    };
    expect(nameOfContact(ada)).toBe("Ada");
    expect(nameOfContact({ ...ada, organization_name: "Acme" })).toBe("Ada, Acme");
  });
});
