import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { axe, launchBrowser, online, open, signedIn, signIn } from "./support/browser.ts";

const url = inject("serverUrl");
const demo = inject("demo");
let browser: Browser;
beforeAll(async () => {
  browser = await launchBrowser();
});
afterAll(() => browser?.close());

describe("sign-in", () => {
  it("refuses a wrong password with a reason, and takes the right one", async () => {
    const { page, context } = await open(browser, url);
    await page.goto("/");
    await page.waitForURL("**/sign-in");
    await page.getByLabel("E-mail").fill("agent1@demo.example");
    await page.getByLabel("Password").fill("not the password");
    await page.getByRole("button", { name: "Sign in" }).click();
    const alert = page.getByRole("alert");
    await alert.waitFor();
    expect((await alert.textContent())?.length).toBeGreaterThan(5);
    expect(new URL(page.url()).pathname).toBe("/sign-in");

    await page.getByLabel("Password").fill(demo.users["agent1@demo.example"]?.password ?? "");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.waitForURL("**/workspace");
    await online(page);
    // Nothing that could be stolen by a script is kept in the browser.
    const kept = await page.evaluate(
      () => JSON.stringify({ ...localStorage, ...sessionStorage }) + document.cookie,
    );
    expect(kept).not.toMatch(/sw[str]_/);
    expect(kept).not.toMatch(/switchroom_session/);
    await context.close();
  });

  it("lets somebody invited in by their link, once", async () => {
    const answer = await fetch(`${url}/api/v1/invitations`, {
      method: "POST",
      headers: {
        authorization: `Bearer ${demo.users["admin@demo.example"]?.token}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ email: "grace@new.example", role: "agent" }),
    });
    const { link } = (await answer.json()) as { link: string };
    const { page, context } = await open(browser, url);
    await page.goto(link);
    await page.getByLabel("Your name").fill("Grace Hopper");
    expect(await axe(page)).toEqual([]);
    await page.getByLabel("New password").fill("seven green bicycles");
    await page.getByRole("button", { name: "Accept" }).click();
    await page.waitForURL("**/workspace");
    await online(page);
    await page.goto("about:blank");
    await page.goto(link);
    await page.getByText(/used already/).waitFor();
    await context.close();
  });

  it("helps who forgot their password without telling who has an account", async () => {
    const { page, context } = await open(browser, url);
    await page.goto("/sign-in");
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    // The address changes before the page does, and the one that is left has a field of this name too.
    await page.getByRole("button", { name: "Send me a link" }).waitFor();
    await page.getByLabel("E-mail").fill("nobody@demo.example");
    expect(await axe(page)).toEqual([]);
    await page.getByRole("button", { name: "Send me a link" }).click();
    await page.getByText(/If this address has an account/).waitFor();
    await page.goto("/reset#swl_nonsense");
    await page.getByLabel("New password").fill("seven green bicycles");
    await page.getByRole("button", { name: "Set password" }).click();
    await page.getByText(/used already/).waitFor();
    await page.getByRole("button", { name: "Ask for another link" }).click();
    await page.getByLabel("E-mail").waitFor();
    await context.close();
  });

  it("asks for what is missing before asking the server", async () => {
    const { page, context } = await open(browser, url);
    await page.goto("/sign-in");
    await page.getByRole("button", { name: "Sign in" }).click();
    await page.getByText("Enter your e-mail address.").waitFor();
    await page.getByText("Enter your password.").waitFor();
    await context.close();
  });

  it("comes back to the page that was asked for", async () => {
    const { page, context } = await open(browser, url);
    await signIn(page, demo, "agent1@demo.example", "/directory/organizations");
    expect(new URL(page.url()).pathname).toBe("/directory/organizations");
    await context.close();
  });

  it("never leaves for another site after signing in", async () => {
    const { page, context } = await open(browser, url);
    await signIn(page, demo, "agent1@demo.example", "/sign-in?next=//evil.example/x");
    expect(new URL(page.url()).origin).toBe(url);
    await context.close();
  });

  it("signs out everywhere in this browser", async () => {
    const { page, context } = await signedIn(browser, url, demo, "agent1@demo.example");
    await page.getByRole("button", { name: /^Account/ }).click();
    await page.getByRole("menuitem", { name: "Sign out" }).click();
    await page.waitForURL("**/sign-in");
    await page.goto("/workspace");
    await page.waitForURL("**/sign-in**");
    await context.close();
  });

  it("shows people what their role allows and says so where it does not", async () => {
    const { page, context } = await signedIn(browser, url, demo, "agent1@demo.example");
    const nav = page.getByRole("navigation", { name: "Main" });
    await nav.getByRole("link", { name: "Workspace" }).waitFor();
    expect(await nav.getByRole("link", { name: "Wallboard" }).count()).toBe(0);
    expect(await nav.getByRole("link", { name: "Connections" }).count()).toBe(0);
    await page.goto("/wallboard");
    await page.getByText("Not permitted").waitFor();
    await page.goto("/no-such-page");
    await page.getByText("There is no such page.").waitFor();
    await context.close();
  });
});
