// The report: how it is read, and its findings, of which every failed check and every warning is one.
import * as Schema from "effect/Schema"
import type { Finding, Findings } from "@scanpoll/core/model/ScanOutcome"
import type { Severity } from "@scanpoll/core/model/Severity"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"

const word = Schema.optionalKey(Wire.words())
const count = Wire.decides(Wire.count)

const Check = Schema.Struct({
  name: Wire.words(255),
  status: Schema.Literals(["pass", "fail", "warn"]),
  severity: Wire.decides(Wire.text()),
  message: word,
  fix: word
})

/**
 * Checks and categories that cannot be read, or whose status is not a documented word, are left out and counted. `summary`
 * has the vendor's own counts; `score` and `grade` should be those of the status answer. A severity or a count of another type
 * makes the report unreadable: it may have said anything.
 */
export const Report = Schema.Struct({
  id: Schema.String,
  type: word,
  url: word,
  score: Wire.decides(
    Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 100 }, { expected: "a number from 0 to 100" }))
  ),
  grade: Wire.decides(Wire.text(64)),
  categories: Wire.sieve(Schema.Struct({ name: Wire.words(255), checks: Wire.sieve(Check) })),
  summary: Wire.decides(
    Schema.Struct({
      total_checks: count,
      passed: count,
      failed: count,
      warnings: count,
      critical: count,
      high: count,
      medium: count,
      low: count
    })
  )
})

export type Report = typeof Report.Type

const countedSeverities = ["critical", "high", "medium", "low"] as const

const severities: ReadonlyArray<Severity> = [...countedSeverities, "info"]

/** Without the vendor's word a failed check is at least `low`, a warning `info`; a word we do not know is `unknown`. */
export const severityOfCheck = ({
  severity,
  status
}: {
  readonly status: string
  readonly severity?: string | null
}): Severity =>
  severity === undefined || severity === null || severity.trim() === ""
    ? status === "warn"
      ? "info"
      : "low"
    : (severities.find((known) => known === severity) ?? "unknown")

/** Whether the report tells of a check at all: one of none is no look at the site. */
export const hasChecks = ({ categories, summary }: Report, unreadable: number): boolean =>
  unreadable > 0 ||
  categories.some(({ checks }) => checks.length > 0) ||
  Object.values(summary ?? {}).some((count) => count > 0)

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
  const left = Math.max(unreadable, (notPassed(report) ?? 0) - known)
  if (left > 0) found.push({ severity: "unknown", count: left })
  return found
}

const slug = (text: string): string => Vendor.slug(text.normalize("NFKC"))

type ReportCheck = typeof Check.Type & { readonly category: string }

const checksOf = ({ categories }: Report): ReadonlyArray<ReportCheck> =>
  categories.flatMap(({ checks, name: category }) => checks.map((check) => ({ ...check, category })))

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
  const twins = Vendor.numbered(failed, nameOf, ({ fix = null, message = null, severity = null, status }) =>
    JSON.stringify([status, severity, message, fix])
  )
  const items: Array<Finding> = []
  const add = (ruleId: string, title: string, severity: Severity, more: Partial<Finding> = {}, findingId = ruleId) =>
    items.push(
      Vendor.finding({
        findingId: `appvet:${scan.type ?? ""}:${scan.url ?? ""}:${findingId}`,
        ruleId,
        title,
        severity,
        resource: scan.url,
        ...more
      })
    )
  for (const check of failed) {
    const { fix = null, message = null, name, severity = null } = check
    const look = lookOf(check)
    const nth = (names.get(look) ?? []).indexOf(nameOf(check)) + 1
    const ruleId = nth <= 1 ? look : `${look}-${nth}`
    const times = twins.get(check) ?? 1
    const more = { description: message, vendorSeverity: severity, remediation: fix }
    add(ruleId, name, severityOfCheck(check), more, `${ruleId}${times === 1 ? "" : `#${times}`}`)
  }
  const listed = items.length
  const rest = unlisted(report, scan.unreadable, items)
  for (const { count, severity } of rest) {
    const what = severity === "unknown" ? "of a severity that is not known" : `of severity ${severity}`
    const title = `${count} ${count === 1 ? "finding" : "findings"} ${what}, counted by the report and not listed`
    add(`not-listed/${severity}`, title, severity)
  }
  const { worse = null } = scan
  if (worse !== null) {
    const grade = report.grade ?? String(report.score)
    add("report/grade", `the report grades the site ${grade}, worse than the scan's own answer`, worse)
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
