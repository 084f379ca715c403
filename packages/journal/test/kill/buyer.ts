/**
 * A process that buys scans, to be killed: the real adapters over real sockets, the engine, a journal on disk. It ends
 * itself where it is told to, in the middle of whatever it does.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { AppVet } from "@scanpoll/appvet/AppVetVendor"
import { Compliance } from "@scanpoll/compliance/ComplianceVendor"
import * as RateBudget from "@scanpoll/core/engine/RateBudget"
import type { Already, ScanAdapter, Submitted } from "@scanpoll/core/engine/ScanAdapter"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import type { SubmitError } from "@scanpoll/core/model/SubmitError"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as Observation from "@scanpoll/core/model/Observation"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import { Exona } from "@scanpoll/exona/ExonaVendor"
import * as Journal from "@scanpoll/journal/Journal"
import * as SqliteClient from "@scanpoll/journal/SqliteClient"
import * as SqlJournal from "@scanpoll/journal/SqlJournal"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import * as SqlClient from "effect/sql/SqlClient"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import { troubled } from "@scanpoll/test-support/troubledClient"
import * as FastTime from "@scanpoll/testkit/FastTime"
import { type Call, type Order, rootOf, type Saying, type Side, type VendorName } from "./order.ts"

const order: Order = JSON.parse(process.env["BUYER_ORDER"] ?? "null")
const realClock = Effect.runSync(Clock.Clock)
const time = FastTime.make(realClock, order.speed, order.began)

const say = (saying: Saying): void => void process.stdout.write(`${JSON.stringify(saying)}\n`)

const die = Effect.sync(() => {
  process.kill(process.pid, "SIGKILL")
  // Not one instruction more.
  for (;;) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000)
})

const counts = new Map<string, number>()
const point = (when: Side, call: Call): Effect.Effect<void> =>
  Effect.suspend(() => {
    const name = `${when} ${call}`
    const nth = (counts.get(name) ?? 0) + 1
    counts.set(name, nth)
    const { death } = order
    return death?._tag === "Call" && death.when === when && death.call === call && death.nth === nth ? die : Effect.void
  })

const around = <A, E, R>(call: Call, effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Effect.andThen(
    point("before", call),
    Effect.tap(effect, () => point("after", call))
  )

type Adapting = <Request, Payload>(adapter: ScanAdapter<Request, Payload>) => ScanAdapter<Request, Payload>

// As of a vendor whose submission needs a task first.
const preparing: Adapting = (adapter) => ({
  ...adapter,
  prepare: () => around("prepare", Effect.succeed({ task: "t-1" })),
  submit: (request, prepared) =>
    JSON.stringify(prepared) === '{"task":"t-1"}'
      ? adapter.submit(request)
      : Effect.die(new TypeError(`submitted with ${JSON.stringify(prepared)}`))
})

// As of a vendor that keeps its verdict behind a second address.
const inTwoRequests: Adapting = (adapter) => ({
  ...adapter,
  poll: (ticket) =>
    Effect.map(adapter.poll(ticket), (answer) =>
      answer.observation._tag === "Settled" ? { ...answer, observation: Observation.ended("over") } : answer
    ),
  result: (ticket) => around("result", adapter.poll(ticket))
})

// As of a vendor whose scans go on under another id.
const moving: Adapting = (adapter) => ({
  ...adapter,
  poll: (ticket) => {
    const first = { ...ticket, scanId: rootOf(ticket.scanId) }
    if (first.scanId !== ticket.scanId) return adapter.poll(first)
    return Effect.map(adapter.poll(first), (answer) => ({
      ...answer,
      observation: Observation.moved("running", { ...ticket, scanId: `${ticket.scanId}~` })
    }))
  }
})

let isFirstPoll = true
const watched = <Request, Payload>(adapter: ScanAdapter<Request, Payload>): ScanAdapter<Request, Payload> => {
  const { collect, limits } = adapter
  return {
    ...adapter,
    // What a vendor is given for its answer is real time, as its connection is: on the fast clock half a second is left
    // of it, and a busy machine loses answers that were about to come.
    limits: { ...limits, submitTimeout: Duration.times(limits.submitTimeout, order.speed) },
    submit: (request, prepared) => around("submit", adapter.submit(request, prepared)),
    poll: (ticket) =>
      Effect.suspend(() => {
        if (isFirstPoll) say({ said: "polled", after: performance.now() })
        isFirstPoll = false
        return around("poll", adapter.poll(ticket))
      }),
    ...(collect === undefined ? {} : { collect: (outcome) => around("collect", collect(outcome)) })
  }
}

const counted = (journal: ScanJournal.Operations): ScanJournal.Operations => ({
  ...journal,
  claim: (key, options) =>
    options.peek === true ? journal.claim(key, options) : around("claim", journal.claim(key, options)),
  submitted: (claimId, ticket, notBefore) => around("submitted", journal.submitted(claimId, ticket, notBefore)),
  settled: (claimId, outcome, ticket) => around("settled", journal.settled(claimId, outcome, ticket)),
  inDoubt: (claimId, reason) => around("inDoubt", journal.inDoubt(claimId, reason)),
  refused: (claimId, reason) => around("refused", journal.refused(claimId, reason)),
  released: (claimId) => around("released", journal.released(claimId)),
  prepared: (claimId, data) => around("prepared", journal.prepared(claimId, data)),
  ended: (claimId, word) => around("ended", journal.ended(claimId, word)),
  moved: (claimId, ticket) => around("moved", journal.moved(claimId, ticket)),
  take: (claimId) => around("take", journal.take(claimId))
})

const journal = Layer.effect(
  ScanJournal.ScanJournal,
  Effect.gen(function* () {
    const base = order.journal.startsWith("postgres:")
      ? // A server answers in real time: on the fast clock a busy machine has a sixth of a second to connect.
        Context.get(
          yield* Effect.provideService(Layer.build(Journal.clientPostgres(order.journal)), Clock.Clock, realClock),
          SqlClient.SqlClient
        )
      : yield* SqliteClient.make(order.journal)
    const { death, trouble } = order
    const sql = yield* troubled(base, (n, text) => {
      if (death?._tag === "Statement" && death.nth === n) return { [death.when]: die }
      if (trouble === null || n % trouble.every !== 0) return null
      // A file does not hang; nor may the two ends of a transaction, which nobody can interrupt.
      return trouble.fault === "hangs" && /^(BEGIN|COMMIT|ROLLBACK)/.test(text) ? null : trouble.fault
    })
    // The engine's hours are seconds here, and the journal's patience is counted by whoever waits.
    const options = { patience: "30 minutes", limit: trouble?.fault === "hangs" ? "6 seconds" : "1 hour" } as const
    return counted(yield* Effect.provideService(SqlJournal.make(options), SqlClient.SqlClient, sql))
  })
)

const even = (policy: PollPolicy.PollPolicy) =>
  policy.pipe(
    PollPolicy.withSpread(0),
    PollPolicy.withDeadline("1 hour"),
    // Real time, as for a submission: a poll that a busy machine cuts is asked again.
    PollPolicy.withPollTimeout(Duration.times(policy.pollTimeout, order.speed))
  )

const makeAdapters = Effect.gen(function* () {
  const at = (vendor: VendorName) => {
    const { baseUrl, key, port } = order.access[vendor]
    return { baseUrl, credential: Redacted.make(key), insecureHosts: [`127.0.0.1:${port}`] }
  }
  return {
    exona: watched(inTwoRequests(yield* Exona.make(at("exona")))),
    appvet: watched(moving(yield* AppVet.make(at("appvet")))),
    compliance: watched(preparing(yield* Compliance.make(at("compliance"))))
  }
})
type Adapters = Effect.Success<typeof makeAdapters>

const digits = (n: number): string => String(n).padStart(6, "0")
const companyOf = (n: number) => ({ company: { name: `Acme ${n}`, website: `https://acme-${n}.example` } })
const siteOf = (n: number) => ({ url: `https://shop-${n}.example`, type: "security" as const })
const datasetOf = (n: number) => ({
  policyId: "550e8400-e29b-41d4-a716-446655440000",
  uploadId: `123e4567-e89b-42d3-a456-426614${digits(n)}`,
  mappingId: "789e0123-e45b-47c8-9901-234567890123"
})

const requestsOf = (adapters: Adapters): ReadonlyArray<Scans.ScanRequest<unknown>> =>
  order.requests.map(({ n, vendor }): Scans.ScanRequest<unknown> => {
    switch (vendor) {
      case "exona":
        return Scans.request(adapters.exona, companyOf(n), { policy: even })
      case "appvet":
        return Scans.request(adapters.appvet, siteOf(n), { policy: even })
      case "compliance":
        return Scans.request(adapters.compliance, datasetOf(n), { policy: even })
    }
  })

const buy = Effect.gen(function* () {
  const adapters = yield* makeAdapters
  say({ said: "begun" })
  const states: Record<string, number> = {}
  const count = (state: string): void => void (states[state] = (states[state] ?? 0) + 1)
  if (order.resume) {
    const all = [adapters.exona, adapters.appvet, adapters.compliance]
    yield* Stream.runForEach(Scans.resumeOpen(all, { policy: even }), () => Effect.void)
  }
  yield* Stream.runForEach(
    Scans.runAll(requestsOf(adapters), { reuse: "30 days", concurrency: order.concurrency }),
    (record) => Effect.sync(() => count(record.state))
  )
  say({ said: "ended", states })
}).pipe(Effect.provide(journal))

// What a script does that somebody wrote in an hour. The harness has to catch it.
const buyNaively = Effect.gen(function* () {
  const adapters = yield* makeAdapters
  say({ said: "begun" })
  const file = `${order.journal}.json`
  const known: Record<string, string> = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {}
  for (const { n, vendor } of order.requests) {
    const name = `${vendor} ${n}`
    if (known[name] !== undefined) continue
    const submission: Effect.Effect<Submitted | Already<unknown>, SubmitError> =
      vendor === "exona"
        ? adapters.exona.submit(companyOf(n))
        : vendor === "appvet"
          ? adapters.appvet.submit(siteOf(n))
          : adapters.compliance.submit(datasetOf(n), { task: "t-1" })
    const answer = yield* Effect.option(submission)
    if (answer._tag === "None") continue
    yield* point("before", "submitted")
    known[name] = answer.value._tag === "Submitted" ? answer.value.ticket.scanId : answer.value.outcome.ticket.scanId
    writeFileSync(file, JSON.stringify(known))
  }
  say({ said: "ended", states: { completed: Object.keys(known).length } })
})

const live = FastTime.http(time).pipe(
  Layer.provide(VendorHttp.layer),
  Layer.provide(NodeHttpClient.layerUndici),
  Layer.merge(RateBudget.layerMemory)
)

await Effect.runPromise(
  (order.naive ? buyNaively : buy).pipe(
    Effect.provide(live),
    Effect.provideService(Clock.Clock, time.clock),
    Effect.provideService(References.MinimumLogLevel, "None"),
    Effect.orDie
  )
)
process.exit(0)
