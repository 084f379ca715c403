/** From a report's checks to findings: every failed check and every warning is one. */
import type { Finding, Findings } from "@scanpoll/core/model/ScanOutcome"
import type { Severity } from "@scanpoll/core/model/Severity"
import type { Report, ReportCheck } from "../AppVetSchema.ts"

const severities: Readonly<Record<string, Severity>> = {
  critical: "critical",
  high: "high",
  medium: "medium",
  low: "low",
  info: "info"
}

/** Without the vendor's word a failed check is at least `low`, a warning `info`; a word we do not know is `unknown`. */
export const severityOfCheck = (check: Pick<ReportCheck, "status" | "severity">): Severity => {
  if (check.severity === null) return check.status === "warn" ? "info" : "low"
  return Object.hasOwn(severities, check.severity) ? (severities[check.severity] ?? "unknown") : "unknown"
}

const slug = (text: string): string =>
  text
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[^\p{L}\p{N}]+/gu, "-")
    .replace(/^-+|-+$/g, "")
    .slice(0, 100)

/**
 * `subject` is the scanned address. A rule is named by its category and check; two names that look alike as a rule, and
 * two checks of one name, are told apart by their order in the report, in which the vendor lists passed checks too.
 */
export const fromReport = (
  report: Report,
  scan: { readonly partial: boolean; readonly type: string | null; readonly url: string | null }
): Findings => {
  const names = new Map<string, Array<string>>()
  const seen = new Map<string, number>()
  const items: Array<Finding> = []
  for (const check of report.checks) {
    const look = `${slug(check.category) || "other"}/${slug(check.name) || "other"}`
    const name = JSON.stringify([check.category, check.name])
    const alike = names.get(look) ?? []
    if (!alike.includes(name)) alike.push(name)
    names.set(look, alike)
    const nth = alike.indexOf(name) + 1
    const ruleId = nth === 1 ? look : `${look}-${nth}`
    const times = (seen.get(ruleId) ?? 0) + 1
    seen.set(ruleId, times)
    if (check.status === "pass") continue
    items.push({
      findingId: `appvet:${scan.type ?? ""}:${scan.url ?? ""}:${ruleId}${times === 1 ? "" : `#${times}`}`,
      ruleId,
      title: check.name,
      description: check.message,
      severity: severityOfCheck(check),
      vendorSeverity: check.severity,
      status: "unknown",
      resource: scan.url,
      remediation: check.fix,
      references: []
    })
  }
  // A list shorter than the vendor's own count must not let a later comparison call the rest resolved.
  const whole = report.unreadable === 0 && (report.notPassed === null || report.notPassed <= items.length)
  return { coverage: !scan.partial && whole ? "full" : "partial", total: report.notPassed, items }
}
