/** The frame of every list: filters, column choice, order, what is ticked; loading, failed, empty, or the table. */
import type { RowData } from "@tanstack/react-table";
import { ListFilter, X } from "lucide-react";
import { type ReactNode, useId, useMemo, useState } from "react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { usePreferences } from "@/lib/preferences";
import { Button } from "./button";
import { Empty, Failed, useErrorText } from "./feedback";
import { Panel } from "./panel";
import { SavedViews } from "./saved-views";
import type { Selection } from "./selection";
import { type Column, DataTable, type DataTableProps } from "./table";
import { ViewMenu } from "./view-menu";

export interface PagesLike<T> {
  items: T[];
  count: { value: number; exact: boolean } | null;
  isPending: boolean;
  isError: boolean;
  error: unknown;
  /** Of what is shown already: it was the next page that failed. */
  isFetchNextPageError?: boolean;
  isPlaceholderData?: boolean;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

export function ListFrame<T extends RowData>({
  name,
  pages,
  columns,
  emptyTitle,
  emptyText,
  emptyAction,
  toolbar,
  filters,
  activeFilters = 0,
  bulk,
  views,
  ...table
}: Omit<DataTableProps<T>, "rows" | "hasMore" | "loadingMore" | "onMore"> & {
  /** Under which the chosen columns are remembered. */
  name: string;
  pages: PagesLike<T>;
  emptyTitle: string;
  emptyText?: string;
  emptyAction?: ReactNode;
  /** What narrows the list most often, and what adds to it. */
  toolbar?: ReactNode;
  /** The other filters: behind a button where there is little room. */
  filters?: ReactNode;
  activeFilters?: number;
  /** What can be done with the ticked rows. */
  bulk?: ReactNode;
  /** The filters are in the address of this page, and can be kept under a name. */
  views?: boolean;
}) {
  const { t } = useTranslation();
  const [filtersOpen, setFiltersOpen] = useState(false);
  const filtersId = useId();
  const choice = usePreferences((state) => state.columns[name]);
  const shown = useMemo(
    () =>
      columns
        .filter((column) => column.always || (choice?.[column.id] ?? !column.onDemand))
        .map((column) => (choice?.[column.id] ? { ...column, wideOnly: false } : column)),
    [columns, choice],
  );
  return (
    <Panel>
      <div className="flex flex-wrap items-end gap-2 border-b border-line p-2.5">
        {toolbar}
        {filters ? (
          <>
            <Button
              className="sm:hidden"
              aria-expanded={filtersOpen}
              aria-controls={filtersId}
              onClick={() => setFiltersOpen((open) => !open)}
            >
              <ListFilter aria-hidden />
              {t("filter.title")}
              {activeFilters > 0 ? <span className="num text-accent-text">{activeFilters}</span> : null}
            </Button>
            <div
              id={filtersId}
              className={cn(
                "flex flex-wrap items-end gap-2 max-sm:order-last max-sm:w-full",
                !filtersOpen && "max-sm:hidden",
              )}
            >
              {filters}
            </div>
          </>
        ) : null}
        <ViewMenu
          name={name}
          columns={columns}
          shown={shown}
          sort={table.sort}
          onSort={table.onSort}
          className="ml-auto"
        />
        {views ? <SavedViews list={name} /> : null}
      </div>
      {table.selection && table.selection.rows.length > 0 ? (
        <BulkBar selection={table.selection}>{bulk}</BulkBar>
      ) : null}
      {pages.isPending ? (
        <Skeleton columns={shown} selectable={table.selection !== undefined} />
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
            columns={shown}
            rows={pages.items}
            hasMore={pages.hasNextPage}
            loadingMore={pages.isFetchingNextPage}
            onMore={() => pages.fetchNextPage()}
          />
          {pages.isError ? <FailedBelow pages={pages} /> : null}
          <Count shown={pages.items.length} count={pages.count} />
        </div>
      )}
    </Panel>
  );
}

/** The rows are those of before: what came of asking again, or for more, is said under them. */
export function FailedBelow<T>({ pages }: { pages: PagesLike<T> }) {
  const { t } = useTranslation();
  const text = useErrorText()(pages.error);
  return (
    <div
      role="alert"
      className="flex flex-wrap items-center gap-2 border-t border-line bg-bad-soft px-3 py-1.5 text-bad"
    >
      <span className="min-w-0 flex-1 wrap-anywhere">
        {pages.isFetchNextPageError ? t("table.more_failed") : t("table.reload_failed")} {text}
      </span>
      <Button
        size="sm"
        onClick={() => (pages.isFetchNextPageError ? pages.fetchNextPage() : pages.refetch())}
      >
        {t("action.retry")}
      </Button>
    </div>
  );
}

/** The list as it will look, while its first page is on the way: nothing jumps when it comes. */
function Skeleton<T extends RowData>({ columns, selectable }: { columns: Column<T>[]; selectable: boolean }) {
  const { t } = useTranslation();
  return (
    <div className="@container" data-testid="skeleton">
      <p role="status" className="sr-only">
        {t("state.loading_list")}
      </p>
      <div aria-hidden className="motion-safe:animate-pulse">
        {SKELETON_ROWS.map((width, index) => (
          <div
            key={width}
            className="flex h-[37px] items-center gap-6 border-b border-line px-3 last:border-b-0"
          >
            {selectable ? <span className="size-4 shrink-0 rounded bg-sunken" /> : null}
            {columns.slice(0, 5).map((column, at) => (
              <span
                key={column.id}
                className={cn("h-3 flex-1 rounded bg-sunken", at > 1 && "@max-3xl:hidden")}
                style={{ maxWidth: `${width + ((index * 7 + at * 13) % 20)}%` }}
              />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
const SKELETON_ROWS = [34, 22, 28, 18, 30, 24, 20, 26];

/** A filter that came with the address and has no field of its own; it can be taken off. */
export function FilterChip({ label, onRemove }: { label: string; onRemove: () => void }) {
  const { t } = useTranslation();
  return (
    <span className="inline-flex h-8 items-center gap-1 rounded-md bg-accent-soft pl-2.5 font-medium text-accent-text">
      {label}
      <Button look="ghost" size="icon-sm" aria-label={t("filter.remove", { label })} onClick={onRemove}>
        <X aria-hidden />
      </Button>
    </span>
  );
}

function BulkBar<T>({ selection, children }: { selection: Selection<T>; children: ReactNode }) {
  const { t } = useTranslation();
  return (
    <section
      aria-label={t("table.selected", { count: selection.rows.length })}
      data-testid="bulk"
      className="flex flex-wrap items-center gap-2 border-b border-line bg-accent-soft px-3 py-1.5"
    >
      <span className="font-medium text-accent-text" role="status">
        {t("table.selected", { count: selection.rows.length })}
      </span>
      {children}
      <Button look="ghost" size="sm" onClick={selection.clear} className="ml-auto">
        {t("table.clear")}
      </Button>
    </section>
  );
}

const format = new Intl.NumberFormat();

function Count({ shown, count }: { shown: number; count: { value: number; exact: boolean } | null }) {
  const { t } = useTranslation();
  if (!count) return null;
  const total = format.format(count.value);
  return (
    <p className="num border-t border-line px-3 py-1.5 text-[0.8rem] text-muted" data-testid="list-count">
      {t("table.shown_of", {
        shown: format.format(shown),
        total: count.exact ? total : t("table.more_than", { total }),
      })}
    </p>
  );
}
