/**
 * The long run of the fuzzing. `--cases N` (default 1 000 000) in all, `--from N` (default 1) the first seed, `--target T`
 * for one alone. Prints what was tried, and each failure with the command that repeats it. Exits 1 when there was one.
 */
import { parseArgs } from "node:util"
import * as Effect from "effect/Effect"
import { run, split } from "./Fuzz.ts"

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "1000000" },
    from: { type: "string", default: "1" },
    target: { type: "string" }
  }
})
const from = Number(values.from)
const cases = Number(values.cases)
const parts = values.target === undefined ? split(cases) : [[values.target, cases] as const]

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
const began = performance.now()
let failed = 0
let tried = 0
for (const [name, count] of parts) {
  const at = performance.now()
  const found = await Effect.runPromise(run(name, from, count))
  for (const { problem, seed, target } of found) {
    say(`${target} ${seed}: ${problem}`)
    say(`  again: node packages/cli/test/fuzz/nightly.ts --target ${target} --from ${seed} --cases 1`)
  }
  failed += found.length
  tried += count
  say(`${name}: ${count} cases, ${found.length} failed, ${((performance.now() - at) / 1000).toFixed(1)} s`)
}
say(`${tried} cases from seed ${from}, ${failed} failed, ${((performance.now() - began) / 1000).toFixed(1)} s`)
process.exitCode = failed === 0 ? 0 : 1
