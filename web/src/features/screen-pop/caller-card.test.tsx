import { screen } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import type { CallerContext } from "@/lib/api/types";
import { caller, popCall } from "@/testing/frames";
import { renderConsole, violations } from "@/testing/render";
import { CallerCard, OpenTickets, OtherMatches, RecentCalls } from "./caller-card";

const nobody: Partial<CallerContext> = {
  found: false,
  contact: null,
  customer_type: null,
  customer_name: null,
  caller_name: null,
  gender: null,
  email: null,
};

describe("CallerCard", () => {
  it.each<[string, Partial<CallerContext>, string, string[]]>([
    [
      "an individual",
      {},
      "Claire Fontaine",
      ["Individual", "+33 6 39 98 00 01", "claire@fontaine.example", "Female"],
    ],
    [
      "a contact of an organization",
      {
        contact: { kind: "organization_contact", id: "c" },
        customer_type: "organization",
        customer_name: "Atelier",
        organization_name: "Atelier",
        caller_name: "Marc",
        contact_person: "Marc",
      },
      "Marc",
      ["Contact of an organization", "Atelier"],
    ],
    [
      "an organization's own number",
      {
        contact: { kind: "organization", id: "o" },
        customer_type: "organization",
        customer_name: "Atelier",
        organization_name: "Atelier",
        caller_name: null,
      },
      "Valued customer",
      ["Organization", "Atelier"],
    ],
    [
      "an e-mail contact",
      {
        contact: { kind: "email_contact", id: "e" },
        customer_type: null,
        caller_name: "Nora",
        customer_name: "Nora",
      },
      "Nora",
      ["E-mail contact"],
    ],
    ["somebody inactive", { inactive: true }, "Claire Fontaine", ["Inactive"]],
    ["an unknown number", nobody, "Unknown caller", ["Not in the directory"]],
    ["a possible match", { ...nobody, quality: "possible" }, "Unknown caller", ["Possible match only"]],
    [
      "an extension",
      { ...nobody, quality: "extension", number: "205" },
      "Extension 205",
      ["Internal extension"],
    ],
    [
      "an invalid number",
      { ...nobody, quality: "invalid", number: null },
      "Unreadable number",
      ["Invalid number"],
    ],
  ])("names %s", (_name, changes, name, texts) => {
    renderConsole(<CallerCard call={popCall("a")} caller={caller(changes)} />);
    expect(screen.getByTestId("caller-name").textContent).toBe(name);
    for (const text of texts) expect(screen.getAllByText(text).length).toBeGreaterThan(0);
  });

  it("says that a number was withheld", () => {
    renderConsole(
      <CallerCard
        call={popCall("a", { from: null })}
        caller={caller({ ...nobody, quality: "anonymous", number: null })}
      />,
    );
    expect(screen.getByTestId("caller-name").textContent).toBe("Anonymous caller");
    expect(screen.getByText("Number withheld")).toBeTruthy();
  });

  it("gives the reason, other matches, tickets and calls, and is accessible", async () => {
    const who = caller({
      other_matches: [
        { kind: "organization", id: "o", name: "Atelier", organization_name: "Atelier" },
        { kind: "organization_contact", id: "x", name: null, organization_name: "Atelier" },
      ],
      open_tickets: [{ id: "t", number: 1001, title: "Broken lamp", status: "open", priority: "urgent" }],
      recent_calls: [
        { id: "a", state: "ringing" },
        { id: "b", state: "ended", end_reason: "missed", started_at: "2026-01-05T10:00:00Z" },
      ],
    });
    const { container } = renderConsole(
      <main>
        <h1>x</h1>
        <CallerCard call={popCall("a")} caller={who} />
        <OtherMatches caller={who} />
        <OpenTickets caller={who} />
        <RecentCalls caller={who} currentId="a" />
      </main>,
    );
    expect(screen.getByTestId("match-reason").textContent).toContain("the only owner of this number");
    expect(screen.getByTestId("other-matches").querySelectorAll("li")).toHaveLength(2);
    expect(screen.getByRole("link", { name: "#1001" }).getAttribute("href")).toBe("/tickets/t");
    // The call that is ringing is not one of its own earlier calls.
    expect(screen.getByTestId("recent-calls").querySelectorAll("li")).toHaveLength(1);
    expect(await violations(container)).toEqual([]);
  });
});
