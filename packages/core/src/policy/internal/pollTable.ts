// A schedule as a table, so that it has an answer from any age, and the table that weighs least. Pure. Its types are passed on by
// `PollPlanner`.
import { between, type Documented, type Expectation, gapAt, type Grid } from "./schedule.ts"

/**
 * - `step`: milliseconds per row of the table.
 * - `next`: `next[i]` is the row of the poll that follows a poll at row `i`; 0 where the documented pace takes over.
 * - `leastGap`: the least time between two polls, in milliseconds.
 * - `guarded`: no poll is made before the documented pace's poll of the same number. False only for a goal that asks for
 *   less lag than the documented pace has.
 * - `documented`: the pace the plan was measured against.
 * - `times`: the polls of a scan that nothing disturbs, up to the last planned one.
 * - `expected` and `expectedDocumented`: what the plan and the documented pace come to under the law.
 *
 * @category models
 * @since 0.1.0
 */
export interface Plan {
  readonly step: number
  readonly next: Int32Array
  readonly leastGap: number
  readonly guarded: boolean
  readonly documented: Documented
  readonly times: ReadonlyArray<number>
  readonly expected: Expectation
  readonly expectedDocumented: Expectation
}

/**
 * What `optimum` weighs. `pollCost` is how many milliseconds of mean lag one poll is worth; `lateCost` how many a scan is
 * worth whose lag is longer than `late`. `tail` is the gap of the polls beyond the grid.
 *
 * @category models
 * @since 0.1.0
 */
export interface Weights {
  readonly leastGap: number
  readonly leastFirst: number
  readonly pollCost: number
  readonly late: number
  readonly lateCost: number
  readonly tail: number
}

export const tableOf = (law: Grid, integral: Float64Array, weights: Weights): Int32Array => {
  const { step, survival } = law
  const { lateCost, pollCost, tail } = weights
  const last = survival.length - 1
  const values = new Float64Array(last + 1)
  const next = new Int32Array(last + 1)
  const leastGap = Math.max(1, Math.ceil(weights.leastGap / step - 1e-9))
  const leastFirst = Math.max(1, Math.ceil(weights.leastFirst / step - 1e-9))
  const late = weights.late / step
  // Open so long before the poll at `i` that this poll is late.
  const early = new Float64Array(last + 1).map((_, i) => between(survival, i - late))
  const atEnd = pollCost * (1 + law.beyond / tail) + tail / 2 + lateCost * Math.max(0, 1 - weights.late / tail)
  for (let from = last; from >= 0; from--) {
    const open = survival[from] ?? 0
    const before = integral[from] ?? 0
    const least = from + (from === 0 ? leastFirst : leastGap)
    let best = open * atEnd
    let chosen = 0
    if (least <= last) {
      best = Number.POSITIVE_INFINITY
      for (let to = least; to <= last; to++) {
        // The later the poll, the more lag: once that alone is too much, no later poll can be better.
        let cost = open * (pollCost + (to - from) * step) - ((integral[to] ?? 0) - before)
        if (cost >= best) break
        if (lateCost > 0 && to - from > late) cost += lateCost * (open - (early[to] ?? 0))
        cost += values[to] ?? 0
        if (cost < best) {
          best = cost
          chosen = to
        }
      }
    }
    values[from] = best
    next[from] = chosen
  }
  return next
}

export type Table = Pick<Plan, "step" | "next" | "leastGap" | "guarded" | "documented">

/**
 * The age of the next poll of a scan that is open at `age` after `polls` polls; null where the documented pace takes
 * over. Where the documented pace polls at once, so does the plan: a scan that ended with its submission is outside of
 * every law.
 *
 * @category destructors
 * @since 0.1.0
 */
export const nextPoll = (plan: Table, age: number, polls: number): number | null => {
  if (polls === 0 && (plan.documented[0] ?? 0) <= 0) return 0
  // A scan whose age lies between two rows is asked as if it were a little older.
  const next = plan.next[Math.ceil(Math.max(0, age) / plan.step - 1e-9)] ?? 0
  if (next === 0) return null
  // Polls that faults have cost are not waited for twice: no wait is longer than the documented one for their sake.
  const guard = plan.guarded ? Math.min(plan.documented[polls] ?? 0, age + gapAt(plan.documented, age)) : 0
  return Math.max(next * plan.step, guard)
}

export const timesOf = (plan: Table): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let age = nextPoll(plan, 0, 0); age !== null; age = nextPoll(plan, age, times.length)) times.push(age)
  return times
}
