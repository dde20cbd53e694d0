import { fireEvent, screen, within } from "@testing-library/react";
import { useState } from "react";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api/problem";
import { usePreferences } from "@/lib/preferences";
import { renderConsole, violations } from "@/testing/render";
import { ListFrame } from "./list";
import { useSelection } from "./selection";
import type { Column } from "./table";

interface Row {
  id: string;
  name: string;
  note: string;
}
const ROWS: Row[] = [
  { id: "a", name: "Ada", note: "first" },
  { id: "b", name: "Grace", note: "second" },
];
const COLUMNS: Column<Row>[] = [
  { id: "name", header: "Name", always: true, sortBy: "name", cell: ({ row }) => row.original.name },
  { id: "note", header: "Note", cell: ({ row }) => row.original.note },
  {
    id: "extra",
    header: "Extra",
    onDemand: true,
    sortBy: "extra",
    sortFirst: "descending",
    cell: ({ row }) => `extra ${row.original.id}`,
  },
];
const idOf = (row: Row) => row.id;

function pages(items: Row[], more: Partial<Parameters<typeof ListFrame<Row>>[0]["pages"]> = {}) {
  return {
    items,
    count: { value: 12_000, exact: false },
    isPending: false,
    isError: false,
    error: null,
    hasNextPage: false,
    isFetchingNextPage: false,
    fetchNextPage: vi.fn<() => void>(),
    refetch: vi.fn<() => void>(),
    ...more,
  };
}

function Listed({ rows = ROWS, onSort }: { rows?: Row[]; onSort?: (sort: string) => void }) {
  const [sort, setSort] = useState("name");
  const selection = useSelection(rows, idOf);
  return (
    <ListFrame
      name="test"
      label="People"
      columns={COLUMNS}
      pages={pages(rows)}
      rowId={idOf}
      rowLabel={(row) => row.name}
      sort={sort}
      onSort={(next) => {
        setSort(next);
        onSort?.(next);
      }}
      selection={selection}
      bulk={<output>{selection.rows.map(idOf).join()}</output>}
      emptyTitle="Nothing"
    />
  );
}

const headings = () => screen.getAllByRole("columnheader").map((heading) => heading.textContent);

beforeEach(() => usePreferences.setState({ columns: {} }));

describe("a list", () => {
  it("shows the chosen columns, orders by its headings, says how many there are", async () => {
    const onSort = vi.fn<(sort: string) => void>();
    const { container } = renderConsole(<Listed onSort={onSort} />);
    expect(headings().join()).not.toContain("Extra");
    usePreferences.getState().chooseColumn("test", "extra", true);
    usePreferences.getState().chooseColumn("test", "note", false);
    // The column that names the row stays, whatever was stored.
    usePreferences.getState().chooseColumn("test", "name", false);
    await screen.findByText("extra a");
    expect(screen.queryByText("first")).toBeNull();
    const name = screen.getByRole("columnheader", { name: /Name/ });
    expect(name.getAttribute("aria-sort")).toBe("ascending");
    fireEvent.click(within(name).getByRole("button"));
    fireEvent.click(within(screen.getByRole("columnheader", { name: /Extra/ })).getByRole("button"));
    expect(onSort.mock.calls).toEqual([["-name"], ["-extra"]]);
    expect(screen.getByTestId("list-count").textContent).toBe(
      `2 of more than ${new Intl.NumberFormat().format(12_000)}`,
    );
    expect(await violations(container)).toEqual([]);
  });

  it("ticks rows by box and by key, and forgets those that left", () => {
    const view = renderConsole(<Listed />);
    expect(screen.queryByTestId("bulk")).toBeNull();
    fireEvent.click(screen.getByLabelText("Select Grace"));
    expect(screen.getByTestId("bulk").textContent).toContain("1 selected");
    const row = screen.getByText("Ada").closest("tr");
    if (!row) throw new Error("no row");
    fireEvent.keyDown(row, { key: "x" });
    expect(screen.getByTestId("bulk").textContent).toContain("a,b");
    view.rerender(<Listed rows={ROWS.slice(0, 1)} />);
    expect(screen.getByTestId("bulk").textContent).toContain("1 selected");
    fireEvent.click(screen.getByRole("button", { name: "Clear selection" }));
    fireEvent.click(screen.getByLabelText("Select all rows shown"));
    expect(row.getAttribute("aria-selected")).toBe("true");
  });
});

describe("a list that could not be read on", () => {
  const failed = { isError: true, error: new ApiError(503, { detail: "The database is away." }) };
  const shown = (more: Parameters<typeof pages>[1]) => {
    const given = pages(ROWS, more);
    const view = renderConsole(
      <ListFrame
        name="test"
        label="People"
        columns={COLUMNS}
        pages={given}
        rowId={idOf}
        emptyTitle="Nothing"
      />,
    );
    return { given, ...view };
  };
  const again = () =>
    fireEvent.click(within(screen.getByRole("alert")).getByRole("button", { name: "Try again" }));

  it("keeps its rows, says why, and asks for the next page again", async () => {
    const { given, container } = shown({ ...failed, isFetchNextPageError: true, hasNextPage: true });
    expect(screen.getByText("Ada")).toBeTruthy();
    expect(screen.getByRole("alert").textContent).toContain("The database is away.");
    expect(await violations(container)).toEqual([]);
    again();
    expect(given.fetchNextPage).toHaveBeenCalledOnce();
    expect(given.refetch).not.toHaveBeenCalled();
  });

  it("is read anew where it was that which failed", () => {
    const { given } = shown(failed);
    again();
    expect(given.refetch).toHaveBeenCalledOnce();
    expect(given.fetchNextPage).not.toHaveBeenCalled();
  });

  it("says nothing while all is well", () => {
    shown({});
    expect(screen.queryByRole("alert")).toBeNull();
  });
});

describe("ticking rows by keyboard", () => {
  const ROWS3: Row[] = [...ROWS, { id: "c", name: "Joan", note: "third" }];
  const row = (id: string) => document.querySelector<HTMLElement>(`tr[data-row="${id}"]`) as HTMLElement;
  const ticked = () => document.querySelector("output")?.textContent ?? "";

  it("ticks one, a range, all and none", () => {
    renderConsole(<Listed rows={ROWS3} />);
    row("a").focus();
    fireEvent.keyDown(row("a"), { key: "x" });
    expect(ticked()).toBe("a");
    fireEvent.keyDown(row("a"), { key: "ArrowDown", shiftKey: true });
    expect(document.activeElement).toBe(row("b"));
    fireEvent.keyDown(row("b"), { key: "ArrowDown", shiftKey: true });
    expect(ticked()).toBe("a,b,c");
    fireEvent.keyDown(row("c"), { key: "Escape" });
    expect(ticked()).toBe("");
    fireEvent.keyDown(row("c"), { key: "a", ctrlKey: true });
    expect(ticked()).toBe("a,b,c");
  });

  it("begins a range where the keyboard is", () => {
    renderConsole(<Listed rows={ROWS3} />);
    row("b").focus();
    fireEvent.keyDown(row("b"), { key: "ArrowDown", shiftKey: true });
    expect(ticked()).toBe("b,c");
  });
});
