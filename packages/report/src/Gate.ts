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
import type { GatePolicy, GateResult, MinScore, OwnGate } from "./internal/gatePolicy.ts"
import * as Rules from "./internal/gateRules.ts"
import * as Own from "./internal/ownGate.ts"
import * as Scopes from "./internal/gateScopes.ts"
import type { ReportScan } from "./ReportScan.ts"

export { GatePolicy, GateResult, GateRule, Grade, MinScore, none, OwnGate, Threshold } from "./internal/gatePolicy.ts"

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
export const isConclusive = (
  row: Pick<ReportScan, "state" | "gate">,
  policy: Pick<GatePolicy, "allowPartial">
): boolean =>
  row.state === "completed" || (row.state === "partial" && policy.allowPartial && row.gate?.allowPartial !== false)

/**
 * Two gates of one row as one: the stricter threshold of each rule.
 *
 * @category combinators
 * @since 0.2.0
 */
export const both: (a: OwnGate, b: OwnGate) => OwnGate = Own.both

/**
 * The rules of a gate of a row that ask less than the gate of the run, which wins: each with what both ask.
 *
 * @category guards
 * @since 0.2.0
 */
export const idle: (
  gate: OwnGate,
  vendor: string,
  policy: GatePolicy
) => ReadonlyArray<{ readonly rule: keyof OwnGate; readonly asked: string; readonly inForce: string }> = Scopes.idle

/**
 * The severity of what is new in a row, or null when nothing is.
 *
 * **Details**
 *
 * A finding is new when its status says so and when nothing tells. A vendor that counts new findings without listing
 * them gives them no severity of their own: they take that of the scan. So do findings that are not listed and that nothing
 * compares, where there are more than in the scan before. A scan that is worse as a whole than what it was
 * compared with is new. With nothing to compare with, so is the scan itself, unless its assessment is accepted.
 *
 * @category destructors
 * @since 0.1.0
 */
export const newSeverity: (row: ReportScan) => Severity.Severity | null = Rules.newSeverity

/**
 * Holds the rows of a run against a policy: one answer for each rule that the run asks, and one for each threshold that rows
 * ask for themselves. Where both ask, the stricter one wins: a row is judged once by each kind of rule.
 *
 * @category constructors
 * @since 0.1.0
 */
export const evaluate = (rows: ReadonlyArray<ReportScan>, policy: GatePolicy): GateResult => {
  const rules = Scopes.rules(rows, policy)
  return {
    passed: rules.every((answer) => answer.passed),
    conclusive:
      (rows.length > 0 || rules.length === 0) &&
      rows.every((row) => isConclusive(row, policy)) &&
      rules.every(({ unjudged = [] }) => unjudged.length === 0),
    policy,
    rules
  }
}
