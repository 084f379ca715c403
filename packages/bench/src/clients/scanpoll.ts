/**
 * A poll as the engine makes it: the AppVet adapter on `VendorHttp` on undici's dispatcher, answer decoded, every promise kept.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import { AppVet } from "@scanpoll/appvet/AppVetVendor"
import * as Telemetry from "@scanpoll/core/engine/Telemetry"
import * as DispatchClient from "@scanpoll/core/http/DispatchClient"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { Client } from "../Client.ts"
import * as tracing from "../tracing.ts"

const dispatcher = DispatchClient.layer(NodeHttpClient.makeDispatcher)

/** The adapter for a vendor on loopback. */
export const appvet = (base: URL, client: Layer.Layer<HttpClient.HttpClient> = dispatcher) =>
  AppVet.layer({
    credential: Redacted.make("bench-key"),
    baseUrl: base.origin,
    insecureHosts: [base.host]
  }).pipe(Layer.provide(VendorHttp.layer), Layer.provide(client))

/** The ticket of a scan at that vendor. */
export const ticketOf = (base: URL, id: number): ScanTicket.ScanTicket =>
  ScanTicket.make({
    vendor: "appvet",
    origin: base.origin,
    account: "default",
    scanId: `scan_${id}`,
    submittedAt: null
  })

const polling =
  (isTraced: boolean, client?: Layer.Layer<HttpClient.HttpClient>): Client =>
  (base) => {
    const why = () => "pace"
    const tracer = isTraced ? tracing.layer : Layer.empty
    const runtime = ManagedRuntime.make(Layer.merge(appvet(base, client), tracer))
    return (count, atOnce) =>
      runtime.runPromise(
        Effect.gen(function* () {
          const adapter = yield* AppVet
          let next = 0
          const lane = Effect.whileLoop({
            while: () => next < count,
            body: () => {
              const ticket = ticketOf(base, next++)
              const poll = adapter.poll(ticket)
              return isTraced ? Telemetry.tracePoll(ticket, why)(poll) : poll
            },
            step: ({ observation }) => {
              if (observation._tag !== "Pending") throw new Error(`unexpected observation: ${observation._tag}`)
            }
          })
          yield* Effect.forEach(Array.from({ length: atOnce }), () => lane, { concurrency: "unbounded", discard: true })
        })
      )
  }

/** Nobody traces. */
export const silent: Client = polling(false)

/** A span for each poll, made and forgotten. */
export const traced: Client = polling(true)

/** Nobody traces; over the client of undici that Effect's platform has. */
export const overUndici: Client = polling(false, NodeHttpClient.layerUndici)

/** Nobody traces; over the built-in fetch. */
export const overFetch: Client = polling(false, NodeHttpClient.layerFetch)
