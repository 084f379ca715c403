/** The order of test files: those first that start processes and wait for them, while the others have the cores. */
import { BaseSequencer } from "vitest/node"

/** @import { TestSpecification } from "vitest/node" */

/** The projects whose tests start programs and databases. What these start is bundled before them, and they share one PostgreSQL. */
export const starting = ["cli", "cluster", "docs", "journal"]

export class LongestFirst extends BaseSequencer {
  /**
   * @override
   * @param {Array<TestSpecification>} files
   */
  async sort(files) {
    const sorted = await super.sort(files)
    /** @param {TestSpecification} file */
    const isLong = (file) => starting.includes(file.project.name)
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))]
  }
}
