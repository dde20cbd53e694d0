import { describe, expect, it } from "vitest";
import type { AgentPerformance } from "@/lib/api/types";
import { dayText, faultOf, instantsOf, lengthText, ordered } from "./performance";

const now = Date.parse("2026-11-22T12:00:00Z");

describe("the period", () => {
  it("is so many days up to now", () => {
    expect(instantsOf({}, now)).toEqual({ from: "2026-11-15T12:00:00.000Z", to: "2026-11-22T12:00:00.000Z" });
    expect(instantsOf({ period: "month" }, now)).toMatchObject({ from: "2026-10-23T12:00:00.000Z" });
    // Days that were left in the address mean nothing beside another choice.
    expect(instantsOf({ period: "quarter", from: "x", to: "y" }, now)).toMatchObject({
      from: "2026-08-24T12:00:00.000Z",
    });
  });

  it("is from the first moment of a day to the last of another", () => {
    const own = instantsOf({ period: "own", from: "2026-03-01", to: "2026-03-02" }, now);
    if (typeof own === "string") throw new Error(own);
    expect(new Date(own.from).toString()).toContain("Mar 01 2026 00:00:00");
    expect(new Date(own.to).toString()).toContain("Mar 03 2026 00:00:00");
    expect(instantsOf({ period: "own", from: "2026-03-01", to: "2026-03-01" }, now)).not.toBe("backwards");
  });

  it.each([
    [{ from: "2026-03-01" }, "missing"],
    [{ to: "2026-03-01" }, "missing"],
    [{ from: "March", to: "2026-03-01" }, "missing"],
    [{ from: "2026-13-01", to: "2026-03-01" }, "missing"],
    [{ from: "2026-03-02", to: "2026-03-01" }, "backwards"],
    [{ from: "2026-01-01", to: "2026-04-30" }, "long"],
    [{ from: "2026-06-01", to: "2026-08-31" }, null],
  ] as const)("of one's own days %j: %s", (days, fault) => {
    expect(faultOf({ period: "own", ...days })).toBe(fault);
  });
});

const agent = (name: string, figures: Partial<AgentPerformance>): AgentPerformance => ({
  user_id: name,
  name,
  is_active: true,
  offered: 0,
  answered: 0,
  answered_elsewhere: 0,
  missed: 0,
  declined: 0,
  outbound: 0,
  outbound_answered: 0,
  talk_seconds: 0,
  average_talk_seconds: null,
  average_answer_seconds: null,
  tickets_taken: null,
  tickets_resolved: null,
  first_responses: null,
  average_first_response_seconds: null,
  ...figures,
});

describe("the order", () => {
  const items = [
    agent("Cy", { offered: 2, average_talk_seconds: 10 }),
    agent("Ann", { offered: 2 }),
    agent("Bo", { offered: 9, average_talk_seconds: 30.5 }),
  ];
  it.each([
    ["name", ["Ann", "Bo", "Cy"]],
    ["-name", ["Cy", "Bo", "Ann"]],
    ["offered", ["Ann", "Cy", "Bo"]],
    ["-offered", ["Bo", "Ann", "Cy"]],
    // Who has none comes last either way.
    ["average_talk_seconds", ["Cy", "Bo", "Ann"]],
    ["-average_talk_seconds", ["Bo", "Cy", "Ann"]],
  ])("by %s", (sort, names) => {
    expect(ordered(items, sort).map((item) => item.name)).toEqual(names);
  });
});

describe("words", () => {
  it("for lengths and days", () => {
    expect([null, 0, 7.4, 760, 10_931].map(lengthText)).toEqual(["–", "0:00", "0:07", "12:40", "3:02:11"]);
    expect(dayText("2026-11-01")).toMatch(/1/);
    expect(dayText("2026-11-01")).not.toMatch(/31|2026/);
  });
});
