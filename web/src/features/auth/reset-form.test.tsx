import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { AskForLinkForm, NewPasswordForm } from "./reset-form";

describe("AskForLinkForm", () => {
  it("asks for a link and says the same to everybody", async () => {
    const server = fakeServer({ "POST /auth/password-reset/request": { status: 202 } });
    const { container } = renderConsole(<AskForLinkForm />);
    expect(await violations(container)).toEqual([]);
    fireEvent.change(screen.getByLabelText("E-mail"), { target: { value: "anna@demo.example" } });
    fireEvent.click(screen.getByRole("button", { name: "Send me a link" }));
    expect((await screen.findByRole("status")).textContent).toMatch(/If this address has an account/);
    expect(server.requests[0]?.body).toEqual({ email: "anna@demo.example" });
  });

  it("asks the server nothing before there is an address", async () => {
    const server = fakeServer({});
    renderConsole(<AskForLinkForm />);
    fireEvent.click(screen.getByRole("button", { name: "Send me a link" }));
    await screen.findByText("Enter your e-mail address.");
    expect(server.requests).toEqual([]);
  });
});

describe("NewPasswordForm", () => {
  const choose = (password: string) => {
    fireEvent.change(screen.getByLabelText("New password"), { target: { value: password } });
    fireEvent.click(screen.getByRole("button", { name: "Set password" }));
  };

  it("sets the password of the link and leads to the sign-in", async () => {
    const server = fakeServer({ "POST /auth/password-reset/confirm": { status: 204 } });
    const done = vi.fn<() => void>();
    const { container } = renderConsole(
      <NewPasswordForm token="swl_x" onChosen={done} onAskAgain={() => undefined} />,
    );
    expect(await violations(container)).toEqual([]);
    choose("short");
    await screen.findByText("Use 10 characters or more.");
    choose("seven green bicycles");
    fireEvent.click(await screen.findByRole("button", { name: "Sign in" }));
    expect(done).toHaveBeenCalledOnce();
    expect(server.requests.map((request) => request.body)).toEqual([
      { token: "swl_x", password: "seven green bicycles" },
    ]);
  });

  it("names what the server has against the password", async () => {
    const errors = [{ pointer: "/password", detail: "is one of the passwords that are tried first" }];
    fakeServer({
      "POST /auth/password-reset/confirm": { status: 422, body: { type: "validation", errors } },
    });
    renderConsole(<NewPasswordForm token="swl_x" onChosen={() => undefined} onAskAgain={() => undefined} />);
    choose("password123");
    expect(
      await screen.findByText("This password is one of the passwords that are tried first."),
    ).toBeTruthy();
  });

  it("offers another link when this one is good no more", async () => {
    const body = { type: "link-gone", detail: "It was used already, or is too old. Ask for a new one." };
    fakeServer({ "POST /auth/password-reset/confirm": { status: 410, body } });
    const again = vi.fn<() => void>();
    renderConsole(<NewPasswordForm token="swl_x" onChosen={() => undefined} onAskAgain={again} />);
    choose("seven green bicycles");
    await screen.findByText(/used already/);
    fireEvent.click(screen.getByRole("button", { name: "Ask for another link" }));
    await waitFor(() => expect(again).toHaveBeenCalledOnce());
  });
});
