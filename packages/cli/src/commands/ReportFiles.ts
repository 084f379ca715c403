/**
 * `scanpoll report` and `scanpoll diff`: what saved reports and stored runs say, without asking anybody.
 *
 * @since 0.1.0
 */
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Diff from "@scanpoll/report/Diff"
import * as DiffFormat from "@scanpoll/report/DiffFormat"
import * as Format from "@scanpoll/report/Format"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Merge from "@scanpoll/report/Merge"
import * as Payload from "@scanpoll/report/Payload"
import * as SafeText from "@scanpoll/report/SafeText"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import * as Result from "effect/Result"
import * as Struct from "effect/Struct"
import { gateRules } from "../config/Flags.ts"
import type { UsageError } from "../config/InputFault.ts"
import type { SettingName } from "../config/Setting.ts"
import type { Settings } from "../config/Settings.ts"
import * as Look from "../output/Look.ts"
import * as RepositoryPath from "../output/RepositoryPath.ts"
import { inert, say, Streams } from "../output/Streams.ts"
import * as WholeFile from "../output/WholeFile.ts"
import * as Checked from "../prepare/Checked.ts"
import * as Command from "../prepare/Command.ts"
import * as Resolve from "../prepare/Resolve.ts"
import * as SavedFiles from "../prepare/SavedFiles.ts"
import * as Trends from "../run/Trends.ts"
import * as Journal from "../storage/Journal.ts"
import { ProcessContext } from "../process/ProcessContext.ts"
import type { Vendors } from "../vendors/Vendors.ts"
import type * as ReportRun from "./ReportRun.ts"

type Services = FileSystem.FileSystem | Path.Path | Streams | Vendors

// What reads runs is loaded for those alone: a report of files needs no journal.
const ofStoredRun = Effect.fnUntraced(function* (asked: Parameters<typeof ReportRun.ofRun>[0]) {
  const { ofRun } = yield* Effect.promise(() => import("./ReportRun.ts"))
  return yield* ofRun(asked)
})

const isGiven = (settings: Settings, name: SettingName): boolean => settings[name].source !== "default"

const allowances = ["allowPartial", "allowIncomplete", "exitZero"] as const

// A rule that is asked takes the place of those of the reports.
const asksRule = (settings: Settings): boolean =>
  gateRules.some((name) => !allowances.some((one) => one === name) && isGiven(settings, name))

// An allowance alone leaves the rules of a report as they are.
const allowing = (settings: Settings, report: ScanReport.ScanReport): ScanReport.ScanReport => {
  const given = allowances.filter((name) => isGiven(settings, name))
  if (given.length === 0) return report
  const policy = { ...report.gate.policy, ...Struct.pick(Resolve.gate(settings), given) }
  return ScanReport.regate(report, policy)
}

const lookOf = Effect.fnUntraced(function* (settings: Settings, toStdout: boolean) {
  const facts = yield* ProcessContext
  return {
    color: toStdout && Look.mayColor(settings, facts, facts.stdoutIsTerminal),
    ...(toStdout && facts.stdoutIsTerminal ? { width: facts.columns() } : {})
  }
})

// Writes one output; null when it is written, otherwise why not, which has been said.
const put = Effect.fnUntraced(function* (
  settings: Settings,
  wish: { readonly format: string; readonly file: string | null },
  pieces: Iterable<SafeText.SafeText>,
  mode?: number
): Effect.fn.Return<string | null, never, Services> {
  const streams = yield* Streams
  const { file, format } = wish
  const result = yield* Effect.result(
    file === null ? streams.out(SafeText.join(pieces)) : WholeFile.write(file, pieces, mode)
  )
  if (Result.isSuccess(result)) {
    if (file !== null && !settings.quiet.value) yield* say(`${format} written to ${inert(file)}`)
    return null
  }
  const why = file === null ? `standard output failed: ${result.failure}` : result.failure
  yield* say(`error: ${inert(why)}`)
  return why
})

// The files of a command that reads reports, and the run of the journal that it may read beside them.
const nothingToReport = (words: ReadonlyArray<string>, run: string | null): Checked.Checked<null> =>
  words.length > 0 || run !== null
    ? Checked.make(null)
    : Checked.faulty(null, "report", "name a report that was saved as json, or a run of the journal: --run last")

