/**
 * The long run of the simulation. `--seeds N` (default 10 000), `--from N` (default 1), `--mode heals|never` (default
 * both); `--trace` prints the lines of each failing seed's smallest variant. Each hundredth seed is run twice and its
 * traces are compared. Exits 1 when a rule was broken or a trace differed.
 */
import { parseArgs } from "node:util"
import { type Report, shrink, simulate } from "./Simulation.ts"

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "10000" },
    from: { type: "string", default: "1" },
    mode: { type: "string", default: "both" },
    trace: { type: "boolean", default: false }
  }
})
const from = Number(values.from)
const seeds = Number(values.seeds)
const modes = (["heals", "never"] as const).filter((mode) => values.mode === "both" || values.mode === mode)

const say = (line: string): void => {
  process.stdout.write(`${line}\n`)
}
const began = performance.now()
const counts = new Map<string, number>()
const rules = new Map<string, number>()
const sums = { runs: 0, hours: 0, requests: 0, claims: 0, accepted: 0, checks: 0, failed: 0, replayed: 0, differed: 0 }

const add = (report: Report): void => {
  sums.runs += 1
  sums.hours += report.simulatedMs / 3_600_000
  sums.requests += report.requests
  sums.claims += report.claims
  sums.accepted += report.accepted
  sums.checks += report.checks
  for (const [what, times] of report.counts) counts.set(what, (counts.get(what) ?? 0) + times)
}

for (let seed = from; seed < from + seeds; seed++) {
  if (seed > from && seed % 500 === 0) say(`up to seed ${seed}: ${sums.runs} runs, ${sums.failed} broke a rule`)
  for (const mode of modes) {
    const report = simulate({ seed, mode })
    add(report)
    if (seed % 100 === 0) {
      sums.replayed += 1
      if (simulate({ seed, mode }).trace !== report.trace) {
        sums.differed += 1
        say(`seed ${seed} ${mode}: not the same trace again`)
      }
    }
    if (report.violations.length === 0) continue
    sums.failed += 1
    const rule = (report.violations[0] ?? "").split(":")[0] ?? ""
    const seen = rules.get(rule) ?? 0
    rules.set(rule, seen + 1)
    if (seen >= 5) continue
    const least = shrink(report)
    const { faults = 1, requests } = least.options
    say(`seed ${seed} ${mode}: ${report.violations[0]}`)
    say(`  smallest: ${requests ?? "all"} requests, ${faults} of the faults: ${least.violations[0]}`)
    if (values.trace) for (const line of simulate({ ...least.options, keeps: true }).lines) say(`    ${line}`)
  }
}

say(
  `seeds ${from} to ${from + seeds - 1}, ${modes.join(" and ")}: ${sums.runs} runs, ${sums.hours.toFixed(0)} simulated hours`
)
say(`${sums.requests} requests, ${sums.claims} claims, ${sums.accepted} scans bought, ${sums.checks} checks`)
for (const [what, times] of [...counts].sort(([a], [b]) => (a < b ? -1 : 1))) say(`  ${what}: ${times}`)
say(`${sums.replayed} replays compared, ${sums.differed} differed`)
say(`${sums.failed} runs broke a rule${[...rules].map(([rule, times]) => `; ${rule}: ${times}`).join("")}`)
say(`${((performance.now() - began) / 1000).toFixed(1)} s`)
process.exitCode = sums.failed + sums.differed === 0 ? 0 : 1
