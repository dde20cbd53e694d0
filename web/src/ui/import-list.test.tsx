import { screen, waitFor } from "@testing-library/react";
import { expect, it } from "vitest";
import type { Import } from "@/lib/api/types";
import { renderConsole } from "@/testing/render";
import { ImportList } from "./import-list";

const FILE = {
  id: "f1",
  name: "lines.csv",
  state: "done",
  rows: 2,
  imported: 2,
  updated: 0,
  rejected: 0,
  created_at: "2026-11-22T12:00:00Z",
} as unknown as Import;

it("makes the lists stale that a file fills, also where its end is the first that was seen of it", async () => {
  let files: Import[] = [];
  const { client } = renderConsole(
    <ImportList
      name="test-imports"
      label="Files"
      emptyText="None."
      queryKey={["files"]}
      fills={["lines"]}
      calls={{
        list: async () => ({ items: files, next_cursor: null, count: null }) as never,
        run: async () => undefined,
        forget: async () => undefined,
        rejectsPath: () => "/rejects",
      }}
      runsAtOnce
      toolbar={null}
    />,
  );
  const stale = () => client.getQueryState(["lines", "pool"])?.isInvalidated;
  client.setQueryData(["lines", "pool"], []);
  await screen.findByText("None.");
  expect(stale()).toBe(false);
  files = [FILE];
  await client.invalidateQueries({ queryKey: ["files"] });
  await screen.findByText("lines.csv");
  await waitFor(() => expect(stale()).toBe(true));
});
