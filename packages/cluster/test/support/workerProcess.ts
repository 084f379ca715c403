/**
 * A worker as an operator starts one: reads what it is told from its environment, works until a signal, and says in lines
 * of JSON what happens to it.
 */
import { NodeRuntime } from "@effect/platform-node"
import * as SharedBudget from "@scanpoll/cluster/SharedBudget"
import * as Worker from "@scanpoll/cluster/Worker"
import { Effect, Layer, Logger, Schema } from "effect"
import process from "node:process"
import { createInterface } from "node:readline"
import { adapters, Keys, Places, travel } from "./vendors.ts"

const Told = Schema.Struct({
  journal: Schema.String,
  name: Schema.String,
  lease: Schema.Finite,
  shards: Schema.Int,
  /** Milliseconds between two looks at who is there and what is free. */
  look: Schema.Finite,
  places: Places,
  keys: Keys
})
export type Told = typeof Told.Type

const say = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

const worker = Effect.gen(function* () {
  const told = yield* Schema.decodeEffect(Schema.fromJsonString(Told))(process.env.WORKER ?? "")
  const { appvet, exona } = yield* adapters(told.places, told.keys)
  const layer = Worker.layer({
    journal: told.journal,
    name: told.name,
    adapters: [appvet, exona],
    policy: (adapter) => adapter.policy,
    settings: { lease: told.lease, lookEvery: told.look, assignEvery: told.look, shards: told.shards },
    observer: (event) => {
      if (event._tag !== "Settled") return say(event)
      say({ _tag: "Settled", claimId: event.claimId })
    }
  })
  const budget = SharedBudget.layerPostgres(told.journal, { travel })
  const built = yield* Layer.build(told.places.rate === null ? layer : Layer.provide(layer, budget))
  return yield* Effect.provideContext(
    Effect.gen(function* () {
      const { state } = yield* Worker.ClusterWorker
      const context = yield* Effect.context<never>()
      // Whoever asks, asks by a line.
      const lines = createInterface({ input: process.stdin })
      lines.on("line", () => {
        // Where it is to be told exactly, the process was started for it.
        globalThis.gc?.()
        const memory = process.memoryUsage()
        const cpu = process.cpuUsage()
        say({
          _tag: "State",
          ...Effect.runSyncWith(context)(state),
          heap: memory.heapUsed,
          rss: memory.rss,
          cpu: cpu.user + cpu.system
        })
      })
      yield* Effect.addFinalizer(() => Effect.sync(() => lines.close()))
      say({ _tag: "Begun" })
      return yield* Effect.never
    }),
    built
  )
}).pipe(Effect.scoped, Effect.provide(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)])))

// It ends with whoever started it, however that ended.
process.stdin.on("end", () => process.exit(1)).resume()

NodeRuntime.runMain(worker)
