/**
 * What a run of the tests did, one line of JSON for each test file as it ends, so that a run that was cut short tells as
 * much as it did; and what the gates say of it.
 *
 * `vitest.workspace.ts` keeps one where the environment variable `LAUNCHER_LEDGER` names a file.
 */
import { appendFileSync, existsSync, readFileSync, writeFileSync } from "node:fs"
import { relative } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { missingIn } from "./missingPrograms.mjs"

/** @import { Reporter, TestModule } from "vitest/node" */

/** The environment variable that names the file. */
export const LEDGER = "LAUNCHER_LEDGER"

/** The most failures, the most lines of a message and the most characters of it that are told. */
const FAILURES = 50
const LINES = 12
const MESSAGE = 1_200
const SLOWEST = 10

/**
 * A test that failed, a group of tests whose hook did, or a file that could not be read.
 *
 * @typedef {{ name: string, message: string }} Failure
 */

/**
 * A test that was skipped, and why, as far as it says.
 *
 * @typedef {{ name: string, why: string }} Skip
 */

/**
 * `file` is relative to the repository; `seconds` is all of the file's time in its worker: reading it, its hooks, its
 * tests.
 *
 * @typedef {{
 *   project: string, file: string, seconds: number,
 *   passed: number, failed: number, skipped: number, failures: ReadonlyArray<Failure>, skips: ReadonlyArray<Skip>
 * }} Entry
 */

/** @typedef {{ files: ReadonlyArray<Entry>, passed: number, failed: number, skipped: number }} Ledger */

/** @param {unknown} errors @returns {string} the first lines of the first error: it may be all that is left of a run */
const messageOf = (errors) => {
  const [error] = Array.isArray(errors) ? errors : []
  const words = stripVTControlCharacters(String(error?.message ?? error?.stack ?? "no message"))
  const lines = words.split("\n").flatMap((line) => {
    // oxlint-disable-next-line no-control-regex -- a log shall show a message, not obey it
    const plain = line.trim().replaceAll(/[\u0000-\u001f\u007f]/g, "?")
    return plain === "" ? [] : [plain]
  })
  const told = lines.slice(0, LINES).join("\n") || "an empty message"
  return told.length > MESSAGE || lines.length > LINES ? `${told.slice(0, MESSAGE)}...` : told
}

/**
 * @param {TestModule} module
 * @param {string} root
 * @param {ReadonlySet<string>} missing the programs that its tests said they lack
 * @returns {Entry}
 */
const entryOf = (module, root, missing) => {
  const tests = [...module.children.allTests()]
  const failed = tests.filter((test) => test.result().state === "failed")
  const lack = missing.size === 0 ? "" : `there is no ${[...missing].join(", ")}`
  const skips = tests.flatMap((test) => {
    const result = test.result()
    return result.state === "skipped" ? [{ name: test.fullName, why: result.note ?? lack }] : []
  })
  const broken = [...module.children.allSuites()].filter((suite) => suite.errors().length > 0)
  const { collectDuration, duration, environmentSetupDuration, prepareDuration, setupDuration } = module.diagnostic()
  const time = collectDuration + duration + environmentSetupDuration + prepareDuration + setupDuration
  return {
    project: module.project.name,
    file: relative(root, module.moduleId).replaceAll("\\", "/"),
    seconds: Math.round(time / 100) / 10,
    passed: tests.filter((test) => test.result().state === "passed").length,
    failed: failed.length,
    skipped: skips.length,
    skips,
    failures: [
      ...(module.errors().length > 0 ? [{ name: "the whole file", message: messageOf(module.errors()) }] : []),
      ...broken.map((suite) => ({ name: suite.fullName, message: messageOf(suite.errors()) })),
      ...failed.map((test) => ({ name: test.fullName, message: messageOf(test.result().errors) }))
    ]
  }
}

/**
 * Writes the ledger.
 *
 * @implements {Reporter}
 */
export class TestLedger {
  #file
  #root
  /** @type {Map<string, Set<string>>} */
  #missing = new Map()

