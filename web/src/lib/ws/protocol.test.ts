import { describe, expect, it } from "vitest";
import { parseFrame } from "./protocol";

describe("parseFrame", () => {
  it("reads a frame and passes extra fields on", () => {
    const raw = parseFrame(
      '{"type":"committed","event_id":null,"at":"2026-01-05T10:00:00Z","extra":1,"data":{"cursor":"v1.4","more":true}}',
    );
    expect(raw?.frame).toMatchObject({
      type: "committed",
      event_id: null,
      data: { cursor: "v1.4", more: true },
    });
  });

  it.each(["", "null", "[]", "42", '"text"', "{", '{"no":"type"}', '{"type":5}'])(
    "drops what is no frame: %s",
    (text) => {
      expect(parseFrame(text)).toBeNull();
    },
  );

  it("names an unknown type so that it can be acknowledged", () => {
    expect(parseFrame('{"type":"weather","event_id":"e1","data":{}}')).toEqual({
      type: "weather",
      event_id: "e1",
      frame: null,
    });
  });

  it.each([
    ["screen_pop", {}],
    ["screen_pop", { call: null }],
    ["call_updated", { call: { state: "answered" } }],
    ["pop_withdrawn", { reason: "x" }],
    ["presence", { user_id: "u" }],
    ["committed", {}],
    ["wallboard", { calls: {} }],
  ])("a %s without what it is about is not folded", (type, data) => {
    expect(parseFrame(JSON.stringify({ type, event_id: "e", data }))?.frame).toBeNull();
  });
});
