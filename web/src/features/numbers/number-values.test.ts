import { describe, expect, it } from "vitest";
import { bodyOf, numberSchema, valuesOf } from "./number-values";

const words = { e164: "e164", country: "country", cost: "cost", currency: "currency", tooLong: "long" };
const typed = {
  ...valuesOf(undefined),
  number: "+33 1 99 00 00-01",
  country: "fr",
  monthly_cost: "1,50",
};

describe("a typed line", () => {
  it("becomes what is stored", () => {
    expect(numberSchema(words).safeParse(typed).success).toBe(true);
    expect(bodyOf(typed)).toEqual({
      number: "+33199000001",
      country: "FR",
      monthly_cost: "1.50",
      currency: "EUR",
      capabilities: { voice: true, sms: false },
    });
  });

  it.each([
    [{ number: "0199000001" }, "e164"],
    [{ number: "+0123456789" }, "e164"],
    [{ country: "FRA" }, "country"],
    [{ monthly_cost: "-1" }, "cost"],
    [{ monthly_cost: "1.505" }, "cost"],
    [{ currency: "EU" }, "currency"],
  ])("%j is told while typing", (wrong, message) => {
    const result = numberSchema(words).safeParse({ ...typed, ...wrong });
    expect(result.error?.issues.map((issue) => issue.message)).toEqual([message]);
  });
});
