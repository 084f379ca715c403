/**
 * What is known and what was accepted: the assessments and findings a later run is compared with.
 *
 * A baseline is written from a complete run alone, for what was not scanned must not count as gone. An entry without a
 * reason is merely known: its finding is `unchanged`, and counts. One with a reason is accepted until it expires: its
 * finding is suppressed. When it expires, the finding is back as `new`, and the row says so by name. An accepted
 * assessment is suppressed until it expires or gets worse. Any earlier report can serve as a baseline too; then
 * everything in it is known and nothing accepted. Subjects and findings are matched by their identity
 * (`Identity` of core), never by their order.
 *
 * @since 0.1.0
 */
import * as BoundedJson from "@scanpoll/core/unstable/model/BoundedJson"
import * as Severity from "@scanpoll/core/model/Severity"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Hostile from "./HostileText.ts"
import { HostileText } from "./HostileText.ts"
import { safeJson } from "./internal/json.ts"
import * as Compare from "./internal/compare.ts"
import * as Identities from "./internal/identities.ts"
import * as Until from "./internal/until.ts"
import * as Evidence from "./Evidence.ts"
import * as Times from "./internal/times.ts"
import type { ReportScan } from "./ReportScan.ts"
import * as Scan from "./ReportScan.ts"
import type { ScanReport } from "./ScanReport.ts"
import * as Report from "./ScanReport.ts"

/**
 * The version of the file's shape that is written. Version 1 is read as well; a reader refuses any other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const baselineVersion = 2

const decision = {
  reason: Schema.NullOr(HostileText),
  until: Schema.NullOr(Scan.Time),
  by: Schema.optionalKey(Schema.NullOr(HostileText)),
  at: Schema.optionalKey(Schema.NullOr(Scan.Time))
}

/**
 * One known finding. `count` is how often the scan listed it; for a vendor that counts without listing, the count.
 * `reason` makes it accepted, until `until` or, where that is null, for good; `by` and `at` say who decided it and when.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BaselineFinding = Schema.Struct({
  findingId: HostileText,
  ruleId: HostileText,
  title: HostileText,
  severity: Severity.Severity,
  count: Schema.Natural,
  ...decision
})

/**
 * @category models
 * @since 0.1.0
 */
export type BaselineFinding = typeof BaselineFinding.Type

/**
 * The assessment of a scan. With a reason it is accepted, as long as severity and score are no worse than these.
 *
 * @category schemas
 * @since 0.2.0
 */
export const BaselineAssessment = Schema.Struct({
  severity: Severity.Severity,
  score: Schema.NullOr(Schema.Finite),
  ...decision
})

/**
 * @category models
 * @since 0.2.0
 */
export type BaselineAssessment = typeof BaselineAssessment.Type

/**
 * What one scan of a subject said. `scanType` is the vendor's type of scan, left out where there is none or, in version 1,
 * where it is not known; `assessment` is null there too.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BaselineSubject = Schema.Struct({
  vendor: Scan.VendorName,
  account: HostileText,
  scanType: Schema.optionalKey(HostileText),
  subject: Scan.ReportSubject,
  scanId: Schema.NullOr(HostileText),
  observedAt: Scan.Time,
  severity: Severity.Severity,
  score: Schema.NullOr(Schema.Finite),
  coverage: Schema.Literals(["full", "partial", "counts-only", "none", "unavailable"]),
  total: Schema.NullOr(Schema.Finite),
  assessment: Schema.NullOr(BaselineAssessment),
  findings: Schema.Array(BaselineFinding)
})

/**
 * @category models
 * @since 0.1.0
 */
export type BaselineSubject = typeof BaselineSubject.Type

/**
 * The findings of a run that later runs are compared with. `readFrom` is 1 where `parse` read a file of version 1; it is
 * never written.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Baseline = Schema.Struct({
  baselineVersion: Schema.Literal(baselineVersion),
  tool: Schema.Struct({ name: Schema.Literal("scanpoll"), version: HostileText }),
  run: Report.Run,
  readFrom: Schema.optionalKey(Schema.Literal(1)),
  subjects: Schema.Array(BaselineSubject)
}).annotate({ identifier: "Baseline", title: "scanpoll baseline" })

/**
 * @category models
 * @since 0.1.0
 */
export type Baseline = typeof Baseline.Type

/**
 * Why there is no baseline.
 *
 * - `incomplete`: the run has scans that did not complete or whose findings could not be fetched, or none at all; `scans` are their ids.
 * - `not-json`, `wrong-version`, `wrong-shape`: the text is neither a baseline nor a report we can read.
 *
 * @category errors
 * @since 0.1.0
 */
