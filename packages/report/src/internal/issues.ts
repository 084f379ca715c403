// What the formats for issues (SARIF, DefectDojo, OCSF, JUnit) list of a row: its findings, and the assessment where it says
// worse than all of them. Touches nothing. Law: nothing a gate breaks on is missing from the list.
import * as Severity from "@scanpoll/core/model/Severity"
import * as HostileText from "../HostileText.ts"
import { type ReportFinding, type ReportScan, worstFirst as bySeverity } from "../ReportScan.ts"
import { hash } from "./hash.ts"
import * as Identities from "./identities.ts"
import * as Words from "./words.ts"

// What a scan reports, for formats that know nothing but findings: each finding that is not resolved and, where the scan
// says worse than those, its assessment as one more.
export interface Issue {
  readonly kind: "finding" | "assessment"
  // The same in every run, and no other issue's.
  readonly uid: string
  readonly rule: string
  readonly title: string
  readonly description: string
  readonly severity: Severity.Severity
  readonly finding: ReportFinding | null
}

// Named after the vendor, unless the vendor's own name for it already is.
export const ruleOf = (scan: ReportScan, finding: ReportFinding): string => {
  const rule = HostileText.toLine(finding.ruleId, 160) || "finding"
  return rule.startsWith(`${scan.vendor}/`) ? rule : `${scan.vendor}/${rule}`
}

// A row and its identity among the rows of its report.
export interface Placed {
  readonly scan: ReportScan
  readonly scanned: string
}

export const placed = (scans: ReadonlyArray<ReportScan>): ReadonlyArray<Placed> => {
  const names = Identities.place(scans)
  return scans.map((scan, index) => ({ scan, scanned: hash(names[index] ?? "") }))
}

// A vendor may list one finding several times; the second is told from the first by its number.
const repeats = new WeakMap<ReportScan, ReadonlyMap<ReportFinding, number>>()

const repeatsOf = (scan: ReportScan): ReadonlyMap<ReportFinding, number> => {
  const known = repeats.get(scan)
  if (known !== undefined) return known
  const seen = new Map<string, number>()
  const found = new Map<ReportFinding, number>()
  for (const finding of scan.findings.items) {
    const id = HostileText.toKey(finding.findingId)
    const times = (seen.get(id) ?? 0) + 1
    seen.set(id, times)
    if (times > 1) found.set(finding, times)
  }
  repeats.set(scan, found)
  return found
}

export const uidOf = ({ scan, scanned }: Placed, finding: ReportFinding): string => {
  const times = repeatsOf(scan).get(finding)
  return Identities.findingUid(times === undefined ? scanned : `${scanned}#finding ${times}`, scan, finding)
}

const ofFinding = (placed: Placed, subject: string, finding: ReportFinding): Issue => {
  const { scan } = placed
  const title = HostileText.toLine(finding.title, 200) || HostileText.toLine(finding.ruleId, 200) || "finding"
  const where = finding.resource === null ? subject : HostileText.toLine(finding.resource, 300)
  const told = finding.description === null ? "" : HostileText.toBlock(finding.description, 4_000)
  return {
    kind: "finding",
    uid: uidOf(placed, finding),
    rule: ruleOf(scan, finding),
    title,
    description: told === "" ? `${title} at ${where}` : told,
    severity: finding.severity,
    finding
  }
}

// The severity of the assessment where it is an issue of its own: worse than any finding that is listed.
const ownSeverity = (scan: ReportScan): Severity.Severity | null => {
  if (scan.assessment === null) return null
  const { severity, suppression } = scan.assessment
  if (suppression !== undefined) return null
  if (!Severity.atLeast(severity, "low")) return null
  for (const finding of scan.findings.items) {
    if (finding.status !== "resolved" && Severity.worse(finding.severity, severity) === finding.severity) return null
  }
  return severity
}

const ofAssessment = ({ scan, scanned }: Placed, subject: string, severity: Severity.Severity): Issue => {
  const type = scan.scanType === undefined ? "" : `${HostileText.toLine(scan.scanType, 40)}/`
  const parts = [Words.says(scan), Words.findings(scan)]
  return {
    kind: "assessment",
    uid: Identities.assessmentUid(scanned),
    rule: `${scan.vendor}/${type}assessment`,
    title: `${subject} is assessed as ${severity}`,
    description: `${subject} is assessed as ${severity}: ${parts.filter((part) => part !== null).join("; ")}.`,
    severity,
    finding: null
  }
}

// The issues of a scan, or those of one severity; made as they are asked for.
export const ofScan = function* (placed: Placed, only: Severity.Severity | null = null): Generator<Issue, void> {
  const { scan } = placed
  if (scan.assessment === null) return
  const own = ownSeverity(scan)
  const mine = own !== null && (only === null || own === only)
  if (only !== null && !mine && (scan.findings.bySeverity[only] ?? 0) === 0) return
  const subject = Words.label(scan)
  for (const finding of scan.findings.items) {
    if (finding.status === "resolved" || (only !== null && finding.severity !== only)) continue
    yield ofFinding(placed, subject, finding)
  }
  if (mine) yield ofAssessment(placed, subject, own)
}

export const count = (scan: ReportScan): number =>
  scan.assessment === null
    ? 0
    : scan.findings.items.reduce((sum, finding) => (finding.status === "resolved" ? sum : sum + 1), 0) +
      (ownSeverity(scan) === null ? 0 : 1)

// The issues of all scans, the worst first; a run may have millions, and who asks may stop early.
export const worstFirst = function* (
  scans: ReadonlyArray<Placed>,
  severities: ReadonlyArray<Severity.Severity> = bySeverity
): Generator<{ readonly scan: ReportScan; readonly issue: Issue }, void> {
  for (const severity of severities) {
    for (const one of scans) {
      for (const issue of ofScan(one, severity)) yield { scan: one.scan, issue }
    }
  }
}

// One number for formats that want one, inside the bands of those that read it.
export const weight: Readonly<Record<Severity.Severity, number>> = {
  none: 0,
  info: 0,
  low: 2.5,
  medium: 5.5,
  high: 8,
  unknown: 8,
  critical: 9.5
}
