/**
 * A batch across three vendors into one list of records.
 *
 * Every request brings exactly one record, whatever happens to it: nothing here can throw one away. Needs
 * `EXONA_API_KEY`, `APPVET_API_KEY`, `COMPLIANCE_TOKEN` and `COMPLIANCE_BASE_URL` in the environment.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import { AppVet } from "@scanpoll/appvet"
import { Compliance } from "@scanpoll/compliance"
import { PollPolicy, ScanJournal, ScanRecord, Scans, VendorHttp } from "@scanpoll/core"
import { Exona } from "@scanpoll/exona"
import { Console, Effect, Layer, Stream } from "effect"

/** One record per request, in the order of the requests. */
export const program = Effect.gen(function* () {
  const exona = yield* Exona
  const appvet = yield* AppVet
  const compliance = yield* Compliance
  const requests = [
    Scans.request(exona, { company: { name: "Acme AI Ltd", website: "https://acme.example" }, maxAgeDays: 30 }),
    Scans.request(
      appvet,
      { url: "https://shop.example/", type: "security" },
      { policy: PollPolicy.withDeadline("10 minutes") }
    ),
    Scans.request(compliance, {
      policyId: "550e8400-e29b-41d4-a716-446655440000",
      uploadId: "123e4567-e89b-12d3-a456-426614174000",
      mappingId: "789e0123-e45b-67c8-d901-234567890123"
    })
  ]
  const records = yield* Stream.runCollect(Scans.runAll(requests, { timeout: "15 minutes" }))
  return [...records].sort((a, b) => a.index - b.index)
})

/** A line per record: state and severity mean the same for every vendor. */
export const lines = Effect.map(program, (records) =>
  records.map((record) => `${record.vendor}  ${record.subject.name}  ${record.state}  ${ScanRecord.severity(record)}`)
)

export const services = Layer.mergeAll(
  Exona.layerConfig,
  AppVet.layerConfig,
  Compliance.layerConfig,
  ScanJournal.layerMemory
).pipe(Layer.provide(VendorHttp.layer), Layer.provide(NodeHttpClient.layerUndiciOptions({ allowH2: false })))

if (import.meta.main) {
  lines.pipe(
    Effect.flatMap((all) => Console.log(all.join("\n"))),
    Effect.provide(services),
    NodeRuntime.runMain
  )
}