export class BaselineError extends Data.TaggedError("BaselineError")<{
  readonly reason: "incomplete" | "not-json" | "wrong-version" | "wrong-shape"
  readonly message: string
  readonly scans: ReadonlyArray<HostileText>
}> {}

// The decision about an entry that is still there: an old one is kept while it holds, or while nobody decides anew.
const decide = (old: Compare.Decision | null, covers: boolean, given: Compare.Decision, now: string) => {
  const isOld = old !== null && old.reason !== null
  const keep = isOld && (given.reason === null || (covers && Compare.isLive(old, now)))
  return keep ? { isOld: true, ...decisionOf(old) } : { isOld: false, ...decisionOf(given) }
}

const decisionOf = ({ at, by, reason, until }: Compare.Decision): Compare.Decision => ({
  reason,
  until,
  ...(reason === null || by === undefined || by === null ? {} : { by }),
  ...(reason === null || at === undefined || at === null ? {} : { at })
})

interface Making {
  readonly given: Compare.Decision
  readonly assessments: boolean
  readonly now: string
}

const entries = (
  scan: ReportScan,
  old: BaselineSubject | null,
  { given, now }: Making
): ReadonlyArray<BaselineFinding> => {
  const { coverage, total } = scan.findings
  const mine = Compare.sideOf(scan)
  const idOf = (item: Pick<BaselineFinding, "findingId" | "ruleId">) => Compare.keyOf(item, mine, old ?? mine)
  const open = scan.findings.items.filter((item) => item.status !== "resolved")
  const counts = Identities.countBy(open, idOf)
  const before = new Map((old?.findings ?? []).map((entry) => [Compare.keyOf(entry, old ?? mine, mine), entry]))
  const seen = new Set<string>()
  return open.flatMap((item) => {
    const id = idOf(item)
    if (seen.has(id)) return []
    seen.add(id)
    const count = coverage === "counts-only" ? (total ?? 1) : (counts.get(id) ?? 1)
    const entry = before.get(id) ?? null
    const covers = entry === null || entry.count >= count
    const { isOld, ...decided } = decide(item.suppression ?? entry, covers, given, now)
    return [
      {
        findingId: item.findingId,
        ruleId: item.ruleId,
        title: item.title,
        severity: item.severity,
        // More of it than somebody accepted is not accepted.
        count: isOld && entry !== null ? Math.min(entry.count, count) : count,
        ...decided
      }
    ]
  })
}

const assessmentOf = (
  assessment: NonNullable<ReportScan["assessment"]>,
  old: BaselineSubject | null,
  { assessments, given, now }: Making
): BaselineAssessment => {
  const entry = old?.assessment ?? null
  const covers = entry === null || !Compare.isWorse(assessment, entry)
  // There is nothing to accept in an assessment that breaks no gate.
  const accepts = assessments && Severity.atLeast(assessment.severity, "info")
  const fresh = accepts ? given : { reason: null, until: null }
  const { isOld, ...decided } = decide(assessment.suppression ?? entry, covers, fresh, now)
  return isOld && entry !== null && !covers
    ? { severity: entry.severity, score: entry.score, ...decided }
    : { severity: assessment.severity, score: assessment.score?.value ?? null, ...decided }
}

const fromScans = (report: ScanReport, making: Making, previous: Baseline | null): Baseline => {
  const counterparts = Identities.pair(previous?.subjects ?? [], report.scans)
  return {
    baselineVersion,
    tool: report.tool,
    run: report.run,
    subjects: report.scans.flatMap((scan, index) => {
      if (scan.state !== "completed" || scan.assessment === null || Evidence.missing(scan).length > 0) return []
      const found = counterparts[index] ?? null
      const old = found === null ? null : (previous?.subjects[found.before] ?? null)
      return [
        {
          vendor: scan.vendor,
          account: scan.account,
          ...(scan.scanType === undefined ? {} : { scanType: scan.scanType }),
          subject: scan.subject,
          scanId: scan.scanId,
          observedAt: scan.timings.completedAt ?? scan.timings.observedAt,
          severity: scan.severity,
          score: scan.assessment.score?.value ?? null,
          coverage: scan.findings.coverage,
          total: scan.findings.total,
          assessment: assessmentOf(scan.assessment, old, making),
          findings: entries(scan, old, making)
        }
      ]
    })
  }
}

