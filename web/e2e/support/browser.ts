/** Debian's Chromium, driven by playwright-core; one browser per test file, one context per person. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import type { Demo } from "./server.ts";

const require = createRequire(import.meta.url);
const DESKTOP = { width: 1280, height: 800 };
export const WAIT_MS = 15_000;

export async function launchBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}

export interface Person {
  context: BrowserContext;
  page: Page;
  /** Errors the page logged; a test may look at them at its end. */
  errors: string[];
}

export async function open(
  browser: Browser,
  url: string,
  options: { viewport?: { width: number; height: number }; dark?: boolean } = {},
): Promise<Person> {
  const context = await browser.newContext({
    baseURL: url,
    viewport: options.viewport ?? DESKTOP,
    colorScheme: options.dark ? "dark" : "light",
    locale: "en-GB",
  });
  const page = await context.newPage();
  page.setDefaultTimeout(WAIT_MS);
  const errors: string[] = [];
  page.on("pageerror", (error) => errors.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error") errors.push(message.text());
  });
  return { context, page, errors };
}

export async function signIn(page: Page, demo: Demo, email: string, path = "/"): Promise<void> {
  const user = demo.users[email];
  if (!user) throw new Error(`demo.json has no ${email}`);
  await page.goto(path);
  await page.getByLabel("E-mail").fill(email);
  await page.getByLabel("Password").fill(user.password);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.waitForURL((address) => !address.pathname.startsWith("/sign-in"));
}

/** Signed in and connected: what happens from now on reaches this page. */
export async function online(page: Page): Promise<void> {
  await page.locator('[data-testid="link-banner"][data-link="open"]').waitFor({ state: "attached" });
}

export async function signedIn(
  browser: Browser,
  url: string,
  demo: Demo,
  email: string,
  options: { viewport?: { width: number; height: number }; dark?: boolean; path?: string } = {},
): Promise<Person> {
  const person = await open(browser, url, options);
  await signIn(person.page, demo, email, options.path);
  await online(person.page);
  return person;
}

const axeSource = readFile(require.resolve("axe-core/axe.min.js"), "utf8");

/** Violations of WCAG 2.2 A and AA, as readable lines; empty when clean. */
export async function axe(page: Page, without: string[] = []): Promise<string[]> {
  const loaded = await page.evaluate(() => "axe" in globalThis);
  // Evaluated, not inserted as a script tag: the page's policy forbids inline scripts, as it should.
  if (!loaded) await page.evaluate(await axeSource);
  // Half faded in, nothing has its colours yet.
  await page.evaluate(() =>
    Promise.allSettled(
      document
        .getAnimations()
        .filter((each) => each.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY)
        .map((each) => each.finished),
    ),
  );
  const result = (await page.evaluate(async (off) => {
    const runner = (
      globalThis as unknown as { axe: { run: (what: Document, how: object) => Promise<unknown> } }
    ).axe;
    return runner.run(document, {
      runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
      rules: Object.fromEntries(off.map((rule) => [rule, { enabled: false }])),
    });
  }, without)) as {
    violations: {
      id: string;
      help: string;
      nodes: { target: string[]; failureSummary?: string }[];
    }[];
  };
  return result.violations.flatMap((violation) =>
    violation.nodes.map(
      (node) =>
        `${violation.id}: ${violation.help} at ${node.target.join(" ")} (${node.failureSummary ?? ""})`,
    ),
  );
}

/** How far the page can be scrolled sideways: 0 is right. */
export async function sideways(page: Page): Promise<number> {
  return page.evaluate(() => {
    const root = document.documentElement;
    return Math.max(0, root.scrollWidth - root.clientWidth);
  });
}
