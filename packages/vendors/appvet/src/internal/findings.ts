/** From a report's checks to findings: every failed check and every warning is one. */
import type { Finding, Findings } from "@scanpoll/core/model/ScanOutcome"
import type { Severity } from "@scanpoll/core/model/Severity"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import type { Report } from "../AppVetSchema.ts"

const severities: Readonly<Record<string, Severity>> = {
  critical: "critical",
  high: "high",
  medium: "medium",
  low: "low",
  info: "info"
}

/** Without the vendor's word a failed check is at least `low`, a warning `info`; a word we do not know is `unknown`. */
export const severityOfCheck = ({
  severity,
  status
}: {
  readonly status: string
  readonly severity: string | null
}): Severity => {
  if (severity === null) return status === "warn" ? "info" : "low"
  return Object.hasOwn(severities, severity) ? (severities[severity] ?? "unknown") : "unknown"
}

const countedSeverities = ["critical", "high", "medium", "low"] as const

/** The vendor's own count of failed checks and warnings; null when it gives none. */
const notPassed = ({ summary }: Report): number | null =>
  summary?.failed === undefined || summary.warnings === undefined ? null : summary.failed + summary.warnings

/** Checks that neither passed nor failed nor warned, where the vendor counts them all. */
const notRun = ({ summary }: Report): number => {
  const { failed, passed, total_checks: total, warnings } = summary ?? {}
  if (failed === undefined || passed === undefined || total === undefined || warnings === undefined) return 0
  return Math.max(0, total - passed - failed - warnings)
}

// What the report counts and does not list. What cannot be read may be anything.
const unlisted = (
  report: Report,
  unreadable: number,
  items: ReadonlyArray<Finding>
): ReadonlyArray<{ readonly severity: Severity; readonly count: number }> => {
  const found: Array<{ readonly severity: Severity; readonly count: number }> = []
  let known = items.length
  for (const severity of countedSeverities) {
    const count = (report.summary?.[severity] ?? 0) - items.filter((item) => item.severity === severity).length
    if (count <= 0) continue
    // A check without a severity of its own is listed as low or info.
    found.push({ severity, count })
    known += count
  }
  const total = notPassed(report)
  const left = total === null ? unreadable : total - known
  if (left > 0) found.push({ severity: "unknown", count: left })
  return found
}

const slug = (text: string): string => Vendor.slug(text.normalize("NFKC"))

interface ReportCheck {
  readonly category: string
  readonly name: string
  readonly status: "pass" | "fail" | "warn"
  readonly severity: string | null
  readonly message: string | null
  readonly fix: string | null
}

const checksOf = ({ categories }: Report): ReadonlyArray<ReportCheck> =>
  categories.flatMap(({ checks, name: category }) =>
    checks.map(({ fix = null, message = null, name, severity = null, status }) => ({
      category,
      name,
      status,
      severity,
      message,
      fix
    }))
  )

const lookOf = ({ category, name }: ReportCheck): string => `${slug(category) || "other"}/${slug(name) || "other"}`

const nameOf = ({ category, name }: ReportCheck): string => JSON.stringify([category, name])

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

const namesOf = (checks: ReadonlyArray<ReportCheck>): ReadonlyMap<string, ReadonlyArray<string>> =>
  new Map(
    [...Map.groupBy(checks, lookOf)].map(([look, alike]) => [look, [...new Set(alike.map(nameOf))].toSorted(compare)])
  )

/**
 * `worse`: the severity of the report's own grade, where it is worse than what the scan's answer said; null where not.
 * `unreadable` checks and categories are not in the report any more. A rule is named by its category and check, for the
 * vendor gives nothing else. Names that look alike as a rule are numbered in the order of the alphabet. Of several checks
 * of one name those that did not pass are numbered, by what they say; the order of the vendor's list decides nothing.
 */
export const fromReport = (
  report: Report,
  scan: {
    readonly partial: boolean
    readonly type: string | null
    readonly url: string | null
    readonly unreadable: number
    readonly worse?: Severity | null
  }
): Findings => {
  const checks = checksOf(report)
  const names = namesOf(checks)
  const failed = checks.filter(({ status }) => status !== "pass")
  const twins = Vendor.numbered(failed, nameOf, (check) => JSON.stringify(check))
  const items: Array<Finding> = []
  const idOf = (rule: string): string => `appvet:${scan.type ?? ""}:${scan.url ?? ""}:${rule}`
  for (const check of failed) {
    const look = lookOf(check)
    const nth = (names.get(look) ?? []).indexOf(nameOf(check)) + 1
    const ruleId = nth <= 1 ? look : `${look}-${nth}`
    const times = twins.get(check) ?? 1
    items.push(
      Vendor.finding({
        findingId: idOf(`${ruleId}${times === 1 ? "" : `#${times}`}`),
        ruleId,
        title: check.name,
        description: check.message,
        severity: severityOfCheck(check),
        vendorSeverity: check.severity,
        resource: scan.url,
        remediation: check.fix
      })
    )
  }
  const listed = items.length
  const rest = unlisted(report, scan.unreadable, items)
  for (const { count, severity } of rest) {
    const what = severity === "unknown" ? "of a severity that is not known" : `of severity ${severity}`
    const title = `${count} ${count === 1 ? "finding" : "findings"} ${what}, counted by the report and not listed`
    const ruleId = `not-listed/${severity}`
    items.push(Vendor.finding({ findingId: idOf(ruleId), ruleId, title, severity, resource: scan.url }))
  }
  const { worse = null } = scan
  if (worse !== null) {
    const title = `the report grades the site ${report.grade ?? String(report.score)}, worse than the scan's own answer`
    items.push(
      Vendor.finding({
        findingId: idOf("report/grade"),
        ruleId: "report/grade",
        title,
        severity: worse,
        resource: scan.url
      })
    )
  }
  const counted = notPassed(report)
  // A summary may contradict itself: the larger number counts.
  const named = rest.reduce((sum, { count }) => sum + count, listed)
  const total = counted === null ? null : Math.max(counted, named)
  // A list shorter than the vendor's own count, or one of nothing at all, must not let a later comparison call the rest
  // resolved.
  const isTold = checks.length > 0 || total !== null
  const whole = isTold && scan.unreadable === 0 && (total === null || total <= listed) && notRun(report) === 0
  return { coverage: !scan.partial && whole ? "full" : "partial", total, items }
}
