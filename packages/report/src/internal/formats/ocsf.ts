// OCSF events, one JSON object a line: a Scan Activity for each scan and a Compliance Finding for each finding.
// The outcome of a scan and the state of a finding stay apart, and counts are left out where they are not known. A
// finding of an assessment without items is one too. Times are milliseconds since 1970.
// See https://schema.ocsf.io/classes/scan_activity
// See https://schema.ocsf.io/classes/compliance_finding
import type { ScanState } from "@scanpoll/core/model/ScanRecord"
import type { Severity } from "@scanpoll/core/model/Severity"
import * as HostileText from "../../HostileText.ts"
import { hash } from "../hash.ts"
import * as Issues from "../issues.ts"
import { safeJson } from "../json.ts"
import * as Words from "../words.ts"
import type { Renderer } from "../../RenderOptions.ts"
import type { ReportFinding, ReportScan } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"

const schemaVersion = "1.5.0"

const severities: Readonly<Record<Severity, readonly [id: number, name: string]>> = {
  unknown: [0, "Unknown"],
  none: [1, "Informational"],
  info: [1, "Informational"],
  low: [2, "Low"],
  medium: [3, "Medium"],
  high: [4, "High"],
  critical: [5, "Critical"]
}

const activities: Readonly<Record<ScanState, readonly [id: number, name: string]>> = {
  completed: [2, "Completed"],
  // The vendor ended it: it is over, and its status says that it is not whole.
  partial: [2, "Completed"],
  failed: [6, "Error"],
  "not-found": [6, "Error"],
  unreachable: [0, "Unknown"],
  protocol: [0, "Unknown"],
  "still-running": [4, "Duration Violation"],
  interrupted: [3, "Cancelled"],
  denied: [6, "Error"],
  "in-doubt": [0, "Unknown"],
  refused: [6, "Error"],
  "not-started": [3, "Cancelled"]
}

const millis = (time: string | null): number | undefined => (time === null ? undefined : Date.parse(time))

const short = (text: HostileText.HostileText | null): string | undefined =>
  text === null ? undefined : HostileText.toLine(text, 200)

const metadata = (report: ScanReport, scan: ReportScan, uid: string) => ({
  version: schemaVersion,
  product: { name: "scanpoll", vendor_name: "scanpoll", version: HostileText.toLine(report.tool.version, 40) },
  log_name: scan.vendor,
  uid,
  correlation_uid: HostileText.toLine(report.run.id, 200),
  ...(scan.requestId === null ? {} : { original_event_uid: HostileText.toLine(scan.requestId, 200) })
})

const activity = (report: ScanReport, scan: ReportScan): object => {
  const [activityId, activityName] = activities[scan.state]
  const [severityId, severityName] = severities[scan.severity]
  const ended = millis(scan.timings.completedAt)
  const lost = Words.missing(scan)
  const status =
    scan.state === "completed" && lost === null
      ? { status_id: 1, status: "Success" }
      : scan.state === "completed" || scan.state === "partial"
        ? { status_id: 99, status: "Partial" }
        : activityId === 0
          ? { status_id: 0, status: "Unknown" }
          : { status_id: 2, status: "Failure" }
  return {
    class_uid: 6007,
    class_name: "Scan Activity",
    category_uid: 6,
    category_name: "Application Activity",
    activity_id: activityId,
    activity_name: activityName,
    type_uid: 600_700 + activityId,
    type_name: `Scan Activity: ${activityName}`,
    time: ended ?? millis(scan.timings.observedAt),
    start_time: millis(scan.timings.createdAt ?? scan.timings.submittedAt),
    end_time: ended,
    duration: scan.timings.durationMs ?? undefined,
    severity_id: severityId,
    severity: severityName,
    ...status,
    status_code: scan.state,
    status_detail: Words.reason(scan) ?? lost ?? undefined,
    message: `${Words.subject(scan)}: ${scan.state}`,
    num_detections: scan.findings.total ?? undefined,
    num_resolutions: scan.delta !== null && scan.delta.comparable ? scan.delta.resolved : undefined,
    scan: {
      uid: HostileText.toLine(scan.key ?? scan.id, 255),
      name: Words.subject(scan),
      type_id: 1,
      type: "Manual"
    },
    metadata: metadata(report, scan, hash(HostileText.toKey(report.run.id), HostileText.toKey(scan.id))),
    unmapped: {
      account: HostileText.toLine(scan.account, 200),
      scan_type: short(scan.scanType ?? null),
      score: scan.assessment?.score?.value ?? undefined,
      grade: short(scan.assessment?.score?.grade ?? null),
      vendor_severity: short(scan.assessment?.vendorSeverity ?? null),
      cached: scan.cached,
      reused: scan.reused,
      polls: scan.timings.polls
    }
  }
}

