/**
 * Before the tests of a project that starts programs: bundles the command and the programs of tests, and names the bundles to
 * the tests and to the processes that they start. `@scanpoll/test-support/programs` is what tests see of it.
 */
import { join } from "node:path"
import process from "node:process"
import { kept, writeCommand, writePrograms } from "./bundle.mjs"

const programs = [
  ...["budgetProgram", "clientProcess", "workerProcess"].map((name) => `packages/cluster/test/support/${name}.ts`),
  "packages/journal/test/kill/buyer.ts"
]

export const setup = async () => {
  const folder = await kept(async (work) => {
    await writeCommand(join(work, "node_modules/scanpoll"))
    await writePrograms(programs, join(work, "programs"))
  })
  process.env["LAUNCHER_PROGRAMS"] = folder
  process.env["NODE_COMPILE_CACHE"] = join(folder, "compiled")
}
