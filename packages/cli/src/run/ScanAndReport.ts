/**
 * Runs scans from the first request to the exit code: progress, records, report, gate, files.
 *
 * Whatever happens on the way, the report is written: a signal, a vendor's outage and a full disk are rows or reasons in
 * it. Files are written before the exit code is decided, standard output last, so that what it says about the run is
 * final.
 *
 * @since 0.1.0
 */
import { forecast } from "@scanpoll/core/unstable/engine/Forecast"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Scans from "@scanpoll/core/engine/Scans"
import * as StoredRuns from "@scanpoll/core/unstable/engine/StoredRuns"
import { SubmissionGrace } from "@scanpoll/core/unstable/engine/SubmissionGrace"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as DurationModel from "@scanpoll/core/engine/DurationModel"
import * as Baseline from "@scanpoll/report/Baseline"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Payload from "@scanpoll/report/Payload"
import type { TrendPoint } from "@scanpoll/report/ReportScan"
import * as RenderEvents from "@scanpoll/report/RenderEvents"
import * as SafeText from "@scanpoll/report/SafeText"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Durations from "@scanpoll/core/unstable/time/Durations"
import * as Key from "../config/Key.ts"
import type { Keys } from "../config/Keys.ts"
import type { Plan } from "../config/Plan.ts"
import type { Settings } from "../config/Settings.ts"
import * as Hints from "../output/Hints.ts"
import * as Log from "../output/Log.ts"
import * as RepositoryPath from "../output/RepositoryPath.ts"
import * as Look from "../output/Look.ts"
import { inert, say, Streams } from "../output/Streams.ts"
import * as Purchases from "../prepare/Purchases.ts"
import type { Prepared } from "../prepare/Requests.ts"
import * as Resolve from "../prepare/Resolve.ts"
import * as Progress from "../progress/Progress.ts"
import type * as TimeLeft from "../progress/TimeLeft.ts"
import { Shutdown } from "../process/Shutdown.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { version } from "../process/Version.ts"
import * as EventLines from "./EventLines.ts"
import * as StoredRun from "./StoredRun.ts"
import * as Trends from "./Trends.ts"
import * as WriteReport from "./WriteReport.ts"
import { plural } from "../output/Plural.ts"

/**
 * - `plan`: the plan in force; an empty one where there is none. `command`: what runs, as the journal keeps it.
 * - `realClock`: times the redrawing where the run has a clock of its own.
 * - `hints`: what was typed, to end with what to type next. Default: no such end.
 * - `continues`: the stored run that goes on, and whether a claim was made by it. Default: a run of its own.
 * - `leftOut`: in words what the run should have looked at and does not, so that its verdict is not on the whole; null
 *   where there is nothing. Asked once the run has ended.
 * - `baseline`: what the run is held against.
 *
 * @category models
 * @since 0.1.0
 */
export interface Wanted {
  readonly prepared: ReadonlyArray<Prepared>
  readonly command: string
  readonly plan: Plan
  readonly settings: Settings
  readonly keys: Keys
  readonly realClock?: Clock.Clock
  readonly hints?: Pick<Hints.Context, "flags" | "typed">
  readonly baseline?: Baseline.Baseline | null
  readonly continues?: { readonly runId: string; readonly bought: (claimId: string) => boolean }
  readonly leftOut?: () => string | null
}

/**
 * What a run came to.
 *
 * @category models
 * @since 0.1.0
 */
export interface Ran {
  readonly report: ScanReport.ScanReport
  readonly records: ReadonlyArray<ScanRecord>
  readonly code: number
}

