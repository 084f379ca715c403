/** The adapters that the processes of these tests use, for simulators on loopback, with paces of their own. */
import { NodeHttpClient } from "@effect/platform-node"
import { AppVet } from "@scanpoll/appvet"
import { type ScanAdapter, PollPolicy, VendorHttp, VendorLimits } from "@scanpoll/core"
import { Exona } from "@scanpoll/exona"
import { Duration, Effect, Layer, Redacted, Schema } from "effect"

/** What a process is told of its vendors; the keys come by its environment. */
export const Places = Schema.Struct({
  appvet: Schema.String,
  exona: Schema.String,
  /** Milliseconds between two polls of one scan. */
  pace: Schema.Finite,
  /** Requests of each account in any five seconds; null for no limit. */
  rate: Schema.NullOr(Schema.Finite)
})
export type Places = typeof Places.Type

export const Keys = Schema.Struct({ appvet: Schema.String, exona: Schema.String })
export type Keys = typeof Keys.Type

export const window = Duration.seconds(5)

/** How long a request may be on its way: machines that have much to do at once are slow. */
export const travel = Duration.seconds(2)

const quick = <Request, Payload>(
  adapter: ScanAdapter.ScanAdapter<Request, Payload>,
  places: Places
): ScanAdapter.ScanAdapter<Request, Payload> => ({
  ...adapter,
  limits: VendorLimits.make({
    floor: "100 millis",
    hintCap: "500 millis",
    throttledWait: "1 second",
    submitTimeout: "15 seconds"
  }),
  policy: PollPolicy.make({ pace: `${places.pace} millis`, first: `${places.pace} millis`, deadline: "1 day" }),
  budget: {
    requests: places.rate,
    window,
    openScans: null,
    typicalDuration: adapter.budget.typicalDuration,
    pollsPerScan: () => 1
  }
})

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

export const adapters = (places: Places, keys: Keys) =>
  Effect.gen(function* () {
    const context = yield* Layer.build(http)
    const insecureHosts = ["127.0.0.1"]
    const make = Effect.all({
      appvet: AppVet.make({ credential: Redacted.make(keys.appvet), baseUrl: places.appvet, insecureHosts }),
      exona: Exona.make({ credential: Redacted.make(keys.exona), baseUrl: places.exona, insecureHosts })
    })
    const { appvet, exona } = yield* Effect.provideContext(make, context)
    return { appvet: quick(appvet, places), exona: quick(exona, places) }
  })
