import type { AppVetPayload } from "@scanpoll/appvet/AppVetSchema"
import type { CompliancePayload } from "@scanpoll/compliance/ComplianceSchema"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import type { ExonaResult } from "@scanpoll/exona/ExonaSchema"
import {
  type AnyPayload,
  type Batch,
  createScanpoll,
  JournalError,
  PollStopped,
  type ScanError,
  type Scanpoll,
  type ScanRecord,
  type WatchEvent
} from "@scanpoll/promise"
import { describe, expectTypeOf, it } from "@effect/vitest"
import { Schedule } from "effect"

const both = createScanpoll({ exona: { apiKey: "k" }, appvet: { apiKey: async () => "k" } })
const company = { company: { name: "Acme AI Ltd", website: "https://acme.example" } }
const site = { url: "https://shop.example/", type: "security" } as const

// Never called: what is promised here is promised by the compiler.
const compiled = {
  payloads: async () => {
    const outcome = await both.appvet.run(site)
    expectTypeOf(outcome).toEqualTypeOf<ScanOutcome<AppVetPayload>>()
    expectTypeOf(outcome.payload).toEqualTypeOf<AppVetPayload | null>()
    switch (outcome._tag) {
      case "Completed":
        expectTypeOf(outcome.payload).toEqualTypeOf<AppVetPayload>()
        // @ts-expect-error only what did not complete has a reason
        return outcome.reason
      case "Partial":
        expectTypeOf(outcome.payload).toEqualTypeOf<AppVetPayload>()
        return outcome.reason.message
      case "Failed":
        expectTypeOf(outcome.payload).toEqualTypeOf<null>()
        // @ts-expect-error a failed scan found nothing, which is not the same as no findings
        return outcome.findings
      default:
        return expectTypeOf(outcome).toEqualTypeOf<never>()
    }
  },

  known: async (ticket: ScanTicket) => {
    expectTypeOf(await both.exona.wait(ticket)).toEqualTypeOf<ScanOutcome<ExonaResult>>()
    expectTypeOf(await both.wait("exona:scn_1")).toEqualTypeOf<ScanOutcome<AnyPayload>>()
    const status = await both.exona.status(ticket)
    if (status._tag === "Settled") expectTypeOf(status.outcome).toEqualTypeOf<ScanOutcome<ExonaResult>>()
    const submission = await both.exona.submit(company)
    expectTypeOf(submission.ticket).toEqualTypeOf<ScanTicket>()
    expectTypeOf(submission.outcome).toEqualTypeOf<ScanOutcome<ExonaResult> | null>()
  },

  unconfigured: (options: { readonly apiKey: string } | undefined) => {
    // @ts-expect-error compliance is not configured
    void both.compliance
    // @ts-expect-error there is no such option
    createScanpoll({ exona: { apiKey: "k" }, exonna: { apiKey: "k" } })
    // @ts-expect-error an Exona client needs a key
    createScanpoll({ exona: {} })
    // @ts-expect-error a compliance server has no default address
    createScanpoll({ compliance: { token: "t" } })
    const maybe = createScanpoll({ exona: { apiKey: "k" }, ...(options === undefined ? {} : { appvet: options }) })
    expectTypeOf(maybe.exona.run).toEqualTypeOf(both.exona.run)
    // @ts-expect-error appvet may not be configured
    void maybe.appvet.run
    expectTypeOf(maybe.appvet?.run).toEqualTypeOf<typeof both.appvet.run | undefined>()
    const needsExona = (scanpoll: Scanpoll<"exona">) => scanpoll.exona
    needsExona(both)
    needsExona(maybe)
    // @ts-expect-error a client without exona
    needsExona(createScanpoll({ appvet: { apiKey: "k" } }))
  },

  requests: () => {
    // @ts-expect-error not a request to AppVet
    void both.appvet.run(company)
    // @ts-expect-error not a kind of scan
    both.appvet.request({ url: "https://shop.example/", type: "everything" })
    // @ts-expect-error not a length of time
    both.appvet.request(site, { policy: { deadline: "10 parsecs" } })
    // @ts-expect-error not an option of a policy
    both.appvet.request(site, { policy: { dead: "10 minutes" } })
    both.appvet.request(site, {
      policy: {
        pace: (tick) => {
          expectTypeOf(tick.progress).toEqualTypeOf<number | null>()
          return tick.seen._tag === "Pending" && tick.seen.phase === "queued" ? 10_000 : "3 seconds"
        },
        failures: { from: "2 seconds", upTo: "1 minute" },
        deadline: "10 minutes"
      }
    })
    both.appvet.request(site, { policy: { pace: Schedule.exponential("4 seconds"), failures: Schedule.recurs(3) } })
    both.appvet.request(site, {
      policy: { pace: [{ every: "2 seconds", lasts: "1 minute" }, { every: "15 seconds" }] }
    })
  },

  mixed: async () => {
    const requests = [both.exona.request(company), both.appvet.request(site)]
    const batch = both.runAll(requests)
    type Either = ScanRecord<"exona", ExonaResult> | ScanRecord<"appvet", AppVetPayload>
    expectTypeOf(batch).toEqualTypeOf<Batch<Either>>()
    expectTypeOf(await batch.collect()).toEqualTypeOf<ReadonlyArray<Either>>()
    for await (const record of batch) {
      // The vendor tells the payload, the state the same for all of them.
      if (record.vendor === "exona") {
        expectTypeOf(record.outcome).toEqualTypeOf<ScanOutcome<ExonaResult> | null>()
      } else {
        expectTypeOf(record.vendor).toEqualTypeOf<"appvet">()
        expectTypeOf(record.outcome).toEqualTypeOf<ScanOutcome<AppVetPayload> | null>()
      }
    }
    for await (const event of both.watch(requests)) {
      expectTypeOf(event).toEqualTypeOf<WatchEvent<Either>>()
      if (event._tag === "Ended") expectTypeOf(event.record).toEqualTypeOf<Either>()
      if (event._tag === "Polled" && event.seen._tag === "PollFault") {
        expectTypeOf(event.seen.retryAfterMs).toEqualTypeOf<number | null>()
      }
    }
    for await (const event of both.watch(both.exona.ticket("exona:scn_1"))) {
      if (event._tag === "Ended") expectTypeOf(event.record).toEqualTypeOf<ScanRecord<"exona", ExonaResult>>()
    }
    // @ts-expect-error of all requests, some are none
    both.runAll([both.exona.request(company), company])
  },

  errors: (error: unknown) => {
    if (error instanceof PollStopped) {
      expectTypeOf(error.ticket).toEqualTypeOf<ScanTicket>()
      expectTypeOf(error.reason).toEqualTypeOf<PollStopped["reason"]>()
    }
    if (error instanceof JournalError) expectTypeOf(error.ticket).toEqualTypeOf<ScanTicket | null>()
    const words = (error: ScanError): string => {
      switch (error._tag) {
        case "PollStopped":
          return error.reason
        case "SubmitError":
          return error.kind
        case "JournalError":
          return error.reason
        case "AbortError":
          return error.state
      }
    }
    expectTypeOf(words).returns.toBeString()
  },

  compliance: () => {
    const scanpoll = createScanpoll({ compliance: { token: "t", baseUrl: "https://compliance.example" } })
    expectTypeOf(scanpoll.compliance.request)
      .returns.toHaveProperty("~types")
      .toEqualTypeOf<{ readonly payload: CompliancePayload } | undefined>()
  }
}

describe("what the compiler infers", () => {
  it("is checked with the types of the package", () => {
    expectTypeOf(compiled).toBeObject()
  })
})
