/** Sums of money, each currency by itself: they are never added together. */

/** Adds decimal texts without the errors of binary fractions. */
export function sumByCurrency(
  costs: readonly { monthly_cost: string | null; currency: string }[],
): { currency: string; total: string }[] {
  const cents = new Map<string, bigint>();
  for (const { monthly_cost: cost, currency } of costs) {
    const match = /^(-?)(\d+)(?:\.(\d{1,2}))?$/.exec(cost ?? "");
    if (!match) continue;
    const value = BigInt(match[2] ?? "0") * 100n + BigInt((match[3] ?? "").padEnd(2, "0"));
    if (value === 0n) continue;
    cents.set(currency, (cents.get(currency) ?? 0n) + (match[1] ? -value : value));
  }
  return [...cents]
    .map(([currency, total]) => ({ currency, total: decimal(total) }))
    .sort((a, b) => a.currency.localeCompare(b.currency));
}

function decimal(cents: bigint): string {
  const sign = cents < 0n ? "-" : "";
  const digits = (cents < 0n ? -cents : cents).toString().padStart(3, "0");
  return `${sign}${digits.slice(0, -2)}.${digits.slice(-2)}`;
}

/** As people write money where they are; an odd currency as it came. */
export function formatMoney(amount: string, currency: string): string {
  try {
    return new Intl.NumberFormat(undefined, { style: "currency", currency }).format(Number(amount));
  } catch {
    return `${amount} ${currency}`;
  }
}

/** 🇫🇷 of `FR`; nothing for what is no country. */
export function flagOf(country: string): string {
  if (!/^[A-Z]{2}$/.test(country)) return "";
  return String.fromCodePoint(...[...country].map((letter) => 0x1f1e6 + letter.charCodeAt(0) - 65));
}

let regions: Intl.DisplayNames | undefined;
export function countryName(country: string): string {
  try {
    regions ??= new Intl.DisplayNames(undefined, { type: "region" });
    return regions.of(country) ?? country;
  } catch {
    return country;
  }
}
