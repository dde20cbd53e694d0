import { defineConfig } from "vitest/config";
import { FailedLast } from "./e2e/support/failed-last.ts";

/** Real browser against the real server binary; see e2e/support. `npm run pictures` makes those of the docs the same way. */
export default defineConfig({
  test: {
    environment: "node",
    include: [process.env.PICTURES ? "e2e/pictures/*.ts" : "e2e/**/*.e2e.ts"],
    globalSetup: ["e2e/support/global.ts"],
    testTimeout: 60_000,
    hookTimeout: 90_000,
    // As long as the browser waits for what it looks for.
    expect: { poll: { timeout: 15_000 } },
    fileParallelism: false,
    pool: "forks",
    // A browser beside a whole call centre is not always in time. What needed it is named at the end.
    retry: 1,
    reporters: ["default", new FailedLast()],
  },
});
