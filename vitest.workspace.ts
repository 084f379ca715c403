/**
 * The one definition of the test projects: a project per package that has a `test` folder, and one for `docs`.
 *
 * Vitest does not find this file by its name. Start it through `npm test`, or as
 * `vitest run --config vitest.workspace.ts [--project core]`; a bare `vitest` runs every file as one unnamed project.
 */
import { existsSync, readdirSync } from "node:fs"
import process from "node:process"
import { defineConfig } from "vitest/config"
import { LongestFirst, starting } from "./packages/tooling/longestFirst.mjs"
import { MissingPrograms } from "./packages/tooling/missingPrograms.mjs"
import { settleSeed } from "./packages/tooling/propertySeed.mjs"
import { LEDGER, TestLedger } from "./packages/tooling/testLedger.mjs"

const root = import.meta.dirname
const ledger = process.env[LEDGER] ?? ""
// A test that runs tests has no ledger.
delete process.env[LEDGER]
settleSeed()

const packages = ["packages", "packages/vendors"]
  .flatMap((folder) => readdirSync(`${root}/${folder}`).map((name) => ({ name, dir: `${root}/${folder}/${name}` })))
  .filter(({ dir }) => existsSync(`${dir}/test`))

const vendors = readdirSync(`${root}/packages/vendors`)
// Those that need no process of their own: a time zone and signals are a process's.
const threads = ["core", ...vendors]

// A project inherits nothing from the block below: what all of them share is spelled out here.
const project = (name: string, dir: string) => ({
  root: dir,
  test: {
    name,
    include: ["test/**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    environment: "node" as const,
    // For what hangs, and the only such limit: where many others work on the machine, everything takes as many times longer.
    testTimeout: 300_000,
    hookTimeout: 300_000,
    passWithNoTests: true,
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    setupFiles: [`${root}/packages/tooling/propertySetup.mjs`, `${root}/packages/test-support/src/hurryAnew.ts`],
    // Files share a worker and what it has loaded, which takes longer than most of them: no test leaves anything changed.
    isolate: false,
    pool: threads.includes(name) ? ("threads" as const) : ("forks" as const),
    globalSetup: starting.includes(name)
      ? [`${root}/packages/tooling/testPrograms.mjs`, `${root}/packages/test-support/src/serverOfRun.ts`]
      : []
  }
})

const docs = project("docs", `${root}/docs`)

export default defineConfig({
  test: {
    // Twice as many as a small machine has cores: half of them wait for processes, vendors and databases.
    maxWorkers: 4,
    sequence: { sequencer: LongestFirst },
    passWithNoTests: true,
    // Vitest's own ones, the programs that tests lacked, and what the gates tell at their end.
    reporters: [
      "default",
      ...(process.env["GITHUB_ACTIONS"] === "true" ? ["github-actions"] : []),
      new MissingPrograms(),
      ...(ledger === "" ? [] : [new TestLedger(ledger, root)])
    ],
    projects: [
      ...packages.map(({ dir, name }) => project(name, dir)),
      {
        ...docs,
        // The pages mostly wait, for simulated vendors. More of them at once would starve the short time limits of hurried ones.
        test: { ...docs.test, maxConcurrency: 16 }
      }
    ]
  }
})
