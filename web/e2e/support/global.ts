/** One server for all test files; a file that restarts its server starts its own. */
import type { TestProject } from "vitest/node";
import { type Demo, startServer } from "./server.ts";

declare module "vitest" {
  interface ProvidedContext {
    serverUrl: string;
    demo: Demo;
  }
}

export default async function setup(project: TestProject) {
  const server = await startServer();
  project.provide("serverUrl", server.url);
  project.provide("demo", server.demo);
  return () => server.dispose();
}
