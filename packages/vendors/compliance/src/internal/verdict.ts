// What the numbers of a completed scan mean together.
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import type { Delta, Findings } from "@scanpoll/core/model/ScanOutcome"
import * as Severity from "@scanpoll/core/model/Severity"
import type { About, Unusable, Verdict } from "@scanpoll/core/vendor/Definition"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import { type CompliancePayload, sameId } from "../ComplianceSchema.ts"
import { type Answer, untold } from "./answer.ts"

type Warn = About["warn"]
type Counted = Readonly<Partial<Record<Severity.Severity, number>>> | null

/** A number that no verdict hangs on, or null: what is missing or no count is noted. */
const countOf = (
  answer: Answer,
  name: "rules_processed" | "rules_total" | "record_count" | "violation_count",
  warn: Warn
) => {
  const value = answer[name]
  const count = WireFields.count.read(value)
  if (value === undefined) warn(`${name} is missing`)
  else if (count === null) warn(`${name} is not ${WireFields.count.expected}: left out`)
  return count
}

const payloadOf = (answer: Answer, compliance_score: number, warn: Warn): CompliancePayload => {
  const { created_at = null, delta = null, review_summary = null, score_history = [] } = answer
  if (created_at === null) warn("created_at is missing")
  return {
    ...untold.answer,
    ...answer,
    review_summary: WireFields.isRecord(review_summary) ? review_summary : null,
    violation_count: countOf(answer, "violation_count", warn),
    compliance_score,
    rules_processed: countOf(answer, "rules_processed", warn),
    rules_total: countOf(answer, "rules_total", warn),
    record_count: countOf(answer, "record_count", warn),
    created_at,
    score_history: score_history.map((change) => ({ ...untold.change, ...change })),
    delta: delta === null ? null : { ...untold.delta, ...delta }
  }
}

const words: ReadonlyArray<Severity.Severity> = ["critical", "high", "medium", "low", "info"]

const looksCounted = (value: unknown): boolean => typeof value === "string" && /^\s*[1-9]/.test(value)

/** What one field of an answer counts by severity. A word or a count that is not understood is `unknown`. */
const countsOf = (name: string, source: unknown, warn: Warn): ReadonlyMap<Severity.Severity, number> => {
  const counted = new Map<Severity.Severity, number>()
  if (!WireFields.isRecord(source)) return counted
  for (const [word, value] of Object.entries(source)) {
    if (value === 0 || value === null) continue
    const count = WireFields.count.read(value)
    const known = words.find((severity) => severity === word.toLowerCase())
    // A field that is neither a severity nor a count says nothing about violations.
    if (count === null && known === undefined && !looksCounted(value)) continue
    const severity = count === null ? "unknown" : (known ?? "unknown")
    if (severity === "unknown") {
      warn(`${name} counts ${JSON.stringify(WireFields.cut(word, 64))}, which is not understood: unknown`)
    }
    counted.set(severity, (counted.get(severity) ?? 0) + (count ?? 1))
  }
  return counted
}

/** The answer says something about severities that cannot be read: it may be anything. */
const isUnreadable = (answer: Answer, warn: Warn): boolean => {
  const { by_severity, review_summary = null } = answer
  const inside = WireFields.isRecord(review_summary) ? review_summary["by_severity"] : undefined
  const odd = Object.entries({ review_summary, "review_summary.by_severity": inside, by_severity })
    .filter(([, value]) => value !== undefined && value !== null && !WireFields.isRecord(value))
    .map(([name]) => name)
  for (const name of odd) warn(`${name} is not an object: the severity is unknown`)
  return odd.length > 0
}

/** By severity, in `review_summary` or beside it, whichever counts more; null where nothing is counted. */
const countedBySeverity = (payload: CompliancePayload, warn: Warn): Counted => {
  const summary = countsOf("review_summary.by_severity", payload.review_summary?.["by_severity"], warn)
  const beside = countsOf("by_severity", payload["by_severity"], warn)
  const all = new Map(
    [...summary.keys(), ...beside.keys()].map((key) => [key, Math.max(summary.get(key) ?? 0, beside.get(key) ?? 0)])
  )
  return all.size === 0 ? null : Object.fromEntries(all)
}

/**
 * All that an answer says of violations, wherever it says it: the largest number counts. A delta counts pairs of a rule and
 * an account, so it may count less than there are and never more.
 */
const violationsOf = (
  { review_summary, violation_count }: CompliancePayload,
  counted: Counted,
  delta: Delta | null,
  warn: Warn
) => {
  if (violation_count === null) return null
  const elsewhere = Math.max(
    Object.values(counted ?? {}).reduce((sum, count) => sum + count, 0),
    WireFields.count.read(review_summary?.["total"]) ?? 0,
    delta !== null && delta.comparable ? delta.new + delta.unchanged : 0
  )
  if (elsewhere <= violation_count) return violation_count
  warn(`the answer counts ${violation_count} violations and names ${elsewhere} elsewhere: the larger counts`)
  return elsewhere
}

