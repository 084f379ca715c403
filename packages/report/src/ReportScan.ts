/**
 * One row of a report: what became of one requested scan, in plain JSON.
 *
 * A row is made from a `ScanRecord` (`ScanReport.fromRecords`) and holds nothing else. Times are RFC 3339 texts in UTC with milliseconds, or null.
 * What is absent is null, never zero. Every free text is `HostileText`: a vendor may put anything into it, and so may
 * anyone who edits the file. `payload` is null unless the caller passes one.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import type * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as Severity from "@scanpoll/core/model/Severity"
import * as Subject from "@scanpoll/core/model/Subject"
import { HostileText } from "./HostileText.ts"
import { OwnGate } from "./internal/ownGate.ts"

/**
 * A moment: `2026-04-03T09:01:12.000Z`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Time = Schema.String.check(
  Schema.isPattern(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/u, {
    expected: "a time in UTC with milliseconds, such as 2026-04-03T09:01:12.000Z"
  })
)

/**
 * A SHA-256 in hex.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Sha256 = Schema.String.check(Schema.isPattern(/^[0-9a-f]{64}$/u, { expected: "64 hex digits" }))

/**
 * A vendor's name: safe in a file name, a command line and a test suite's name.
 *
 * @category schemas
 * @since 0.1.0
 */
export const VendorName = Schema.String.check(
  Schema.isPattern(/^[a-z0-9][a-z0-9._-]{0,63}$/u, { expected: "the name of a vendor in lower case, such as appvet" })
)

/**
 * How a scan of the report ended: the states of core's records.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ScanState = Schema.Literals(ScanRecord.states)

/**
 * How many of each severity, worst first; a severity nobody has is left out.
 *
 * @category schemas
 * @since 0.1.0
 */
export const SeverityCounts = Schema.Struct({
  critical: Schema.optionalKey(Schema.Natural),
  unknown: Schema.optionalKey(Schema.Natural),
  high: Schema.optionalKey(Schema.Natural),
  medium: Schema.optionalKey(Schema.Natural),
  low: Schema.optionalKey(Schema.Natural),
  info: Schema.optionalKey(Schema.Natural),
  none: Schema.optionalKey(Schema.Natural)
})

/**
 * @category models
 * @since 0.1.0
 */
export type SeverityCounts = typeof SeverityCounts.Type

/**
 * Counts severities, worst first: the order in which they are shown.
 *
 * @category constructors
 * @since 0.1.0
 */
export const countSeverities = (severities: Iterable<Severity.Severity>): SeverityCounts => {
  const counts = new Map<Severity.Severity, number>()
  for (const severity of severities) counts.set(severity, (counts.get(severity) ?? 0) + 1)
  const out: { -readonly [K in keyof SeverityCounts]: SeverityCounts[K] } = {}
  for (const severity of worstFirst) {
    const count = counts.get(severity)
    if (count !== undefined) out[severity] = count
  }
  return out
}

/**
 * Every severity, worst first; `unknown` after `critical`, as a gate reads it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const worstFirst: ReadonlyArray<Severity.Severity> = [
  "critical",
  "unknown",
  "high",
  "medium",
  "low",
  "info",
  "none"
]

/**
 * Somebody accepted a finding or an assessment: why, and until when (null: for good). `by` and `at` are the person and the
 * time of the decision, where the baseline says them.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Suppression = Schema.Struct({
  reason: HostileText,
  until: Schema.NullOr(Time),
  by: Schema.optionalKey(Schema.NullOr(HostileText)),
  at: Schema.optionalKey(Schema.NullOr(Time))
})

/**
 * @category models
 * @since 0.2.0
 */
export type Suppression = typeof Suppression.Type

/**
 * What a row is about. `series` is what new versions of the subject have in common; left out where that is the `id`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ReportSubject = Schema.Struct({
  kind: Subject.Kind,
  id: HostileText,
  name: HostileText,
  series: Schema.optionalKey(HostileText)
})

/**
 * One thing a scan found. A suppressed one counts for no gate and not for the severity of its scan.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReportFinding = Schema.Struct({
  findingId: HostileText,
  ruleId: HostileText,
  title: HostileText,
  description: Schema.NullOr(HostileText),
  severity: Severity.Severity,
  vendorSeverity: Schema.NullOr(HostileText),
  status: Schema.Literals(["new", "unchanged", "resolved", "unknown"]),
  resource: Schema.NullOr(HostileText),
  remediation: Schema.NullOr(HostileText),
  references: Schema.Array(HostileText),
  suppression: Schema.NullOr(Suppression)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ReportFinding = typeof ReportFinding.Type

/**
 * Why a scan is not completed, in the vendor's words or ours.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReportReason = Schema.Struct({
  code: Schema.NullOr(HostileText),
  message: HostileText,
  advice: Schema.NullOr(HostileText),
  requestId: Schema.NullOr(HostileText)
})

/**
 * An earlier scan of the same subject by the same vendor: one point of a trend.
 *
 * @category schemas
 * @since 0.1.0
 */
