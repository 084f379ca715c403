/**
 * The whole library without the command: three simulated vendors on real sockets, their adapters, the engine and the
 * journal in memory, all on one clock that steps (see `stepTime`). The ledgers of the vendors are the judges.
 */
import { AppVet } from "@scanpoll/appvet/AppVetVendor"
import { Compliance } from "@scanpoll/compliance/ComplianceVendor"
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { Exona } from "@scanpoll/exona/ExonaVendor"
import * as Format from "@scanpoll/report/Format"
import * as ScanReport from "@scanpoll/report/ScanReport"
import type { Fate, Simulator } from "@scanpoll/testkit/Simulator"
import * as Simulators from "@scanpoll/testkit/Simulators"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as Http from "scanpoll/vendors/Http"
import * as StepTime from "./stepTime.ts"

/** One vendor, its simulator and its adapter, behind one face. */
export interface Side {
  readonly vendor: "exona" | "appvet" | "compliance"
  readonly simulator: Simulator
  readonly origin: string
  /** The vendor's least gap between two polls of one scan, in milliseconds. */
  readonly floor: number
  /** A scan of the subject of this number. */
  readonly wanted: (
    number: number,
    policy?: (policy: PollPolicy.PollPolicy) => PollPolicy.PollPolicy
  ) => Scans.ScanRequest<unknown>
  /** The same, content with an answer of up to a month ago; only Exona has a cache. */
  readonly cached: (number: number) => Scans.ScanRequest<unknown>
  /** A scan whose id somebody typed. */
  readonly typed: (scanId: string) => Scans.ScanRequest<unknown>
}

export interface World {
  readonly sides: Readonly<Record<Side["vendor"], Side>>
  readonly time: StepTime.StepTime
  /** Every log line so far, whatever its level, as logfmt. */
  readonly lines: ReadonlyArray<string>
  readonly records: (
    wanted: ReadonlyArray<Scans.ScanRequest<unknown>>,
    options?: Scans.BatchOptions
  ) => Effect.Effect<ReadonlyArray<ScanRecord>>
  readonly record: (wanted: Scans.ScanRequest<unknown>) => Effect.Effect<ScanRecord>
}

export interface Options {
  /** Whether any request limit of the vendors' is left out; default true. */
  readonly unlimited?: boolean
  readonly fate?: Fate
  readonly simulators?: Simulators.Options
  /** Budgets that outlive the world, as those of a process do; default its own. Then `startAt` goes on where they are. */
  readonly budgets?: RateBudget.Budgets
  /** When the world's clock begins, in epoch milliseconds; default the real time. */
  readonly startAt?: number
}

export const vendors = ["exona", "appvet", "compliance"] as const

const uuid = (number: number): string => `123e4567-e89b-42d3-a456-${String(426_614_174_000 + number)}`

const company = (number: number) => ({ name: `Acme ${number}`, website: `https://acme-${number}.example` })

const even = (policy: PollPolicy.PollPolicy) => PollPolicy.withSpread(policy, 0)

const sideOf = <Request, Payload>(
  vendor: Side["vendor"],
  simulator: Simulator,
  adapter: ScanAdapter<Request, Payload>,
  floor: number,
  request: (number: number) => Request,
  cached: (number: number) => Request = request
): Side => {
  return {
    vendor,
    simulator,
    origin: adapter.origin,
    floor,
    wanted: (number, policy = even) => Scans.request(adapter, request(number), { policy }),
    cached: (number) => Scans.request(adapter, cached(number), { policy: even }),
    typed: (scanId) =>
      Scans.fromTicket(
        adapter,
        ScanTicket.make({ vendor, origin: adapter.origin, account: "default", scanId, submittedAt: null }),
        { policy: even }
      )
  }
}

