/**
 * When to poll, given how long scans take: the inspection times that cost the fewest polls for the lag they leave.
 *
 * Lag is the time between the end of a scan and the poll that sees it. A plan is made by dynamic programming over a grid
 * of ages, and it is a table, not a list: whatever kept a poll from its time, the table names the next best one from the
 * age there is. Whatever the law is worth that a plan was made from, two rules hold: polls are never closer than the
 * least gap, and at no age have there been more of them than the documented pace would have made, unless a goal asks for
 * less lag than that pace has. After the last planned poll the documented pace goes on. Everything here is pure; times
 * are whole milliseconds of a scan's age.
 *
 * @see Barlow, Hunter and Proschan, "Optimum Checking Procedures", J. SIAM 11 (1963): the cost that is minimised here
 * @since 0.1.0
 */

import { type Options, searchPlan } from "./internal/planSearch.ts"
import { type Plan, tableOf, type Weights } from "./internal/pollTable.ts"
import {
  type Documented,
  type Expectation,
  expectationOf,
  gapAt,
  type Grid,
  integralOf,
  measure,
  read
} from "./internal/schedule.ts"

export type { Goal, Options } from "./internal/planSearch.ts"
export { nextPoll, type Plan, type Weights } from "./internal/pollTable.ts"
export type { Documented, Expectation, Grid } from "./internal/schedule.ts"

/**
 * A grid of `count` steps from a survival function. `beyond` as in `Grid`, default 0.
 *
 * @category constructors
 * @since 0.1.0
 */
export const grid = (
  survival: (millis: number) => number,
  options: { readonly step: number; readonly count: number; readonly beyond?: number }
): Grid => {
  const values = new Float64Array(options.count + 1)
  values[0] = 1
  for (let i = 1; i <= options.count; i++) {
    values[i] = Math.min(read(values, i - 1), Math.max(0, survival(i * options.step)))
  }
  return { step: options.step, survival: values, beyond: options.beyond ?? 0 }
}

/**
 * What polling at `times`, and from the last of them on at the documented pace, comes to under a law.
 *
 * The first poll is at `times[0]`; a poll is made while the scan is open, so `n` of them cost the sum of the
 * probabilities to be open at the poll before.
 *
 * @category destructors
 * @since 0.1.0
 */
export const expectation = (law: Grid, times: ReadonlyArray<number>, documented: Documented): Expectation =>
  expectationOf(measure(law, integralOf(law), times, documented))

/**
 * The probability that a scan is seen more than `lag` milliseconds after its end, for the polls of `expectation`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const lateShare = (law: Grid, times: ReadonlyArray<number>, documented: Documented, lag: number): number =>
  measure(law, integralOf(law), times, documented).later(lag)

/**
 * How long after its end a scan of that duration is seen, in milliseconds, for the polls of `expectation`.
 *
 * @category destructors
 * @since 0.2.0
 */
export const lagOf = (times: ReadonlyArray<number>, documented: Documented, duration: number): number => {
  let at = 0
  for (const time of times) {
    if (time >= duration) return time - duration
    at = time
  }
  while (at < duration) at += gapAt(documented, at)
  return at - duration
}

/**
 * The table of the schedule with the least mean of lag, polls and lateness as weighed, exact on the grid: row `i` names
 * the row of the next poll after one at row `i` found the scan open; 0 where no further poll fits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const optimum = (law: Grid, weights: Weights): Int32Array => tableOf(law, integralOf(law), weights)

/**
 * The plan with the fewest polls that keeps the goal; null when the documented pace is as good as any.
 *
 * **Details**
 *
 * Tried are the optima of many weights, each held against the goal with all that limits it, and the plain late start: the
 * documented pace with its first polls left out. Some fifty tables are made, each in well under a millisecond for a few
 * hundred points: plan every few dozen scans, not for each.
 *
 * @category constructors
 * @since 0.1.0
 */
export const plan = (law: Grid, options: Options): Plan | null => searchPlan(law, options)
