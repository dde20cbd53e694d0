import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { Member } from "@/lib/api/types";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { MemberPassword } from "./member-password";

const ID = "11111111-1111-4111-8111-111111111111";
const member = { id: ID, name: "Ida Rhodes", email: "ida@demo.example" } as Member;
const LINK = "https://calls.example/reset#swl_x";
const expires_at = "2026-11-23T10:00:00Z";

async function asked(answer: { status?: number; body: object }) {
  const server = fakeServer({ [`POST /users/${ID}/password-link`]: answer });
  renderConsole(<MemberPassword member={member} />);
  fireEvent.click(screen.getByRole("button", { name: "Password link" }));
  expect(server.requests).toHaveLength(0);
  fireEvent.click(await screen.findByRole("button", { name: "Make the link" }));
  await waitFor(() => expect(server.requests).toHaveLength(1));
}

describe("a password link for a member", () => {
  it.each([
    ["link", /sends no mail/],
    ["failed", /could not be sent/],
  ])("is shown where it was not mailed (%s)", async (delivery, why) => {
    await asked({ body: { delivery, link: LINK, expires_at } });
    await screen.findByText(LINK);
    screen.getByText(why);
    expect(await violations(screen.getByRole("dialog"))).toEqual([]);
    fireEvent.click(screen.getByRole("button", { name: "I have copied it" }));
    await waitFor(() => expect(screen.queryByText(LINK)).toBeNull());
  });

  it("is not shown where it was mailed", async () => {
    await asked({ body: { delivery: "mailed", expires_at } });
    await waitFor(() => expect(screen.queryByRole("alertdialog")).toBeNull());
    expect(screen.queryByTestId("password-link")).toBeNull();
  });

  it("that is not theirs to make says why", async () => {
    const body = { type: "member-elsewhere", detail: "They are in other tenants too." };
    await asked({ status: 409, body });
    await screen.findByText(/only the platform admin does this/);
    expect(screen.queryByTestId("password-link")).toBeNull();
  });
});
