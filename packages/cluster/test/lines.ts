/**
 * How long scans go without a poll while a worker's line to the database fails it: three workers, each over a line of its own,
 * and 200 scans whose vendor keeps books.
 *
 *     node packages/tooling/launch.mjs exec pnpm --filter @scanpoll/cluster lines [--seconds 120] [--scans 200] [--only 0.5] [--lease 12]
 *
 * `--only` takes parts of the names below, with commas between. Exits with 1 where two polls of one scan overlapped, or where
 * one line of three fails and a scan went without a poll for longer than the lease and 10 seconds.
 */
import { start } from "@scanpoll/test-support/postgres"
import { seeded } from "@scanpoll/test-support/seeded"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import process from "node:process"
import { parseArgs } from "node:util"
import * as FaultyLine from "./support/faultyLine.ts"
import { audit, isShared, type Machine, until, world } from "./support/machines.ts"
import { submitted } from "./support/scenes.ts"

const { values } = parseArgs({
  args: process.argv.slice(2).filter((word) => word !== "--"),
  options: {
    seconds: { type: "string", default: "120" },
    scans: { type: "string", default: "200" },
    only: { type: "string", default: "" },
    lease: { type: "string", default: "12" }
  }
})
const seconds = Number(values.seconds)
const scans = Number(values.scans)
const lease = Number(values.lease) * 1000
const pace = 3_000
const bound = lease + 10_000

type Blow = (line: FaultyLine.FaultyLine) => Promise<void>

const pause = (millis: number) => new Promise<void>((resolve) => setTimeout(resolve, millis))
const whole =
  (trouble: FaultyLine.Trouble): Blow =>
  async (line) => {
    await Effect.runPromise(line.be(trouble))
    await pause(seconds * 1000)
    await Effect.runPromise(line.be({}))
  }
// The same again every so many milliseconds.
const again =
  (every: number, what: (line: FaultyLine.FaultyLine) => Effect.Effect<void>): Blow =>
  async (line) => {
    for (const end = performance.now() + seconds * 1000; performance.now() < end; await pause(every)) {
      await Effect.runPromise(what(line))
    }
    await Effect.runPromise(line.be({}))
  }
const chance = seeded(7)

const stories: ReadonlyArray<{ readonly name: string; readonly blow: Blow; readonly all?: boolean }> = [
  ...[0.25, 0.5, 1, 2, 4, 10].map((delay) => ({ name: `${delay} s each way`, blow: whole({ latency: delay * 1000 }) })),
  { name: "0.1 to 3 s each way, by chance", blow: again(250, (line) => line.be({ latency: 100 + 2_900 * chance() })) },
  { name: "4 KB a second each way", blow: whole({ bandwidth: 4_096 }) },
  { name: "half-open", blow: whole({ silent: true }) },
  { name: "reset every 5 s", blow: again(5_000, (line) => line.reset) },
  ...[0.4, 0.5, 1, 2, 4, 10].map((delay) => ({
    name: `all three ${delay} s each way`,
    blow: whole({ latency: delay * 1000 }),
    all: true
  }))
]

const server = await start()
const only = values.only.split(",").filter((part) => part !== "")
process.stdout.write(
  `| the line of one of three workers, for ${seconds} s | longest time without a poll | scans over ${bound / 1000} s | polls of those due | slices given up |\n|---|---|---|---|---|\n`
)
try {
  for (const { all = false, blow, name } of stories) {
    if (only.length > 0 && !only.some((part) => name.includes(part))) continue
    const made = await world({ journal: await server.schema(), takes: [1, 3], held: true, pace, rate: 2_000, lease })
    const lines: Array<FaultyLine.FaultyLine> = []
    const machines: Array<Machine> = []
    const lost = () =>
      machines.reduce((sum, { events }) => sum + events.filter(({ _tag }) => _tag === "Lost").length, 0)
    const scope = Scope.makeUnsafe()
    try {
      for (const worker of ["a", "b", "c"]) {
        const line = await Effect.runPromise(Scope.provide(FaultyLine.scoped(made.journal), scope))
        lines.push(line)
        machines.push(await made.worker(worker, line.url))
      }
      await until("the slices are shared", async () => isShared(await made.status(), 3))
      await submitted(made, scans)
      await until("all are kept", async () => (await made.status()).scans.free === 0)
      await pause(3 * pace)
      const from = Date.now()
      const before = lost()
      await Promise.all(lines.slice(0, all ? 3 : 1).map(blow))
      const end = Date.now()
      const given = lost() - before
      await pause(lease + 3 * pace)
      const to = Date.now()
      const gaps = made.ledgers.flatMap((ledger) =>
        ledger.accepted().map(({ scanId }) => {
          const times = ledger.requests({ scanId, where: (entry) => entry.method === "GET" }).map(({ at }) => at)
          const seen = [...times.filter((at) => at >= from - 2 * pace), to]
          return Math.max(...seen.map((at, index) => at - (seen[index - 1] ?? at)))
        })
      )
      const longest = Math.max(...gaps)
      const late = gaps.filter((gap) => gap > bound).length
      const polls = (since: number, until: number) =>
        made.ledgers.reduce(
          (sum, ledger) =>
            sum + ledger.requests({ since, where: ({ at, method }) => method === "GET" && at < until }).length,
          0
        ) /
        (until - since)
      const share = Math.round((100 * polls(from, end)) / polls(from - 2 * pace, from))
      process.stdout.write(`| ${name} | ${(longest / 1000).toFixed(1)} s | ${late} | ${share} % | ${given} |\n`)
      if (late > 0 && !all) process.exitCode = 1
      audit(made, scans)
    } catch (error) {
      process.stdout.write(`| ${name} | ${error instanceof Error ? error.message : String(error)} | | | |\n`)
      process.exitCode = 1
    } finally {
      await Effect.runPromise(Scope.close(scope, Exit.void))
      await made.close()
    }
  }
} finally {
  await server.end()
}
