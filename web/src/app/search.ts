/** Reads the address bar: known fields of the right shape, everything else is left out. */
type Reader<T> = (value: unknown) => T | undefined;

export const text: Reader<string> = (value) => {
  // The router parses bare numbers; a searched phone number is still text.
  if (typeof value === "number") return String(value);
  return typeof value === "string" && value !== "" && value.length <= 200 ? value : undefined;
};

export const flag: Reader<boolean> = (value) => (typeof value === "boolean" ? value : undefined);

export function oneOf<const T extends string>(values: readonly T[]): Reader<T> {
  return (value) => values.find((each) => each === value);
}

export function search<T extends Record<string, Reader<unknown>>>(readers: T) {
  type Result = { [K in keyof T]?: Exclude<ReturnType<T[K]>, undefined> };
  return (input: Record<string, unknown>): Result => {
    const result: Record<string, unknown> = {};
    for (const [key, read] of Object.entries(readers)) {
      const value = read(input[key]);
      if (value !== undefined) result[key] = value;
    }
    return result as Result;
  };
}
