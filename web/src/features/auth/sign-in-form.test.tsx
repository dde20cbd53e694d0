import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it, vi } from "vitest";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { SignInForm } from "./sign-in-form";

const fill = (email: string, password: string) => {
  fireEvent.change(screen.getByLabelText("E-mail"), { target: { value: email } });
  fireEvent.change(screen.getByLabelText("Password"), { target: { value: password } });
  fireEvent.click(screen.getByRole("button", { name: "Sign in" }));
};

describe("SignInForm", () => {
  it("signs in and hands over", async () => {
    const server = fakeServer({
      "POST /auth/login": { body: { access_token: "a", refresh_token: "r", expires_in: 1 } },
    });
    const done = vi.fn<() => void>();
    const { container } = renderConsole(<SignInForm onSignedIn={done} />);
    expect(await violations(container)).toEqual([]);
    fill("anna@demo.example", "secret");
    await waitFor(() => expect(done).toHaveBeenCalledOnce());
    expect(server.requests[0]?.body).toEqual({ email: "anna@demo.example", password: "secret" });
    // The answer's tokens are for API clients: nothing of it stays in the browser.
    expect(JSON.stringify({ ...localStorage, ...sessionStorage })).not.toContain("access");
  });

  it.each([
    [401, { detail: "E-mail or password is wrong." }, "E-mail or password is wrong."],
    [429, { detail: "slow down" }, "Too many attempts. Wait a moment, then try again."],
    [500, {}, "The server could not do this. Try again in a moment."],
  ])("shows why not: %i", async (status, body, text) => {
    fakeServer({ "POST /auth/login": { status, body } });
    const done = vi.fn<() => void>();
    renderConsole(<SignInForm onSignedIn={done} />);
    fill("anna@demo.example", "wrong");
    await screen.findByText(text);
    expect(done).not.toHaveBeenCalled();
    expect(screen.getByLabelText<HTMLInputElement>("Password").value).toBe("wrong");
  });

  it("says when the server cannot be reached", async () => {
    vi.stubGlobal("fetch", () => Promise.reject(new TypeError("failed")));
    renderConsole(<SignInForm onSignedIn={() => undefined} />);
    fill("anna@demo.example", "secret");
    expect(await screen.findByText(/cannot be reached/)).toBeTruthy();
  });
});