/**
 * A run's id: sorts by age, as claims do.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeRunId: Effect.Effect<string> = Effect.map(ScanJournal.makeClaimId, (id) => id.replace(/^clm/, "run"))

// A run that cannot fit is worth knowing before anything is bought.
const budgetWarnings = (wanted: Wanted): ReadonlyArray<string> => {
  const timeout = wanted.settings.timeout.value
  return forecast(wanted.prepared.map((one) => one.request)).flatMap(
    ({ account, atLeast, limit, requests, vendor }) => {
      if (!Duration.isGreaterThan(atLeast, timeout)) return []
      const who = Key.accountName(vendor, account)
      const need = `about ${plural(requests, "request")}, which take at least ${Durations.format(atLeast)}`
      const why = limit === null ? "" : ` at ${limit}`
      return [
        `${who}: this run needs ${need}${why}; it ends after ${Durations.format(timeout)} (--timeout), and not all of it will be done`
      ]
    }
  )
}

type Kept = Pick<ScanReport.RowOptions, "payload" | "payloadSha256">

const payloadOf = (
  { outcome }: Pick<ScanRecord, "outcome">,
  request: Scans.ScanRequest<unknown> | undefined,
  settings: Settings,
  scrub: (text: string) => string
): Kept => {
  if (request === undefined || outcome === null || outcome.payload === null) return {}
  const encoded = Schema.encodeUnknownOption(Schema.toCodecJson(request.adapter.payload))(outcome.payload)
  if (Option.isNone(encoded)) return {}
  return Payload.keep(encoded.value, settings.raw.value, { scrub })
}

// What past scans say of the durations of those that are wanted.
const durationsOf = (prepared: Wanted["prepared"], model: DurationModel.Durations): TimeLeft.ScanAt => {
  const scans = prepared.map(({ request: { adapter, kind } }): TimeLeft.Scan | null => {
    const about = kind === null ? null : DurationModel.about(adapter, kind)
    if (about === null) return null
    return {
      account: Key.accountName(adapter.vendor, adapter.account),
      kind: about.kind,
      left: (age, p) => model.left(about, age, p)
    }
  })
  return (index) => scans[index] ?? null
}

interface Scanning {
  readonly until: Effect.Effect<void>
  readonly events: EventLines.EventLines
  readonly stored: StoredRun.Storing | null
  readonly typeOf: (index: number) => string
}

// The vendor's own result may be very large: what a report needs of it is taken as soon as the record is there.
const withoutPayload = (record: ScanRecord): ScanRecord =>
  record.outcome === null ? record : { ...record, outcome: { ...record.outcome, payload: null } }

// From the first request to the last record, shown, told and stored on the way. `failure`: why standard output failed.
// `payloads`: what the report keeps of the vendor's own result of each row, by its index.
const scan = Effect.fnUntraced(function* (
  { continues, keys, prepared, realClock, settings }: Wanted,
  { events, stored, typeOf, until }: Scanning
) {
  const shutdown = yield* Shutdown
  const facts = yield* ProcessContext
  const style = Look.styleOf(settings, facts)
  const view = yield* Progress.begin(style, prepared.length, {
    color: Look.mayColor(settings, facts, facts.stderrIsTerminal),
    realClock: realClock ?? (yield* Clock.Clock),
    typeOf,
    scanAt: durationsOf(prepared, yield* DurationModel.DurationModel)
  })
  const grace = Duration.format(yield* SubmissionGrace)
  yield* Effect.forkScoped(
    Effect.andThen(
      shutdown.requested,
      say(
        `stopping: no further polls; a submission on its way has ${grace}, then the report follows (Ctrl-C again leaves at once)`
      )
    )
  )
  const writing = yield* Effect.forkScoped(events.write)
  const payloads = new Map<number, Kept>()
  const ended = yield* Scans.runAll(
    prepared.map((one) => one.request),
    {
      until,
      timeout: settings.timeout.value,
      reuse: settings.reuse.value,
      ...Purchases.option(settings),
      ...(settings.concurrency.value === null ? {} : { concurrency: settings.concurrency.value }),
      observer: (event) => {
        view.observer(event)
        stored?.observe(event)
        events.tell(event)
      }
    }
  ).pipe(
    Stream.map((record) => ofThisRun(record, continues)),
    Stream.map((record) => {
      stored?.rowEnded(StoredRuns.endOf(record))
      payloads.set(record.index, payloadOf(record, prepared[record.index]?.request, settings, keys.redact))
      return withoutPayload(record)
    }),
    Stream.runCollect,
    Effect.provideService(Log.ToldByProgress, style === "plain" && settings.logLevel.source === "default")
  )
  yield* events.end
  return { ended, payloads, failure: yield* Fiber.join(writing) }
}, Effect.scoped)

// What a report says of the run as a whole, asked once the run has ended.
const infoOf = ({ keys, leftOut, plan, settings }: Wanted, id: string) => {
  const missing = leftOut?.() ?? null
  return {
    version,
    id,
    plan: plan.file,
    part: plan.part,
    policy: Resolve.gate(settings),
    leftOut: missing === null ? [] : [missing],
    redact: keys.redact
  }
}

// Held against the baseline, with what is to be said about the two.
const against = Effect.fnUntraced(function* (
  report: ScanReport.ScanReport,
  { baseline = null, settings }: Wanted,
  at: number
) {
  if (baseline === null) return report
  const file = settings.baseline.value ?? "the baseline"
  for (const line of Baseline.review(report, baseline, at)) {
    yield* say(`warning: ${inert(file)} ${inert(line)}`)
  }
  return Baseline.apply(report, baseline, at)
})

/**
 * Runs what is wanted and writes its report.
 *
 * @category constructors
 * @since 0.1.0
 */
