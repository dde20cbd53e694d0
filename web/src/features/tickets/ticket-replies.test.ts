import { describe, expect, it } from "vitest";
import { plainText } from "./ticket-replies";

describe("plainText", () => {
  it.each([
    ["text", "<b>as typed</b>", "<b>as typed</b>"],
    ["html", "<p>Hello</p><p>you &amp; me</p>", "Hello\nyou & me"],
    ["html", "one<br>two", "one\ntwo"],
    ["html", "<script>alert(1)</script><style>p{}</style>ok", "ok"],
    ["html", '<img src=x onerror="alert(1)">', ""],
  ] as const)("of %s", (format, body, text) => {
    expect(plainText({ format, body })).toBe(text);
  });
});
