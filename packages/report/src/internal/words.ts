// The words of all formats, so that no two of them tell a scan differently. Touches nothing. Law: what it returns is harmless
// text.
import * as Severity from "@scanpoll/core/model/Severity"
import * as HostileText from "../HostileText.ts"
import {
  type ReportFinding,
  type ReportScan,
  type SeverityCounts,
  type Suppression,
  worstFirst
} from "../ReportScan.ts"
import * as Evidence from "../Evidence.ts"
import * as ExitCode from "../ExitCode.ts"
import type { RenderOptions } from "../RenderOptions.ts"
import type { ScanReport } from "../ScanReport.ts"

import { label, rank, subject, subjectAndType } from "./labels.ts"

export { label, rank, subject, subjectAndType }

/**
 * A count with its noun, `1 scan` or `2 scans`. `many`: the noun for other counts, by default with an s.
 *
 * @category destructors
 * @since 0.2.0
 */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${number(count)} ${count === 1 ? one : many}`

/**
 * A number with at most two decimals, its thousands set apart. The same on every machine, which toLocaleString is not.
 *
 * @category destructors
 * @since 0.2.0
 */
export const number = (value: number): string => {
  const [whole = "", rest] = String(Math.round(value * 100) / 100).split(".")
  const grouped = /e/.test(whole) ? whole : whole.replace(/\B(?=(\d{3})+(?!\d))/g, "\u202f").replaceAll("\u202f", " ")
  return rest === undefined ? grouped : `${grouped}.${rest}`
}

/**
 * A duration in milliseconds as people say it, such as `1 min 12 s`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const duration = (millis: number): string => {
  if (millis < 1_000) return `${Math.round(millis)} ms`
  const seconds = millis / 1_000
  if (seconds < 10) return `${Math.floor(seconds * 10) / 10} s`
  const whole = Math.floor(seconds)
  if (whole < 60) return `${whole} s`
  const minutes = Math.floor(whole / 60)
  if (minutes < 60) return whole % 60 === 0 ? `${minutes} min` : `${minutes} min ${whole % 60} s`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  const days = Math.floor(hours / 24)
  return hours % 24 === 0 ? `${days} d` : `${days} d ${hours % 24} h`
}

/**
 * A time as RFC 3339 has it, as people read it: `2026-11-30 21:03:11 UTC`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const moment = (time: string): string => `${time.slice(0, 10)} ${time.slice(11, 19)} UTC`

// Why and until when somebody accepted something; empty where nobody did.
export const acceptance = (suppression: Suppression | null | undefined, max = 200): string => {
  if (suppression === null || suppression === undefined) return ""
  const { by = null, reason, until } = suppression
  const who = by === null ? "" : ` by ${HostileText.toLine(by, 60)}`
  const end = until === null ? "" : ` until ${until.slice(0, 10)}`
  return `accepted${who}${end}: ${HostileText.toLine(reason, max)}`
}

// How the whole run is named: a title a person gave, or the plan.
export const title = (report: ScanReport, given: string | null): string => {
  if (given !== null) return HostileText.toLine(HostileText.of(given), 200)
  const { plan } = report.run
  if (plan === null) return "Scan report"
  const name = HostileText.toLine(plan, 300).split(/[/\\]/).at(-1) ?? ""
  return name === "" ? "Scan report" : `Scan report: ${name}`
}

export const score = (scan: ReportScan): string | null => {
  const found = scan.assessment?.score ?? null
  if (found === null) return null
  const of = found.min === 0 ? `of ${number(found.max)}` : `between ${number(found.min)} and ${number(found.max)}`
  const grade = found.grade === null ? "" : `, grade ${HostileText.toLine(found.grade, 20)}`
  const way = found.direction === "lower-is-better" ? ", lower is better" : ""
  const basis = found.basis === "derived" ? ", derived by us" : ""
  return `score ${number(found.value)} ${of}${grade}${way}${basis}`
}

export const vendorWord = (scan: ReportScan): string | null => {
  const word = scan.assessment?.vendorSeverity ?? null
  return word === null ? null : HostileText.toLine(word, 60)
}

// The score and the vendor's own word, unless the word is the grade.
export const says = (scan: ReportScan): string | null => {
  const word = vendorWord(scan)
  const grade = scan.assessment?.score?.grade ?? null
  const same = word === null || (grade !== null && HostileText.toLine(grade, 60) === word)
  const accepted = acceptance(scan.assessment?.suppression)
  const parts = [
    score(scan),
    same ? null : `the vendor says "${word}"`,
    accepted === "" ? null : `the assessment is ${accepted}`
  ].filter((part) => part !== null)
  return parts.length === 0 ? null : parts.join("; ")
}

export const counts = (bySeverity: SeverityCounts): string =>
  worstFirst
    .flatMap((severity) => {
      const count = bySeverity[severity]
      return count === undefined || count === 0 ? [] : [`${number(count)} ${severity}`]
    })
    .join(", ")

export const open = (scan: ReportScan): ReadonlyArray<ReportFinding> =>
  scan.findings.items.filter((item) => item.status !== "resolved" && item.suppression === null)

export const suppressed = (scan: ReportScan): number =>
  scan.findings.items.reduce(
    (sum, item) => (item.status !== "resolved" && item.suppression !== null ? sum + 1 : sum),
    0
  )

// The vendor counts by severity what it does not list.
const isSplit = ({ findings }: ReportScan): boolean =>
  Object.values(findings.bySeverity).reduce((sum, count) => sum + count, 0) > findings.items.length

// "No findings" is said only where the vendor showed all of them.
export const findings = (scan: ReportScan): string | null => {
  if (scan.assessment === null) return null
  const { coverage, total, bySeverity } = scan.findings
  const split = counts(bySeverity)
  const accepted = suppressed(scan)
  const tail = accepted === 0 ? "" : `, ${number(accepted)} accepted`
  const present = scan.findings.items.filter((item) => item.status !== "resolved").length
  const lost = Evidence.missing(scan).find(({ kind }) => kind === "findings")
  if (lost !== undefined) return HostileText.toLine(lost.reason, 200)
  switch (coverage) {
    case "unavailable":
      return "the vendor's findings could not be fetched"
    case "none":
      return total === null ? "the vendor does not list findings" : `${plural(total, "finding")}, not listed`
    case "counts-only":
      if (total === 0) return "no violations"
      return total === null
        ? "findings counted, number unknown"
        : `${plural(total, "violation")}${isSplit(scan) ? `: ${split}` : ""}, not listed one by one`
    case "full":
    case "partial": {
      const part = coverage === "partial" ? ", of the checks that ran" : ""
      const count = total ?? present
      if (count === 0 && present === 0)
        return coverage === "full" ? "no findings" : "no findings in the checks that ran"
      return `${plural(count, "finding")}${split === "" ? "" : `: ${split}`}${part}${tail}`
    }
  }
}

// The evidence that is unavailable in a scan that ended, in words; null where nothing is.
export const missing = (scan: ReportScan): string | null => {
  const reasons = [...new Set(Evidence.missing(scan).map(({ reason }) => HostileText.toLine(reason, 200)))]
  return reasons.length === 0 ? null : reasons.join("; ")
}

// Completed, with all its evidence.
export const isFull = (scan: ReportScan): boolean => scan.state === "completed" && missing(scan) === null

// The rows that break a rule of the gate.
export const breaking = (report: ScanReport): ReadonlySet<HostileText.HostileText> =>
  new Set(report.gate.rules.flatMap((rule) => (rule.passed ? [] : rule.scans)))

// Nothing of it has to be looked at: it completed with all its evidence, and says nothing of medium or worse, nothing new
// of low, and no warning.
export const isUnremarkable = (scan: ReportScan): boolean =>
  isFull(scan) &&
  rank(scan.severity) >= rank("low") &&
  scan.warnings.length === 0 &&
  !(scan.delta !== null && scan.delta.comparable && scan.delta.new > 0) &&
  !scan.findings.items.some((item) => item.status === "new")

// How many scans that ended lack evidence.
export const lacking = (report: ScanReport): number => report.scans.filter((scan) => missing(scan) !== null).length

export const ruleName = ({ own, rule, threshold, vendor }: ScanReport["gate"]["rules"][number]): string => {
  const value = typeof threshold === "number" ? String(threshold) : HostileText.toLine(threshold, 60)
  return `${rule} ${vendor === null ? value : `${vendor}=${value}`}${own === true ? " (own gate)" : ""}`
}

const bad: ReadonlySet<Severity.Severity> = new Set(["critical", "unknown", "high"])

// The scans to look at first: they fail a rule, or are high or worse.
export const isWorst = (report: ScanReport): ((scan: ReportScan) => boolean) => {
  const rows = breaking(report)
  return (scan) => scan.assessment !== null && (rows.has(scan.id) || bad.has(scan.severity))
}

// What a rule says, without the names that its message adds: those are shown in their own way.
export const ruleSays = (rule: ScanReport["gate"]["rules"][number]): string => {
  const { scans, unjudged = [] } = rule
  const [asked = ruleName(rule), said = ""] = HostileText.toLine(rule.message, 500).split(": ")
  const open = unjudged.length === 0 ? "" : `${plural(unjudged.length, "scan")} could not be judged`
  return `${asked}: ${[scans.length === 0 ? "" : said, open].filter((part) => part !== "").join("; ")}`
}

// The scans that fail a rule, the worst first.
export const failing = (report: ScanReport, rule: ScanReport["gate"]["rules"][number]): ReadonlyArray<ReportScan> => {
  const ids = new Set(rule.scans)
  return ids.size === 0 ? [] : bySeverity(report.scans.filter((scan) => ids.has(scan.id)))
}

// One word for what a rule of the gate came to.
export const ruleMark = (rule: ScanReport["gate"]["rules"][number]): "passed" | "failed" | "unjudged" =>
  !rule.passed ? "failed" : (rule.unjudged ?? []).length > 0 || rule.checked === 0 ? "unjudged" : "passed"

export const delta = (scan: ReportScan): string | null => {
  const found = scan.delta
  if (found === null) return null
  if (!found.comparable) return "not comparable with the scan before"
  const doubt = found.consistent ? "" : " (the vendor's sums do not add up)"
  return `${number(found.new)} new, ${number(found.resolved)} resolved, ${number(found.unchanged)} unchanged${doubt}`
}

export const age = (scan: ReportScan): string | null => {
  const old = scan.ageMs === null ? "" : `, ${duration(scan.ageMs)} old`
  if (scan.reused) {
    const why = scan.reusedBecause === undefined ? "" : `: ${HostileText.toLine(scan.reusedBecause, 120)}`
    return `taken from the journal${old}${why}`
  }
  if (scan.cached) return `answered from the vendor's cache${old}`
  return null
}

