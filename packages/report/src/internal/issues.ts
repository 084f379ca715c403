import * as Severity from "@scanpoll/core/model/Severity"
import * as Hostile from "../HostileText.ts"
import type { ReportFinding, ReportScan } from "../ReportScan.ts"
import * as Words from "./words.ts"

// What a scan reports, for formats that know nothing but findings: each finding that is not resolved and, where the scan
// says worse than those, its assessment as one more.
export interface Issue {
  readonly kind: "finding" | "assessment"
  readonly key: string
  readonly rule: string
  readonly title: string
  readonly description: string
  readonly severity: Severity.Severity
  readonly finding: ReportFinding | null
}

// Named after the vendor, unless the vendor's own name for it already is.
export const ruleOf = (scan: ReportScan, finding: ReportFinding): string => {
  const rule = Hostile.toLine(finding.ruleId, 160) || "finding"
  return rule.startsWith(`${scan.vendor}/`) ? rule : `${scan.vendor}/${rule}`
}

export const ofScan = (scan: ReportScan): ReadonlyArray<Issue> => {
  if (scan.assessment === null) return []
  const subject = Words.subject(scan)
  const found: Array<Issue> = []
  for (const finding of scan.findings.items) {
    if (finding.status === "resolved") continue
    const title = Hostile.toLine(finding.title, 200) || Hostile.toLine(finding.ruleId, 200) || "finding"
    const where = finding.resource === null ? subject : Hostile.toLine(finding.resource, 300)
    const told = finding.description === null ? "" : Hostile.toBlock(finding.description, 4_000)
    found.push({
      kind: "finding",
      key: Hostile.toKey(finding.findingId),
      rule: ruleOf(scan, finding),
      title,
      description: told === "" ? `${title} at ${where}` : told,
      severity: finding.severity,
      finding
    })
  }
  // A scan may say worse of its subject as a whole than any finding it lists.
  const listed = Severity.worst(found.map((issue) => issue.severity))
  const silent = !Severity.atLeast(scan.assessment.severity, "low")
  if (silent || (found.length > 0 && Severity.worse(listed, scan.assessment.severity) === listed)) return found
  const { severity } = scan.assessment
  const word = Words.vendorWord(scan)
  const parts = [Words.score(scan), word === null ? null : `the vendor says "${word}"`, Words.findings(scan)]
  return [
    ...found,
    {
      kind: "assessment",
      key: "assessment",
      rule: `${scan.vendor}/assessment`,
      title: `${subject} is assessed as ${severity}`,
      description: `${subject} is assessed as ${severity}: ${parts.filter((part) => part !== null).join("; ")}.`,
      severity,
      finding: null
    }
  ]
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