export const run = Effect.fnUntraced(function* (
  wanted: Wanted
): Effect.fn.Return<Ran, never, FileSystem.FileSystem | Path.Path | ScanJournal.ScanJournal | Shutdown | Streams> {
  const { keys, plan, prepared, settings } = wanted
  const streams = yield* Streams
  const shutdown = yield* Shutdown
  const outputs = settings.output.value
  const quiet = settings.quiet.value
  const faults: Array<{ readonly code: 74; readonly message: string }> = []

  for (const line of budgetWarnings(wanted)) yield* say(`warning: ${line}`)

  const forgetful = settings.journal.value?._tag === "Memory"
  const typeOf = (index: number): string => prepared[index]?.request.kind ?? ""
  const id = wanted.continues?.runId ?? (yield* makeRunId)
  const collects = (index: number): boolean => prepared[index]?.request.adapter.collect !== undefined
  const hints = {
    flags: {},
    typed: null,
    ...wanted.hints,
    settings,
    plan: plan.file,
    run: id,
    collects: ({ index }: ScanRecord) => collects(index)
  }
  const commandsOf = (one: Prepared | undefined) => ({
    ...Hints.rowCommands({ ...hints, plan: one?.plan ?? hints.plan }),
    forgetful
  })
  const paths = yield* RepositoryPath.ofAll(prepared.flatMap((one) => one.plan ?? []))
  const rowOf = (index: number) => ({
    ...RepositoryPath.placed(prepared[index], paths),
    scanType: typeOf(index),
    ...gateOf(prepared[index]),
    collects: collects(index),
    reusedBecause: reusedBecause(wanted),
    commands: commandsOf(prepared[index])
  })
  const events = yield* EventLines.make(outputs, (event) =>
    RenderEvents.fromEvent(event, { redact: keys.redact, row: rowOf(event.index) })
  )

  const startedAt = yield* Clock.currentTimeMillis
  const storing = yield* begin(wanted, id, startedAt)
  if (Result.isFailure(storing)) faults.push({ code: 74, message: storing.failure })
  const stored = Result.isSuccess(storing) ? storing.success : null
  // A reader of events alone that leaves wants no more of them.
  const left = Effect.andThen(streams.readerGone, streams.err(SafeText.lines("standard output was closed: stopping")))
  const until =
    events.onStdout && outputs.length === 1 ? Effect.raceFirst(shutdown.requested, left) : shutdown.requested
  const { ended: records, failure, payloads } = yield* scan(wanted, { until, events, stored, typeOf })
  if (failure !== null && faults.length === 0) faults.push({ code: 74, message: `standard output failed: ${failure}` })

  const finishedAt = yield* Clock.currentTimeMillis
  const trends = yield* trendsOf(records, wanted, finishedAt)
  const made = ScanReport.fromRecords(records, {
    ...infoOf(wanted, id),
    startedAt,
    finishedAt,
    interrupted: shutdown.isRequested(),
    faults,
    row: (record) => ({
      ...rowOf(record.index),
      trend: trends.get(record.index) ?? [],
      ...payloads.get(record.index)
    })
  })
  let report = yield* against(made, wanted, finishedAt)

  const inFiles = yield* WriteReport.toFiles(report, settings, events.lines)
  const onStdout = yield* WriteReport.toStdout(inFiles.report, settings)
  report = onStdout.report

  const kept = stored === null ? Result.succeed(undefined) : yield* Effect.result(stored.end(report.exit.code))
  if (Result.isFailure(kept)) {
    const message = `how this run ended could not be stored in the journal: ${kept.failure.message}`
    report = ScanReport.withFault(report, { code: 74, message })
    yield* say(`error: ${inert(message)}`)
  }

  if (!quiet) {
    const said = [
      ...inFiles.written,
      ...(onStdout.hasText ? [] : conclusion(report)),
      ...(wanted.hints === undefined ? [] : Hints.hints(records, hints))
    ]
    yield* say(...said)
  }
  return { report, records, code: report.exit.code }
})

