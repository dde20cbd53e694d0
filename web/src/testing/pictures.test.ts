/** The pictures of the documents: each is taken by the recorded run and shown somewhere, and together they stay small. */
import { readdirSync, readFileSync, statSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";

const ROOT = path.resolve(import.meta.dirname, "../../..");
const IMAGES = path.join(ROOT, "docs/images");
const RUN = path.join(ROOT, "web/e2e/pictures");
const MOST = 4 * 1024 * 1024;
/** Taken by hand while calls come in. */
const BY_HAND = ["workspace.png"];

const found = (text: string, pattern: RegExp) => [...text.matchAll(pattern)].map((match) => match[1] ?? "");
const sorted = (names: Iterable<string>) => [...new Set(names)].toSorted();
const pages = ["README.md", ...readdirSync(path.join(ROOT, "docs")).map((name) => `docs/${name}`)].filter(
  (name) => name.endsWith(".md"),
);
const images = readdirSync(IMAGES).toSorted();

describe("the pictures", () => {
  it("are those that the documents show", () => {
    const shown = pages.flatMap((page) =>
      found(readFileSync(path.join(ROOT, page), "utf8"), /\]\((?:docs\/)?images\/([^)]+)\)/g),
    );
    expect(sorted(shown)).toEqual(images);
  });

  it("are those that the recorded run takes", () => {
    const taken = readdirSync(RUN).flatMap((file) =>
      found(readFileSync(path.join(RUN, file), "utf8"), /\btake\(\s*[\w.]+,\s*"([^"]+)"/g),
    );
    expect(sorted([...taken.map((name) => `${name}.webp`), ...BY_HAND])).toEqual(images);
  });

  it("weigh less than four megabytes", () => {
    const weight = images.reduce((sum, name) => sum + statSync(path.join(IMAGES, name)).size, 0);
    expect(weight).toBeLessThan(MOST);
  });
});
