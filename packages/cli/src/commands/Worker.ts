/**
 * `scanpoll worker`: keeps asking after the open scans of a PostgreSQL journal, together with the other workers of it.
 *
 * It buys nothing. A signal hands its scans over to the others and ends it with exit code 0; a second one ends it at
 * once. When a newer version has changed the journal it hands over its scans and ends with 74. Keys come from its own
 * environment or key file, and an account without one is left to other workers.
 *
 * @since 0.1.0
 */
import * as ClusterDatabase from "@scanpoll/cluster/ClusterDatabase"
import * as Statuses from "@scanpoll/cluster/ClusterStatus"
import * as SharedBudget from "@scanpoll/cluster/SharedBudget"
import * as Worker from "@scanpoll/cluster/Worker"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { AnyAdapter } from "@scanpoll/core/engine/Scans"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import { labelKey } from "@scanpoll/core/unstable/model/Account"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as JournalAddress from "@scanpoll/journal/JournalAddress"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import { type InputFault, quote, usage, type UsageError } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import * as Keys from "../config/Keys.ts"
import type * as Plan from "../config/Plan.ts"
import type { Settings } from "../config/Settings.ts"
import * as HealthServer from "../process/HealthServer.ts"
import * as Notify from "../notify/Notify.ts"
import * as Look from "../output/Look.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as Accounts from "../prepare/Accounts.ts"
import * as Checked from "../prepare/Checked.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Resolve from "../prepare/Resolve.ts"
import { Shutdown } from "../process/Shutdown.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Account } from "../vendors/Vendor.ts"
import { Vendors } from "../vendors/Vendors.ts"

interface Wanted {
  readonly plan: string | null
  readonly listen: string | null
  readonly name: string | null
  readonly slices: string | null
  readonly lease: string | null
  readonly flags: Resolve.FlagTexts
}

const words = {
  unreachable: "unreachable",
  denied: "the vendor refuses the credential",
  deadline: "not over within a day",
  "pace-ended": "its pace ended",
  interrupted: "interrupted",
  "not-found": "the vendor does not know it",
  protocol: "the vendor's answers cannot be understood",
  journal: "the journal cannot be written",
  defect: "a defect of scanpoll"
} as const

const measureEvery = Duration.seconds(15)

const labelOf = (one: { readonly vendor: { readonly name: string }; readonly account: string }): string =>
  labelKey({ vendor: one.vendor.name, account: one.account })

// Every account there is a key for: the usual one of each vendor, and those that a plan declares.
const accountsOf = Effect.fnUntraced(function* (plan: Plan.Plan, keys: Keys.Keys) {
  const vendors = yield* Vendors
  const all = [
    ...vendors.all.map((vendor) => ({ vendor, account: "default", variable: vendor.keyVariable })),
    ...plan.accounts.flatMap(({ name, variable, vendor }) =>
      variable === null ? [] : [{ vendor, account: name, variable }]
    )
  ].filter((one, index, list) => list.findLastIndex((other) => labelOf(other) === labelOf(one)) === index)
  const used: Array<(typeof all)[number]> = []
  const left: Array<string> = []
  for (const one of all) {
    const name = Key.accountName(one.vendor.name, one.account)
    // A key that is there and wrong is a fault; one that is not there is a choice.
    const key = one.variable === null ? null : yield* keys.check(one.variable)
    if (key?._tag === "Unset") left.push(`${name} (${one.variable})`)
    else used.push(one)
  }
  const opened = yield* Accounts.open(used, plan.accounts, keys)
  const accounts = used.flatMap(({ account, vendor }) => {
    const one = opened.value.get(vendor.name, account)
    return one === null ? [] : [{ vendor, account: one }]
  })
  const none = `there is no key in the environment, so there is nothing to poll: ${left.join(", ")}`
  return Checked.and(
    Checked.map(opened, () => ({ accounts, left })),
    used.length === 0 ? Checked.faulty(null, "worker", none) : Checked.make(null)
  )
})

interface Options {
  readonly listening: HealthServer.Place | null
  readonly slices: number | null
  readonly lease: Duration.Duration | null
}