const gateOf = (one: Prepared | undefined) => (one === undefined || one.gate === null ? {} : { gate: one.gate })

const trendsOf = Effect.fnUntraced(function* (
  records: ReadonlyArray<ScanRecord>,
  { prepared }: Wanted,
  finishedAt: number
): Effect.fn.Return<ReadonlyMap<number, ReadonlyArray<TrendPoint>>, never, ScanJournal.ScanJournal> {
  const rows = records.map(
    ({ account, claimId, index, observedAt, reused, subject, ticket, vendor }): Trends.Wanted => {
      const { adapter, kind } = prepared[index]?.request ?? {}
      const before = reused ? observedAt : finishedAt + 1
      const origin = ticket?.origin ?? adapter?.origin ?? null
      const scanId = ticket?.scanId ?? null
      return { vendor, account, origin, scanType: kind ?? null, subject, claimId, scanId, before }
    }
  )
  const found = yield* Trends.of(rows)
  return new Map(records.map(({ index }, at) => [index, found[at] ?? []]))
})

// What an earlier process bought for this very run is no answer of another one.
const ofThisRun = <P>(record: ScanRecord<P>, continues: Wanted["continues"]): ScanRecord<P> =>
  record.reused && record.claimId !== null && continues?.bought(record.claimId) === true
    ? { ...record, reused: false, ageMs: record.outcome?.ageMs ?? null }
    : record

/**
 * In words why an outcome that was known before may answer a row.
 *
 * @category destructors
 * @since 0.2.0
 */
export const reusedBecause = ({ command, settings }: Pick<Wanted, "command" | "settings">): string =>
  command === "run"
    ? `it completed within ${Durations.format(settings.reuse.value)} (--reuse)`
    : "its scan had ended before; nothing was asked or bought"

// A run that cannot be stored could not store what it buys either: each of its rows then says so, and nothing is bought.
const begin = (
  { command, continues, plan, prepared, settings }: Wanted,
  runId: string,
  startedAt: number
): Effect.Effect<Result.Result<StoredRun.Storing, string>, never, ScanJournal.ScanJournal> =>
  (continues === undefined
    ? StoredRun.begin({ runId, command, plan, options: StoredRun.options(plan, settings), prepared }, startedAt)
    : StoredRun.goOn(runId, [...prepared.keys()])
  ).pipe(
    Effect.mapError((error) => `the run could not be stored in the journal: ${error.message}`),
    Effect.result
  )

// What the report says about the exit, for people who do not see the report.
const conclusion = (report: ScanReport.ScanReport): ReadonlyArray<string> => {
  const { byState, total } = report.summary
  const states = Object.entries(byState).map(([state, count]) => `${count} ${state}`)
  return [
    `${plural(total, "scan")}: ${states.join(", ")}`,
    ...report.exit.reasons.map(
      (reason) => `exit ${reason.code}${reason.masked ? " (allowed)" : ""}: ${HostileText.toLine(reason.message)}`
    )
  ]
}