/**
 * The baseline of a complete run. With a `reason` every finding is accepted, and with `assessments` (default false) every
 * assessment too, until `until` (milliseconds since 1970) or for good; without one it is merely known. `by` and `at`
 * (milliseconds since 1970, default the end of the run) are who decided it and when. What `previous` accepted keeps its decision where it is still there, no worse and no
 * more than it was; a `reason` is for the rest and for what expired.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  report: ScanReport,
  given: {
    readonly reason?: string | null
    readonly until?: number | null
    readonly by?: string | null
    readonly at?: number | null
    readonly assessments?: boolean
    readonly previous?: Baseline | null
  } = {}
): Effect.Effect<Baseline, BaselineError> => {
  const open = report.scans.filter((scan) => scan.state !== "completed" || Evidence.missing(scan).length > 0)
  if (open.length > 0 || report.scans.length === 0) {
    const message =
      report.scans.length === 0
        ? "the run has no scans: nothing is known"
        : `${open.length} of ${report.scans.length} scans did not complete or lack findings: what they would have found is not known`
    return Effect.fail(new BaselineError({ reason: "incomplete", message, scans: open.map((scan) => scan.id) }))
  }
  const { assessments = false, at = null, by = null, previous = null, reason = null, until = null } = given
  const now = at === null ? report.run.finishedAt : Times.format(at)
  const decided =
    reason === null
      ? { reason: null, until: null }
      : {
          reason: Hostile.of(reason),
          until: until === null ? null : Times.format(until),
          by: by === null ? null : Hostile.of(by),
          at: now
        }
  return Effect.succeed(fromScans(report, { given: decided, assessments, now }, previous))
}

/**
 * Any report taken as a baseline: what completed in it is known, the rest is not.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromReport = (report: ScanReport): Baseline =>
  fromScans(report, { given: { reason: null, until: null }, assessments: false, now: report.run.finishedAt }, null)

/**
 * Reads a date as `--until` and a baseline take it: a day, which lasts until its end in UTC, or a time with an offset.
 * Milliseconds since 1970; none for anything else.
 *
 * @category constructors
 * @since 0.2.0
 */
export const parseUntil: (text: string) => Option.Option<number> = Until.parse

/**
 * The forms of a date, in words, for a message.
 *
 * @category constructors
 * @since 0.2.0
 */
export const untilForms: string = Until.forms

const decodeShape = Schema.decodeUnknownEffect(Baseline)

const fault = (reason: BaselineError["reason"], message: string) =>
  new BaselineError({ reason, message: Hostile.toLine(Hostile.of(message), 500), scans: [] })

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const listOf = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

// People write dates by hand, in the forms the command takes.
const readUntil = (value: unknown, path: string, faults: Array<string>): unknown => {
  if (!isRecord(value) || typeof value["until"] !== "string") return value
  const at = Until.parse(value["until"])
  if (Option.isSome(at)) return { ...value, until: Times.format(at.value) }
  faults.push(`${path}.until must be null, ${Until.forms}, not ${JSON.stringify(value["until"].slice(0, 60))}`)
  return value
}

const readSubject = (value: unknown, path: string, version: unknown, faults: Array<string>): unknown => {
  if (!isRecord(value)) return value
  const findings = Array.isArray(value["findings"])
    ? listOf(value["findings"]).map((each, at) => readUntil(each, `${path}.findings[${at}]`, faults))
    : value["findings"]
  const assessment = version === 1 ? null : readUntil(value["assessment"], `${path}.assessment`, faults)
  return { ...value, findings, assessment }
}

/**
 * Reads a baseline of version 2 or 1, or a report in place of one, from the text of a JSON file. `until` may be written in
 * every form that `parseUntil` reads.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse: (text: string) => Effect.Effect<Baseline, BaselineError> = Effect.fnUntraced(function* (text) {
  const bare = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
  const value = yield* Effect.mapError(Effect.fromResult(BoundedJson.parse(bare, BoundedJson.ofReport)), (refusal) =>
    refusal.why === "not-json"
      ? fault("not-json", refusal.message)
      : fault("wrong-shape", `not a baseline: ${refusal.message}`)
  )
  if (isRecord(value) && "baselineVersion" in value) {
    const version = value["baselineVersion"]
    if (version !== 1 && version !== baselineVersion) {
      const told = JSON.stringify(version)
      return yield* fault(
        "wrong-version",
        `baselineVersion ${told} cannot be read; this program reads 1 and ${baselineVersion}`
      )
    }
    const faults: Array<string> = []
    const subjects = Array.isArray(value["subjects"])
      ? listOf(value["subjects"]).map((each, at) => readSubject(each, `subjects[${at}]`, version, faults))
      : value["subjects"]
    if (faults.length > 0) {
      const more = faults.length > 3 ? `; and ${faults.length - 3} more` : ""
      return yield* fault("wrong-shape", `not a baseline: ${faults.slice(0, 3).join("; ")}${more}`)
    }
    const { readFrom: _mark, ...shape } = value
    const read = yield* decodeShape({ ...shape, baselineVersion, subjects }).pipe(
      Effect.mapError((error) => fault("wrong-shape", `not a baseline: ${error.message}`))
    )
    return version === 1 ? { ...read, readFrom: 1 } : read
  }
  const report = yield* Report.fromJson(value).pipe(Effect.mapError((error) => fault(error.reason, error.message)))
  return fromReport(report)
})

/**
 * The text of a baseline's file.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toText = ({ readFrom: _mark, ...baseline }: Baseline): string => `${safeJson(baseline, 2)}\n`

const guessed = Hostile.of(
  "the baseline does not say which of the vendor's types of scan it knows: compared by finding ids, then by order"
)

/**
 * The same run held against a baseline at the time `now` (milliseconds since 1970): every finding is new or unchanged,
 * accepted ones are suppressed, and what is gone is listed as resolved where both lists are whole. Severities, summary,
 * gate and exit code are derived anew; what a subject unknown to the baseline has is all new.
 *
 * @category combinators
 * @since 0.1.0
 */
