import { act, screen } from "@testing-library/react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { dispatch, useLive } from "@/lib/ws/live";
import { frame } from "@/testing/frames";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { figureText, WallboardScreen } from "./wallboard";

vi.mock("./minute-chart", () => ({ default: () => <p>plot</p> }));

const agent = (
  user_id: string,
  presence: "available" | "break" | "on_call",
  reason: string | null = null,
) => ({
  user_id,
  email: `${user_id}@demo.example`,
  name: `Agent ${user_id}`,
  extension: "201",
  presence,
  since: "2026-01-05T10:00:00Z",
  reason,
  call_ids: presence === "on_call" ? ["c"] : [],
});
const board = {
  revision: 1,
  at: "2026-01-05T10:00:00Z",
  calls: { waiting: 2, ringing: 3, talking: 1, held: 0 },
  queues: [{ name: "support", waiting: 2, oldest_since: "2026-01-05T10:00:00Z" }],
  agents: [agent("u1", "available"), agent("u2", "break", "lunch")],
  figures: [
    { name: "service_level_sl", value: 0.825, formula: "answered within 20 s / answered", version: 1 },
    { name: "brand_new", value: null, formula: "x / y", version: 2 },
  ],
  series: { calls_per_minute: [{ at: "2026-01-05T10:00:00Z", calls: 4 }] },
};

beforeEach(() => {
  dispatch({ type: "reset" });
  useLive.setState({ link: { status: "open", staleSince: null, attempt: 0 } });
});

describe("WallboardScreen", () => {
  it("shows the REST board until the first frame, then moves with deltas", async () => {
    fakeServer({ "GET /wallboard": { body: board } });
    const { container } = renderConsole(<WallboardScreen />);
    await screen.findByTestId("wallboard");
    expect(container.querySelector('[data-tile="ringing"]')?.textContent).toContain("3");
    act(() => dispatch({ type: "frame", frame: frame("wallboard", board, null), now: Date.now() }));
    act(() =>
      dispatch({
        type: "frame",
        frame: frame(
          "wallboard",
          { base: 1, revision: 2, calls: { ...board.calls, ringing: 9 }, agents: [agent("u1", "on_call")] },
          null,
        ),
        now: Date.now(),
      }),
    );
    expect(container.querySelector('[data-tile="ringing"]')?.textContent).toContain("9");
    expect(container.querySelector('[data-agent="u1"] [data-presence="on_call"]')).toBeTruthy();
    expect(container.querySelector('[data-agent="u2"]')?.textContent).toContain("lunch");
    expect(container.querySelector('[data-count="on_call"]')?.textContent).toContain("1");
    expect(screen.getByTestId("data-age").dataset.stale).toBe("false");
    expect(await violations(container)).toEqual([]);
  });

  it("says when it is stale", async () => {
    act(() => dispatch({ type: "frame", frame: frame("wallboard", board, null), now: Date.now() }));
    renderConsole(<WallboardScreen />);
    act(() => useLive.setState({ link: { status: "reconnecting", staleSince: Date.now(), attempt: 1 } }));
    expect(screen.getByTestId("data-age").dataset.stale).toBe("true");
    expect(screen.getByText("Stale")).toBeTruthy();
  });

  it("shows what went wrong when there is no board at all", async () => {
    fakeServer({ "GET /wallboard": { status: 403, body: { title: "Forbidden", detail: "no" } } });
    renderConsole(<WallboardScreen />);
    expect(await screen.findByText("Not permitted")).toBeTruthy();
  });
});

describe("figureText", () => {
  it.each([
    ["service_level_sl", 0.825, "82.5 %"],
    ["abandon_rate", 0, "0.0 %"],
    ["asa_ms", 12_345, "12.3 s"],
    ["offered_today", 12, "12"],
    ["odd", 0.5, "0.50"],
    ["asa_ms", null, "–"],
  ])("%s %s → %s", (name, value, text) => {
    expect(figureText(name, value)).toBe(text);
  });
});
