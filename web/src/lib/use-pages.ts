/** A keyset-paged list: first page, then "load more" by the server's cursor. */
import { type QueryKey, useInfiniteQuery } from "@tanstack/react-query";
import type { Page } from "./api/types";

export function usePages<T>({
  queryKey,
  fetchPage,
  enabled = true,
}: {
  queryKey: QueryKey;
  fetchPage: (cursor: string | undefined, signal: AbortSignal) => Promise<Page<T>>;
  enabled?: boolean;
}) {
  const query = useInfiniteQuery({
    queryKey,
    enabled,
    initialPageParam: undefined as string | undefined,
    queryFn: ({ pageParam, signal }) => fetchPage(pageParam, signal),
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    // A changed filter keeps the old rows until the new ones are here: no flicker while typing.
    placeholderData: (previous) => previous,
  });
  return {
    ...query,
    items: query.data?.pages.flatMap((page) => page.items) ?? [],
    /** How many there are in all, where the first page asked for it. */
    count: query.data?.pages[0]?.count ?? null,
  };
}
