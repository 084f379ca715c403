/**
 * Measures what the tests beside it only bound: how polite the polls are, what an outage costs, how soon a signal ends
 * the command.
 *
 *     node packages/tooling/launch.mjs exec node packages/cli/test/faults/figures.ts [--stops 20]
 */
import { parseArgs } from "node:util"
import * as Script from "@scanpoll/testkit/Script"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Effect from "effect/Effect"
import { once, scanpoll } from "../support/command.ts"
import { inWorld, polls, vendors } from "../support/stack.ts"

const { values } = parseArgs({ options: { stops: { type: "string", default: "20" } } })
const stops = Number(values.stops)

const say = (line: string): Effect.Effect<void> => Effect.sync(() => void process.stdout.write(`${line}\n`))

const percentile = (times: ReadonlyArray<number>, of: number): number => {
  const sorted = times.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.ceil(sorted.length * of) - 1)] ?? Number.NaN
}

// From the end of each poll of a scan to the next one, over what had to be waited after it.
const politeness = inWorld({ fate: { settleAfterPolls: 8 } }, ({ records, sides }) =>
  Effect.gen(function* () {
    const asked = { exona: 20, appvet: 12, compliance: 7 }
    for (const vendor of vendors) {
      const side = sides[vendor]
      yield* side.simulator.script({
        match: { route: "status" },
        steps: Array.from({ length: 200 }, (_, i) =>
          i % 5 === 0 ? Script.respond(503, "busy", { "Retry-After": String(asked[vendor]) }) : null
        )
      })
    }
    yield* records(Array.from({ length: 90 }, (_, i) => sides[vendors[i % 3] ?? "exona"].wanted(i)))
    for (const vendor of vendors) {
      const side = sides[vendor]
      const usual = vendor === "exona" ? 10_000 : side.floor
      let least = Infinity
      let counted = 0
      for (const scanId of new Set(polls(side).map((poll) => poll.scanId ?? ""))) {
        const mine = side.simulator.ledger.polls(scanId)
        for (const [i, gap] of side.simulator.ledger.gaps(scanId).entries()) {
          const required = mine[i]?.status === 503 ? asked[vendor] * 1_000 : usual
          least = Math.min(least, gap / required)
          counted++
        }
      }
      yield* say(`shortest gap over the required one, ${vendor}: ${least.toFixed(3)} of ${counted} gaps`)
    }
  })
)

const outage = (count: number) =>
  inWorld({ fate: { duration: "80 seconds" } }, ({ records, sides: { compliance }, time }) =>
    Effect.gen(function* () {
      const { ledger } = compliance.simulator
      let began = Infinity
      yield* compliance.simulator.script({
        match: {
          route: "status",
          where: () => {
            began = Math.min(began, time.now())
            return time.now() - began < 60_000
          }
        },
        steps: [{ ...Script.respond(503, "down"), times: Infinity }]
      })
      const ended = yield* records(Array.from({ length: count }, (_, i) => compliance.wanted(i, (policy) => policy)))
      const during = ledger.requests({ route: "status", since: began, until: began + 60_000 }).length
      // Its own pace for more than a hundred open scans.
      const planned = count * 6
      yield* say(
        `an outage of 60 s, ${count} scans at a pace of 10 s: ${during} requests, ${planned} were planned: ${(during / planned).toFixed(2)}`
      )
      const after = ledger.busiest("1 second", { since: began + 60_000 })
      yield* say(`most requests in a second after it healed: ${after}, of ${count} open scans`)
      yield* say(`of them completed: ${ended.filter(({ state }) => state === "completed").length}`)
    })
  )

const target = "appvet:https://never.example"

const stop = (signals: 1 | 2) =>
  Effect.gen(function* () {
    const simulators = yield* Simulators.Simulators
    const step = signals === 1 ? Script.hang() : Script.acceptedNeverAnswered
    const route = signals === 1 ? "status" : "submit"
    yield* simulators.appvet.script({ match: { route }, steps: [{ ...step, times: Infinity }] })
    let sent = Number.NaN
    const { code } = yield* scanpoll(["run", target, "--interval", "3s", "-o", "events"], {
      environment: Simulators.environment(simulators),
      watch: once(signals === 1 ? /"event":"submitted"|submitted as/ : /"event":"submitting"/, ({ kill }) => {
        kill("SIGTERM")
        sent = performance.now()
        if (signals === 1) return
        setTimeout(() => {
          sent = performance.now()
          kill("SIGTERM")
        }, 300)
      })
    })
    const took = performance.now() - sent
    yield* simulators.appvet.clearScripts
    return { code, took }
  })

const stopping = Effect.gen(function* () {
  for (const signals of [1, 2] as const) {
    const all = yield* Effect.replicateEffect(stop(signals), stops)
    const times = all.map(({ took }) => took)
    const what = signals === 1 ? "from SIGTERM, a poll hanging, to the exit" : "from the second signal to the exit"
    yield* say(
      `${what}: p50 ${percentile(times, 0.5).toFixed(0)} ms, p99 ${percentile(times, 0.99).toFixed(0)} ms, ${all.length} runs, codes ${[...new Set(all.map(({ code }) => code))].join(", ")}`
    )
  }
}).pipe(Effect.provide(Simulators.layer({ speed: 1_000 })))

await Effect.runPromise(
  Effect.gen(function* () {
    yield* politeness
    yield* outage(200)
    yield* stopping
  })
)
