// CSV: a line for each scan and a line for each of its findings, for a spreadsheet or a data tool.
// The column `row` says which of the two a line is; a finding's line repeats what names its scan. `identity` is the same
// for the same subject under scan in every run. Numbers are numbers;
// texts that a spreadsheet could take for a formula start with an apostrophe. Lossless export is what JSON is for.
import { stringify } from "csv-stringify/sync"
import * as HostileText from "../../HostileText.ts"
import * as Identities from "../identities.ts"
import * as Words from "../words.ts"
import type { RenderOptions, Renderer } from "../../RenderOptions.ts"
import type { ReportFinding, ReportScan, Suppression } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"

/**
 * The columns, in their order. A version adds columns at the end.
 *
 * @category constructors
 * @since 0.1.0
 */
export const columns = [
  "row",
  "vendor",
  "account",
  "subject_kind",
  "subject",
  "subject_id",
  "id",
  "key",
  "state",
  "severity",
  "vendor_severity",
  "compliance",
  "score",
  "score_min",
  "score_max",
  "grade",
  "findings",
  "coverage",
  "new",
  "resolved",
  "unchanged",
  "submitted_at",
  "completed_at",
  "observed_at",
  "duration_ms",
  "duration_basis",
  "polls",
  "cached",
  "reused",
  "age_ms",
  "reason_code",
  "reason",
  "next",
  "report_url",
  "finding_id",
  "rule_id",
  "title",
  "status",
  "resource",
  "description",
  "remediation",
  "accepted",
  "scan_type",
  "identity",
  "accepted_until",
  "accepted_by"
] as const

type Cell = string | number | null
type Line = { readonly [K in (typeof columns)[number]]?: Cell }

const cell = (text: HostileText.HostileText | null): Cell => (text === null ? null : HostileText.toCell(text))

const naming = (scan: ReportScan): Line => ({
  vendor: scan.vendor,
  account: cell(scan.account),
  subject_kind: scan.subject.kind,
  subject: cell(scan.subject.name),
  subject_id: cell(scan.subject.id),
  id: cell(scan.id),
  key: cell(scan.key),
  state: scan.state,
  scan_type: cell(scan.scanType ?? null),
  identity: Identities.uidOf(scan)
})

const acceptance = (suppression: Suppression | null): Line => ({
  accepted: cell(suppression === null ? null : suppression.reason),
  accepted_until: suppression?.until ?? null,
  accepted_by: cell(suppression?.by ?? null)
})

const scanLine = (scan: ReportScan): Line => {
  const score = scan.assessment?.score ?? null
  const { delta, timings } = scan
  const lost = Words.missing(scan)
  return {
    row: "scan",
    ...naming(scan),
    ...acceptance(scan.assessment?.suppression ?? null),
    severity: scan.assessment === null ? null : scan.severity,
    vendor_severity: cell(scan.assessment?.vendorSeverity ?? null),
    compliance: scan.assessment?.compliance ?? null,
    score: score?.value ?? null,
    score_min: score?.min ?? null,
    score_max: score?.max ?? null,
    grade: cell(score?.grade ?? null),
    findings: scan.findings.total,
    coverage: scan.findings.coverage,
    new: delta?.new ?? null,
    resolved: delta?.resolved ?? null,
    unchanged: delta?.unchanged ?? null,
    submitted_at: timings.submittedAt,
    completed_at: timings.completedAt,
    observed_at: timings.observedAt,
    duration_ms: timings.durationMs,
    duration_basis: timings.durationBasis,
    polls: timings.polls,
    cached: String(scan.cached),
    reused: String(scan.reused),
    age_ms: scan.ageMs,
    reason_code: scan.reason === null ? (lost === null ? null : "evidence-unavailable") : cell(scan.reason.code),
    reason: scan.reason === null ? lost : cell(scan.reason.message),
    next: cell(scan.next === null ? null : (scan.next.command ?? scan.next.advice)),
    report_url: scan.links.report === null ? null : HostileText.toLink(scan.links.report, scan.origin)
  }
}

const findingLine = (scan: ReportScan, finding: ReportFinding): Line => ({
  row: "finding",
  ...naming(scan),
  severity: finding.severity,
  vendor_severity: cell(finding.vendorSeverity),
  finding_id: cell(finding.findingId),
  rule_id: cell(finding.ruleId),
  title: cell(finding.title),
  status: finding.status,
  resource: cell(finding.resource),
  description: cell(finding.description),
  remediation: cell(finding.remediation),
  ...acceptance(finding.suppression)
})

const write = (lines: ReadonlyArray<Line>): string =>
  stringify(
    lines.map((line) => columns.map((column) => line[column] ?? null)),
    // Its own guard comes on top of ours: what we let through by mistake is still no formula.
    { record_delimiter: "windows", escape_formulas: true }
  )

/**
 * Renders `csv`, a scan at a time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport, options: RenderOptions = {}) {
  const least = options.minSeverity ?? "none"
  yield `${options.csvBom === true ? "\u{feff}" : ""}${columns.join(",")}\r\n`
  for (const scan of report.scans) {
    const found = scan.findings.items.filter((item) => Words.shown(item.severity, least))
    yield write([scanLine(scan), ...found.map((finding) => findingLine(scan, finding))])
  }
}
