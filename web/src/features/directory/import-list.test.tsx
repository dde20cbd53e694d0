import { fireEvent, screen, waitFor } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { fakeServer, renderConsole, violations } from "@/testing/render";
import { ContactImports } from "./import-list";

const file = (name: string, state: string, more: object = {}) => ({
  id: name,
  name,
  state,
  size: 200,
  bytes_done: 50,
  inserted: 3,
  present: 1,
  rejected: 0,
  fault: null,
  mapping: {},
  created_at: "2026-11-01T10:00:00Z",
  version: 1,
  ...more,
});

describe("the imports of contacts", () => {
  it("say how far each file is, and offer what its state allows", async () => {
    const mapping = { Who: "name" };
    const server = fakeServer({
      "GET /contact-imports": {
        body: {
          items: [
            file("waiting.csv", "uploaded"),
            file("broken.csv", "failed", { fault: "The disk is full.", mapping }),
            file("done.csv", "done", { rejected: 2 }),
          ],
          next_cursor: null,
        },
      },
      "POST /contact-imports/broken.csv/run": { body: file("broken.csv", "running") },
    });
    const { container } = renderConsole(<ContactImports />);
    await screen.findByText("The disk is full.");
    expect(await violations(container)).toEqual([]);
    const offers = (name: string) =>
      [...(document.querySelector(`tr[data-row="${name}"]`)?.querySelectorAll("button") ?? [])].map(
        (button) => button.textContent,
      );
    expect(offers("waiting.csv")).toEqual(["Go on", "Forget"]);
    expect(offers("broken.csv")).toEqual(["Try again", "Forget"]);
    expect(offers("done.csv")).toEqual(["Refused rows", "Forget"]);
    fireEvent.click(screen.getByRole("button", { name: "Try again: broken.csv" }));
    // With the columns told apart as before, which nobody is asked for again.
    await waitFor(() =>
      expect(server.requests.find(({ method }) => method === "POST")?.body).toEqual({ mapping }),
    );
  });

  it("are read anew as long as one is on its way", async () => {
    const left = ["running", "running", "done"];
    fakeServer({
      "GET /contact-imports": () => ({
        body: {
          items: [file("now.csv", left.length > 1 ? (left.shift() ?? "") : "done")],
          next_cursor: null,
        },
      }),
    });
    renderConsole(<ContactImports />);
    await screen.findByRole("progressbar");
    expect(screen.queryByRole("button", { name: /Forget/ })).toBeNull();
    await waitFor(() => expect(document.querySelector('[data-import="done"]')).toBeTruthy());
  });
});
