/** From a report's checks to findings: every failed check and every warning is one. */
import type { Finding, Findings } from "@scanpoll/core/model/ScanOutcome"
import type { Severity } from "@scanpoll/core/model/Severity"
import { countedSeverities, type Report, type ReportCheck } from "../AppVetSchema.ts"

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

// What the report counts and does not list. What cannot be read may be anything.
const unlisted = (
  { counts, notPassed, unreadable }: Report,
  items: ReadonlyArray<Finding>
): ReadonlyArray<{ readonly severity: Severity; readonly count: number }> => {
  const found: Array<{ readonly severity: Severity; readonly count: number }> = []
  let known = items.length
  for (const severity of countedSeverities) {
    const count = (counts[severity] ?? 0) - items.filter((item) => item.severity === severity).length
    if (count <= 0) continue
    // A check without a severity of its own is listed as low or info.
    found.push({ severity, count })
    known += count
  }
  const left = notPassed === null ? unreadable : notPassed - known
  if (left > 0) found.push({ severity: "unknown", count: left })
  return found
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
  const listed = items.length
  const one = (ruleId: string, title: string, severity: Severity): Finding => ({
    findingId: `appvet:${scan.type ?? ""}:${scan.url ?? ""}:${ruleId}`,
    ruleId,
    title,
    description: null,
    severity,
    vendorSeverity: null,
    status: "unknown",
    resource: scan.url,
    remediation: null,
    references: []
  })
  for (const { count, severity } of unlisted(report, items)) {
    const what = severity === "unknown" ? "of a severity that is not known" : `of severity ${severity}`
    const title = `${count} ${count === 1 ? "finding" : "findings"} ${what}, counted by the report and not listed`
    items.push(one(`not-listed/${severity}`, title, severity))
  }
  // A list shorter than the vendor's own count must not let a later comparison call the rest resolved.
  const whole = report.unreadable === 0 && (report.notPassed === null || report.notPassed <= listed)
  return { coverage: !scan.partial && whole ? "full" : "partial", total: report.notPassed, items }
}
