import { fireEvent, screen, waitFor } from "@testing-library/react";
import { toast } from "sonner";
import { expect, it, vi } from "vitest";
import { renderConsole } from "@/testing/render";
import { Button } from "./button";
import { useDownload } from "./use-download";

function Files() {
  const { busy, save } = useDownload();
  return (
    <Button busy={busy} onClick={() => save({ path: "/api/v1/audit/export", name: "audit.csv" })}>
      Keep
    </Button>
  );
}

it("says why there is no file", async () => {
  const told = vi.spyOn(toast, "error");
  vi.stubGlobal(
    "fetch",
    async () => new Response(JSON.stringify({ detail: "Not for you." }), { status: 403 }),
  );
  renderConsole(<Files />);
  fireEvent.click(screen.getByRole("button", { name: "Keep" }));
  await waitFor(() =>
    expect(told).toHaveBeenCalledWith("audit.csv was not saved.", { description: "Not for you." }),
  );
});
