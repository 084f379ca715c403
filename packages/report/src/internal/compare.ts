// One row held against what is known of its subject: new, unchanged, resolved, accepted. Touches nothing: rows in, rows out.
// Law: only two whole lists show that something is gone, and what got worse than was accepted counts.
import * as Severity from "@scanpoll/core/model/Severity"
import * as HostileText from "../HostileText.ts"
import * as Evidence from "../Evidence.ts"
import * as Identities from "./identities.ts"
import * as ReportScan from "../ReportScan.ts"

// What somebody decided about an entry of a baseline: nothing where there is no reason.
export interface Decision {
  readonly reason: HostileText.HostileText | null
  readonly until: string | null
  readonly by?: HostileText.HostileText | null
  readonly at?: string | null
}

interface KnownFinding extends Decision {
  readonly findingId: HostileText.HostileText
  readonly ruleId: HostileText.HostileText
  readonly title: HostileText.HostileText
  readonly severity: Severity.Severity
  readonly count: number
}

interface KnownAssessment extends Decision {
  readonly severity: Severity.Severity
  readonly score: number | null
}

export interface Known {
  readonly subject: ReportScan.ReportScan["subject"]
  readonly scanId: HostileText.HostileText | null
  readonly observedAt: string
  readonly severity: Severity.Severity
  readonly score: number | null
  readonly coverage: ReportScan.ReportScan["findings"]["coverage"]
  readonly total: number | null
  readonly findings: ReadonlyArray<KnownFinding>
  readonly assessment: KnownAssessment | null
}

export const isLive = (decision: Decision, now: string): boolean => decision.until === null || decision.until > now

// What one of two compared lists is about, and how much of it there is.
type Side = Pick<Known, "subject" | "coverage">

export const sideOf = (scan: Pick<ReportScan.ReportScan, "subject" | "findings">): Side => ({
  subject: scan.subject,
  coverage: scan.findings.coverage
})

// What a finding of the list `mine` has in common with the same one of the list `other`. A vendor that only counts has one
// finding for each rule, whose id changed since version 0.1.
export const keyOf = (
  finding: Pick<ReportScan.ReportFinding, "findingId" | "ruleId">,
  mine: Side,
  other: Pick<Side, "coverage">
): string =>
  mine.coverage === "counts-only" && other.coverage === "counts-only"
    ? `rule ${HostileText.toKey(finding.ruleId)}`
    : `finding ${Identities.findingKey(mine, finding)}`

const suppressionOf = ({ at, by, reason, until }: Decision): ReportScan.Suppression | null =>
  reason === null ? null : { reason, until, ...(by === undefined ? {} : { by }), ...(at === undefined ? {} : { at }) }

