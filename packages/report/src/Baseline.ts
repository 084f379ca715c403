/**
 * What is known and what was accepted: the findings a later run is compared with.
 *
 * A baseline is written from a complete run alone, for what was not scanned must not count as gone. An entry without a
 * reason is merely known: its finding is `unchanged`, and counts. One with a reason is accepted until it expires: its
 * finding is suppressed. When it expires, the finding is back as `new`, and the row says so by name. Any earlier report
 * can serve as a baseline too; then everything in it is known and nothing accepted.
 *
 * @since 0.1.0
 */
import * as Severity from "@scanpoll/core/model/Severity"
import * as Subject from "@scanpoll/core/model/Subject"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Hostile from "./HostileText.ts"
import { HostileText } from "./HostileText.ts"
import { safeJson } from "./internal/json.ts"
import { countBy, place, subjectKey } from "./internal/pairs.ts"
import type { ReportFinding, ReportScan } from "./ReportScan.ts"
import * as Scan from "./ReportScan.ts"
import type { ScanReport } from "./ScanReport.ts"
import * as Report from "./ScanReport.ts"

/**
 * The version of the file's shape. A reader refuses any other.
 *
 * @category constructors
 * @since 0.1.0
 */
export const baselineVersion = 1

/**
 * One known finding. `count` is how often the scan listed it; for a vendor that counts without listing, the count.
 * `reason` makes it accepted, until `until` or, where that is null, for good.
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
  reason: Schema.NullOr(HostileText),
  until: Schema.NullOr(Scan.Time)
})

/**
 * @category models
 * @since 0.1.0
 */
export type BaselineFinding = typeof BaselineFinding.Type

/**
 * What one scan of a subject said. `occurrence` tells scans of one subject apart, in the order of the plan.
 *
 * @category schemas
 * @since 0.1.0
 */
export const BaselineSubject = Schema.Struct({
  vendor: Scan.VendorName,
  account: HostileText,
  subject: Schema.Struct({ kind: Subject.Kind, id: HostileText, name: HostileText }),
  occurrence: Schema.Natural,
  scanId: Schema.NullOr(HostileText),
  observedAt: Scan.Time,
  severity: Severity.Severity,
  score: Schema.NullOr(Schema.Finite),
  coverage: Schema.Literals(["full", "partial", "counts-only", "none", "unavailable"]),
  total: Schema.NullOr(Schema.Finite),
  findings: Schema.Array(BaselineFinding)
})

/**
 * @category models
 * @since 0.1.0
 */
export type BaselineSubject = typeof BaselineSubject.Type