// A saved report has the payloads that it was saved with.
const payloadsOfFiles = ({ raw }: Settings, run: string | null): Checked.Checked<null> =>
  run !== null || raw.source === "default" || raw.source === "environment"
    ? Checked.make(null)
    : Checked.faulty(null, raw.where, "needs --run: a saved report has the payloads that it was saved with")

/**
 * `scanpoll report FILE...` and `scanpoll report --run RUN`: several are put together. The gate is the one of the first, a
 * stored run's its own, unless another is asked for. With `--journal`, rows get the trends that the journal knows.
 *
 * @category constructors
 * @since 0.1.0
 */
export const report = Effect.fnUntraced(function* (input: {
  readonly words: ReadonlyArray<string>
  readonly run: string | null
  readonly flags: Resolve.FlagTexts
}): Effect.fn.Return<number, UsageError | JournalError, Services> {
  const saved = Checked.all(yield* Effect.forEach(input.words, SavedFiles.readReport))
  const begun = yield* Command.begin({
    name: "report",
    flags: input.flags,
    anyVendor: true,
    reads: input.words.map((file) => ({ file, what: "a report that is read" }))
  })
  const { run } = input
  const { baseline, keys, settings } = yield* Checked.accept(
    [nothingToReport(input.words, run), payloadsOfFiles(begun.value.settings, run), saved].reduce(Checked.and, begun)
  )
  const stored = run === null ? [] : [yield* ofStoredRun({ run, flags: input.flags, settings, redact: keys.redact })]
  const all = [...stored, ...saved.value.filter((one) => one !== null)]
  const [first, ...others] = all.map((report) => allowing(settings, report))
  if (first === undefined) return yield* Effect.die(new TypeError("a report of nothing was not refused"))

  let merged =
    others.length === 0 && !asksRule(settings)
      ? first
      : Merge.merge(first, others, asksRule(settings) ? Resolve.gate(settings) : undefined)
  if ((input.flags.journal ?? []).length > 0) {
    const inJournal = Journal.layerExisting(settings, "read")
    merged = yield* Trends.fill(merged).pipe(Effect.provide(inJournal), Look.atLogLevel(settings))
  }
  if (baseline !== null) {
    const now = yield* Clock.currentTimeMillis
    for (const line of Baseline.review(merged, baseline, now)) {
      yield* say(`warning: ${inert(settings.baseline.value ?? "")} ${inert(line)}`)
    }
    merged = Baseline.apply(merged, baseline, now)
  }
  // Standard output last: what it says about the exit code is then final.
  const { value: wishes } = settings.output
  for (const wish of [...wishes.filter((one) => one.file !== null), ...wishes.filter((one) => one.file === null)]) {
    const format = Format.byName(wish.format)
    if (format === undefined) continue
    const { plan } = merged.run
    const pieces = yield* Format.render(format, merged, {
      ...(yield* lookOf(settings, wish.file === null)),
      csvBom: settings.csvBom.value,
      planPath: plan === null ? null : yield* RepositoryPath.of(HostileText.toKey(plan))
    })
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
  readonly flags: Resolve.FlagTexts
}): Effect.fn.Return<number, UsageError, Services> {
  const [base, head] = [yield* SavedFiles.readReport(input.base), yield* SavedFiles.readReport(input.head)]
  const begun = yield* Command.begin({
    name: "diff",
    flags: input.flags,
    formats: DiffFormat.names,
    reads: [input.base, input.head].map((file) => ({ file, what: "a report that is read" }))
  })
  const { settings } = yield* Checked.accept([base, head].reduce(Checked.and, begun))
  if (base.value === null || head.value === null) {
    return yield* Effect.die(new TypeError("a report without a file was not refused"))
  }
  const changes = Diff.compute(base.value, head.value, Resolve.gate(settings))
  let failed = false
  for (const wish of settings.output.value) {
    const format = DiffFormat.byName(wish.format)
    if (format === undefined) continue
    const pieces = yield* DiffFormat.render(format, changes, yield* lookOf(settings, wish.file === null))
    if ((yield* put(settings, wish, pieces)) !== null) failed = true
  }
  return failed ? 74 : changes.exit.code
})
