/** A client in a process of its own: buys scans of web sites and companies, waits for them or not, and says how each ended. */
import { NodeRuntime } from "@effect/platform-node"
import * as Client from "@scanpoll/cluster/Client"
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as SharedBudget from "@scanpoll/cluster/SharedBudget"
import { Scans } from "@scanpoll/core"
import { Effect, Layer, Logger, Schema, Stream } from "effect"
import process from "node:process"
import { adapters, Keys, Places, travel } from "./vendors.ts"

const Told = Schema.Struct({
  journal: Schema.String,
  from: Schema.Int,
  count: Schema.Int,
  waits: Schema.Boolean,
  places: Places,
  keys: Keys
})
export type Told = typeof Told.Type

const say = (value: unknown): void => {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

const client = Effect.gen(function* () {
  const told = yield* Schema.decodeEffect(Schema.fromJsonString(Told))(process.env.CLIENT ?? "")
  const { appvet, exona } = yield* adapters(told.places, told.keys)
  const requests = Array.from({ length: told.count }, (_, i) => told.from + i).map((n) =>
    n % 2 === 0
      ? Scans.request(appvet, { url: `https://shop-${n}.example/`, type: "security" })
      : Scans.request(exona, { company: { name: `Company ${n}`, website: `https://company-${n}.example` } })
  )
  say({ _tag: "Begun" })
  const tell = ({ claimId, state }: { readonly claimId: string | null; readonly state: string }) =>
    Effect.sync(() => say({ _tag: "Record", claimId, state }))
  const all = told.waits
    ? Stream.runForEach(Scans.runAll(requests), tell)
    : Stream.runForEach(Scans.submitAll(requests), tell)
  const client = Effect.provide(all, Client.layer({ journal: told.journal, watch: 200 }))
  const budget = SharedBudget.layer({ polls: false, travel }).pipe(Layer.provide(ClusterDatabase.layer(told.journal)))
  yield* told.places.rate === null ? client : Effect.provide(client, budget)
  say({ _tag: "Done" })
}).pipe(
  Effect.scoped,
  // Else the pipe from whoever started it would keep it alive.
  Effect.ensuring(Effect.sync(() => process.stdin.destroy())),
  Effect.provide(Logger.layer([Logger.withConsoleError(Logger.formatLogFmt)]))
)

// It ends with whoever started it, however that ended.
process.stdin.on("end", () => process.exit(1)).resume()

NodeRuntime.runMain(client)
