/** The same command for each of several things, one after the other: the server judges each by itself. */

export interface BulkResult<T> {
  done: T[];
  refused: { item: T; error: unknown }[];
}

export async function forEachOf<T>(
  items: readonly T[],
  command: (item: T) => Promise<unknown>,
  onProgress?: (finished: number) => void,
): Promise<BulkResult<T>> {
  const result: BulkResult<T> = { done: [], refused: [] };
  for (const [index, item] of items.entries()) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one at a time, so that a refusal names its own item
      await command(item);
      result.done.push(item);
    } catch (error) {
      result.refused.push({ item, error });
    }
    onProgress?.(index + 1);
  }
  return result;
}
