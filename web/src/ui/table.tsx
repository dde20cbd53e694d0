/**
 * The list of every screen: columns by TanStack Table, rows drawn only while in view once there are many,
 * "load more" by the server's cursor. On narrow screens a row becomes a card of label and value.
 */
import { type ColumnDef, type RowData, tableFeatures, useTable } from "@tanstack/react-table";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { ArrowDown, ArrowUp, ChevronsUpDown } from "lucide-react";
import { type KeyboardEvent, type MouseEvent, useLayoutEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";
import { cn } from "@/lib/cn";
import { Button } from "./button";
import type { Selection } from "./selection";
import { type Direction, directionOf, nextSort } from "./sort";

const features = tableFeatures({});

export type Column<T extends RowData> = ColumnDef<typeof features, T> & {
  id: string;
  header: string;
  /** Tailwind classes of the cell and its heading, e.g. a width. */
  className?: string;
  /** Shown only where there is plenty of room, unless chosen. */
  wideOnly?: boolean;
  /** Not shown until chosen. */
  onDemand?: boolean;
  /** Cannot be left out: what names the row, or acts on it. */
  always?: boolean;
  /** The server's name of the order by this column. */
  sortBy?: string;
  sortFirst?: Direction;
};

const VIRTUAL_FROM = 120;
const ROW_HEIGHT = 37;

export interface DataTableProps<T extends RowData> {
  label: string;
  columns: Column<T>[];
  rows: T[];
  rowId: (row: T) => string;
  onOpen?: (row: T) => void;
  /** Names a row for those who cannot see it, on its tick box. */
  rowLabel?: (row: T) => string;
  selected?: string | null;
  /** Ticked rows; without it there are no tick boxes. */
  selection?: Selection<T>;
  sort?: string;
  onSort?: (sort: string) => void;
  hasMore?: boolean;
  loadingMore?: boolean;
  onMore?: () => void;
}

const INTERACTIVE = "a,button,input,select,label";

export function DataTable<T extends RowData>({
  label,
  columns,
  rows,
  rowId,
  rowLabel,
  onOpen,
  selected,
  selection,
  sort,
  onSort,
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
  const width = columns.length + (selection ? 1 : 0);
  const ticked = selection?.rows.length ?? 0;
  // Where a range begins that is ticked with Shift.
  const anchor = useRef<string | null>(null);
  const tick = (id: string, range: boolean) => {
    if (!selection) return;
    const order = rows.map(rowId);
    const from = anchor.current === null ? -1 : order.indexOf(anchor.current);
    const to = order.indexOf(id);
    if (range && from >= 0 && to >= 0) {
      selection.set([...selection.ids, ...order.slice(Math.min(from, to), Math.max(from, to) + 1)]);
    } else selection.toggle(id);
    anchor.current = id;
  };

  const open = (event: MouseEvent, row: T) => {
    if ((event.target as HTMLElement).closest(INTERACTIVE)) return;
    onOpen?.(row);
  };
  const press = (event: KeyboardEvent<HTMLTableRowElement>, row: T) => {
    if (event.target !== event.currentTarget) return;
    if (event.key === "Enter" && onOpen) {
      event.preventDefault();
      onOpen(row);
    } else if (event.key === "x" && selection && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      tick(rowId(row), false);
    } else if (event.key === "a" && selection && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      selection.set(rows.map(rowId));
    } else if (event.key === "Escape" && selection && ticked > 0) {
      event.preventDefault();
      selection.clear();
    } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      const sibling =
        event.key === "ArrowDown"
          ? event.currentTarget.nextElementSibling
          : event.currentTarget.previousElementSibling;
      if (!(sibling instanceof HTMLElement)) return;
      sibling.focus();
      const next = sibling.dataset.row;
      if (event.shiftKey && selection && next) {
        const here = rowId(row);
        if (!selection.ids.has(here)) anchor.current = here;
        tick(next, true);
      }
    }
  };
  const focusable = onOpen !== undefined || selection !== undefined;

  return (
    // However many columns were chosen, it is the list that scrolls sideways and never the page.
    <div className="@container overflow-x-auto">
      <table
        aria-label={label}
        aria-rowcount={virtual ? all.length + 1 : undefined}
        className="w-full border-collapse text-left"
      >
        <thead className="@max-3xl:sr-only">
          {table.getHeaderGroups().map((group) => (
            <tr key={group.id} className="border-b border-line">
              {selection ? (
                <th scope="col" className="w-9 pl-3">
                  <TickBox
                    className="@max-3xl:hidden"
                    label={t("table.select_all")}
                    checked={ticked > 0 && ticked === rows.length}
                    mixed={ticked > 0 && ticked < rows.length}
                    onChange={() => selection.set(ticked === rows.length ? [] : rows.map(rowId))}
                  />
                </th>
              ) : null}
              {group.headers.map((header) => (
                <Heading key={header.id} column={byId.get(header.column.id)} sort={sort} onSort={onSort} />
              ))}
            </tr>
          ))}
        </thead>
        <tbody ref={body}>
          {before > 0 ? <Gap height={before} columns={width} /> : null}
          {shown.map((row) => (
            <tr
              key={row.id}
              tabIndex={focusable ? 0 : undefined}
              aria-selected={
                selection
                  ? selection.ids.has(row.id)
                  : selected === undefined
                    ? undefined
                    : selected === row.id
              }
              data-row={row.id}
              onClick={onOpen ? (event) => open(event, row.original) : undefined}
              onKeyDown={focusable ? (event) => press(event, row.original) : undefined}
              className={cn(
                "relative border-b border-line last:border-b-0 -outline-offset-2 @max-3xl:grid @max-3xl:gap-0.5 @max-3xl:px-3 @max-3xl:py-2",
                onOpen && "cursor-pointer hover:bg-sunken",
                (selected === row.id || selection?.ids.has(row.id)) && "bg-accent-soft hover:bg-accent-soft",
              )}
            >
              {selection ? (
                <td className="w-9 pl-3 align-middle @max-3xl:absolute @max-3xl:top-2 @max-3xl:right-2 @max-3xl:p-0">
                  <TickBox
                    label={t("table.select_row", { what: rowLabel?.(row.original) ?? row.id })}
                    checked={selection.ids.has(row.id)}
                    onChange={(range) => tick(row.id, range)}
                  />
                </td>
              ) : null}
              {row.getAllCells().map((cell) => {
                const column = byId.get(cell.column.id);
                return (
                  <td
                    key={cell.id}
                    className={cn(
                      "h-9 px-3 py-1.5 align-middle @max-3xl:flex @max-3xl:h-auto @max-3xl:min-w-0 @max-3xl:gap-2 @max-3xl:p-0",
                      selection && "@max-3xl:[&:nth-of-type(2)]:pr-9",
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
          {after > 0 ? <Gap height={after} columns={width} /> : null}
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

function Heading<T extends RowData>({
  column,
  sort,
  onSort,
}: {
  column: Column<T> | undefined;
  sort: string | undefined;
  onSort: ((sort: string) => void) | undefined;
}) {
  if (!column) return null;
  const field = onSort ? column.sortBy : undefined;
  const direction = field ? directionOf(sort, field) : null;
  const Icon = direction === "ascending" ? ArrowUp : direction === "descending" ? ArrowDown : ChevronsUpDown;
  return (
    <th
      scope="col"
      aria-sort={field ? (direction ?? "none") : undefined}
      className={cn(
        "h-8 px-3 text-[0.8rem] font-medium whitespace-nowrap text-muted",
        column.className,
        column.wideOnly && "hidden @5xl:table-cell",
      )}
    >
      {field && onSort ? (
        <>
          {/* On a narrow screen the headings are hidden, and the order is chosen in the view menu. */}
          <span aria-hidden className="@3xl:hidden">
            {column.header}
          </span>
          <button
            type="button"
            onClick={() => onSort(nextSort(sort, field, column.sortFirst ?? "ascending"))}
            className={cn(
              "group -mx-1 inline-flex items-center gap-1 rounded px-1 py-0.5 hover:text-fg @max-3xl:hidden",
              direction && "text-fg",
            )}
          >
            {column.header}
            <Icon
              aria-hidden
              className={cn("size-3.5", !direction && "opacity-40 group-hover:opacity-100")}
            />
          </button>
        </>
      ) : (
        column.header
      )}
    </th>
  );
}

function TickBox({
  label,
  checked,
  mixed,
  onChange,
  className,
}: {
  label: string;
  checked: boolean;
  mixed?: boolean;
  /** With Shift held: from the row ticked before to this one. */
  onChange: (range: boolean) => void;
  className?: string;
}) {
  return (
    <label className={cn("grid size-6 cursor-pointer place-items-center", className)}>
      <input
        type="checkbox"
        aria-label={label}
        className="size-4 cursor-pointer accent-(--accent)"
        checked={checked}
        ref={(box) => {
          if (box) box.indeterminate = mixed ?? false;
        }}
        onChange={(event) =>
          onChange((event.nativeEvent as unknown as { shiftKey?: boolean }).shiftKey ?? false)
        }
      />
    </label>
  );
}

function Gap({ height, columns }: { height: number; columns: number }) {
  return (
    <tr aria-hidden>
      <td colSpan={columns} style={{ height, padding: 0 }} />
    </tr>
  );
}