export const took = (scan: ReportScan): string => {
  const { durationMs, durationBasis, polls, submittedAt, observedAt } = scan.timings
  const many = plural(polls, "poll")
  if (durationMs !== null) {
    return `took ${duration(durationMs)}${durationBasis === "client" ? " by our clock" : ""}, ${many}`
  }
  if (scan.assessment === null && submittedAt !== null && scan.state !== "failed") {
    const waited = Date.parse(observedAt) - Date.parse(submittedAt)
    if (waited > 0) return `waited ${duration(waited)}, ${many}`
  }
  return many
}

export const progress = (scan: ReportScan): string | null => {
  const found = scan.progress
  // The last word before the end means nothing after it.
  if (found === null || scan.assessment !== null) return null
  if (found.done !== null && found.total !== null) return `${number(found.done)} of ${number(found.total)} done`
  if (found.fraction !== null) return `${number(Math.round(found.fraction * 100))} % done`
  return found.done === null ? null : `${number(found.done)} done`
}

export const reason = (scan: ReportScan): string | null => {
  if (scan.reason === null) return null
  const message = HostileText.toLine(scan.reason.message, 400)
  const code = scan.reason.code === null ? "" : HostileText.toLine(scan.reason.code, 80)
  return code === "" || message.includes(code) ? message : `${message} (${code})`
}

