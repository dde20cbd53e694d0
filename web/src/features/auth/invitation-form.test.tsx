import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { InvitationForm } from "./invitation-form";

const offer = (has_account: boolean) => ({
  tenant_name: "Demo",
  email: "grace@demo.example",
  name: "Grace",
  role: "agent",
  has_account,
});
const tokens = { access_token: "a", refresh_token: "r", expires_in: 1 };

describe("InvitationForm", () => {
  it("lets somebody new choose name and password", async () => {
    const server = fakeServer({
      "POST /auth/invitations/look": { body: offer(false) },
      "POST /auth/invitations/accept": { body: tokens },
    });
    const done = vi.fn<() => void>();
    const { container } = renderConsole(<InvitationForm token="swi_x" onJoined={done} />);
    const name = await screen.findByLabelText<HTMLInputElement>("Your name");
    expect(name.value).toBe("Grace");
    expect(await violations(container)).toEqual([]);
    expect(screen.getByText(/Demo/).textContent).toContain("grace@demo.example");
    fireEvent.change(name, { target: { value: " Grace Hopper " } });
    fireEvent.change(screen.getByLabelText("New password"), { target: { value: "short" } });
    fireEvent.click(screen.getByRole("button", { name: "Accept" }));
    await screen.findByText("Use 10 characters or more.");
    fireEvent.change(screen.getByLabelText("New password"), { target: { value: "seven green bicycles" } });
    fireEvent.click(screen.getByRole("button", { name: "Accept" }));
    await waitFor(() => expect(done).toHaveBeenCalledOnce());
    expect(server.requests.map((request) => request.body)).toEqual([
      { token: "swi_x" },
      { token: "swi_x", name: "Grace Hopper", password: "seven green bicycles" },
    ]);
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("access");
  });

  it("asks who has an account for their password only", async () => {
    const server = fakeServer({
      "POST /auth/invitations/look": { body: offer(true) },
      "POST /auth/invitations/accept": { status: 401, body: { detail: "E-mail or password is wrong." } },
    });
    const done = vi.fn<() => void>();
    renderConsole(<InvitationForm token="swi_x" onJoined={done} />);
    fireEvent.change(await screen.findByLabelText("Password"), { target: { value: "mine" } });
    expect(screen.queryByLabelText("Your name")).toBeNull();
    fireEvent.click(screen.getByRole("button", { name: "Accept" }));
    await screen.findByText("E-mail or password is wrong.");
    expect(done).not.toHaveBeenCalled();
    expect(server.requests[1]?.body).toEqual({ token: "swi_x", password: "mine" });
  });

  it("asks for a code where the account has a second factor", async () => {
    const server = fakeServer({
      "POST /auth/invitations/look": { body: offer(true) },
      "POST /auth/invitations/accept": async (request) => {
        const { totp } = (await request.json()) as { totp?: string };
        if (totp === "123456") return { body: tokens };
        const type = totp === undefined ? "totp-required" : "totp-invalid";
        return { status: 401, body: { type, detail: "The code is missing or wrong." } };
      },
    });
    const done = vi.fn<() => void>();
    const { container } = renderConsole(<InvitationForm token="swi_x" onJoined={done} />);
    fireEvent.change(await screen.findByLabelText("Password"), { target: { value: "mine" } });
    expect(screen.queryByLabelText("Code")).toBeNull();
    const accept = () => fireEvent.click(screen.getByRole("button", { name: "Accept" }));
    accept();
    const code = await screen.findByLabelText("Code");
    await waitFor(() => expect(document.activeElement).toBe(code));
    expect(await violations(container)).toEqual([]);
    accept();
    await screen.findByText("Enter a code.");
    fireEvent.change(code, { target: { value: "000000" } });
    accept();
    await screen.findByText(/This code is wrong/);
    expect(done).not.toHaveBeenCalled();
    fireEvent.change(code, { target: { value: " 123456 " } });
    accept();
    await waitFor(() => expect(done).toHaveBeenCalledOnce());
    expect(server.requests.at(-1)?.body).toEqual({ token: "swi_x", password: "mine", totp: "123456" });
  });

  it("tells who has no password how to get one", async () => {
    fakeServer({ "POST /auth/invitations/look": { body: offer(true) } });
    renderConsole(<InvitationForm token="swi_x" onJoined={() => undefined} />);
    const link = await screen.findByRole("link", { name: "Have a link sent" });
    expect(link.getAttribute("href")).toBe("/reset");
  });

  it("says when the link is good no more, or is none", async () => {
    const body = { type: "link-gone", detail: "It was used already, or is too old. Ask for a new one." };
    fakeServer({ "POST /auth/invitations/look": { status: 410, body } });
    const { rerender } = renderConsole(<InvitationForm token="swi_x" onJoined={() => undefined} />);
    await screen.findByText(/used already/);
    rerender(<InvitationForm token="" onJoined={() => undefined} />);
    expect(await screen.findByText(/not complete/)).toBeTruthy();
  });
});
