/** The frame of every list: loading, failed, empty, or the table. */
import type { RowData } from "@tanstack/react-table";
import type { ReactNode } from "react";
import { Empty, Failed, Loading } from "./feedback";
import { Panel } from "./panel";
import { DataTable, type DataTableProps } from "./table";

interface PagesLike<T> {
  items: T[];
  isPending: boolean;
  isError: boolean;
  error: unknown;
  isPlaceholderData?: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

export function ListFrame<T extends RowData>({
  pages,
  emptyTitle,
  emptyText,
  emptyAction,
  toolbar,
  ...table
}: Omit<DataTableProps<T>, "rows" | "hasMore" | "loadingMore" | "onMore"> & {
  pages: PagesLike<T>;
  emptyTitle: string;
  emptyText?: string;
  emptyAction?: ReactNode;
  toolbar?: ReactNode;
}) {
  return (
    <Panel>
      {toolbar ? (
        <div className="flex flex-wrap items-end gap-2 border-b border-line p-2.5">{toolbar}</div>
      ) : null}
      {pages.isPending ? (
        <Loading />
      ) : pages.isError && pages.items.length === 0 ? (
        <Failed error={pages.error} onRetry={() => pages.refetch()} />
      ) : pages.items.length === 0 ? (
        <Empty title={emptyTitle} text={emptyText} action={emptyAction} />
      ) : (
        <div
          className={pages.isPlaceholderData ? "opacity-70" : undefined}
          aria-busy={pages.isPlaceholderData}
        >
          <DataTable
            {...table}
            rows={pages.items}
            hasMore={pages.hasNextPage}
            loadingMore={pages.isFetchingNextPage}
            onMore={() => pages.fetchNextPage()}
          />
        </div>
      )}
    </Panel>
  );
}
