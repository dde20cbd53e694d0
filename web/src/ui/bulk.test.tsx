import { fireEvent, render, screen, waitFor } from "@testing-library/react";
import type { ReactElement } from "react";
import { toast } from "sonner";
import { expect, it, vi } from "vitest";
import { ApiError } from "@/lib/api/problem";
import { renderConsole } from "@/testing/render";
import { BulkConfirm } from "./bulk";

it("names each that was refused, together where the reason is the same", async () => {
  const done = vi.spyOn(toast, "success");
  const refused = vi.spyOn(toast, "error");
  const after = vi.fn<() => void>();
  const reasons: Record<string, string> = {
    Ada: "It is in use.",
    Joan: "It is in use.",
    Edith: "It is gone.",
  };
  renderConsole(
    <BulkConfirm
      items={["Ada", "Grace", "Joan", "Edith"]}
      nameOf={(name) => name}
      title="Delete 4 records?"
      text="For good."
      action="Delete"
      command={async (name) => {
        const detail = reasons[name];
        if (detail) throw new ApiError(409, { detail });
      }}
      onDone={after}
      onClose={() => undefined}
    />,
  );
  fireEvent.click(screen.getByRole("button", { name: "Delete" }));
  await waitFor(() => expect(after).toHaveBeenCalledOnce());
  expect(done).toHaveBeenCalledWith("1 done.");
  const [title, told] = refused.mock.calls[0] ?? [];
  expect(title).toBe("3 were refused.");
  const list = render(told?.description as ReactElement);
  expect([...list.container.querySelectorAll("li")].map((line) => line.textContent)).toEqual([
    "Ada, Joan: It is in use.",
    "Edith: It is gone.",
  ]);
});
