/**
 * The list of every screen: columns by TanStack Table, rows drawn only while in view once there are many,
 * "load more" by the server's cursor. On narrow screens a row becomes a card of label and value.
 */
import { type ColumnDef, type RowData, tableFeatures, useTable } from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { type KeyboardEvent, type MouseEvent, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { Button } from "./button";

const features = tableFeatures({});

export type Column<T extends RowData> = ColumnDef<typeof features, T> & {
  id: string;
  header: string;
  /** Tailwind classes of the cell and its heading, e.g. a width. */
  className?: string;
  /** Shown only where there is plenty of room. */
  wideOnly?: boolean;
};

const VIRTUAL_FROM = 120;
const ROW_HEIGHT = 37;

export interface DataTableProps<T extends RowData> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowId: (row: T) => string;
  onOpen?: (row: T) => void;
  /** Names the row for the button that opens it. */
  rowLabel?: (row: T) => string;
  selected?: string | null;
  hasMore?: boolean;
  loadingMore?: boolean;
  onMore?: () => void;
}

export function DataTable<T extends RowData>({
  label,
  columns,
  rows,
  rowId,
  onOpen,
  selected,
  hasMore,
  loadingMore,
  onMore,
}: DataTableProps<T>) {
  const { t } = useTranslation();
  const table = useTable({ features, columns, data: rows, getRowId: rowId });
  const all = table.getRowModel().rows;
  const virtual = all.length > VIRTUAL_FROM;
  const body = useRef<HTMLTableSectionElement>(null);
  const [margin, setMargin] = useState(0);
  // Where the list starts on the page; toolbars above it may wrap to another height.
  useLayoutEffect(() => {
    if (virtual && body.current) setMargin(body.current.getBoundingClientRect().top + window.scrollY);
  }, [virtual]);
  const virtualizer = useWindowVirtualizer({
    count: virtual ? all.length : 0,
    estimateSize: () => ROW_HEIGHT,
    overscan: 20,
    scrollMargin: margin,
  });
  const window_ = virtualizer.getVirtualItems();
  const first = window_[0];
  const last = window_.at(-1);
  const shown = virtual ? window_.flatMap((item) => all[item.index] ?? []) : all;
  const before = virtual && first ? first.start - margin : 0;
  const after = virtual && last ? virtualizer.getTotalSize() - (last.end - margin) : 0;
  const byId = new Map(columns.map((column) => [column.id, column]));

  const open = (event: MouseEvent, row: T) => {
    if ((event.target as HTMLElement).closest("a,button,input,select")) return;
    onOpen?.(row);
  };
  const move = (event: KeyboardEvent<HTMLTableRowElement>, row: T) => {
    if (event.target !== event.currentTarget) return;
    if (event.key === "Enter") {
      event.preventDefault();
      onOpen?.(row);
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const sibling =
        event.key === "ArrowDown"
          ? event.currentTarget.nextElementSibling
          : event.currentTarget.previousElementSibling;
      if (sibling instanceof HTMLElement) sibling.focus();
    }
  };

  return (
    <div className="@container">
      <table
        aria-label={label}
        aria-rowcount={virtual ? all.length + 1 : undefined}
        className="w-full border-collapse text-left"
      >
        <thead className="@max-3xl:sr-only">
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} className="border-b border-line">
              {group.headers.map((header) => (
                <th
                  key={header.id}
                  scope="col"
                  className={cn(
                    "h-8 px-3 text-[0.8rem] font-medium whitespace-nowrap text-muted",
                    byId.get(header.column.id)?.className,
                    byId.get(header.column.id)?.wideOnly && "hidden @5xl:table-cell",
                  )}
                >
                  <table.FlexRender header={header} />
                </th>
              ))}
            </tr>
          ))}
        </thead>
        <tbody ref={body}>
          {before > 0 ? <Gap height={before} columns={columns.length} /> : null}
          {shown.map((row) => (
            <tr
              key={row.id}
              tabIndex={onOpen ? 0 : undefined}
              aria-selected={selected === undefined ? undefined : selected === row.id}
              data-row={row.id}
              onClick={onOpen ? (event) => open(event, row.original) : undefined}
              onKeyDown={onOpen ? (event) => move(event, row.original) : undefined}
              className={cn(
                "border-b border-line last:border-b-0 -outline-offset-2 @max-3xl:grid @max-3xl:gap-0.5 @max-3xl:px-3 @max-3xl:py-2",
                onOpen && "cursor-pointer hover:bg-sunken",
                selected === row.id && "bg-accent-soft hover:bg-accent-soft",
              )}
            >
              {row.getAllCells().map((cell) => {
                const column = byId.get(cell.column.id);
                return (
                  <td
                    key={cell.id}
                    className={cn(
                      "h-9 px-3 py-1.5 align-middle @max-3xl:flex @max-3xl:h-auto @max-3xl:min-w-0 @max-3xl:gap-2 @max-3xl:p-0",
                      column?.wideOnly && "hidden @5xl:table-cell @max-3xl:hidden",
                      column?.className,
                    )}
                  >
                    {column?.header ? (
                      <span aria-hidden className="w-28 shrink-0 text-muted @3xl:hidden">
                        {column.header}
                      </span>
                    ) : null}
                    <span className="min-w-0 @max-3xl:wrap-anywhere">
                      <table.FlexRender cell={cell} />
                    </span>
                  </td>
                );
              })}
            </tr>
          ))}
          {after > 0 ? <Gap height={after} columns={columns.length} /> : null}
        </tbody>
      </table>
      {hasMore ? (
        <div className="flex justify-center border-t border-line p-2">
          <Button size="sm" onClick={onMore} busy={loadingMore}>
            {t("action.load_more")}
          </Button>
        </div>
      ) : null}
    </div>
  );
}

function Gap({ height, columns }: { height: number; columns: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  );
}