// The flags of this command alone.
const optionsOf = (input: Wanted): Checked.Checked<Options> => {
  const faults: Array<InputFault> = []
  const place = input.listen === null ? Result.succeed(HealthServer.usual) : HealthServer.parse(input.listen)
  if (Result.isFailure(place)) faults.push({ where: "--listen", message: place.failure })
  const slices = input.slices === null ? null : /^\d{1,4}$/.test(input.slices.trim()) ? Number(input.slices) : NaN
  if (slices !== null && !(slices >= 1 && slices <= 1024)) {
    const message = `must be a whole number from 1 to 1024, not ${quote(input.slices ?? "")}`
    faults.push({ where: "--slices", message })
  }
  const lease = input.lease === null ? null : Durations.parse(input.lease, 3_000, 600_000)
  if (lease !== null && Result.isFailure(lease)) {
    faults.push({ where: "--lease", message: `${lease.failure}, not ${quote(input.lease ?? "")}` })
  }
  const value = {
    listening: Result.getOrElse(place, () => null),
    slices,
    lease: lease === null ? null : Result.getOrElse(lease, () => null)
  }
  return Checked.make(value, { faults })
}

interface Ready extends Options {
  readonly settings: Settings
  readonly accounts: ReadonlyArray<Account>
  readonly left: ReadonlyArray<string>
  readonly policies: ReadonlyMap<AnyAdapter, PollPolicy.PollPolicy>
}

const prepare = Effect.fnUntraced(function* (input: Wanted) {
  const { environment } = yield* ProcessContext
  const read = yield* ReadPlan.optional(input.plan)
  const { value: plan } = read
  const settled = yield* Resolve.settings(input.flags, read.value, environment)
  const resolved = Checked.andThen(read, () => settled)
  const { value: settings } = resolved
  const keys = yield* Keys.make(environment, settings.keyFile.value)
  const found = yield* accountsOf(plan, keys)
  const policies = Checked.all(
    found.value.accounts.map(({ account, vendor }) =>
      // A waiting client has a deadline of its own; the polls continue.
      Checked.map(Resolve.policy({ vendor }, plan, settings), (one) =>
        one === null ? [] : [[account.adapter, PollPolicy.withDeadline(one, Duration.days(1))] as const]
      )
    )
  )
  const options = optionsOf(input)
  return Checked.map([options, found, policies].reduce(Checked.and, resolved), (): Ready => ({
    ...options.value,
    accounts: found.value.accounts.map(({ account }) => account),
    left: found.value.left,
    settings,
    policies: new Map(policies.value.flat())
  }))
})

const databaseOf = (settings: Settings): Effect.Effect<Redacted.Redacted, UsageError> => {
  const { source, value, where } = settings.journal
  return value?._tag === "Postgres"
    ? Effect.succeed(value.url)
    : Effect.fail(
        usage(
          source === "default" ? "--journal" : where,
          "a worker needs the journal of its cluster, postgres://user@host:5432/database; put a password in SCANPOLL_JOURNAL"
        )
      )
}

const hasPassword = (url: Redacted.Redacted): boolean => {
  const parsed = URL.parse(Redacted.value(url))
  return parsed !== null && (parsed.password !== "" || parsed.searchParams.has("password"))
}

const secondsOf = (millis: number): string =>
  millis < 10_000 ? (millis / 1000).toFixed(1) : String(Math.round(millis / 1000))

const standing = (state: Worker.WorkerState, polls: number): string => {
  const late = state.lateness === null ? "" : `, p99 ${secondsOf(state.lateness.p99)} s late`
  return `${state.phase}: ${state.slices} of ${state.shards} slices, ${state.open} open scans, ${polls} polls in the last minute${late}`
}