export const TrendPoint = Schema.Struct({
  at: Time,
  scanId: Schema.NullOr(HostileText),
  severity: Severity.Severity,
  score: Schema.NullOr(Schema.Finite),
  findings: Schema.NullOr(Schema.Finite)
})

/**
 * @category models
 * @since 0.1.0
 */
export type TrendPoint = typeof TrendPoint.Type

const Assessment = Schema.Struct({
  severity: Severity.Severity,
  vendorSeverity: Schema.NullOr(HostileText),
  compliance: Schema.NullOr(Schema.Literals(["pass", "warning", "fail"])),
  score: Schema.NullOr(
    Schema.Struct({
      value: Schema.Finite,
      min: Schema.Finite,
      max: Schema.Finite,
      direction: Schema.Literals(["higher-is-better", "lower-is-better"]),
      grade: Schema.NullOr(HostileText),
      basis: Schema.Literals(["vendor", "derived"])
    })
  ),
  suppression: Schema.optionalKey(Suppression)
})

/**
 * Whether one kind of evidence of a row can be judged: it is `there`, `not-offered` by the vendor, or `unavailable` for a
 * `reason` in words. The reason is null for the first two.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ReportEvidence = Schema.Struct({
  status: Schema.Literals(["there", "not-offered", "unavailable"]),
  reason: Schema.NullOr(HostileText)
})

/**
 * @category models
 * @since 0.2.0
 */
export type ReportEvidence = typeof ReportEvidence.Type

const EvidenceKinds = Schema.Struct({
  assessment: ReportEvidence,
  findings: ReportEvidence,
  delta: ReportEvidence
})

const Delta = Schema.Struct({
  source: Schema.Literals(["vendor", "computed"]),
  new: Schema.Finite,
  resolved: Schema.Finite,
  unchanged: Schema.Finite,
  previousScanId: Schema.NullOr(HostileText),
  previousTotal: Schema.NullOr(Schema.Finite),
  consistent: Schema.Boolean,
  comparable: Schema.Boolean
})

