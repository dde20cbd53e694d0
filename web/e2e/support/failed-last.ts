/** The names of what failed, once more and behind everything else: where only the end of a long output is kept, they are in it. */
import type { Reporter, TestModule } from "vitest/node";

export class FailedLast implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    for (const module of modules)
      for (const test of module.children.allTests("failed")) {
        const why = test.result().errors?.[0]?.message.split("\n")[0];
        console.log(`failed: ${module.relativeModuleId} > ${test.fullName}: ${why}`);
      }
  }
}
