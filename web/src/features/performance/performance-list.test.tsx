import { fireEvent, screen, waitFor, within } from "@testing-library/react";
import { useState } from "react";
import { describe, expect, it, vi } from "vitest";
import type { AgentPerformance } from "@/lib/api/types";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { AgentFigures } from "./agent-figures";
import { PerformanceList, type PerformanceSearch } from "./performance-list";

vi.mock("./day-chart", () => ({ default: () => <p>plot</p> }));

const agent = (name: string, figures: Partial<AgentPerformance> = {}): AgentPerformance => ({
  user_id: name.toLowerCase(),
  name,
  is_active: true,
  offered: 4,
  answered: 3,
  answered_elsewhere: 0,
  missed: 1,
  declined: 0,
  outbound: 2,
  outbound_answered: 1,
  talk_seconds: 760,
  average_talk_seconds: 190,
  average_answer_seconds: 7.4,
  tickets_taken: 5,
  tickets_resolved: 6,
  first_responses: 1,
  average_first_response_seconds: 90,
  ...figures,
});
const team = {
  from: "2026-11-15T12:00:00Z",
  to: "2026-11-22T12:00:00Z",
  items: [
    agent("Ann", { answered: 1 }),
    agent("Bo", { average_talk_seconds: null, is_active: false }),
    agent("Cy", { answered: 9, offered: 9 }),
  ],
};

function Console({ onOpen }: { onOpen?: (agent: AgentPerformance) => void }) {
  const [search, setSearch] = useState<PerformanceSearch>({});
  return <PerformanceList search={search} onSearch={setSearch} seesTeams onOpen={onOpen} />;
}

const choose = (label: string, value: string) =>
  fireEvent.change(screen.getByLabelText(label), { target: { value } });

const names = () =>
  screen
    .getAllByRole("row")
    .slice(1)
    .map((row) => row.dataset.row);

describe("PerformanceList", () => {
  it("shows who answered most first, and orders by any figure", async () => {
    const { requests } = fakeServer({
      "GET /agents/performance": { body: team },
      "GET /teams": { body: { items: [{ id: "t1", name: "Support" }], next_cursor: null } },
    });
    const opened = vi.fn<(agent: AgentPerformance) => void>();
    const { container } = renderConsole(<Console onOpen={opened} />);
    await screen.findByText("Cy");
    expect(names()).toEqual(["cy", "bo", "ann"]);
    const cells = within(screen.getAllByRole("row")[1] as HTMLElement).getAllByRole("cell");
    expect(cells.map((cell) => cell.textContent)).toEqual(
      expect.arrayContaining([expect.stringContaining("12:40"), expect.stringContaining("3:10")]),
    );
    fireEvent.click(screen.getByRole("button", { name: "Average talk" }));
    // Bo has none, and so comes last either way.
    expect(names()).toEqual(["ann", "cy", "bo"]);
    fireEvent.click(screen.getByRole("button", { name: "Agent" }));
    expect(names()).toEqual(["ann", "bo", "cy"]);
    expect(await violations(container)).toEqual([]);
    fireEvent.keyDown(screen.getAllByRole("row")[2] as HTMLElement, { key: "Enter" });
    expect(opened).toHaveBeenCalledWith(expect.objectContaining({ user_id: "bo" }));
    // Ordering asks the server nothing; another team does.
    const asked = () => requests.filter((request) => request.path === "/agents/performance").length;
    expect(asked()).toBe(1);
    fireEvent.change(await screen.findByLabelText("Team"), { target: { value: "t1" } });
    await waitFor(() => expect(asked()).toBe(2));
  });

  it("asks for days before it asks the server, and says what is wrong with them", async () => {
    const { requests } = fakeServer({
      "GET /agents/performance": { body: team },
      "GET /teams": { body: { items: [] } },
    });
    renderConsole(<Console />);
    await screen.findByText("Cy");
    choose("Period", "own");
    await screen.findByText("Choose the first and the last day");
    choose("First day", "2026-03-02");
    choose("Last day", "2026-03-01");
    await screen.findByText("The first day is after the last");
    const asked = () => requests.filter((request) => request.path === "/agents/performance").length;
    expect(asked()).toBe(1);
    choose("Last day", "2026-03-04");
    await screen.findByText("Cy");
    expect(asked()).toBe(2);
  });

  it("says when there is nobody, and when it cannot tell", async () => {
    let status = 200;
    fakeServer({
      "GET /agents/performance": () => ({
        status,
        body: status === 200 ? { ...team, items: [] } : { title: "No" },
      }),
      "GET /teams": { body: { items: [] } },
    });
    renderConsole(<Console />);
    await screen.findByText("Nobody to show");
    status = 403;
    choose("Period", "month");
    expect(await screen.findByText("Not permitted")).toBeTruthy();
  });
});

describe("AgentFigures", () => {
  it("shows the figures, and nothing of tickets to who may not see them", async () => {
    const one = { ...team, ...agent("Ann"), items: undefined, days: [] };
    fakeServer({ "GET /agents/ann/performance": { body: one } });
    const first = renderConsole(<AgentFigures id="ann" />);
    expect((await screen.findByTestId("card-offered")).textContent).toBe("4");
    expect(screen.getByTestId("card-average_talk_seconds").textContent).toBe("3:10");
    expect(screen.getByTestId("card-tickets_taken").textContent).toBe("5");
    await screen.findByText("plot");
    expect(await violations(first.container)).toEqual([]);
    first.unmount();
    fakeServer({ "GET /agents/ann/performance": { body: { ...one, tickets_taken: null } } });
    renderConsole(<AgentFigures id="ann" />);
    await screen.findByTestId("card-offered");
    expect(screen.queryByTestId("card-tickets_taken")).toBeNull();
  });
});
