/**
 * The recorded run: the pictures of docs/images, taken while every flow of the administrators' guide is walked through
 * in the real console against the real server. A picture is 1280 px wide and light unless it is said otherwise.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import type { Browser, Locator, Page } from "playwright-core";
import { open, type Person } from "./browser.ts";

const FOLDER = path.resolve(import.meta.dirname, "../../../docs/images");
const WIDE = 1280;
/** As low as the navigation is whole. */
const LOW = 640;
export const HIGH = 760;
/** Of what a page shows beyond that, more than text needs no sharper. */
const QUALITY = 0.82;

export interface Frame {
  width?: number;
  height?: number;
  /** Less than `height` where a picture would be heavy with rows that are like the others. */
  shown?: number;
}

/** Takes the page as it is, without toasts, cursor and what is on its way in. */
export async function take(page: Page, name: string, frame: Frame = {}): Promise<void> {
  const { width = WIDE, height = LOW, shown = height } = frame;
  await page.setViewportSize({ width, height });
  await page.getByTestId("skeleton").waitFor({ state: "detached" });
  await page.mouse.move(0, 0);
  await page.evaluate(() => {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    // Flags are emoji, which the machine that takes the pictures may have no font for.
    const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (texts.nextNode())
      texts.currentNode.nodeValue =
        texts.currentNode.nodeValue?.replaceAll(/[\u{1F1E6}-\u{1F1FF}]/gu, "") ?? null;
    const ends = (each: Animation) =>
      each.effect?.getComputedTiming().iterations !== Number.POSITIVE_INFINITY;
    return Promise.allSettled(
      document
        .getAnimations()
        .filter(ends)
        .map((each) => each.finished),
    );
  });
  const png = await page.screenshot({
    caret: "hide",
    style: "[data-sonner-toaster]{display:none!important}",
    clip: { x: 0, y: 0, width, height: shown },
  });
  await mkdir(FOLDER, { recursive: true });
  await writeFile(path.join(FOLDER, `${name}.webp`), await webp(page, png));
}

/** A third of the size, by the browser that is there anyway; on a page of its own, whose policy lets it. */
async function webp(page: Page, png: Buffer): Promise<Buffer> {
  const desk = await page.context().newPage();
  const base64 = await desk.evaluate(
    async ([text, quality]) => {
      const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
      const image = await createImageBitmap(new Blob([bytes]));
      const canvas = document.createElement("canvas");
      [canvas.width, canvas.height] = [image.width, image.height];
      canvas.getContext("2d")?.drawImage(image, 0, 0);
      return canvas.toDataURL("image/webp", quality).replace(/^.*,/, "");
    },
    [png.toString("base64"), QUALITY] as const,
  );
  await desk.close();
  return Buffer.from(base64, "base64");
}

export const row = (page: Page, text: string): Locator =>
  page.locator("tbody tr[data-row]").filter({ hasText: text });

/** What only prepares a picture is done by the API. */
export function client(url: string, token?: string) {
  const send =
    (method: string) =>
    async (target: string, data: object = {}): Promise<{ id: string; link?: string }> => {
      const answer = await fetch(`${url}/api/v1/${target}`, {
        method,
        headers: {
          ...(token ? { authorization: `Bearer ${token}` } : {}),
          "content-type": "application/json",
          "if-match": "*",
        },
        body: JSON.stringify(data),
      });
      const text = await answer.text();
      if (!answer.ok) throw new Error(`${target}: ${answer.status} ${text}`);
      return (text ? JSON.parse(text) : {}) as { id: string; link?: string };
    };
  return { post: send("POST"), patch: send("PATCH"), put: send("PUT") };
}

/** Signs somebody in who is not of the demo's cast; what comes then is the caller's. */
export async function enter(browser: Browser, url: string, email: string, password: string): Promise<Person> {
  const person = await open(browser, url);
  await person.page.goto("/");
  await person.page.getByLabel("E-mail").fill(email);
  await person.page.getByLabel("Password").fill(password);
  await person.page.getByRole("button", { name: "Sign in" }).click();
  return person;
}
