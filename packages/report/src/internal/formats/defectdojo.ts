// The generic findings format of DefectDojo, for an import or a re-import.
// Every finding has `unique_id_from_tool`, so that a re-import finds it again, and `service`, so that subjects stay apart.
// A run that is not complete says so in its description: importing it with "close old findings" would close what merely
// was not scanned.
// See https://github.com/DefectDojo/django-DefectDojo/blob/master/dojo/tools/generic/json_parser.py
import type { Severity } from "@scanpoll/core/model/Severity"
import * as HostileText from "../../HostileText.ts"
import * as Issues from "../issues.ts"
import { safeJson } from "../json.ts"
import * as Words from "../words.ts"
import type { RenderOptions, Renderer } from "../../RenderOptions.ts"
import type { ReportScan } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"

// There is no word for "unknown" there; what may hide anything must not be filed away as mild.
const severities: Readonly<Record<Severity, string>> = {
  critical: "Critical",
  unknown: "High",
  high: "High",
  medium: "Medium",
  low: "Low",
  info: "Info",
  none: "Info"
}

const finding = (scan: ReportScan, issue: Issues.Issue): object => {
  const remediation = issue.finding?.remediation ?? null
  const resource = issue.finding?.resource ?? null
  const suppression = issue.finding?.suppression ?? null
  const links = [...(issue.finding?.references ?? []), ...(scan.links.report === null ? [] : [scan.links.report])]
    .map((link) => HostileText.toLink(link, scan.origin))
    .filter((link) => link !== null)
  const at = (scan.timings.completedAt ?? scan.timings.observedAt).slice(0, 10)
  const address = scan.subject.kind === "url" ? HostileText.toLink(scan.subject.id, scan.subject.id) : null
  return {
    title: issue.title.slice(0, 500),
    description: [
      issue.description,
      resource === null ? "" : `Resource: ${HostileText.toLine(resource, 500)}`,
      issue.severity === "unknown" ? "The vendor's severity is not one we know; it is filed as High." : ""
    ]
      .filter((part) => part !== "")
      .join("\n\n"),
    severity: severities[issue.severity],
    date: at,
    active: suppression === null,
    verified: false,
    risk_accepted: suppression !== null,
    dynamic_finding: true,
    static_finding: false,
    unique_id_from_tool: issue.uid,
    vuln_id_from_tool: issue.rule.slice(0, 500),
    service: Words.label(scan, 200),
    ...(remediation === null ? {} : { mitigation: HostileText.toBlock(remediation) }),
    ...(links.length === 0 ? {} : { references: links.join("\n") }),
    ...(address === null ? {} : { endpoints: [address] }),
    tags: [scan.vendor, `state:${scan.state}`]
  }
}

/**
 * Renders `defectdojo`, a scan at a time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport, options: RenderOptions = {}) {
  const warning =
    report.summary.incomplete + Words.lacking(report) === 0
      ? ""
      : " Not complete: do not let this import close findings it does not list."
  const head = {
    name: Words.title(report, options.title ?? null),
    type: "scanpoll",
    version: HostileText.toLine(report.tool.version, 40),
    description: `${Words.verdict(report)}${warning}`
  }
  yield safeJson(head, 2).replace(/\n\}$/, ',\n  "findings": [')
  let first = true
  for (const placed of Issues.placed(report.scans)) {
    for (const issue of Issues.ofScan(placed)) {
      yield `${first ? "" : ","}\n    ${safeJson(finding(placed.scan, issue))}`
      first = false
    }
  }
  yield first ? "]\n}\n" : "\n  ]\n}\n"
}