export const apply = (report: ScanReport, baseline: Baseline, now: number): ScanReport => {
  const at = Times.format(now)
  const counterparts = Identities.pair(baseline.subjects, report.scans)
  const scans = report.scans.map((scan, index) => {
    if (scan.assessment === null) return scan
    const found = counterparts[index] ?? null
    const known = found === null ? undefined : baseline.subjects[found.before]
    if (found === null || known === undefined) return Compare.unknown(scan)
    const held = Compare.compare(scan, known, at)
    return found.isGuess ? { ...held, warnings: [...held.warnings, guessed] } : held
  })
  return Report.withScans(report, scans)
}

const subjectName = ({ account, scanType, subject, vendor }: BaselineSubject): string => {
  const type = scanType === undefined ? "" : ` (${Hostile.toLine(scanType, 40)})`
  const label = Hostile.toLine(account, 40)
  return `${vendor} ${Hostile.toLine(subject.name, 80) || Hostile.toLine(subject.id, 80)}${type}${label === "default" ? "" : ` [${label}]`}`
}

// A warning names so many entries.
const namedAtMost = 5

const listed = (names: ReadonlyArray<string>): string =>
  `${names.slice(0, namedAtMost).join("; ")}${names.length > namedAtMost ? `; and ${names.length - namedAtMost} more` : ""}`

const entryCount = (count: number): string => (count === 1 ? "1 entry" : `${count} entries`)

/**
 * What to tell the owner of a baseline that a run is held against at the time `now` (milliseconds since 1970): that it is
 * of version 1, that it matched nothing, which accepted entries expired, and which match nothing in the run. Sentences in
 * harmless text; none where all is well.
 *
 * @category destructors
 * @since 0.2.0
 */
export const review = (report: ScanReport, baseline: Baseline, now: number): ReadonlyArray<string> => {
  const at = Times.format(now)
  const said: Array<string> = []
  if (baseline.readFrom === 1) {
    said.push(
      "is of baselineVersion 1, which does not say types of scans: its entries are matched by their own ids; write it again with `scanpoll baseline write`"
    )
  }
  const rowOf = new Map<number, ReportScan>()
  for (const [index, found] of Identities.pair(baseline.subjects, report.scans).entries()) {
    const scan = report.scans[index]
    if (found !== null && scan !== undefined) rowOf.set(found.before, scan)
  }
  if (rowOf.size === 0) {
    said.push("matches no scan of this run, so everything is new; was it written from the same plan and accounts?")
  }
  const expired: Array<string> = []
  const unmatched: Array<string> = []
  for (const [index, subject] of baseline.subjects.entries()) {
    const row = rowOf.get(index) ?? null
    const name = subjectName(subject)
    const { assessment, findings } = subject
    const accepted = findings.filter((entry) => entry.reason !== null)
    const mine = row === null ? subject : Compare.sideOf(row)
    const ids = new Set(
      (row?.findings.items ?? [])
        .filter((item) => item.status !== "resolved")
        .map((item) => Compare.keyOf(item, mine, subject))
    )
    for (const entry of accepted) {
      const what = `${name}: ${Compare.nameOf(entry)}`
      if (!Compare.isLive(entry, at)) expired.push(`${what}, until ${entry.until ?? ""}`)
      else if (!ids.has(Compare.keyOf(entry, subject, mine))) unmatched.push(what)
    }
    if (assessment === null || assessment.reason === null) continue
    if (!Compare.isLive(assessment, at)) expired.push(`${name}: the assessment, until ${assessment.until ?? ""}`)
    else if (row === null || row.assessment === null) unmatched.push(`${name}: the assessment`)
  }
  if (expired.length > 0) said.push(`has ${entryCount(expired.length)} that expired: ${listed(expired)}`)
  if (unmatched.length > 0) {
    said.push(`accepts ${entryCount(unmatched.length)} that this run does not have: ${listed(unmatched)}`)
  }
  return said
}
