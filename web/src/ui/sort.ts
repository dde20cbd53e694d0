/** The order of a list as the server takes it: a field, with `-` before it for descending. */

export type Direction = "ascending" | "descending";

export function directionOf(sort: string | undefined, field: string): Direction | null {
  if (sort === field) return "ascending";
  return sort === `-${field}` ? "descending" : null;
}

/** What a press on a heading asks for: its own first direction, then the other one. */
export function nextSort(sort: string | undefined, field: string, first: Direction): string {
  const now = directionOf(sort, field);
  const wanted = now === null ? first : now === "ascending" ? "descending" : "ascending";
  return wanted === "ascending" ? field : `-${field}`;
}