/**
 * The findings of a run that later runs are compared with.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Baseline = Schema.Struct({
  baselineVersion: Schema.Literal(baselineVersion),
  tool: Schema.Struct({ name: Schema.Literal("scanpoll"), version: HostileText }),
  run: Report.Run,
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

interface Acceptance {
  readonly reason: HostileText | null
  readonly until: string | null
}

const entries = (scan: ReportScan, given: Acceptance): ReadonlyArray<BaselineFinding> => {
  const open = scan.findings.items.filter((item) => item.status !== "resolved")
  const counts = countBy(open, (item) => Hostile.toKey(item.findingId))
  const seen = new Set<string>()
  return open.flatMap((item) => {
    const id = Hostile.toKey(item.findingId)
    if (seen.has(id)) return []
    seen.add(id)
    // What was accepted before stays accepted under its own reason.
    const kept = item.suppression
    return [
      {
        findingId: item.findingId,
        ruleId: item.ruleId,
        title: item.title,
        severity: item.severity,
        count: scan.findings.coverage === "counts-only" ? (scan.findings.total ?? 1) : (counts.get(id) ?? 1),
        reason: kept === null ? given.reason : kept.reason,
        until: kept === null ? given.until : kept.until
      }
    ]
  })
}

const fromScans = (report: ScanReport, given: Acceptance): Baseline => ({
  baselineVersion,
  tool: report.tool,
  run: report.run,
  subjects: place(report.scans).flatMap(({ occurrence, scan }) =>
    scan.state !== "completed" || scan.assessment === null || Scan.missingOf(scan).length > 0
      ? []
      : [
          {
            vendor: scan.vendor,
            account: scan.account,
            subject: scan.subject,
            occurrence,
            scanId: scan.scanId,
            observedAt: scan.timings.completedAt ?? scan.timings.observedAt,
            severity: scan.severity,
            score: scan.assessment.score?.value ?? null,
            coverage: scan.findings.coverage,
            total: scan.findings.total,
            findings: entries(scan, given)
          }
        ]
  )
})

/**
 * The baseline of a complete run. With a `reason` every finding is accepted, until `until` (milliseconds since 1970) or
 * for good; without one it is merely known.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (
  report: ScanReport,
  given: { readonly reason?: string | null; readonly until?: number | null } = {}
): Effect.Effect<Baseline, BaselineError> => {
  const open = report.scans.filter((scan) => scan.state !== "completed" || Scan.missingOf(scan).length > 0)
  if (open.length > 0 || report.scans.length === 0) {
    const message =
      report.scans.length === 0
        ? "the run has no scans: nothing is known"
        : `${open.length} of ${report.scans.length} scans did not complete or lack findings: what they would have found is not known`
    return Effect.fail(new BaselineError({ reason: "incomplete", message, scans: open.map((scan) => scan.id) }))
  }
  const reason = given.reason ?? null
  const until = given.until ?? null
  return Effect.succeed(
    fromScans(report, {
      reason: reason === null ? null : Hostile.of(reason),
      until: until === null ? null : Scan.formatTime(until)
    })
  )
}

/**
 * Any report taken as a baseline: what completed in it is known, the rest is not.
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromReport = (report: ScanReport): Baseline => fromScans(report, { reason: null, until: null })

const decodeShape = Schema.decodeUnknownEffect(Baseline)

const fault = (reason: BaselineError["reason"], message: string) =>
  new BaselineError({ reason, message: Hostile.toLine(Hostile.of(message), 500), scans: [] })

/**
 * Reads a baseline, or a report in place of one, from the text of a JSON file.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse: (text: string) => Effect.Effect<Baseline, BaselineError> = Effect.fnUntraced(function* (text) {
  const value = yield* Effect.try({
    try: (): unknown => JSON.parse(text.charCodeAt(0) === 0xfeff ? text.slice(1) : text),
    catch: () => fault("not-json", "not JSON")
  })
  if (typeof value === "object" && value !== null && "baselineVersion" in value) {
    if (value.baselineVersion !== baselineVersion) {
      const told = JSON.stringify(value.baselineVersion)
      return yield* fault(
        "wrong-version",
        `baselineVersion ${told} cannot be read; this program reads ${baselineVersion}`
      )
    }
    return yield* decodeShape(value).pipe(
      Effect.mapError((error) => fault("wrong-shape", `not a baseline: ${error.message}`))
    )
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
export const toText = (baseline: Baseline): string => `${safeJson(baseline, 2)}\n`

const isLive = (entry: BaselineFinding, now: string): boolean => entry.until === null || entry.until > now

const gone = (entry: BaselineFinding): ReportFinding => ({
  findingId: entry.findingId,
  ruleId: entry.ruleId,
  title: entry.title,
  description: null,
  severity: entry.severity,
  vendorSeverity: null,
  status: "resolved",
  resource: null,
  remediation: null,
  references: [],
  suppression: null
})

const expiry = (entry: BaselineFinding): HostileText =>
  Hostile.of(
    `accepted until ${entry.until ?? "now"} and back: ${Hostile.toLine(entry.title, 200)} (${Hostile.toLine(entry.ruleId, 100)}), accepted because: ${entry.reason === null ? "" : Hostile.toLine(entry.reason, 200)}`
  )

const compare = (scan: ReportScan, known: BaselineSubject, now: string): ReportScan => {
  const counted = scan.findings.coverage === "counts-only" || known.coverage === "counts-only"
  const live = new Map<string, BaselineFinding>()
  const lapsed = new Map<string, BaselineFinding>()
  for (const entry of known.findings) {
    const id = Hostile.toKey(entry.findingId)
    // A merely known entry has nothing that could expire.
    if (entry.reason === null || isLive(entry, now)) live.set(id, entry)
    else lapsed.set(id, entry)
  }
  const used = new Map<string, number>()
  const warnings: Array<HostileText> = []
  let fresh = 0
  let same = 0
  const items = scan.findings.items
    .filter((item) => item.status !== "resolved")
    .map((item): ReportFinding => {
      const id = Hostile.toKey(item.findingId)
      const entry = live.get(id)
      const times = (used.get(id) ?? 0) + 1
      used.set(id, times)
      const many = counted ? (scan.findings.total ?? Number.POSITIVE_INFINITY) : times
      if (entry === undefined || many > entry.count) {
        const old = lapsed.get(id)
        if (old !== undefined) warnings.push(expiry(old))
        fresh += 1
        return { ...item, status: "new", suppression: null }
      }
      same += 1
      const suppression = entry.reason === null ? null : { reason: entry.reason, until: entry.until }
      return { ...item, status: "unchanged", suppression }
    })
  // Only two whole lists show that something is gone.
  const comparable = scan.state === "completed" && scan.findings.coverage === "full" && known.coverage === "full"
  const resolved = comparable
    ? known.findings.filter((entry) => (used.get(Hostile.toKey(entry.findingId)) ?? 0) === 0).map(gone)
    : []
  const total = scan.findings.total
  const numbers =
    counted && total !== null && known.total !== null
      ? { new: Math.max(0, total - known.total), unchanged: Math.min(total, known.total) }
      : { new: fresh, unchanged: same }
  return finish(
    scan,
    [...items, ...resolved],
    warnings,
    {
      source: "computed",
      ...numbers,
      resolved: resolved.length,
      previousScanId: known.scanId,
      previousTotal: known.total,
      consistent: true,
      comparable
    },
    {
      at: known.observedAt,
      scanId: known.scanId,
      severity: known.severity,
      score: known.score,
      findings: known.total
    }
  )
}

const finish = (
  scan: ReportScan,
  items: ReadonlyArray<ReportFinding>,
  warnings: ReadonlyArray<HostileText>,
  delta: ReportScan["delta"],
  previous: ReportScan["previous"]
): ReportScan => {
  const findings = Scan.findingsOf(
    scan.findings.coverage,
    scan.findings.total,
    items,
    // The items do not say how many there are.
    scan.findings.coverage === "counts-only" ? scan.findings.bySeverity : undefined
  )
  const status: Scan.ReportEvidence = { status: delta === null ? "not-offered" : "there", reason: null }
  return {
    ...scan,
    evidence: { ...Scan.evidenceOf(scan), delta: status },
    findings,
    delta,
    previous,
    severity: Scan.severityOf({ assessment: scan.assessment, findings }),
    warnings: [...scan.warnings, ...warnings]
  }
}

/**
 * The same run held against a baseline at the time `now` (milliseconds since 1970): every finding is new or unchanged,
 * accepted ones are suppressed, and what is gone is listed as resolved where both lists are whole. Severities, summary,
 * gate and exit code are derived anew; what a subject unknown to the baseline has is all new.
 *
 * @category combinators
 * @since 0.1.0
 */
export const apply = (report: ScanReport, baseline: Baseline, now: number): ScanReport => {
  const at = Scan.formatTime(now)
  const known = new Map(baseline.subjects.map((subject) => [`${subjectKey(subject)}#${subject.occurrence}`, subject]))
  const scans = place(report.scans).map(({ name, scan }) => {
    if (scan.assessment === null) return scan
    const subject = known.get(name)
    if (subject !== undefined) return compare(scan, subject, at)
    const items = scan.findings.items
      .filter((item) => item.status !== "resolved")
      .map((item): ReportFinding => ({ ...item, status: "new", suppression: null }))
    return finish(scan, items, [], null, null)
  })
  return Report.withScans(report, scans)
}
