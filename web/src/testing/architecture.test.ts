/** The rooms of the console and which may know which: ui, lib → features → routes → app; features never each other. */
import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import en from "@/lib/i18n/en.json";

const src = path.resolve(import.meta.dirname, "..");
const files = readdirSync(src, { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file) && !/\.test\.tsx?$/.test(file) && !file.startsWith("testing"))
  .map((file) => ({ file, text: readFileSync(path.join(src, file), "utf8") }));

const RANK: Record<string, number> = { api: 0, lib: 1, ui: 2, features: 3, routes: 4, app: 5 };

function importsOf(file: string, text: string): string[] {
  return [...text.matchAll(/(?:from|import\()\s*"([^"]+)"/g)].flatMap(([, target]) => {
    if (!target) return [];
    if (target.startsWith("@/")) return [target.slice(2)];
    if (target.startsWith(".")) return [path.join(path.dirname(file), target)];
    return [];
  });
}

describe("imports", () => {
  it("flow one way only", () => {
    expect(files.length).toBeGreaterThan(50);
    const wrong = files.flatMap(({ file, text }) => {
      const room = file.split("/")[0] ?? "";
      if (!(room in RANK)) return [];
      return importsOf(file, text)
        .filter((target) => (RANK[target.split("/")[0] ?? ""] ?? 9) > (RANK[room] ?? 0))
        .map((target) => `${file} → ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it("never go from one feature to another", () => {
    const wrong = files.flatMap(({ file, text }) => {
      const [room, feature] = file.split("/");
      if (room !== "features") return [];
      return importsOf(file, text)
        .filter((target) => target.startsWith("features/") && target.split("/")[1] !== feature)
        .map((target) => `${file} → ${target}`);
    });
    expect(wrong).toEqual([]);
  });
});

describe("words", () => {
  const keys = (value: object, prefix = ""): string[] =>
    Object.entries(value).flatMap(([key, inner]) =>
      typeof inner === "string" ? [`${prefix}${key}`] : keys(inner as object, `${prefix}${key}.`),
    );

  it("in the resource file are all used", () => {
    const all = files.map(({ text }) => text).join("\n");
    const unused = keys(en).filter((key) => {
      const name = key.replace(/_(one|other)$/, "");
      if (all.includes(`"${name}"`)) return false;
      // Built from a value: `call_state.${state}`.
      return !name
        .split(".")
        .some((_, index, parts) => index > 0 && all.includes(`\`${parts.slice(0, index).join(".")}.\${`));
    });
    expect(unused).toEqual([]);
  });

  it("are not written into components", () => {
    // Text between tags that starts with a letter and holds a space is a sentence for people.
    const wrong = files.flatMap(({ file, text }) =>
      file.endsWith(".tsx")
        ? [...text.matchAll(/>\s*([A-Z][a-z]+ [a-z][^<>{}]*)</g)].map(([, words]) => `${file}: ${words}`)
        : [],
    );
    expect(wrong).toEqual([]);
  });
});
