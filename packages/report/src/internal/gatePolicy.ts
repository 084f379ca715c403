// What a gate may ask of a run, and how it answers: read from plans and reports. Passed on by `Gate`.
import * as Schema from "effect/Schema"
import { HostileText } from "../HostileText.ts"
import { VendorName } from "../ReportScan.ts"
import { Grade, Threshold } from "./ownGate.ts"

export { Grade, OwnGate, Threshold } from "./ownGate.ts"

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
 * - `exitZero`: a failed gate does not change the exit code.
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
 * - `own`: the rule is asked by the gates of single rows, and of those rows alone. Left out for a rule of the run.
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
  own: Schema.optionalKey(Schema.Literal(true)),
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
