import { act, fireEvent, screen, waitFor } from "@testing-library/react";
import { beforeEach, describe, expect, it } from "vitest";
import type { TicketDraft } from "@/lib/api/types";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { useDrafts } from "./drafts";
import { TicketForm } from "./ticket-form";

const draft = (changes: TicketDraft = {}): TicketDraft => ({
  call_id: "call-1",
  phone_number: "+33639980101",
  customer_type: "organization",
  customer_name: "Atelier Lumière",
  contact_person: "Marc Dubois",
  customer_email: "marc@lumiere.example",
  organization_id: "org-1",
  ...changes,
});
const filed = { id: "t1", number: 1007, title: "x", call_ids: ["call-1"], contact_created: false };

beforeEach(() => useDrafts.setState({ drafts: {} }));

const type = (label: string | RegExp, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });

describe("TicketForm", () => {
  it("is pre-filled in the order type, name, contact person, e-mail, and is accessible", async () => {
    const { container } = renderConsole(<TicketForm callId="call-1" draft={draft()} />);
    const labels = [...screen.getByTestId("ticket-form").querySelectorAll<HTMLInputElement>("input")].map(
      (control) => (control.type === "radio" ? control.value : control.name),
    );
    expect(labels.slice(0, 5)).toEqual([
      "individual",
      "organization",
      "customer_name",
      "contact_person",
      "customer_email",
    ]);
    expect(screen.getByLabelText<HTMLInputElement>("Customer name").value).toBe("Atelier Lumière");
    expect(screen.getByLabelText<HTMLInputElement>("Contact person").value).toBe("Marc Dubois");
    expect(await violations(container)).toEqual([]);
  });

  it("shows the contact person for organizations only", () => {
    renderConsole(<TicketForm callId="call-1" draft={draft()} />);
    fireEvent.click(screen.getByLabelText("Individual"));
    expect(screen.queryByLabelText("Contact person")).toBeNull();
    fireEvent.click(screen.getByLabelText("Organization"));
    expect(screen.getByLabelText("Contact person")).toBeTruthy();
  });

  it("asks for a title before it sends anything", async () => {
    const server = fakeServer({});
    renderConsole(<TicketForm callId="call-1" draft={draft()} />);
    fireEvent.click(screen.getByRole("button", { name: "File ticket" }));
    await screen.findByText("Say in a few words what it is about.");
    expect(screen.getByLabelText(/Title/).getAttribute("aria-invalid")).toBe("true");
    expect(server.requests).toEqual([]);
  });

  it("files with the call, the caller and a key, then shows the number and is empty again", async () => {
    const server = fakeServer({ "POST /tickets": { status: 201, body: filed } });
    renderConsole(<TicketForm callId="call-1" draft={draft()} />);
    type(/Title/, "Broken lamp");
    fireEvent.click(screen.getByRole("button", { name: "File ticket" }));
    const link = await screen.findByRole("link", { name: "Ticket #1007 filed" });
    expect(link.getAttribute("href")).toBe("/tickets/t1");
    expect(server.requests).toHaveLength(1);
    expect(server.requests[0]?.headers.get("idempotency-key")).toMatch(/.{16,}/);
    expect(server.requests[0]?.body).toMatchObject({
      title: "Broken lamp",
      call_id: "call-1",
      customer_type: "organization",
      organization_id: "org-1",
      phone_number: "+33639980101",
    });
    expect(screen.getByLabelText<HTMLInputElement>(/Title/).value).toBe("");
  });

  it("shows the server's word on a field and keeps what was typed", async () => {
    fakeServer({
      "POST /tickets": {
        status: 422,
        body: {
          title: "Invalid",
          status: 422,
          detail: "Some fields are not valid.",
          errors: [{ pointer: "/customer_email", detail: "is no address" }],
        },
      },
    });
    renderConsole(<TicketForm callId="call-1" draft={draft()} />);
    type(/Title/, "Broken lamp");
    fireEvent.click(screen.getByRole("button", { name: "File ticket" }));
    await screen.findByText("is no address");
    expect(screen.getByLabelText<HTMLInputElement>(/Title/).value).toBe("Broken lamp");
  });

  it("uses the same key again after a failure of the server, a new one after a refusal", async () => {
    const answers = [500, 422, 201];
    const server = fakeServer({
      "POST /tickets": () => ({ status: answers.shift() ?? 500, body: { ...filed, detail: "no" } }),
    });
    renderConsole(<TicketForm callId="call-1" draft={draft()} />);
    type(/Title/, "Broken lamp");
    for (let sent = 1; sent <= 3; sent++) {
      await waitFor(() =>
        expect(screen.getByRole<HTMLButtonElement>("button", { name: "File ticket" }).disabled).toBe(false),
      );
      fireEvent.click(screen.getByRole("button", { name: "File ticket" }));
      await waitFor(() => expect(server.requests).toHaveLength(sent));
    }
    const [first, second, third] = server.requests.map((request) => request.headers.get("idempotency-key"));
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it("never loses words typed for another call", () => {
    const view = renderConsole(<TicketForm key="call-1" callId="call-1" draft={draft()} />);
    type(/Title/, "Half a sen");
    view.rerender(
      <TicketForm key="call-2" callId="call-2" draft={draft({ call_id: "call-2", customer_name: "Next" })} />,
    );
    expect(screen.getByLabelText<HTMLInputElement>(/Title/).value).toBe("");
    expect(screen.getByLabelText<HTMLInputElement>("Customer name").value).toBe("Next");
    view.rerender(<TicketForm key="call-1" callId="call-1" draft={draft()} />);
    expect(screen.getByLabelText<HTMLInputElement>(/Title/).value).toBe("Half a sen");
  });

  it("a richer second frame fills only what the agent has not touched", () => {
    const view = renderConsole(
      <TicketForm callId="call-1" draft={draft({ customer_name: null, customer_email: null })} />,
    );
    type("Customer name", "Typed by hand");
    act(() => view.rerender(<TicketForm callId="call-1" draft={draft()} />));
    expect(screen.getByLabelText<HTMLInputElement>("Customer name").value).toBe("Typed by hand");
    expect(screen.getByLabelText<HTMLInputElement>("E-mail").value).toBe("marc@lumiere.example");
  });

  it("reset goes back to what the call knows", () => {
    renderConsole(<TicketForm callId="call-1" draft={draft()} />);
    type("Customer name", "Wrong");
    type(/Title/, "Wrong");
    fireEvent.click(screen.getByRole("button", { name: "Reset" }));
    expect(screen.getByLabelText<HTMLInputElement>("Customer name").value).toBe("Atelier Lumière");
    expect(screen.getByLabelText<HTMLInputElement>(/Title/).value).toBe("");
  });
});
