import { expect, it } from "vitest";
import { lengthOf, sizeOf } from "./system-health";

it("says octets as people do", () => {
  expect([0, 1023, 1024, 12_402_023, 5 * 1024 ** 4].map(sizeOf)).toEqual([
    "0 B",
    "1023 B",
    "1.0 KB",
    "12 MB",
    "5.0 TB",
  ]);
});

it("says how long by the two largest units that count", () => {
  expect([0, 59, 60, 3_661, 90_000, 172_800].map(lengthOf)).toEqual([
    "0 s",
    "59 s",
    "1 min",
    "1 h 1 min",
    "1 d 1 h",
    "2 d",
  ]);
});
