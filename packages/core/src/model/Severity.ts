/**
 * How bad a scan's answer is, on one scale for every vendor.
 *
 * The scale is ordered from `none` to `critical`. `unknown` is a real value ("the vendor said something we cannot
 * place"): it may hide anything, so only a known `critical` is worse, and it breaks every severity gate.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"

/**
 * The closed set of severities, mildest first, `unknown` last.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Severity = Schema.Literals(["none", "info", "low", "medium", "high", "critical", "unknown"])

/**
 * @category models
 * @since 0.1.0
 */
export type Severity = typeof Severity.Type

/**
 * Every severity, mildest first, `unknown` last.
 *
 * @category constructors
 * @since 0.1.0
 */
export const all: ReadonlyArray<Severity> = Severity.literals

// Above `high`: a known `high` beside an unknown must not let a gate at `critical` pass.
const ranks: Readonly<Record<Severity, number>> = {
  none: 0,
  info: 1,
  low: 2,
  medium: 3,
  high: 4,
  unknown: 5,
  critical: 6
}

/**
 * The worse of two severities: `unknown` counts as worse than `high`, because it may be anything.
 *
 * @category combinators
 * @since 0.1.0
 */
export const worse = (a: Severity, b: Severity): Severity => (ranks[a] >= ranks[b] ? a : b)

/**
 * The worst of many severities; `none` for an empty list.
 *
 * @category combinators
 * @since 0.1.0
 */
export const worst = (severities: Iterable<Severity>): Severity => {
  let out: Severity = "none"
  for (const severity of severities) out = worse(out, severity)
  return out
}

/**
 * Whether `self` breaks a gate set at `threshold`. `unknown` always does: what cannot be placed is not clean.
 *
 * @category guards
 * @since 0.1.0
 */
export const atLeast = (self: Severity, threshold: Severity): boolean =>
  self === "unknown" || ranks[self] >= ranks[threshold]

/**
 * The default bands for a score of 0 to 100 where higher is better: 90 and up `info`, 80 `low`, 70 `medium`,
 * 60 `high`, below that `critical`. An adapter uses them only where the vendor gives no word of its own.
 *
 * **Example** (Rating scores)
 *
 * ```ts
 * import { Severity } from "@scanpoll/core"
 *
 * const rated = [100, 85, 60, 59].map(Severity.fromScore)
 * rated // => ["info", "low", "high", "critical"]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const fromScore = (score: number): Severity =>
  score >= 90 ? "info" : score >= 80 ? "low" : score >= 70 ? "medium" : score >= 60 ? "high" : "critical"
