/**
 * `scanpoll report`, `scanpoll diff` and `scanpoll baseline`: what saved reports say, without asking anybody.
 *
 * @since 0.1.0
 */
import * as Baseline from "@scanpoll/report/Baseline"
import * as Diff from "@scanpoll/report/Diff"
import * as DiffFormat from "@scanpoll/report/DiffFormat"
import * as Format from "@scanpoll/report/Format"
import * as Merge from "@scanpoll/report/Merge"
import * as Payload from "@scanpoll/report/Payload"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import type { UsageError } from "../config/InputFault.ts"
import { quote } from "../config/InputFault.ts"
import * as Plans from "../config/Plan.ts"
import type { Settings } from "../config/Settings.ts"
import { inert, say, Streams } from "../output/Streams.ts"
import * as WholeFile from "../output/WholeFile.ts"
import type { FlagTexts } from "../prepare/Preparation.ts"
import * as Preparation from "../prepare/Preparation.ts"
import * as Running from "../run/Running.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import * as Files from "./Files.ts"
import { warn } from "./Run.ts"

const plural = (count: number, one: string): string => `${count} ${one}${count === 1 ? "" : "s"}`

type Services = FileSystem.FileSystem | Path.Path | Streams

const gateNames = [
  "failOn",
  "failOnNew",
  "minScore",
  "minGrade",
  "maxViolations",
  "allowPartial",
  "allowIncomplete",
  "exitZero"
] as const

const asksGate = (settings: Settings): boolean => gateNames.some((name) => settings[name].source !== "default")

const lookOf = Effect.fnUntraced(function* (settings: Settings, toStdout: boolean) {
  const facts = yield* ProcessContext
  return {
    color: toStdout && Running.mayColor(settings, facts, facts.stdoutIsTerminal),
    ...(toStdout && facts.stdoutIsTerminal ? { width: facts.columns() } : {})
  }
})

// Writes one output; null when it is written, otherwise why not, which has been said.
const put = Effect.fnUntraced(function* (
  settings: Settings,
  wish: { readonly format: string; readonly file: string | null },
  pieces: Iterable<string>,
  mode?: number
): Effect.fn.Return<string | null, never, Services> {
  const streams = yield* Streams
  const { file, format } = wish
  const result = yield* Effect.result(
    file === null ? streams.out([...pieces].join("")) : WholeFile.write(file, pieces, mode)
  )
  if (Result.isSuccess(result)) {
    if (file !== null && !settings.quiet.value) yield* say(`${format} written to ${inert(file)}`)
    return null
  }
  const why = file === null ? `standard output failed: ${result.failure}` : result.failure
  yield* say(`error: ${inert(why)}`)
  return why
})

/**
 * `scanpoll report FILE...`: several files are put together. The gate is the one of the saved run, unless another is
 * asked for.
 *
 * @category constructors
 * @since 0.1.0
 */
