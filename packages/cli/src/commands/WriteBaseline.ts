/**
 * `scanpoll baseline write`: what is known from now on, and with a reason, what somebody accepts.
 *
 * @since 0.2.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Clock from "effect/Clock"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import { type InputFault, type UsageError, quote } from "../config/InputFault.ts"
import * as Plan from "../config/Plan.ts"
import { inert, say, type Streams } from "../output/Streams.ts"
import * as WholeFile from "../output/WholeFile.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Outputs from "../prepare/Outputs.ts"
import * as Resolve from "../prepare/Resolve.ts"
import * as Look from "../output/Look.ts"
import * as StoredReport from "../run/StoredReport.ts"
import * as Journal from "../storage/Journal.ts"
import type { Settings } from "../config/Settings.ts"
import * as SavedFiles from "../prepare/SavedFiles.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import { plural } from "../output/Plural.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams

interface Input {
  readonly file: string
  readonly from: string | null
  readonly reason: string | null
  readonly until: string | null
  readonly by: string | null
  readonly assessments: boolean
  readonly flags: Resolve.FlagTexts
}

// Until when, in milliseconds.
const decisionOf = (input: Input, now: number): Checked.Checked<number | null> => {
  const faults: Array<InputFault> = []
  const refuse = (where: string, message: string): void => {
    faults.push({ where, message })
  }
  const until = input.until === null ? null : Option.getOrNull(Baseline.parseUntil(input.until.trim()))
  if (input.until !== null && until === null) {
    refuse("--until", `must be ${Baseline.untilForms}, not ${quote(input.until)}`)
  }
  if (until !== null && until <= now)
    refuse("--until", `${quote(input.until ?? "")} is in the past: name a day to come`)
  if (input.reason === null) {
    if (input.until !== null) refuse("--until", "needs --reason: what is accepted needs a reason")
    if (input.by !== null) refuse("--by", "needs --reason: every acceptance has one")
    if (input.assessments) refuse("--assessments", "needs --reason: what is accepted needs a reason")
  } else if (input.reason.trim() === "") refuse("--reason", "must not be empty")
  if (input.by !== null && input.by.trim() === "") refuse("--by", "must not be empty")
  return Checked.make(until, { faults })
}

// Who decides, where nobody is named: the user of this machine.
const userOf = (environment: Readonly<Record<string, string | undefined>>): string | null =>
  [environment["USER"], environment["LOGNAME"], environment["USERNAME"]].find(
    (name) => name !== undefined && name !== ""
  ) ?? null

const fromJournal = Effect.fnUntraced(function* (settings: Settings) {
  const report = yield* StoredReport.lastComplete.pipe(
    Effect.provide(Journal.layerExisting(settings, "read")),
    Look.atLogLevel(settings),
    Effect.map(Checked.make),
    Effect.catchTag("UsageError", ({ faults }) => Effect.succeed(Checked.make(null, { faults })))
  )
  const words = "the journal has no complete run; name a report that was saved with `-o json=RUN.json`"
  return report.value === null && report.faults.length === 0 ? Checked.faulty(null, "--from", words) : report
})

/**
 * `scanpoll baseline write FILE [--from RUN.json]`: of that run or, without it, of the last complete run of the journal. A
 * baseline that is there already keeps the decisions of people: entries
 * that are still found keep their reason, expiry, person and date.
 *
 * @category constructors
 * @since 0.1.0
 */
export const writeBaseline = Effect.fnUntraced(function* (
  input: Input
): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const faults: Array<InputFault> = []
  const refuse = (where: string, message: string): void => {
    faults.push({ where, message })
  }
  const now = yield* Clock.currentTimeMillis
  const { environment } = yield* ProcessContext
  const resolved = yield* Resolve.settings(input.flags, Plan.empty, environment)
  const settings = resolved.value
  const saved = input.from === null ? yield* fromJournal(settings) : yield* SavedFiles.readReport(input.from)
  const { value: run } = saved
  const decision = decisionOf(input, now)
  const { value: until } = decision
  const inputOf = yield* Outputs.guard(settings, [{ file: input.from, what: "the report that is read" }])
  const read = yield* inputOf(input.file)
  const obstacle = yield* WholeFile.obstacle(input.file)
  if (obstacle !== null) refuse(quote(input.file), obstacle)
  else if (read !== null) refuse(quote(input.file), `is ${read}: it would be overwritten`)
  const there = obstacle === null && read === null ? yield* SavedFiles.readOwnBaseline(input.file) : Checked.make(null)
  const { value: previous } = there
  let made: Baseline.Baseline | null = null
  if (run !== null) {
    const { assessments, by, reason } = input
    const result = yield* Effect.result(
      Baseline.make(run, { reason, until, by: by ?? userOf(environment), at: now, assessments, previous })
    )
    if (Result.isSuccess(result)) made = result.success
    else refuse(inert(input.from ?? "the last complete run of the journal"), result.failure.message)
  }
  yield* Checked.orRefuse([resolved, decision, there, Checked.make(null, { faults })].reduce(Checked.and, saved))
  if (made === null || run === null) return yield* Effect.die(new TypeError("a baseline without a run was not refused"))
  if (previous !== null) {
    for (const line of Baseline.review(run, previous, now)) yield* say(`warning: ${inert(input.file)} ${inert(line)}`)
  }
  const written = yield* Effect.result(WholeFile.write(input.file, [SafeText.seal("json", Baseline.toText(made))]))
  if (Result.isFailure(written)) {
    yield* say(`error: ${inert(written.failure)}`)
    return 74
  }
  const count = made.subjects.reduce((sum, subject) => sum + subject.findings.length, 0)
  const decisions = made.subjects.flatMap(({ assessment, findings: list }) => [
    ...list.map(({ reason }) => reason),
    assessment === null ? null : assessment.reason
  ])
  const accepted = decisions.filter((reason) => reason !== null).length
  yield* say(
    `baseline written to ${inert(input.file)}: ${plural(made.subjects.length, "subject")}, ${plural(count, "finding")}${accepted === 0 ? "" : `; ${accepted} accepted`}`
  )
  return 0
})
