/**
 * Scans and faults for a while over real sockets; afterwards nothing has grown: sockets, listeners, timers, heap.
 *
 * The vendors stay where they are, and what a process has once stays the same: the budgets of its accounts and what past
 * scans have taught. `SOAK_SECONDS` says for how long; without it for a few seconds. The nightly command is in
 * CONTRIBUTING.md.
 */
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import { assert, describe, it } from "@effect/vitest"
import * as Script from "@scanpoll/testkit/Script"
import * as Effect from "effect/Effect"
import { inWorld } from "../support/stack.ts"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const asked = process.env["SOAK_SECONDS"]
const seconds = Number(asked ?? 6)

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

const kinds = ["TCPSocketWrap", "TCPServerWrap", "Timeout", "Immediate"] as const

interface Measure {
  readonly heap: number
  readonly listeners: number
  readonly open: Readonly<Record<string, number>>
}

const measure = Effect.gen(function* () {
  // Twice, and a turn apart: what a collected object let go is collected the second time.
  yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  collect()
  yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
  collect()
  const active = process.getActiveResourcesInfo()
  return {
    heap: process.memoryUsage().heapUsed,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
    open: Object.fromEntries(kinds.map((kind) => [kind, active.filter((one) => one === kind).length]))
  } satisfies Measure
})

const words = ({ heap, listeners, open }: Measure): string =>
  [`heap ${heap}`, `listeners ${listeners}`, ...kinds.map((kind) => `${kind} ${open[kind] ?? 0}`)].join(", ")

const faults: ReadonlyArray<Script.Step | null> = [
  null,
  Script.reset(),
  Script.respond(503, "x".repeat(50_000)),
  Script.cut(),
  null,
  Script.html(200),
  Script.close("head"),
  Script.respond(429, { error: "RATE_LIMITED" }, { "Retry-After": "1" })
]

// What goes on from one round to the next. The first round finds free ports, the others stay on them.
interface Process {
  readonly budgets: RateBudget.Budgets
  now: number
  ports: Readonly<Record<"exona" | "appvet" | "compliance", number>>
}

// One round: scans at every vendor, each with its share of trouble, all of them ending.
const round = (kept: Process, number: number) =>
  inWorld(
    {
      fate: { settleAfterPolls: 2 },
      budgets: kept.budgets,
      startAt: kept.now,
      simulators: {
        exona: { port: kept.ports.exona },
        appvet: { port: kept.ports.appvet },
        compliance: { port: kept.ports.compliance }
      }
    },
    ({ records, sides, time }) =>
      Effect.gen(function* () {
        const all = Object.values(sides)
        for (const side of all) {
          yield* side.simulator.script({ match: { route: "status" }, steps: faults })
        }
        const wanted = all.flatMap((side) => [0, 1, 2].map((nth) => side.wanted(number * 3 + nth)))
        const ended = yield* records(wanted)
        // Chance lets one scan meet several of the faults; what matters here is that every one of them ends and is let go.
        for (const { state } of ended) assert.include(["completed", "unreachable", "protocol", "still-running"], state)
        kept.ports = {
          exona: sides.exona.simulator.port,
          appvet: sides.appvet.simulator.port,
          compliance: sides.compliance.simulator.port
        }
        kept.now = time.now()
        return ended.length
      })
  )

describe("a soak", () => {
  it.live(
    `of ${seconds} s leaves sockets, listeners, timers and the heap as they were`,
    () =>
      Effect.gen(function* () {
        const kept: Process = {
          budgets: RateBudget.makeMemory(),
          now: 1_750_000_000_000,
          ports: { exona: 0, appvet: 0, compliance: 0 }
        }
        // The first rounds load and compile code, and teach what is remembered: a tenth of the time, three rounds at least.
        const warmed = performance.now() + seconds * 100
        for (let warm = 0; warm < 3 || performance.now() < warmed; warm++) yield* round(kept, warm)
        const before = yield* measure
        const end = performance.now() + seconds * 1_000
        let rounds = 0
        let scans = 0
        while (rounds < 2 || performance.now() < end) scans += yield* round(kept, ++rounds)
        const after = yield* measure
        if (asked !== undefined) {
          yield* Effect.sync(
            () => void process.stdout.write(`${rounds} rounds, ${scans} scans: ${words(before)}; ${words(after)}\n`)
          )
        }
        assert.strictEqual(scans, rounds * 9)
        assert.strictEqual(after.listeners, before.listeners)
        for (const kind of kinds) assert.isAtMost(after.open[kind] ?? 0, (before.open[kind] ?? 0) + 2, kind)
        // A tenth, and what a few compiled functions weigh.
        assert.isBelow(after.heap, before.heap * 1.1 + 4 * 1024 * 1024)
      }),
    (seconds + 300) * 1_000
  )
})