const findingStatus = (finding: ReportFinding | null) => {
  if (finding !== null && finding.suppression !== null) return { status_id: 3, status: "Suppressed" }
  if (finding !== null && finding.status === "resolved") return { status_id: 4, status: "Resolved" }
  if (finding !== null && finding.status === "unchanged") return { status_id: 99, status: "Unchanged" }
  return { status_id: 1, status: "New" }
}

interface Row {
  readonly uid: string
  readonly rule: string
  readonly title: string
  readonly description: string
  readonly severity: Severity
  readonly finding: ReportFinding | null
}

const compliance = (report: ScanReport, scan: ReportScan, row: Row): object => {
  const [severityId, severityName] = severities[row.severity]
  const gone = row.finding !== null && row.finding.status === "resolved"
  const [activityId, activityName] = gone
    ? [3, "Close"]
    : row.finding !== null && row.finding.status === "unchanged"
      ? [2, "Update"]
      : [1, "Create"]
  const remediation = row.finding?.remediation ?? null
  const link = scan.links.report === null ? null : HostileText.toLink(scan.links.report, scan.origin)
  return {
    class_uid: 2003,
    class_name: "Compliance Finding",
    category_uid: 2,
    category_name: "Findings",
    activity_id: activityId,
    activity_name: activityName,
    type_uid: 200_300 + activityId,
    type_name: `Compliance Finding: ${activityName}`,
    time: millis(scan.timings.completedAt ?? scan.timings.observedAt),
    severity_id: severityId,
    severity: severityName,
    ...findingStatus(row.finding),
    message: row.title,
    finding_info: {
      uid: row.uid,
      title: row.title,
      desc: row.description,
      types: [row.rule],
      ...(link === null ? {} : { src_url: link })
    },
    compliance: {
      control: row.rule,
      status_id: gone ? 1 : 3,
      status: gone ? "Pass" : "Fail"
    },
    resources: [
      {
        uid: HostileText.toLine(scan.subject.id, 500),
        name:
          row.finding === null || row.finding.resource === null
            ? Words.subject(scan)
            : HostileText.toLine(row.finding.resource, 500),
        type: scan.subject.kind
      }
    ],
    ...(remediation === null
      ? {}
      : { remediation: { desc: HostileText.toBlock(remediation) || "see the vendor's report" } }),
    metadata: metadata(report, scan, hash(HostileText.toKey(report.run.id), HostileText.toKey(scan.id), row.uid))
  }
}

const resolved = (placed: Issues.Placed): ReadonlyArray<Row> =>
  placed.scan.findings.items
    .filter((item) => item.status === "resolved")
    .map((finding) => ({
      uid: Issues.uidOf(placed, finding),
      rule: Issues.ruleOf(placed.scan, finding),
      title: HostileText.toLine(finding.title, 200) || "finding",
      description: finding.description === null ? "resolved" : HostileText.toBlock(finding.description, 4_000),
      severity: finding.severity,
      finding
    }))

/**
 * Renders `ocsf`, an event at a time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport) {
  for (const placed of Issues.placed(report.scans)) {
    const { scan } = placed
    yield `${safeJson(activity(report, scan))}\n`
    for (const row of [...Issues.ofScan(placed), ...resolved(placed)]) {
      yield `${safeJson(compliance(report, scan, row))}\n`
    }
  }
}
