/**
 * Display of numbers only. What a number *is* (E.164, region, validity) the server decides;
 * here digits are merely spaced so that people can read them aloud.
 */

// Two-digit calling codes (ITU-T E.164 list); +1 and +7 have one digit, everything else three.
const TWO_DIGIT = new Set(
  "20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98".split(
    " ",
  ),
);

function callingCodeLength(digits: string): number {
  if (digits.startsWith("1") || digits.startsWith("7")) return 1;
  return TWO_DIGIT.has(digits.slice(0, 2)) ? 2 : 3;
}

function group(digits: string, sizes: number[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const size of sizes) {
    if (at >= digits.length) break;
    parts.push(digits.slice(at, at + size));
    at += size;
  }
  if (at < digits.length) parts.push(digits.slice(at));
  return parts.join(" ");
}

function nationalSizes(code: string, length: number): number[] {
  if (code === "33" && length === 9) return [1, 2, 2, 2, 2];
  if (code === "1" && length === 10) return [3, 3, 4];
  if (code === "44" && length === 10) return [4, 3, 3];
  // Groups of three from the left, the last of three or four: never a lone digit at the end.
  const sizes: number[] = [];
  let left = length;
  while (left > 4) {
    sizes.push(left === 5 ? 2 : 3);
    left -= left === 5 ? 2 : 3;
  }
  if (left > 0) sizes.push(left);
  return sizes;
}

/** `+33612345678` → `+33 6 12 34 56 78`; anything that is not E.164 is shown as it came. */
export function formatNumber(number: string | null | undefined): string {
  if (!number) return "";
  if (!/^\+[1-9]\d{4,14}$/.test(number)) return number;
  const digits = number.slice(1);
  const codeLength = callingCodeLength(digits);
  const code = digits.slice(0, codeLength);
  const national = digits.slice(codeLength);
  return `+${code} ${group(national, nationalSizes(code, national.length))}`;
}