const gone = (entry: KnownFinding): ReportScan.ReportFinding => ({
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

const expiry = (what: string, { reason, until }: Decision): HostileText.HostileText =>
  HostileText.of(
    `accepted until ${until ?? "now"} and back: ${what}, accepted because: ${reason === null ? "" : HostileText.toLine(reason, 200)}`
  )

export const nameOf = (entry: Pick<KnownFinding, "title" | "ruleId">): string =>
  `${HostileText.toLine(entry.title, 200)} (${HostileText.toLine(entry.ruleId, 100)})`

/** Whether an assessment says worse than the one that was accepted, by severity or by score. */
export const isWorse = (now: NonNullable<ReportScan.ReportScan["assessment"]>, accepted: KnownAssessment): boolean => {
  if (Severity.worse(now.severity, accepted.severity) !== accepted.severity) return true
  if (now.score === null || accepted.score === null) return false
  return now.score.direction === "higher-is-better"
    ? now.score.value < accepted.score
    : now.score.value > accepted.score
}

/** Whether a finding says worse than the one that was accepted. */
export const isWorseFinding = (
  now: Pick<ReportScan.ReportFinding, "severity">,
  accepted: Pick<KnownFinding, "severity">
): boolean => Severity.worse(now.severity, accepted.severity) !== accepted.severity

const judgedOf = (
  scan: ReportScan.ReportScan,
  accepted: KnownAssessment | null,
  now: string,
  warnings: Array<HostileText.HostileText>
): ReportScan.ReportScan["assessment"] => {
  if (scan.assessment === null) return null
  const { suppression: _old, ...assessment } = scan.assessment
  const suppression = accepted === null ? null : suppressionOf(accepted)
  if (accepted === null || suppression === null) return assessment
  if (!isLive(accepted, now)) {
    warnings.push(expiry("the assessment", accepted))
    return assessment
  }
  if (isWorse(assessment, accepted)) {
    warnings.push(HostileText.of("the assessment is worse than the one that was accepted, so it counts"))
    return assessment
  }
  return { ...assessment, suppression }
}

// The row held against what is known of it at the time `now`.
export const compare = (scan: ReportScan.ReportScan, known: Known, now: string): ReportScan.ReportScan => {
  const counted = scan.findings.coverage === "counts-only" || known.coverage === "counts-only"
  const mine = sideOf(scan)
  const idOf = (finding: Pick<ReportScan.ReportFinding, "findingId" | "ruleId">) => keyOf(finding, mine, known)
  const idOfKnown = (entry: KnownFinding) => keyOf(entry, known, mine)
  const live = new Map<string, KnownFinding>()
  const lapsed = new Map<string, KnownFinding>()
  for (const entry of known.findings) {
    // A merely known entry has nothing that could expire.
    if (entry.reason === null || isLive(entry, now)) live.set(idOfKnown(entry), entry)
    else lapsed.set(idOfKnown(entry), entry)
  }
  const used = new Map<string, number>()
  const warnings: Array<HostileText.HostileText> = []
  let fresh = 0
  let same = 0
  const items = scan.findings.items
    .filter((item) => item.status !== "resolved")
    .map((item): ReportScan.ReportFinding => {
      const id = idOf(item)
      const entry = live.get(id)
      const times = (used.get(id) ?? 0) + 1
      used.set(id, times)
      const many = counted ? (scan.findings.total ?? Number.POSITIVE_INFINITY) : times
      if (entry === undefined || many > entry.count) {
        const old = lapsed.get(id)
        if (old !== undefined) warnings.push(expiry(nameOf(old), old))
        fresh += 1
        return { ...item, status: "new", suppression: null }
      }
      same += 1
      const suppression = suppressionOf(entry)
      if (suppression !== null && isWorseFinding(item, entry)) {
        warnings.push(
          HostileText.of(`accepted as ${entry.severity}, and ${item.severity} now, so it counts: ${nameOf(entry)}`)
        )
        return { ...item, status: "unchanged", suppression: null }
      }
      return { ...item, status: "unchanged", suppression }
    })
  // Only two whole lists show that something is gone.
  const comparable = scan.state === "completed" && scan.findings.coverage === "full" && known.coverage === "full"
  const resolved = comparable ? known.findings.filter((entry) => (used.get(idOfKnown(entry)) ?? 0) === 0).map(gone) : []
  const total = scan.findings.total
  const numbers =
    counted && total !== null && known.total !== null
      ? { new: Math.max(0, total - known.total), unchanged: Math.min(total, known.total) }
      : { new: fresh, unchanged: same }
  const assessment = judgedOf(scan, known.assessment, now, warnings)
  return finish({ ...scan, assessment }, [...items, ...resolved], warnings, {
    delta: {
      source: "computed",
      ...numbers,
      resolved: resolved.length,
      previousScanId: known.scanId,
      previousTotal: known.total,
      consistent: true,
      comparable
    },
    previous: {
      at: known.observedAt,
      scanId: known.scanId,
      severity: known.severity,
      score: known.score,
      findings: known.total
    }
  })
}

const finish = (
  scan: ReportScan.ReportScan,
  items: ReadonlyArray<ReportScan.ReportFinding>,
  warnings: ReadonlyArray<HostileText.HostileText>,
  { delta, previous }: Pick<ReportScan.ReportScan, "delta" | "previous">
): ReportScan.ReportScan => {
  const findings = ReportScan.findingsOf(
    scan.findings.coverage,
    scan.findings.total,
    items,
    // The items do not say how many there are.
    scan.findings.coverage === "counts-only" ? scan.findings.bySeverity : undefined
  )
  const status: ReportScan.ReportEvidence = { status: delta === null ? "not-offered" : "there", reason: null }
  return {
    ...scan,
    evidence: { ...Evidence.of(scan), delta: status },
    findings,
    delta,
    previous,
    severity: ReportScan.severityOf({ assessment: scan.assessment, findings }),
    warnings: [...scan.warnings, ...warnings]
  }
}

// The row of a subject nothing is known of: all of it is new.
export const unknown = (scan: ReportScan.ReportScan): ReportScan.ReportScan => {
  const items = scan.findings.items
    .filter((item) => item.status !== "resolved")
    .map((item): ReportScan.ReportFinding => ({ ...item, status: "new", suppression: null }))
  const assessment = judgedOf(scan, null, "", [])
  return finish({ ...scan, assessment }, items, [], { delta: null, previous: null })
}