/**
 * `scanpoll worker`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const worker = Effect.fnUntraced(function* (
  input: Wanted
): Effect.fn.Return<
  number,
  UsageError | JournalError,
  FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors
> {
  const checked = yield* prepare(input)
  const { accounts, lease, left, listening, policies, settings, slices } = yield* Checked.orRefuse(checked)
  const url = yield* databaseOf(settings)
  const visible = settings.journal.source === "flag" && hasPassword(url)
  const warnings = visible ? ["--journal: its password is visible in `ps`; put it in SCANPOLL_JOURNAL"] : []
  yield* Checked.accept(Checked.and(checked, Checked.make(null, { warnings })))

  const quiet = settings.quiet.value
  const tell = (...lines: ReadonlyArray<string>) => (quiet ? Effect.void : say(...lines))
  const shutdown = yield* Shutdown
  yield* shutdown.allow(Duration.millis(9500))
  let standingNow: Effect.Effect<Worker.WorkerState> | null = null
  const state = Effect.suspend(() =>
    standingNow === null
      ? Effect.succeed(null)
      : Effect.map(standingNow, (now) => (shutdown.isRequested() ? { ...now, ready: false } : now))
  )
  const complaints: Array<string> = []

  const working = Effect.gen(function* () {
    if (listening !== null) {
      yield* Effect.mapError(Layer.build(HealthServer.layer(listening, state)), (error) =>
        usage(
          input.listen === null ? "--listen" : `--listen ${quote(input.listen)}`,
          `cannot listen there (${codeOf(error)}); another HOST:PORT, or off`
        )
      )
    }
    const joined = yield* Effect.raceFirst(
      Layer.build(
        Worker.layer({
          journal: url,
          ...(input.name === null ? {} : { name: input.name }),
          adapters: accounts.map(({ adapter }) => adapter),
          policy: (adapter) => policies.get(adapter) ?? adapter.policy,
          settings: {
            ...(slices === null ? {} : { shards: slices }),
            ...(lease === null ? {} : { lease })
          },
          observer: (event) => {
            if (event._tag !== "Rests" || event.reason === "interrupted" || complaints.length >= 100) return
            complaints.push(`${ScanTicket.accountKey(event.ticket)} rests: ${words[event.reason]}`)
          }
        }).pipe(Layer.provide(SharedBudget.layerPostgres(url)))
      ).pipe(
        Effect.catchTag("ClusterError", (error) =>
          Effect.fail(usage(error.reason === "name" ? "--name" : "--slices", error.message))
        )
      ),
      Effect.as(shutdown.requested, null)
    )
    if (joined === null) return 0
    const service = Context.get(joined, Worker.ClusterWorker)
    standingNow = service.state
    const { name } = yield* service.state
    yield* tell(
      `worker ${inert(name)} polls for ${accounts.map(({ account, vendor }) => Key.accountName(vendor, account)).join(", ")}`,
      `  journal: ${inert(JournalAddress.show({ _tag: "Postgres", url }))}`,
      ...(listening === null
        ? []
        : [`  health and metrics: http://${HealthServer.format(listening)}/readyz, /healthz, /metrics`]),
      ...(left.length === 0 ? [] : [`  left to other workers, because there is no key: ${left.join(", ")}`])
    )
    let polls = 0
    const everyMinute = Effect.gen(function* () {
      yield* Effect.sleep("1 minute")
      const now = yield* service.state
      yield* tell(standing(now, now.polls - polls))
      polls = now.polls
    })
    const everySecond = Effect.gen(function* () {
      yield* Effect.sleep("1 second")
      const lines = [...new Set(complaints.splice(0))]
      if (lines.length > 0) yield* say(...lines.map((line) => `warning: ${inert(line, 300)}`))
    })
    // Metrics of how the whole cluster stands, as each worker reads it.
    const measure = Effect.ignore(Effect.flatMap(Statuses.read, Statuses.measure))
    if (listening !== null) {
      yield* Effect.forkScoped(
        Effect.provide(
          Effect.forever(Effect.andThen(measure, Effect.sleep(measureEvery))),
          ClusterDatabase.layer(url, { maxConnections: 1 })
        )
      )
    }
    yield* Effect.forkScoped(Effect.forever(everyMinute))
    yield* Effect.forkScoped(Effect.forever(everySecond))
    const isOutdated = yield* Effect.raceFirst(Effect.as(shutdown.requested, false), Effect.as(service.outdated, true))
    if (isOutdated) {
      yield* say(
        "error: a newer version of scanpoll has changed the journal. This worker has handed over its scans; upgrade it"
      )
      return 74
    }
    yield* tell("handing over to the other workers (a second signal leaves at once)")
    return 0
  }).pipe(Effect.scoped, Look.atLogLevel(settings))
  return yield* shutdown.soft(Notify.during(settings, working))
})

const codeOf = (error: { readonly cause?: unknown }): string => {
  const { cause } = error
  return typeof cause === "object" && cause !== null && "code" in cause && typeof cause.code === "string"
    ? cause.code
    : "no such address, or the port is in use"
}
