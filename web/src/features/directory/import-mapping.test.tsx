import { fireEvent, screen, within } from "@testing-library/react";
import { expect, it, vi } from "vitest";
import { keys } from "@/lib/api/query";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { ImportMapping } from "./import-mapping";

it("offers what contacts have, the account's own fields too", async () => {
  const field = (key: string, label: string, kind: string) => ({ id: `${kind}-${key}`, key, label, kind });
  fakeServer({
    "GET /me": { body: { permissions: ["contact_fields.read"] } },
    "GET /contact-fields": {
      body: {
        items: [
          field("size", "Shoe size", "individual"),
          field("size", "Shoe size", "email_contact"),
          field("floor", "Floor", "organization"),
        ],
      },
    },
  });
  const onChange = vi.fn<(mapping: Record<string, string>) => void>();
  const columns = [
    { name: "Born", holds: "dob" },
    { name: "Shoes", holds: null },
    { name: "custom.size", holds: "custom.size" },
    { name: "Later", holds: "something newer" },
  ];
  const { client, container } = renderConsole(
    <ImportMapping columns={columns} mapping={{ Later: "ignore" }} onChange={onChange} />,
  );
  client.setQueryData(keys.me, { permissions: ["contact_fields.read"] });
  const own = await within(screen.getByLabelText("Shoes")).findByRole("group", { name: "Own fields" });
  expect(within(own).getAllByRole("option")).toHaveLength(2);
  const value = (label: string) => (screen.getByLabelText(label) as HTMLSelectElement).value;
  expect(["Born", "Shoes", "custom.size", "Later"].map(value)).toEqual([
    "dob",
    "ignore",
    "custom.size",
    "ignore",
  ]);
  expect(await violations(container)).toEqual([]);
  fireEvent.change(screen.getByLabelText("Shoes"), { target: { value: "custom.floor" } });
  expect(onChange).toHaveBeenCalledWith({ Later: "ignore", Shoes: "custom.floor" });
});
