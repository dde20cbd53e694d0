/** The names of what failed or passed only when tried again, once more and behind everything else: where only the end of a long output is kept, they are in it. */
import type { Reporter, TestModule } from "vitest/node";

export class FailedLast implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules)
      for (const test of module.children.allTests()) {
        const failed = test.result().state === "failed";
        if (!failed && !test.diagnostic()?.flaky) continue;
        const why = test.result().errors?.[0]?.message.split("\n")[0];
        const what = failed ? "failed" : "passed when tried again only";
        console.log(`${what}: ${module.relativeModuleId} > ${test.fullName}: ${why}`);
      }
  }
}