/** The worst of the score's band and of what the answer counts by severity. `whole`: all was looked at. */
const severityOf = (score: number, violations: number | null, counted: Counted, whole: boolean) => {
  if (score === 100 && violations === 0 && whole && counted === null) return "none"
  const band = Severity.fromScore(score)
  const atLeast = violations === 0 ? band : Severity.worse(band, "low")
  return Severity.all.reduce(
    (worst, each) => ((counted?.[each] ?? 0) > 0 ? Severity.worse(worst, each) : worst),
    atLeast
  )
}

const deltaOf = ({ delta, id, violation_count }: CompliancePayload, allRules: boolean, warn: Warn): Delta | null => {
  if (delta === null) return null
  const { new_count, previous_scan_id, previous_violation_count, resolved_count, unchanged_count } = delta
  const sums = [
    { count: new_count, word: "new", total: violation_count, of: "this scan" },
    { count: resolved_count, word: "resolved", total: previous_violation_count, of: "the previous scan" }
  ].filter(({ total }) => total !== null)
  const wrong = sums
    .filter(({ count, total }) => count + unchanged_count !== total)
    .map(
      ({ count, of, total, word }) =>
        `${count} ${word} and ${unchanged_count} unchanged are not the ${total} violations of ${of}`
    )
  if (wrong.length > 0) {
    warn(`the delta does not add up: ${wrong.join("; ")} (the vendor counts a rule and an account once)`)
  }
  const withItself = previous_scan_id !== null && sameId(previous_scan_id, id)
  if (withItself) warn("the delta compares the scan with itself")
  return {
    source: "vendor",
    new: new_count,
    resolved: resolved_count,
    unchanged: unchanged_count,
    previousScanId: previous_scan_id,
    previousTotal: previous_violation_count,
    consistent: sums.length > 0 && wrong.length === 0,
    // What rules that did not run would have found again must not be called resolved.
    comparable: allRules && !withItself
  }
}

const statusOf = (delta: Delta | null) => {
  if (delta === null || !delta.comparable) return "unknown"
  if (delta.new > 0) return "new"
  return delta.unchanged > 0 ? "unchanged" : "unknown"
}

/** The vendor counts violations and does not list them: one finding stands for all. */
const findingsOf = (
  { mapping_id, policy_id, upload_id }: CompliancePayload,
  total: number,
  counted: Counted,
  severity: Severity.Severity,
  delta: Delta | null
): Findings => {
  if (total === 0) return { coverage: "counts-only", total, items: [] }
  const violations = Vendor.finding({
    findingId: `compliance:violations:${policy_id ?? "-"}:${mapping_id ?? "-"}`.toLowerCase(),
    ruleId: "compliance/violations",
    title: total === 1 ? "1 violation" : `${total} violations`,
    description: "The vendor's answer counts the violations of the policy's rules and does not list them.",
    severity,
    status: statusOf(delta),
    resource: upload_id === null ? null : `upload:${upload_id}`
  })
  const bySeverity = counted === null ? {} : { bySeverity: counted }
  return { coverage: "counts-only", total, ...bySeverity, items: [violations] }
}

/** In words that not all was looked at; null where it was, or where the answer does not say. */
const gapOf = ({ rules_processed, rules_total }: CompliancePayload): string | null => {
  if (rules_processed === null || rules_total === null) return null
  if (rules_processed !== rules_total) return `${rules_processed} of ${rules_total} rules were processed`
  return rules_total === 0 ? "no rule was processed" : null
}

export const completed = (answer: Answer, { warn }: About): Verdict<CompliancePayload> | Unusable => {
  const { compliance_score: score, violation_count } = answer
  if (typeof score !== "number" || !(score >= 0 && score <= 100)) {
    return Vendor.unusable("score-out-of-range", "compliance_score is not a number from 0 to 100")
  }
  if (violation_count === undefined) return Vendor.unusable("invalid-answer", "violation_count is missing")
  const payload = payloadOf(answer, score, warn)
  const gap = gapOf(payload)
  if (gap !== null) warn(gap)
  const empty = payload.record_count === 0 ? "the upload has no records: nothing was checked" : null
  if (empty !== null) warn(empty)
  const unseen = gap ?? empty
  const delta = deltaOf(payload, gap === null, warn)
  const counted = countedBySeverity(payload, warn)
  const total = violationsOf(payload, counted, delta, warn)
  const severity = isUnreadable(answer, warn) ? "unknown" : severityOf(score, total, counted, unseen === null)
  const told = { payload, delta }
  // A count that cannot be read is not the same as a vendor that counts nothing.
  if (total === null) {
    const unavailable = { findings: "the vendor's violation_count cannot be read" }
    return { ...told, assessment: Vendor.scored(score, { severity }), unavailable }
  }
  return {
    ...told,
    assessment: Vendor.scored(score, { severity, compliance: total > 0 ? "fail" : "pass" }),
    findings: findingsOf(payload, total, counted, severity, delta),
    // Rules that did not run, and records that were not there, may have shown anything.
    ...(unseen === null ? {} : { unavailable: { findings: unseen } })
  }
}
