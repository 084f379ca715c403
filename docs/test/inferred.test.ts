/**
 * What the compiler tells a user: the types that are inferred where nobody writes any, and the wrong uses it refuses.
 * Held by the type check; the one test that runs only keeps the file from being forgotten.
 */
import { AppVet, type AppVetSchema } from "@scanpoll/appvet"
import { Compliance, type ComplianceSchema } from "@scanpoll/compliance"
import {
  Poller,
  PollPolicy,
  type Observation,
  type PollFault,
  type PollStopped,
  type ScanAdapter,
  type ScanJournal,
  type ScanOutcome,
  type ScanRecord,
  Scans,
  type ScanTicket,
  type SubmitError,
  VendorHttp,
  VendorLimits
} from "@scanpoll/core"
import { Exona, type ExonaSchema } from "@scanpoll/exona"
import { Context, Duration, Effect, Layer, Match, Schedule, type Stream } from "effect"
import { describe, expectTypeOf, it } from "vitest"

type Stopped = PollStopped.PollStopped<ScanTicket.ScanTicket>
type Refused = SubmitError.SubmitError
type Unwritten = ScanJournal.JournalError

class Fairness extends Context.Service<Fairness, { readonly wait: Duration.Duration }>()(
  "@scanpoll/docs/test/inferred.test/Fairness"
) {}

const company = { company: { name: "Acme AI Ltd", website: "https://acme.example" } }
const site = { url: "https://shop.example/", type: "security" } as const
const dataset = { policyId: "p", uploadId: "u", mappingId: "m" }

