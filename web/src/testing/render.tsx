/** Renders a component as the console would: with a router, a query cache and words. */
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import {
  createMemoryHistory,
  createRootRoute,
  createRoute,
  createRouter,
  RouterContextProvider,
} from "@tanstack/react-router";
import { type RenderResult, render } from "@testing-library/react";
import axe from "axe-core";
import type { ReactElement } from "react";
import { vi } from "vitest";

export function renderConsole(element: ReactElement): RenderResult & { client: QueryClient } {
  const client = new QueryClient({
    defaultOptions: { queries: { retry: false }, mutations: { retry: false } },
  });
  const root = createRootRoute();
  const router = createRouter({
    routeTree: root.addChildren([createRoute({ getParentRoute: () => root, path: "$" })]),
    history: createMemoryHistory({ initialEntries: ["/"] }),
  });
  const wrap = (child: ReactElement) => (
    <QueryClientProvider client={client}>
      <RouterContextProvider router={router as never}>{child}</RouterContextProvider>
    </QueryClientProvider>
  );
  const result = render(wrap(element));
  const rerender = result.rerender;
  result.rerender = (next) => rerender(wrap(next as ReactElement));
  return Object.assign(result, { client });
}

/** Accessibility violations, readable; colour contrast needs a real browser and is checked end to end. */
export async function violations(container: Element): Promise<string[]> {
  const result = await axe.run(container, {
    rules: { "color-contrast": { enabled: false }, region: { enabled: false } },
  });
  return result.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html).join(" | ")}`);
}

export interface Answer {
  status?: number;
  body?: unknown;
  headers?: Record<string, string>;
}

/** Stands in for the server: answers by `METHOD /path`, remembers what was asked. */
export function fakeServer(
  answers: Record<string, Answer | ((request: Request) => Answer | Promise<Answer>)>,
) {
  const requests: { method: string; path: string; headers: Headers; body: unknown }[] = [];
  const fetch = vi.fn<(input: Request) => Promise<Response>>(async (input) => {
    const path = new URL(input.url).pathname.replace("/api/v1", "");
    const text = await input.clone().text();
    requests.push({
      method: input.method,
      path,
      headers: input.headers,
      body: text ? JSON.parse(text) : undefined,
    });
    const answer = answers[`${input.method} ${path}`];
    const given = typeof answer === "function" ? await answer(input) : answer;
    if (!given) return new Response(JSON.stringify({ title: "Not found", detail: path }), { status: 404 });
    const status = given.status ?? 200;
    return new Response(status === 204 ? null : JSON.stringify(given.body ?? {}), {
      status,
      headers: {
        "content-type": status >= 400 ? "application/problem+json" : "application/json",
        ...given.headers,
      },
    });
  });
  vi.stubGlobal("fetch", fetch);
  return { requests, fetch };
}
