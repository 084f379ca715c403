/**
 * Counts the programs that tests said they lack, and tells them at the end of a run: a suite that skips is not a suite
 * that passed.
 */

/** @typedef {import("vitest/node").Reporter} Reporter */

// As in packages/test-support/src/tools.ts.
const line = /^missing program: (.+?);/gm

/**
 * The programs that a test says it lacks.
 *
 * @param {string} text what it wrote to the console
 * @returns {ReadonlyArray<string>}
 */
export const missingIn = (text) => [...text.matchAll(line)].map(([, program = ""]) => program)

/** @implements {Reporter} */
export class MissingPrograms {
  /** @type {Map<string, Set<string>>} */
  #files = new Map()

  /** @param {{ readonly content: string, readonly taskId?: string | undefined }} log */
  onUserConsoleLog({ content, taskId }) {
    for (const program of missingIn(content)) {
      const files = this.#files.get(program) ?? new Set()
      files.add(taskId ?? String(files.size))
      this.#files.set(program, files)
    }
  }

  onTestRunEnd() {
    if (this.#files.size === 0) return
    const told = [...this.#files].map(([program, { size }]) => `${program} (${size} test file${size === 1 ? "" : "s"})`)
    console.error(`${told.length} missing programs, tests that need them were skipped: ${told.join(", ")}\n`)
  }
}