  /**
   * @param {string} file is made anew
   * @param {string} root the repository
   */
  constructor(file, root) {
    this.#file = file
    this.#root = root
    writeFileSync(file, "")
  }

  /** @param {{ readonly content: string, readonly taskId?: string | undefined }} log */
  onUserConsoleLog({ content, taskId = "" }) {
    const missing = this.#missing.get(taskId) ?? new Set()
    for (const program of missingIn(content)) this.#missing.set(taskId, missing.add(program))
  }

  /** @param {TestModule} module */
  onTestModuleEnd(module) {
    this.#write(entryOf(module, this.#root, this.#missing.get(module.id) ?? new Set()))
  }

  /**
   * What failed outside of every file: a worker that died, an error that nobody caught.
   *
   * @param {ReadonlyArray<TestModule>} _modules
   * @param {ReadonlyArray<unknown>} errors
   */
  onTestRunEnd(_modules, errors) {
    for (const error of errors) {
      const failures = [{ name: "an error outside of the tests", message: messageOf([error]) }]
      this.#write({ project: "", file: "", seconds: 0, passed: 0, failed: 0, skipped: 0, failures, skips: [] })
    }
  }

  /** @param {Entry} entry */
  #write(entry) {
    appendFileSync(this.#file, `${JSON.stringify(entry)}\n`)
  }
}

/**
 * Reads a ledger, as far as it goes; one that is not there is empty.
 *
 * @param {string} file
 * @returns {Ledger}
 */
export const readLedger = (file) => {
  // What follows the last line's end was not written whole.
  const lines = existsSync(file) ? readFileSync(file, "utf8").split("\n").slice(0, -1) : []
  /** @type {ReadonlyArray<Entry>} */
  const files = lines.map((line) => JSON.parse(line))
  /** @param {"passed" | "failed" | "skipped"} what */
  const sum = (what) => files.reduce((all, one) => all + one[what], 0)
  return { files, passed: sum("passed"), failed: sum("failed"), skipped: sum("skipped") }
}

// The gates start on Node 18, whose arrays cannot be sorted into new ones otherwise.
/**
 * @template {{ readonly seconds: number }} A
 * @param {ReadonlyArray<A>} all
 * @returns {ReadonlyArray<A>}
 */
const longestFirst = (all) => [...all].sort((one, other) => other.seconds - one.seconds)

/**
 * Where the time went, and last what failed, in lines.
 *
 * @param {Ledger} ledger
 * @returns {ReadonlyArray<string>}
 */
export const linesOf = ({ files, skipped }) => {
  const named = files.filter(({ file }) => file !== "")
  if (files.length === 0) return []
  const times = [...new Set(named.map(({ project }) => project))].map((project) => ({
    project,
    seconds: named.reduce((sum, one) => sum + (one.project === project ? one.seconds : 0), 0)
  }))
  const failures = files.flatMap((entry) => entry.failures.map((failure) => ({ ...failure, file: entry.file })))
  const skips = files.flatMap((entry) => entry.skips.map((skip) => ({ ...skip, file: entry.file })))
  return [
    "",
    "the slowest test files",
    ...longestFirst(named)
      .slice(0, SLOWEST)
      .map(({ file, seconds }) => `${seconds.toFixed(0).padStart(6)} s  ${file}`),
    "the time of all test files, by project",
    ...longestFirst(times).map(({ project, seconds }) => `${seconds.toFixed(0).padStart(6)} s  ${project}`),
    ...(skipped === 0 ? [] : [`${skipped} tests were skipped`]),
    ...skips
      .slice(0, FAILURES)
      .map(({ file, name, why }) => `  ${file} > ${name}: ${why === "" ? "does not say why" : why}`),
    ...(failures.length === 0 ? [] : ["", "what failed"]),
    ...failures
      .slice(0, FAILURES)
      .flatMap(({ file, message, name }) => [
        `  ${file === "" ? name : `${file} > ${name}`}`,
        ...message.split("\n").map((line) => `    ${line}`)
      ]),
    ...(failures.length > FAILURES ? [`  and ${failures.length - FAILURES} more`] : [])
  ]
}
