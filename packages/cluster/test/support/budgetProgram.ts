/**
 * A program that sends requests as fast as the shared budget lets it, until its stdin ends: one line each on stdout, with
 * the time of the machine's monotonic clock, which all processes have in common.
 */
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as SharedBudget from "@scanpoll/cluster/SharedBudget"
import { RateBudget } from "@scanpoll/core/engine/RateBudget"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import process from "node:process"

const environment = (name: string): string => process.env[name] ?? ""

const program = Effect.gen(function* () {
  const budget = (yield* RateBudget).account(
    { vendor: "acme", origin: "https://acme.test", account: "default" },
    {
      requests: Number(environment("REQUESTS")),
      window: Duration.millis(Number(environment("WINDOW"))),
      ...(environment("WIDE") === ""
        ? {}
        : {
            windows: [
              { requests: Number(environment("WIDE_REQUESTS")), window: Duration.millis(Number(environment("WIDE"))) }
            ]
          }),
      openScans: null,
      typicalDuration: Duration.seconds(10),
      pollsPerScan: () => 2
    }
  )
  const one = Effect.gen(function* () {
    const due = yield* SteadyClock.now
    yield* budget.turn({ kind: "poll", due, lane: "" })
    process.stdout.write(`${process.hrtime.bigint()}\n`)
  })
  yield* Effect.forkScoped(
    Effect.forEach([1, 2, 3, 4], () => Effect.forever(one), { concurrency: "unbounded", discard: true })
  )
  yield* Effect.callback<void>((resume) => {
    process.stdin.once("end", () => resume(Effect.void)).resume()
  })
}).pipe(
  Effect.scoped,
  Effect.provide(
    SharedBudget.layer({ lease: "1 second", silence: "10 seconds" }).pipe(
      Layer.provide(ClusterDatabase.layer(environment("JOURNAL")))
    )
  )
)

await Effect.runPromise(program)
