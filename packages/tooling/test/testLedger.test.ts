/** What `.ci/run` tells of the tests: runs of vitest over files that were made to fail. */
import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import process from "node:process"
import { fileURLToPath } from "node:url"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { linesOf, readLedger } from "../testLedger.mjs"

const root = fileURLToPath(new URL("../../../", import.meta.url))
const folder = mkdtempSync(join(tmpdir(), "scanpoll-ledger-"))
const file = join(folder, "ledger.jsonl")
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const sources = {
  "passes.test.ts": `import { assert, it } from "vitest"
    it("holds", () => {}); it("waits", ({ skip }) => skip("a day too early")); it("sees no ledger", () => assert.isUndefined(process.env["LAUNCHER_LEDGER"]))`,
  "fails.test.ts": `import { describe, it } from "vitest"
    describe("a group", () => { it("breaks", () => { throw new Error("\\u001b[31mfirst\\u001b[0m line\\nsecond line") }) })`,
  "hook.test.ts": `import { beforeAll, describe, it } from "vitest"
    describe("a house without a ground", () => { beforeAll(() => { throw new Error("no ground") }); it("stands", () => {}) })`,
  "lacks.test.ts": `import { it } from "vitest"
    console.error("missing program: zsh; the tests that need it are skipped"); it.skipIf(true)("is read by the shell", () => {})`,
  "broken.test.ts": `throw new Error("cannot be read")`,
  "stray.test.ts": `import { it } from "vitest"
    it("leaves something behind", async () => { void Promise.reject(new Error("nobody caught it")) })`
}

describe("the end of .ci/run", () => {
  beforeAll(() => {
    mkdirSync(join(folder, "test"))
    symlinkSync(join(root, "node_modules"), join(folder, "node_modules"))
    writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }))
    for (const [name, source] of Object.entries(sources)) writeFileSync(join(folder, "test", name), source)
    const ledger = join(root, "packages/tooling/testLedger.mjs")
    writeFileSync(
      join(folder, "vitest.config.mjs"),
      `import { LEDGER, TestLedger } from ${JSON.stringify(ledger)}
      const file = process.env[LEDGER]; delete process.env[LEDGER]
      export default { test: { reporters: [new TestLedger(file, ${JSON.stringify(folder)})], projects: [{ test: { name: "house", include: ["test/*.test.ts"] } }] } }`
    )
    const { status } = spawnSync(process.execPath, [join(root, "node_modules/vitest/vitest.mjs"), "run"], {
      cwd: folder,
      env: { ...process.env, LAUNCHER_LEDGER: file }
    })
    assert.strictEqual(status, 1)
  })

  it("counts every test of a run", () => {
    const { failed, files, passed, skipped } = readLedger(file)
    assert.deepStrictEqual({ passed, failed, skipped }, { passed: 3, failed: 1, skipped: 3 })
    assert.sameDeepMembers(
      files.filter((one) => one.file !== "").map((one) => `${one.project} ${one.file}`),
      Object.keys(sources).map((name) => `house test/${name}`)
    )
  })

  it("names what failed, with its file and the first lines of its message, and last", () => {
    const lines = linesOf(readLedger(file))
    const told = lines.slice(lines.indexOf("what failed") + 1)
    const starts = told.flatMap((line, index) => (line.startsWith("    ") ? [] : [index]))
    assert.sameDeepMembers(
      starts.map((start, index) => told.slice(start, starts[index + 1]).map((line) => line.trim())),
      [
        ["test/fails.test.ts > a group > breaks", "first line", "second line"],
        ["test/hook.test.ts > a house without a ground", "no ground"],
        ["test/broken.test.ts > the whole file", "cannot be read"],
        ["an error outside of the tests", "nobody caught it"]
      ]
    )
  })

  it("names what was skipped, and why", () => {
    assert.includeMembers(
      [...linesOf(readLedger(file))],
      [
        "3 tests were skipped",
        "  test/lacks.test.ts > is read by the shell: there is no zsh",
        "  test/passes.test.ts > waits: a day too early",
        "  test/hook.test.ts > a house without a ground > stands: does not say why"
      ]
    )
  })

  it("tells the slowest files and the time of each project", () => {
    const lines = linesOf(readLedger(file))
    assert.match(lines.join("\n"), /^ +\d+ s {2}test\/passes\.test\.ts$/m)
    assert.match(lines.join("\n"), /^ +\d+ s {2}house$/m)
  })

  it("tells as much as a run did that was cut short", () => {
    const whole = readFileSync(file, "utf8")
    const cut = join(folder, "cut.jsonl")
    writeFileSync(cut, whole.slice(0, whole.lastIndexOf("{") + 5))
    assert.strictEqual(readLedger(cut).files.length, readLedger(file).files.length - 1)
    assert.deepStrictEqual(linesOf(readLedger(join(folder, "never-began.jsonl"))), [])
  })

  it("tells no more than fifty failures", () => {
    const failures = Array.from({ length: 60 }, (_, n) => ({ name: `test ${n}`, message: "m" }))
    const entry = { project: "p", file: "f", seconds: 1, passed: 0, failed: 60, skipped: 0, failures, skips: [] }
    const lines = linesOf({ files: [entry], passed: 0, failed: 60, skipped: 0 })
    assert.strictEqual(lines.filter((line) => line.startsWith("  f > test ")).length, 50)
    assert.strictEqual(lines.at(-1), "  and 10 more")
  })
})
