/**
 * One scan of one vendor: import its adapter, ask, read a typed outcome.
 *
 * Needs `APPVET_API_KEY` in the environment. Run it with `node docs/examples/one-adapter.ts`.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { AppVet } from "@scanpoll/appvet"
import { ScanJournal, Scans, VendorHttp } from "@scanpoll/core"
import { Console, Effect, Layer } from "effect"

/** Scans one page and says in a line what came of it. */
export const program = Effect.gen(function* () {
  const appvet = yield* AppVet
  const outcome = yield* Scans.run(appvet, { url: "https://shop.example/", type: "security" })
  switch (outcome._tag) {
    case "Completed":
      // The payload is AppVet's own, typed; the assessment is the same for every vendor.
      return `score ${outcome.payload.result?.score ?? "none"}, severity ${outcome.assessment.severity}, ${outcome.findings.items.length} findings`
    case "Partial":
      return `only some checks ran: ${outcome.reason.message}`
    case "Failed":
      return `the scan failed: ${outcome.reason.message}`
  }
}).pipe(
  // Why there is no outcome: the wait ended (its ticket goes on), or nothing was bought.
  Effect.catchTag("PollStopped", (stop) =>
    Effect.succeed(`${stop.message}; resume it with appvet:${stop.ticket.scanId}`)
  ),
  Effect.catchTag("SubmitError", (error) => Effect.succeed(`not bought (${error.kind}): ${error.message}`))
)

/** Everything the program needs: the adapter from the environment, hardened HTTP, a journal in memory. */
export const services = Layer.mergeAll(AppVet.layerConfig, ScanJournal.layerMemory).pipe(
  Layer.provide(VendorHttp.layer),
  Layer.provide(NodeHttpClient.layerUndiciOptions({ allowH2: false }))
)

if (import.meta.main) {
  program.pipe(Effect.flatMap(Console.log), Effect.provide(services), NodeRuntime.runMain)
}
