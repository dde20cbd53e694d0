import { beforeEach, describe, expect, it } from "vitest";
import { parseViews, sameSearch, searchOf, useSavedViews } from "./saved-views";

describe("stored views", () => {
  it.each([
    [null, {}],
    ["{", {}],
    ['{"tickets":3}', {}],
    [
      '{"tickets":[{"name":"mine","search":{"assigned":"me","x":{"y":1}}},{"name":4,"search":{}},{"name":"a"}]}',
      { tickets: [{ name: "mine", search: { assigned: "me" } }] },
    ],
  ])("%j", (text, expected) => {
    expect(parseViews(text)).toEqual(expected);
  });

  it("are filters and order, not the row that is open", () => {
    expect(searchOf({ q: "ada", sort: "-created_at", id: "1", tab: "calls", contact: "2" })).toEqual({
      q: "ada",
      sort: "-created_at",
    });
    expect(sameSearch({ q: "ada" }, { q: "ada" })).toBe(true);
    expect(sameSearch({ q: "ada" }, { q: "ada", sort: "name" })).toBe(false);
  });
});

describe("views", () => {
  beforeEach(() => {
    localStorage.clear();
    useSavedViews.setState({ person: null, views: {} });
  });

  it("are each person's own, and replaced under the same name", () => {
    const store = useSavedViews.getState();
    store.open("ada");
    store.save("tickets", { name: "mine", search: { assigned: "me" } });
    store.save("tickets", { name: "mine", search: { assigned: "none" } });
    store.open("grace");
    expect(useSavedViews.getState().views).toEqual({});
    store.open("ada");
    expect(useSavedViews.getState().views.tickets).toEqual([{ name: "mine", search: { assigned: "none" } }]);
    store.remove("tickets", "mine");
    expect(useSavedViews.getState().views.tickets).toEqual([]);
  });
});