// What is left of a command that was cut does not run.
const commandAtMost = 8_000

export const command = (scan: Pick<ReportScan, "next">): string | null =>
  scan.next === null || scan.next.command === null ? null : HostileText.toLine(scan.next.command, commandAtMost)

export const advice = (scan: Pick<ReportScan, "next">): string | null =>
  scan.next === null ? null : HostileText.toLine(scan.next.advice, 120)

export const next = (scan: Pick<ReportScan, "next">): string | null => {
  const words = advice(scan)
  const line = command(scan)
  return line === null ? words : `${words}: ${line}`
}

export const states = (report: ScanReport): string =>
  Object.entries(report.summary.byState)
    .map(([state, count]) => `${number(count)} ${state}`)
    .join(", ")

// What of its plan the run has, where that is not all.
export const part = (report: ScanReport): string | null => {
  const { part: asked } = report.run
  if (asked === undefined) return null
  const only = asked.only.map((word) => HostileText.toLine(word, 80)).join(", ")
  return `A part of the plan: ${number(report.summary.total)} of ${plural(asked.of, "target")}${only === "" ? "" : ` (--only ${only})`}; there is no verdict on the others.`
}

// What one line says about the run, in every format.
export const verdict = (report: ScanReport): string => {
  const { summary } = report
  if (summary.total === 0) return "No scans."
  const worst =
    summary.incomplete === summary.total && Object.keys(summary.bySeverity).length === 0
      ? "nothing was assessed"
      : `worst severity ${summary.worstSeverity}`
  const partial = summary.incomplete === 0 ? "" : `, ${number(summary.incomplete)} without a full result`
  const lost = lacking(report)
  const without = lost === 0 ? "" : `, ${number(lost)} with evidence missing`
  const of = part(report)
  return `${plural(summary.total, "scan")}: ${states(report)}; ${worst}${partial}${without}.${of === null ? "" : ` ${of}`}`
}