/**
 * What a person can do about a row: words, and the command line that does it where there is one.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Next = Schema.Struct({ advice: HostileText, command: Schema.NullOr(HostileText) })

/**
 * One row of a report.
 *
 * - `id`: names the row in this report; the claim's id, or `row-N` where none was made. Unique.
 * - `key`, `scanId`, `origin`: null until the vendor gave an id.
 * - `scanType`: which of the vendor's types of scan it is, such as AppVet's `seo`; left out where that is not known or the
 *   vendor has one alone.
 * - `declaredAt`: the line of the plan that asks for this scan, counted from 1.
 * - `plan`: the plan that asks for it, where the run has several.
 * - `gate`: what its target, its vendor in the plan or, of several plans, its plan asks beside the gate of the run.
 * - `because`: what ended it when that was not the vendor's verdict. It decides the exit code. `defect` is a mistake in a
 *   program: the log has it.
 * - `evidence`: what a verdict on the row rests on. Version 0.1 did not write it: `Evidence.of` reads both.
 * - `resumable`: a later command can bring more: an outcome, or evidence that is unavailable now.
 * - `severity`: the worst of the assessment and the unsuppressed findings; what a gate reads. `unknown` where there is
 *   no outcome.
 * - `timings.durationMs`: how long the scan took, by the vendor's clock or, without that, by ours; null when unknown.
 * - `reusedBecause`: in words why an outcome that was known before answers the row.
 * - `previous`: what this row was compared with: what a baseline says, or the last point of `trend`; null without either.
 * - `trend`: earlier scans of the subject, oldest first, this one left out.
 * - `payload`: the vendor's own result where the caller asked for it. `payloadSha256` names it, kept or not.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ReportScan = Schema.Struct({
  id: HostileText,
  key: Schema.NullOr(HostileText),
  index: Schema.Natural,
  claimId: Schema.NullOr(HostileText),
  vendor: VendorName,
  account: HostileText,
  origin: Schema.NullOr(HostileText),
  scanId: Schema.NullOr(HostileText),
  subject: ReportSubject,
  scanType: Schema.optionalKey(HostileText),
  declaredAt: Schema.NullOr(Schema.Struct({ line: Schema.Natural, column: Schema.Natural })),
  plan: Schema.optionalKey(HostileText),
  gate: Schema.optionalKey(OwnGate),
  state: ScanState,
  because: Schema.Literals(["outcome", "stop", "vendor-refusal", "credential", "journal", "not-begun", "defect"]),
  vendorStatus: Schema.NullOr(HostileText),
  resumable: Schema.Boolean,
  notBefore: Schema.NullOr(Time),
  next: Schema.NullOr(Next),
  severity: Severity.Severity,
  reason: Schema.NullOr(ReportReason),
  assessment: Schema.NullOr(Assessment),
  evidence: Schema.optionalKey(EvidenceKinds),
  findings: Schema.Struct({
    coverage: Schema.Literals(["full", "partial", "counts-only", "none", "unavailable"]),
    total: Schema.NullOr(Schema.Finite),
    bySeverity: SeverityCounts,
    items: Schema.Array(ReportFinding)
  }),
  delta: Schema.NullOr(Delta),
  timings: Schema.Struct({
    submittedAt: Schema.NullOr(Time),
    createdAt: Schema.NullOr(Time),
    completedAt: Schema.NullOr(Time),
    observedAt: Time,
    durationMs: Schema.NullOr(Schema.Natural),
    durationBasis: Schema.NullOr(Schema.Literals(["vendor", "client"])),
    polls: Schema.Natural
  }),
  progress: Schema.NullOr(
    Schema.Struct({
      fraction: Schema.NullOr(Schema.Finite),
      done: Schema.NullOr(Schema.Finite),
      total: Schema.NullOr(Schema.Finite)
    })
  ),
  cached: Schema.Boolean,
  reused: Schema.Boolean,
  reusedBecause: Schema.optionalKey(HostileText),
  ageMs: Schema.NullOr(Schema.Natural),
  warnings: Schema.Array(HostileText),
  links: Schema.Struct({ report: Schema.NullOr(HostileText) }),
  requestId: Schema.NullOr(HostileText),
  previous: Schema.NullOr(TrendPoint),
  trend: Schema.Array(TrendPoint),
  payload: Schema.Json,
  payloadSha256: Schema.NullOr(Sha256)
})

/**
 * @category models
 * @since 0.1.0
 */
export type ReportScan = typeof ReportScan.Type

/**
 * The severity of a row: the worst of what the scan says as a whole and of every finding that is neither resolved nor
 * suppressed; an accepted assessment counts as `none`. `unknown` where nothing was assessed.
 *
 * @category destructors
 * @since 0.1.0
 */
export const severityOf = (row: Pick<ReportScan, "assessment" | "findings">): Severity.Severity => {
  if (row.assessment === null) return "unknown"
  let worst = row.assessment.suppression === undefined ? row.assessment.severity : "none"
  for (const finding of row.findings.items) {
    if (isOpen(finding)) worst = Severity.worse(worst, finding.severity)
  }
  return worst
}

/**
 * The severity of a row with what was accepted: the worst of the assessment and of every finding that is not resolved.
 *
 * @category destructors
 * @since 0.2.0
 */
export const foundOf = (row: Pick<ReportScan, "assessment" | "findings" | "severity">): Severity.Severity =>
  row.assessment === null
    ? row.severity
    : row.findings.items.reduce(
        (worst, { severity, status }) => (status === "resolved" ? worst : Severity.worse(worst, severity)),
        Severity.worse(row.severity, row.assessment.severity)
      )

/**
 * Whether a finding counts: neither resolved nor suppressed.
 *
 * @category guards
 * @since 0.1.0
 */
export const isOpen = (finding: Pick<ReportFinding, "status" | "suppression">): boolean =>
  finding.status !== "resolved" && finding.suppression === null

/**
 * The findings of a row with their counts: severities count what is not resolved, or are what the vendor `counted`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const findingsOf = (
  coverage: ScanOutcome.Findings["coverage"],
  total: number | null,
  items: ReadonlyArray<ReportFinding>,
  counted?: SeverityCounts
): ReportScan["findings"] => ({
  coverage,
  total,
  bySeverity:
    counted ?? countSeverities(items.filter((item) => item.status !== "resolved").map((item) => item.severity)),
  items
})