/** Runs a test in a world of its own. */
export const inWorld = <A, E>(
  options: Options,
  body: (world: World) => Effect.Effect<A, E, Scope.Scope | VendorHttp | ScanJournal.ScanJournal>
): Effect.Effect<A, E> =>
  Effect.gen(function* () {
    const real = yield* Clock.Clock
    const time = StepTime.make(options.startAt ?? real.currentTimeMillisUnsafe())
    const lines: Array<string> = []
    const logger = Logger.map(Logger.formatLogFmt, (line) => {
      lines.push(line)
    })
    const { fate } = options
    const limit = options.unlimited === false ? {} : { rateLimit: null }
    const simulators = yield* Effect.orDie(
      Simulators.make({
        clock: time.now,
        seed: "faults",
        ...options.simulators,
        exona: { ...limit, fate: () => fate, ...options.simulators?.exona },
        appvet: { ...limit, fate: () => fate, ...options.simulators?.appvet },
        compliance: { fate: () => ({ inline: false, ...fate }), ...options.simulators?.compliance }
      })
    )
    const http = Layer.provide(time.http, Http.layer)
    const budgets =
      options.budgets === undefined ? RateBudget.layerMemory : Layer.succeed(RateBudget.RateBudget, options.budgets)
    yield* Effect.forkScoped(
      time.run([simulators.exona.ledger, simulators.appvet.ledger, simulators.compliance.ledger])
    )
    const world = Effect.gen(function* () {
      const at = (simulator: Simulator) => ({
        baseUrl: simulator.baseUrl,
        insecureHosts: [`127.0.0.1:${simulator.port}`],
        credential: Redacted.make(simulator.key)
      })
      const exona = yield* Effect.orDie(Exona.make(at(simulators.exona)))
      const appvet = yield* Effect.orDie(AppVet.make(at(simulators.appvet)))
      const compliance = yield* Effect.orDie(Compliance.make(at(simulators.compliance)))
      const context = yield* Effect.context<ScanJournal.ScanJournal | VendorHttp>()
      const records: World["records"] = (wanted, batch = {}) =>
        Effect.provideContext(
          Effect.map(Stream.runCollect(Scans.runAll(wanted, batch)), (all) =>
            [...all].toSorted((one, other) => one.index - other.index)
          ),
          context
        )
      return yield* body({
        time,
        lines,
        records,
        record: (wanted) =>
          Effect.flatMap(records([wanted]), ([first]) =>
            first === undefined ? Effect.die(new Error("a request brought no record")) : Effect.succeed(first)
          ),
        sides: {
          exona: sideOf(
            "exona",
            simulators.exona,
            exona,
            5_000,
            (number) => ({ company: company(number) }),
            (number) => ({ company: company(number), maxAgeDays: 30 })
          ),
          appvet: sideOf("appvet", simulators.appvet, appvet, 3_000, (number) => ({
            url: `https://shop-${number}.example`,
            type: "security" as const
          })),
          compliance: sideOf("compliance", simulators.compliance, compliance, 1_000, (number) => ({
            policyId: "550e8400-e29b-41d4-a716-446655440000",
            uploadId: uuid(number),
            mappingId: "789e0123-e45b-47c8-9901-234567890123",
            auditName: `Audit ${number}`
          }))
        }
      })
    })
    return yield* world.pipe(
      Effect.provide(Layer.mergeAll(http, ScanJournal.layerMemory, budgets)),
      Effect.provide(Logger.layer([logger])),
      Effect.provideService(References.MinimumLogLevel, "All"),
      Effect.provideService(Clock.Clock, time.clock)
    )
  }).pipe(Effect.scoped)

/** The polls of a vendor's scans, in the order they came. */
export const polls = (side: Side) => side.simulator.ledger.requests({ route: "status" })

/** From the end of each poll of a vendor to the beginning of the next one, in milliseconds of the engine. */
export const gaps = (side: Side): ReadonlyArray<number> => {
  const all = polls(side)
  return all.slice(1).map((poll, i) => poll.at - (all[i]?.answeredAt ?? all[i]?.clientClosedAt ?? all[i]?.at ?? 0))
}

/** Loads the policy with a deadline of one's own. */
export const within =
  (deadline: Duration.Input) =>
  (policy: PollPolicy.PollPolicy): PollPolicy.PollPolicy =>
    even(PollPolicy.withDeadline(policy, deadline))

/** The report of these records, as the command would make it. */
export const report = (records: ReadonlyArray<ScanRecord>): ScanReport.ScanReport =>
  ScanReport.fromRecords(records, {
    version: "0.1.0",
    id: "run_1",
    startedAt: Math.min(...records.map((record) => record.submittedAt ?? record.observedAt)),
    finishedAt: Math.max(...records.map((record) => record.observedAt)),
    plan: null
  })

/** A report in every format there is, by name. */
export const everyFormat = (of: ScanReport.ScanReport): Effect.Effect<ReadonlyMap<string, string>> =>
  Effect.map(
    Effect.forEach(Format.all, (format) =>
      Effect.map(Format.renderText(format, of), (text) => [format.name, text] as const)
    ),
    (all) => new Map(all)
  )