// How many scans a rule could not judge.
export const unjudged = (report: ScanReport): string => {
  const ids = new Set(report.gate.rules.flatMap((rule) => rule.unjudged ?? []))
  return ids.size === 0 ? "not every scan could be judged" : `${plural(ids.size, "scan")} could not be judged`
}

export const gate = (report: ScanReport): string => {
  const { rules, passed, conclusive } = report.gate
  if (rules.length === 0) return "No gate was set."
  if (passed && report.scans.length === 0) return "The gate has no verdict: no scan to judge."
  if (passed && conclusive && ExitCode.leftOutOf(report.exit).length > 0) {
    return "The gate passed for these scans, and has no verdict on what was left out."
  }
  if (passed && conclusive && report.run.part !== undefined) return "The gate passed for this part of the plan."
  if (passed) return conclusive ? "The gate passed." : `The gate has no verdict: ${unjudged(report)}.`
  return conclusive ? "The gate failed." : `The gate failed, and ${unjudged(report)}.`
}

// Incomplete first, then the worst severity; equal ones in the order of the requests.
export const attention = (scans: ReadonlyArray<ReportScan>): ReadonlyArray<ReportScan> =>
  scans.toSorted((a, b) => {
    const first = Number(isFull(a)) - Number(isFull(b))
    return first !== 0 ? first : rank(a.severity) - rank(b.severity) || a.index - b.index
  })

// The worst first; equal ones in the order of the requests.
export const bySeverity = (scans: ReadonlyArray<ReportScan>): ReadonlyArray<ReportScan> =>
  scans.toSorted(
    (a, b) =>
      Number(a.assessment === null) - Number(b.assessment === null) ||
      rank(a.severity) - rank(b.severity) ||
      a.index - b.index
  )

export const byWeight = (items: ReadonlyArray<ReportFinding>): ReadonlyArray<ReportFinding> =>
  items.toSorted((a, b) => rank(a.severity) - rank(b.severity))

// A filter for display only; what cannot be placed is always shown.
export const shown = (severity: Severity.Severity, least: Severity.Severity): boolean =>
  Severity.atLeast(severity, least)

// In the order in which the run first names them.
export const byVendor = (scans: ReadonlyArray<ReportScan>): ReadonlyMap<string, ReadonlyArray<ReportScan>> =>
  Map.groupBy(scans, (scan) => scan.vendor)

/** The plan as `sarif` and `github` name it. */
export const planOf = (report: ScanReport, { planPath }: RenderOptions): HostileText.HostileText | null =>
  planPath === undefined || planPath === null ? report.run.plan : HostileText.of(planPath)
