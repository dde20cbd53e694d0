import { describe, expect, it } from "vitest";
import { judge, meets, RULES } from "./password";

/** The same lines as the server's own test, as far as they can be told without its list of common passwords. */
const ada = { email: "ada.lovelace@demo.example", name: "Ada Lovelace" };

describe("a new password", () => {
  it.each([
    ["", RULES],
    ["nine-char", ["length"]],
    ["€€€€€€€€€", ["length", "pattern"]],
    ["grün€läßt!", []],
    ["ten-chars!", []],
    ["correct horse battery staple", []],
    ["ada.lovelace@demo.example", ["own"]],
    ["ADA.LOVELACE@demo.example", ["own"]],
    ["Ada Lovelace", ["own"]],
    ["adalovelace1815!", ["own"]],
    ["ada lovelace counts cards", []],
    ["0123456789", ["pattern"]],
    ["abcdefghijklmn", ["pattern"]],
    ["zyxwvutsrq", ["pattern"]],
    ["abababababab", ["pattern"]],
    [`${"xyzw".repeat(256)}x`, ["length"]],
  ])("%j breaks %j", (password, broken) => {
    const judged = judge(password, ada);
    expect(RULES.filter((rule) => !judged[rule])).toEqual(broken);
    expect(meets(password, ada)).toBe(broken.length === 0);
  });

  it("of somebody unknown is judged by the rest", () => {
    expect(meets("a fine password")).toBe(true);
    expect(meets("2718281828", { email: "42@demo.example", name: "7" })).toBe(true);
  });
});
