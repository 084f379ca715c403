/**
 * `scanpoll submit`: buys scans and names them, without waiting for what they say.
 *
 * Standard output has one `vendor:scanId` a line, in the order they were submitted, or one JSON document.
 *
 * @since 0.1.0
 */
import * as Scans from "@scanpoll/core/engine/Scans"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as ExitCode from "@scanpoll/report/ExitCode"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { UsageError } from "../config/InputFault.ts"
import * as Key from "../config/Key.ts"
import * as Journal from "../storage/Journal.ts"
import * as Notify from "../notify/Notify.ts"
import * as Look from "../output/Look.ts"
import * as Output from "../output/Output.ts"
import { type Streams, inert, say } from "../output/Streams.ts"
import type { FlagTexts } from "../prepare/Resolve.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import * as Purchases from "../prepare/Purchases.ts"
import * as ReadPlan from "../prepare/ReadPlan.ts"
import * as Progress from "../progress/Progress.ts"
import * as Grace from "../run/Grace.ts"
import * as ScanAndReport from "../run/ScanAndReport.ts"
import * as StoredRun from "../run/StoredRun.ts"
import { Shutdown } from "../process/Shutdown.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Vendors } from "../vendors/Vendors.ts"

const keyOf = (submission: Scans.SubmitRecord): string | null =>
  submission.ticket === null
    ? null
    : Key.format({
        vendor: submission.vendor,
        account: submission.account,
        scanId: submission.ticket.scanId
      })

const line = (submission: Scans.SubmitRecord): string => {
  const name = `${submission.vendor} ${inert(submission.subject.name, 120)}`
  const key = keyOf(submission)
  if (submission.state === "submitted")
    return `${name}: submitted as ${key}${submission.known ? " (bought before)" : ""}`
  const why = submission.reason === null ? "" : `: ${inert(submission.reason.message, 300)}`
  return `${name}: ${submission.state}${why}`
}

const toJson = (submissions: ReadonlyArray<Scans.SubmitRecord>): unknown => ({
  schemaVersion: 1,
  submissions: submissions.map((one) => ({
    index: one.index,
    key: keyOf(one),
    vendor: one.vendor,
    account: one.account,
    scanId: one.ticket?.scanId ?? null,
    subject: one.subject,
    state: one.state,
    known: one.known,
    claimId: one.claimId,
    submittedAt: one.ticket?.submittedAt ?? null,
    reason: one.reason
  }))
})

// A submission that is a scan's end already (a cache hit, a scan done inside the request) was as good as any.
const codeOf = (submission: Scans.SubmitRecord): ExitCode.ExitCode =>
  submission.state === "submitted" || submission.outcome !== null
    ? 0
    : ExitCode.ofRow({ state: submission.state, because: submission.because })

const worst = (codes: ReadonlyArray<ExitCode.ExitCode>): ExitCode.ExitCode =>
  ExitCode.precedence.find((code) => codes.includes(code)) ?? 0

const codeOfAll = (submissions: ReadonlyArray<Scans.SubmitRecord>, isInterrupted: boolean): ExitCode.ExitCode =>
  worst([...submissions.map(codeOf), ...(isInterrupted ? [130 as const] : [])])

/**
 * `scanpoll submit [PLAN|TARGET...]`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const submit = Effect.fnUntraced(function* (input: {
  readonly words: ReadonlyArray<string>
  readonly flags: FlagTexts
}): Effect.fn.Return<
  number,
  UsageError | JournalError,
  FileSystem.FileSystem | Path.Path | Streams | Shutdown | VendorHttp | Vendors
> {
  const facts = yield* ProcessContext
  const plan = yield* ReadPlan.fromWords(input.words, input.flags)
  const asked = { name: "submit", plan, flags: input.flags, formats: Output.small }
  const ready = yield* Effect.flatMap(Command.prepareTargets(asked), Checked.accept)
  const { prepared, settings } = ready

  const shutdown = yield* Shutdown
  const style = Progress.styleOf(settings.progress.value, {
    stderrIsTerminal: false,
    environment: facts.environment,
    quiet: settings.quiet.value
  })
  const toText = (one: Scans.SubmitRecord) => (style === "none" ? Effect.void : say(line(one)))
  const submitted = Effect.gen(function* () {
    yield* Checked.orRefuse(yield* Purchases.check(prepared, settings))
    const runId = yield* ScanAndReport.makeRunId
    const options = StoredRun.options(ready.plan, settings)
    const start = { runId, command: "submit", plan: ready.plan, options, prepared }
    const stored = yield* StoredRun.begin(start, yield* Clock.currentTimeMillis)
    const submissions = yield* Scans.submitAll(
      prepared.map((one) => one.request),
      {
        until: shutdown.requested,
        timeout: settings.timeout.value,
        reuse: settings.reuse.value,
        ...Purchases.option(settings),
        observer: stored.observe,
        ...(settings.concurrency.value === null ? {} : { concurrency: settings.concurrency.value })
      }
    ).pipe(Stream.tap(toText), Stream.runCollect)
    const now = yield* Clock.currentTimeMillis
    for (const one of submissions) {
      if (one.claimId !== null) stored.claimed(one.index, one.claimId)
      const end = StoredRun.endOfSubmission(one, now)
      if (end !== null) stored.rowEnded(end)
    }
    const sorted = submissions.toSorted((a, b) => a.index - b.index)
    const exitCode = codeOfAll(sorted, shutdown.isRequested())
    // What was bought is reported all the same.
    const ended = yield* Effect.result(stored.end(exitCode))
    if (Result.isSuccess(ended)) return { sorted, exitCode }
    yield* say(`error: how this run ended could not be stored in the journal: ${inert(ended.failure.message)}`)
    return { sorted, exitCode: worst([exitCode, 74]) }
  })
  const { exitCode, sorted } = yield* shutdown.soft(
    Notify.during(
      settings,
      submitted.pipe(Effect.provide(Journal.layerOfRun(settings)), Grace.granted(settings), Look.atLogLevel(settings))
    )
  )
  const failed = yield* Output.write(settings, {
    text: () => sorted.flatMap((one) => keyOf(one) ?? []).map((key) => `${key}\n`),
    json: () => toJson(sorted)
  })
  return failed ? worst([exitCode, 74]) : exitCode
})
