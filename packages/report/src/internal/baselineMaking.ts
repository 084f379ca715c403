// From a run to a baseline, keeping what people decided about the entries that are still there. Passed on by `Baseline`.
import * as Severity from "@scanpoll/core/model/Severity"
import * as Effect from "effect/Effect"
import * as Evidence from "../Evidence.ts"
import * as HostileText from "../HostileText.ts"
import type { ReportScan } from "../ReportScan.ts"
import {
  type Baseline,
  type BaselineAssessment,
  BaselineError,
  type BaselineFinding,
  type BaselineSubject,
  baselineVersion
} from "./baselineShape.ts"
import * as Compare from "./compare.ts"
import * as Identities from "./identities.ts"
import type { ScanReport } from "./reportShape.ts"
import * as Times from "./times.ts"

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
    const isWorse = entry !== null && Compare.isWorseFinding(item, entry)
    const covers = entry === null || (entry.count >= count && !isWorse)
    const { isOld, ...decided } = decide(item.suppression ?? entry, covers, given, now)
    return [
      {
        findingId: item.findingId,
        ruleId: item.ruleId,
        title: item.title,
        // What got worse since it was accepted is not accepted.
        severity: isOld && entry !== null && isWorse ? entry.severity : item.severity,
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
  // A run of a part of its plan says nothing of the others.
  const met = new Set(counterparts.map((found) => found?.before))
  const others = report.run.part === undefined ? [] : (previous?.subjects ?? []).filter((_, at) => !met.has(at))
  return {
    baselineVersion,
    tool: report.tool,
    run: report.run,
    subjects: [
      ...others,
      ...report.scans.flatMap((scan, index) => {
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
    ]
  }
}

/**
 * The baseline of a complete run. With a `reason` every finding is accepted, and with `assessments` (default false) every
 * assessment too, until `until` (milliseconds since 1970) or for good; without one it is merely known. `by` and `at`
 * (milliseconds since 1970, default the end of the run) are who decided it and when. What `previous` accepted keeps its decision where it is still there, no worse and no
 * more than it was; a `reason` is for the rest and for what expired. Of a run of a part of its plan, the subjects of `previous`
 * that it does not have stay as they are.
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
          reason: HostileText.of(reason),
          until: until === null ? null : Times.format(until),
          by: by === null ? null : HostileText.of(by),
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
