/**
 * Whether a run is accepted: a policy of thresholds, held against the rows of a report.
 *
 * A gate is data in and data out, so that it can be asked again offline, with another policy. It reads what scans said,
 * never whether they ended. It never passes for want of data: what is there and breaks a rule breaks it; otherwise a row
 * whose evidence for that rule is unavailable is `unjudged`, and the gate is inconclusive. `fail-on` needs assessment and
 * findings, `fail-on-new` and `max-violations` the findings, `min-score` and `min-grade` the assessment. Three rules fail
 * closed: an `unknown` severity breaks every severity threshold, a rule that names a vendor is broken by a scan of
 * that vendor which lacks the value, and a rule that no assessed scan can answer is broken.
 *
 * @since 0.1.0
 */
import type * as Severity from "@scanpoll/core/model/Severity"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { HostileText } from "./HostileText.ts"
import * as Rules from "./internal/gateRules.ts"
import type { ReportScan } from "./ReportScan.ts"
import { VendorName } from "./ReportScan.ts"

/**
 * The severities a threshold can have.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Threshold = Schema.Literals(["info", "low", "medium", "high", "critical"])

/**
 * @category models
 * @since 0.1.0
 */
export type Threshold = typeof Threshold.Type

/**
 * A grade as a threshold: a letter from A to F, with an optional sign.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Grade = Schema.String.check(Schema.isPattern(/^[A-Fa-f][+-]?$/u))

/**
 * The least score that is accepted, of one vendor or (null) of every vendor without a threshold of its own.
 *
 * @category schemas
 * @since 0.1.0
 */
export const MinScore = Schema.Struct({ vendor: Schema.NullOr(VendorName), score: Schema.Finite })

/**
 * @category models
 * @since 0.1.0
 */
export type MinScore = typeof MinScore.Type

/**
 * What a run must hold to be accepted. Null and empty mean "not asked".
 *
 * - `failOn`: broken by a scan of this severity or worse.
 * - `failOnNew`: the same, for what is new since the last comparable scan or the baseline. Where nothing can be compared,
 *   everything is new. Never broken where `failOn` with the same threshold holds.
 * - `minScore`: broken by a lower score (by a higher one where lower is better).
 * - `minGrade`: broken by a worse grade, and by one that is not a letter from A to F.
 * - `maxViolations`: broken by more findings than this in a scan that says whether its subject complies.
 * - `allowPartial`: a partial scan counts as conclusive.
 * - `allowIncomplete`: a run with scans that brought no verdict does not fail for that.
 * - `exitZero`: a broken gate does not change the exit code.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GatePolicy = Schema.Struct({
  failOn: Schema.NullOr(Threshold),
  failOnNew: Schema.NullOr(Threshold),
  minScore: Schema.Array(MinScore),
  minGrade: Schema.NullOr(Grade),
  maxViolations: Schema.NullOr(Schema.Natural),
  allowPartial: Schema.Boolean,
  allowIncomplete: Schema.Boolean,
  exitZero: Schema.Boolean
})

/**
 * @category models
 * @since 0.1.0
 */
export type GatePolicy = typeof GatePolicy.Type

/**
 * Nothing is asked: accepts whatever the scans say, as long as they end.
 *
 * @category constructors
 * @since 0.1.0
 */
export const none: GatePolicy = {
  failOn: null,
  failOnNew: null,
  minScore: [],
  minGrade: null,
  maxViolations: null,
  allowPartial: false,
  allowIncomplete: false,
  exitZero: false
}

/**
 * The answer to one rule.
 *
 * - `threshold`: what was asked; `vendor` where it was asked of one vendor alone.
 * - `scans`: the ids of the rows that break it.
 * - `checked`: how many rows could answer it.
 * - `unjudged`: the ids of the rows that break nothing and lack evidence this rule needs. Version 0.1 did not write it.
 * - `message`: what was asked and answered; names the first rows that break it, each with the evidence that does.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GateRule = Schema.Struct({
  rule: Schema.Literals(["fail-on", "fail-on-new", "min-score", "min-grade", "max-violations"]),
  threshold: Schema.Union([HostileText, Schema.Finite]),
  vendor: Schema.NullOr(VendorName),
  scans: Schema.Array(HostileText),
  checked: Schema.Natural,
  passed: Schema.Boolean,
  unjudged: Schema.optionalKey(Schema.Array(HostileText)),
  message: HostileText
})

/**
 * @category models
 * @since 0.1.0
 */
export type GateRule = typeof GateRule.Type

/**
 * The answer of a gate. `passed` when no rule is broken; `conclusive` when every row could be judged by every rule, so
 * that only both together mean "accepted".
 *
 * @category schemas
 * @since 0.1.0
 */
export const GateResult = Schema.Struct({
  passed: Schema.Boolean,
  conclusive: Schema.Boolean,
  policy: GatePolicy,
  rules: Schema.Array(GateRule)
})

/**
 * @category models
 * @since 0.1.0
 */
export type GateResult = typeof GateResult.Type

/**
 * Reads `80` or `appvet=80`, as given to `--min-score`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parseMinScore = (text: string): Option.Option<MinScore> => {
  const parts = /^(?:([a-z0-9][a-z0-9._-]{0,63})=)?(-?\d{1,9}(?:\.\d{1,6})?)$/.exec(text.trim())
  if (parts === null) return Option.none()
  return Option.some({ vendor: parts[1] ?? null, score: Number(parts[2]) })
}

/**
 * Whether a row counts as judged under this policy: completed, or partial where that is allowed.
 *
 * @category guards
 * @since 0.1.0
 */
export const isConclusive = (row: Pick<ReportScan, "state">, policy: Pick<GatePolicy, "allowPartial">): boolean =>
  row.state === "completed" || (row.state === "partial" && policy.allowPartial)

/**
 * The severity of what is new in a row, or null when nothing is.
 *
 * **Details**
 *
 * A finding is new when its status says so and when nothing tells. A vendor that counts new findings without listing
 * them gives them no severity of their own: they take that of the scan. A scan that is worse as a whole than what it was
 * compared with is new. With neither findings nor anything to compare with, so is the scan itself, unless its assessment
 * is accepted.
 *
 * @category destructors
 * @since 0.1.0
 */
export const newSeverity: (row: ReportScan) => Severity.Severity | null = Rules.newSeverity

/**
 * Holds the rows of a run against a policy: one answer for each rule that is asked.
 *
 * @category constructors
 * @since 0.1.0
 */
export const evaluate = (rows: ReadonlyArray<ReportScan>, policy: GatePolicy): GateResult => {
  const { failOn, failOnNew, maxViolations, minGrade } = policy
  // The last word counts when one vendor is named twice, as with any repeated flag.
  const scores = new Map(policy.minScore.map((asked) => [asked.vendor, asked]))
  const vendors = new Set([...scores.keys()].filter((vendor) => vendor !== null))
  const rules: ReadonlyArray<GateRule> = [
    ...(failOn === null ? [] : [Rules.failOnRule(failOn, rows)]),
    ...(failOnNew === null ? [] : [Rules.failOnNewRule(failOnNew, rows)]),
    ...Array.from(scores.values(), (asked) => Rules.scoreRule(asked, rows, vendors)),
    ...(minGrade === null ? [] : [Rules.gradeRule(minGrade, rows)]),
    ...(maxViolations === null ? [] : [Rules.violationsRule(maxViolations, rows)])
  ]
  return {
    passed: rules.every((answer) => answer.passed),
    conclusive:
      rows.every((row) => isConclusive(row, policy)) && rules.every(({ unjudged = [] }) => unjudged.length === 0),
    policy,
    rules
  }
}