// Never called: what is promised here is promised by the compiler.
const compiled = {
  payloads: Effect.gen(function* () {
    const web = yield* Scans.run(yield* AppVet, site)
    expectTypeOf(web).toEqualTypeOf<ScanOutcome.ScanOutcome<AppVetSchema.AppVetPayload>>()
    const risk = yield* Scans.run(yield* Exona, company)
    expectTypeOf(risk).toEqualTypeOf<ScanOutcome.ScanOutcome<ExonaSchema.ExonaResult>>()
    const rules = yield* Scans.run(yield* Compliance, dataset)
    expectTypeOf(rules).toEqualTypeOf<ScanOutcome.ScanOutcome<ComplianceSchema.CompliancePayload>>()

    if (web._tag === "Completed") {
      expectTypeOf(web.payload.result?.score).toEqualTypeOf<number | undefined>()
    }
    // @ts-expect-error a scan that failed has no payload
    void web.payload.status
    // @ts-expect-error what did not complete may have assessed nothing
    void risk.assessment.severity
    if (rules._tag === "Completed") expectTypeOf(rules.payload.compliance_score).toEqualTypeOf<number>()
  }),

  requests: Effect.gen(function* () {
    const appvet = yield* AppVet
    // @ts-expect-error a company is no request to AppVet
    yield* Scans.run(appvet, company)
    // @ts-expect-error there is no such kind of scan
    yield* Scans.run(appvet, { url: "https://shop.example/", type: "everything" })
    // @ts-expect-error a site without an address
    yield* Scans.run(appvet, { type: "security" })
    // @ts-expect-error not a length of time
    yield* Scans.run(appvet, site, { reuse: "a while" })
    // @ts-expect-error a policy is made from the recommended one
    yield* Scans.run(appvet, site, { policy: "patient" })
    // @ts-expect-error a scan is waited for by its ticket, not by its id alone
    yield* Scans.wait(appvet, "scan_1")
  }),

  errors: (
    appvet: ScanAdapter.ScanAdapter<AppVetSchema.AppVetRequest, AppVetSchema.AppVetPayload>,
    ticket: ScanTicket.ScanTicket
  ) => {
    type Journal = ScanJournal.ScanJournal
    const waited = () => Scans.wait(appvet, ticket)
    expectTypeOf(Scans.run(appvet, site)).toEqualTypeOf<
      Effect.Effect<ScanOutcome.ScanOutcome<AppVetSchema.AppVetPayload>, Stopped | Refused | Unwritten, Journal>
    >()
    expectTypeOf(Scans.submit(appvet, site)).toEqualTypeOf<
      Effect.Effect<Scans.Submission<AppVetSchema.AppVetPayload>, Refused | Unwritten, Journal>
    >()
    expectTypeOf<Effect.Error<ReturnType<typeof Scans.pollOnce>>>().toEqualTypeOf<PollFault.PollFault>()

    // Each failure is caught by its tag, and what is caught is gone.
    const caught = Scans.run(appvet, site).pipe(
      Effect.catchTag("PollStopped", (stopped) => {
        expectTypeOf(stopped.ticket).toEqualTypeOf<ScanTicket.ScanTicket>()
        return Effect.succeed(stopped.reason)
      }),
      Effect.catchTag("SubmitError", (refused) => Effect.succeed(refused.kind))
    )
    expectTypeOf<Effect.Error<typeof caught>>().toEqualTypeOf<Unwritten>()
    // @ts-expect-error a submission that is not waited for cannot stop waiting
    void Scans.submit(appvet, site).pipe(Effect.catchTag("PollStopped", () => Effect.void))
    expectTypeOf<Effect.Error<ReturnType<typeof waited>>>().toEqualTypeOf<Scans.RunError>()
  },

  policies: (recommended: PollPolicy.PollPolicy) => {
    const patient = recommended.pipe(
      PollPolicy.withPace(Schedule.exponential("4 seconds")),
      PollPolicy.withFailures(Schedule.recurs(5)),
      PollPolicy.withFloor("2 seconds"),
      PollPolicy.withDeadline("10 minutes")
    )
    expectTypeOf(patient).toEqualTypeOf<PollPolicy.PollPolicy>()

    const byTick = recommended.pipe(
      PollPolicy.withPace((tick) => {
        expectTypeOf(tick).toEqualTypeOf<PollPolicy.PollTick>()
        return Duration.seconds(tick.polls)
      })
    )
    expectTypeOf(byTick).toEqualTypeOf<PollPolicy.PollPolicy>()

    // What a schedule needs, the policy needs, and so does the scan.
    const fair = PollPolicy.withPace(
      recommended,
      Schedule.spaced("1 second").pipe(
        Schedule.setInputType<PollPolicy.PollTick>(),
        Schedule.modifyDelay(() => Effect.map(Fairness, ({ wait }) => wait))
      )
    )
    expectTypeOf(fair).toEqualTypeOf<PollPolicy.PollPolicy<Fairness>>()
    const scan = Effect.flatMap(AppVet, (appvet) => Scans.run(appvet, site, { policy: () => fair }))
    expectTypeOf<Effect.Services<typeof scan>>().toEqualTypeOf<AppVet | ScanJournal.ScanJournal | Fairness>()

    // @ts-expect-error a pace over something else than ticks
    void PollPolicy.withPace(recommended, Schedule.spaced("1 second").pipe(Schedule.setInputType<string>()))
    // @ts-expect-error not a length of time
    void PollPolicy.withDeadline(recommended, "10 parsecs")
    // @ts-expect-error a deadline is a time, not a schedule
    void recommended.pipe(PollPolicy.withDeadline(Schedule.forever))
    // @ts-expect-error a policy is made by `make`, so that its defaults hold
    const forged: PollPolicy.PollPolicy = { first: null, spread: 0 }
    void forged
  },

  outcomes: (outcome: ScanOutcome.ScanOutcome<AppVetSchema.AppVetPayload>) => {
    const words = (): string => {
      switch (outcome._tag) {
        case "Completed":
          return outcome.assessment.severity
        case "Partial":
          return outcome.reason.message
        case "Failed":
          expectTypeOf(outcome.payload).toEqualTypeOf<null>()
          return outcome.reason.message
      }
    }
    expectTypeOf(words).returns.toEqualTypeOf<string>()

    const matched = Match.value(outcome).pipe(
      Match.tag("Completed", ({ payload }) => payload.id),
      Match.tag("Partial", "Failed", ({ reason }) => reason.code),
      Match.exhaustive
    )
    expectTypeOf(matched).toEqualTypeOf<string | null>()

    const forgetful = Match.value(outcome).pipe(
      Match.tag("Completed", ({ payload }) => payload.id),
      Match.tag("Failed", ({ reason }) => reason.code)
    )
    // @ts-expect-error a partial scan is forgotten
    void Match.exhaustive(forgetful)
  },

  observations: (poll: Effect.Effect<Observation.PollAnswer<{ readonly size: number }>, PollFault.PollFault>) => {
    const wait = Poller.untilTerminal({
      ticket: "t",
      poll,
      policy: PollPolicy.make(),
      limits: VendorLimits.make({ floor: 0 })
    })
    // The engine cannot give what is still pending.
    expectTypeOf<Effect.Success<typeof wait>>().toEqualTypeOf<{ readonly size: number }>()
    expectTypeOf<Effect.Error<typeof wait>>().toEqualTypeOf<PollStopped.PollStopped<string>>()
    expectTypeOf<Effect.Services<typeof wait>>().toEqualTypeOf<never>()
  },

  batches: Effect.gen(function* () {
    const records = Scans.runAll([
      Scans.request(yield* Exona, company),
      Scans.request(yield* AppVet, site, { policy: PollPolicy.withDeadline("5 minutes") })
    ])
    type Either = ExonaSchema.ExonaResult | AppVetSchema.AppVetPayload
    expectTypeOf(records).toEqualTypeOf<Stream.Stream<ScanRecord.ScanRecord<Either>, never, ScanJournal.ScanJournal>>()
    // @ts-expect-error a request is made by `Scans.request`, with its adapter
    void Scans.runAll([company])
  }),

  layers: () => {
    const live = AppVet.layerConfig
    expectTypeOf<Layer.Success<typeof live>>().toEqualTypeOf<AppVet>()
    expectTypeOf<Layer.Services<typeof live>>().toEqualTypeOf<VendorHttp.VendorHttp>()
    // @ts-expect-error a key is redacted, or an effect that brings one; never a bare text
    void AppVet.layer({ credential: "avk_live_1" })
    // One vendor's adapter is not another's.
    const other = Effect.flatMap(Exona, (exona) => Scans.run(exona, company)).pipe(Effect.provide(live))
    expectTypeOf<Effect.Services<typeof other>>().toEqualTypeOf<
      Exona | ScanJournal.ScanJournal | VendorHttp.VendorHttp
    >()
  }
}

describe("what the compiler infers", () => {
  it("is checked with the types of the packages", () => {
    expectTypeOf(compiled).toBeObject()
  })
})