export const report = Effect.fnUntraced(function* (input: {
  readonly words: ReadonlyArray<string>
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError, Services> {
  const { environment } = yield* ProcessContext
  const findings = Preparation.noFindings()
  const settings = Preparation.resolveSettings(input.flags, Plans.empty, environment, findings)
  const saved = yield* Effect.forEach(input.words, (file) => Files.readReport(file, findings))
  const { value: baselineFile, where } = settings.baseline
  const baseline = baselineFile === null ? null : yield* Files.readBaseline(baselineFile, where, findings)
  yield* Preparation.checkOutputs(
    settings,
    Format.names,
    [
      ...input.words.map((file) => ({ file, what: "a report that is read" })),
      { file: baselineFile, what: "the baseline" }
    ],
    findings
  )
  yield* Preparation.refuseIfFaulty(findings)
  yield* warn(findings)
  const [first, ...others] = saved.filter((one) => one !== null)
  if (first === undefined) return yield* Effect.die(new TypeError("a report without files was not refused"))

  let merged =
    others.length === 0 && !asksGate(settings)
      ? first
      : Merge.merge(first, others, asksGate(settings) ? Preparation.gateOf(settings) : first.gate.policy)
  if (baseline !== null) merged = Baseline.apply(merged, baseline, yield* Clock.currentTimeMillis)
  // Standard output last: what it says about the exit code is then final.
  const { value: wishes } = settings.output
  for (const wish of [...wishes.filter((one) => one.file !== null), ...wishes.filter((one) => one.file === null)]) {
    const format = Format.byName(wish.format)
    if (format === undefined) continue
    const pieces = yield* Format.render(format, merged, yield* lookOf(settings, wish.file === null))
    const mode = wish.format === "json" && Payload.isIn(merged) ? Payload.fileMode : undefined
    const why = yield* put(settings, wish, pieces, mode)
    if (why !== null) merged = ScanReport.withFault(merged, { code: 74, message: why })
  }
  return merged.exit.code
})

/**
 * `scanpoll diff BASE HEAD`: what is new, gone and unchanged. The gate that is asked for is held against the head.
 *
 * @category constructors
 * @since 0.1.0
 */
export const diff = Effect.fnUntraced(function* (input: {
  readonly base: string
  readonly head: string
  readonly flags: FlagTexts
}): Effect.fn.Return<number, UsageError, Services> {
  const { environment } = yield* ProcessContext
  const findings = Preparation.noFindings()
  const settings = Preparation.resolveSettings(input.flags, Plans.empty, environment, findings)
  const base = yield* Files.readReport(input.base, findings)
  const head = yield* Files.readReport(input.head, findings)
  const read = [input.base, input.head].map((file) => ({ file, what: "a report that is read" }))
  yield* Preparation.checkOutputs(settings, DiffFormat.names, read, findings)
  yield* Preparation.refuseIfFaulty(findings)
  yield* warn(findings)
  if (base === null || head === null) return yield* Effect.die(new TypeError("a report without a file was not refused"))
  const changes = Diff.compute(base, head, Preparation.gateOf(settings))
  let failed = false
  for (const wish of settings.output.value) {
    const format = DiffFormat.byName(wish.format)
    if (format === undefined) continue
    const pieces = yield* DiffFormat.render(format, changes, yield* lookOf(settings, wish.file === null))
    if ((yield* put(settings, wish, pieces)) !== null) failed = true
  }
  return failed ? 74 : changes.exit.code
})

const day = /^\d{4}-\d{2}-\d{2}$/

const momentOf = (text: string): number | null => {
  const at = day.test(text) ? Date.parse(`${text}T23:59:59.999Z`) : NaN
  // 30 February is no day, though it can be read as one.
  return Number.isNaN(at) || new Date(at).toISOString().slice(0, 10) !== text ? null : at
}

/**
 * `scanpoll baseline write FILE --from RUN.json`: what is known from now on, and with a reason, what is accepted.
 *
 * @category constructors
 * @since 0.1.0
 */
export const writeBaseline = Effect.fnUntraced(function* (input: {
  readonly file: string
  readonly from: string | null
  readonly reason: string | null
  readonly until: string | null
}): Effect.fn.Return<number, UsageError, Services> {
  const findings = Preparation.noFindings()
  const refuse = (where: string, message: string): void => {
    findings.faults.push({ where, message })
  }
  const run = input.from === null ? null : yield* Files.readReport(input.from, findings)
  if (input.from === null) {
    refuse("--from", "name the report of the run, saved as json; the last run of a journal is not there yet")
  }
  const until = input.until === null ? null : momentOf(input.until)
  if (input.until !== null && until === null)
    refuse("--until", `must be a day such as 2027-01-31, not ${quote(input.until)}`)
  if (input.until !== null && input.reason === null)
    refuse("--until", "needs --reason: what is accepted needs a reason")
  if (input.reason !== null && input.reason.trim() === "") refuse("--reason", "must not be empty")
  const obstacle = yield* WholeFile.obstacle(input.file)
  if (obstacle !== null) refuse(quote(input.file), obstacle)
  const { environment } = yield* ProcessContext
  const settings = Preparation.resolveSettings({}, Plans.empty, environment, Preparation.noFindings())
  const inputOf = yield* Preparation.guard(settings, [{ file: input.from, what: "the report that is read" }])
  const read = yield* inputOf(input.file)
  if (read !== null) refuse(quote(input.file), `is ${read}: it would be overwritten`)
  let made: Baseline.Baseline | null = null
  if (run !== null) {
    const result = yield* Effect.result(Baseline.make(run, { reason: input.reason, until }))
    if (Result.isSuccess(result)) made = result.success
    else refuse(inert(input.from ?? ""), result.failure.message)
  }
  yield* Preparation.refuseIfFaulty(findings)
  if (made === null) return yield* Effect.die(new TypeError("a baseline without a run was not refused"))
  const written = yield* Effect.result(WholeFile.write(input.file, [Baseline.toText(made)]))
  if (Result.isFailure(written)) {
    yield* say(`error: ${inert(written.failure)}`)
    return 74
  }
  const count = made.subjects.reduce((sum, subject) => sum + subject.findings.length, 0)
  yield* say(
    `baseline written to ${inert(input.file)}: ${plural(made.subjects.length, "subject")}, ${plural(count, "finding")}`
  )
  return 0
})
