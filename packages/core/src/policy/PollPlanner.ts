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

/**
 * A law of durations on a grid: `survival[i]` is the probability that a scan takes longer than `i * step` milliseconds,
 * starting with 1 and never rising. `beyond` is how much longer a scan takes on average that passes the last point.
 *
 * @category models
 * @since 0.1.0
 */
export interface Grid {
  readonly step: number
  readonly survival: Float64Array
  readonly beyond: number
}

/**
 * What a schedule costs and brings, on average over a law: `polls` per scan, mean lag, and the lag that 95 of 100 scans
 * stay below, in milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface Expectation {
  readonly polls: number
  readonly meanLag: number
  readonly p95Lag: number
}

/**
 * The pace the vendor documents, read ahead: its poll times as ages, ascending. Beyond the last one its last gap goes on.
 *
 * @category models
 * @since 0.1.0
 */
export type Documented = ReadonlyArray<number>

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

const read = (array: Float64Array, index: number): number => array[index] ?? 0

// Between two points of the grid the law is a straight line.
const between = (array: Float64Array, index: number): number => {
  const last = array.length - 1
  if (index <= 0) return read(array, 0)
  if (index >= last) return read(array, last)
  const lower = Math.floor(index)
  return read(array, lower) + (read(array, lower + 1) - read(array, lower)) * (index - lower)
}

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

// The integral of the survival up to each point.
const integralOf = ({ step, survival }: Grid): Float64Array => {
  const out = new Float64Array(survival.length)
  for (let i = 1; i < out.length; i++) {
    out[i] = read(out, i - 1) + ((read(survival, i - 1) + read(survival, i)) / 2) * step
  }
  return out
}

// The gap of the documented pace that an age falls into.
const gapAt = (documented: Documented, age: number): number => {
  let before = 0
  let gap = Number.POSITIVE_INFINITY
  for (const time of documented) {
    if (time > before) gap = time - before
    if (time > age) return gap
    before = time
  }
  return gap
}

interface Measured {
  readonly polls: number
  readonly meanLag: number
  // The probability that the lag of a scan is longer than `lag`, and the longest lag there is.
  readonly later: (lag: number) => number
  readonly longest: number
}

const measure = (law: Grid, integral: Float64Array, times: ReadonlyArray<number>, documented: Documented): Measured => {
  const { step, survival } = law
  const end = (survival.length - 1) * step
  const gaps: Array<readonly [from: number, to: number]> = []
  let at = 0
  for (const time of times) {
    if (time > end) break
    if (time <= at) continue
    gaps.push([at, time])
    at = time
  }
  for (;;) {
    const to = at + gapAt(documented, at)
    if (!(to <= end)) break
    gaps.push([at, to])
    at = to
  }
  // A poll at once finds every scan open.
  let polls = (times[0] ?? documented[0] ?? 0) <= 0 ? 1 : 0
  let meanLag = 0
  for (const [from, to] of gaps) {
    const open = between(survival, from / step)
    polls += open
    meanLag += (to - from) * open - (between(integral, to / step) - between(integral, from / step))
  }
  // What is still open at the end of the grid is seen at the documented pace, at any time within its gap.
  const open = between(survival, at / step)
  const gap = gapAt(documented, at)
  const tail = Number.isFinite(gap) ? gap : end
  polls += open * (1 + law.beyond / tail)
  meanLag += (open * tail) / 2
  const later = (lag: number): number => {
    let sum = open * Math.max(0, 1 - lag / tail)
    for (const [from, to] of gaps) {
      if (to - from > lag) sum += between(survival, from / step) - between(survival, (to - lag) / step)
    }
    return sum
  }
  return { polls, meanLag, later, longest: gaps.reduce((most, [from, to]) => Math.max(most, to - from), tail) }
}

const expectationOf = ({ later, longest, meanLag, polls }: Measured): Expectation => {
  let low = 0
  let high = longest
  for (let i = 0; i < 40; i++) {
    const lag = (low + high) / 2
    if (later(lag) > 0.05) low = lag
    else high = lag
  }
  return { polls, meanLag, p95Lag: high }
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

/**
 * The table of the schedule with the least mean of lag, polls and lateness as weighed, exact on the grid: row `i` names
 * the row of the next poll after one at row `i` found the scan open; 0 where no further poll fits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const optimum = (law: Grid, weights: Weights): Int32Array => tableOf(law, integralOf(law), weights)

const tableOf = (law: Grid, integral: Float64Array, weights: Weights): Int32Array => {
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
    const open = read(survival, from)
    const before = read(integral, from)
    const least = from + (from === 0 ? leastFirst : leastGap)
    let best = open * atEnd
    let chosen = 0
    if (least <= last) {
      best = Number.POSITIVE_INFINITY
      for (let to = least; to <= last; to++) {
        // The later the poll, the more lag: once that alone is too much, no later poll can be better.
        let cost = open * (pollCost + (to - from) * step) - (read(integral, to) - before)
        if (cost >= best) break
        if (lateCost > 0 && to - from > late) cost += lateCost * (open - read(early, to))
        cost += read(values, to)
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

type Table = Pick<Plan, "step" | "next" | "leastGap" | "guarded" | "documented">

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

const timesOf = (plan: Table): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let age = nextPoll(plan, 0, 0); age !== null; age = nextPoll(plan, age, times.length)) times.push(age)
  return times
}

/**
 * What a plan has to keep. The defaults are what the documented pace comes to under the law.
 *
 * - `meanLag`: the mean lag may not be longer, in milliseconds. Less than the documented pace has may cost more polls.
 * - `p95Lag`: no more than 5 of 100 scans may have a longer lag. Null: the mean alone counts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Goal {
  readonly meanLag?: number
  readonly p95Lag?: number | null
}

/**
 * - `documented`: the pace to beat and to fall back to, up to the end of the grid.
 * - `leastGap`: the least time between two polls, the vendor's floor or its usual hint, in milliseconds.
 * - `samples`: how many scans the law was learned from: what is left of an aim with few of them is aimed lower, so that
 *   it is met by new scans and not only by those that were seen. Default: the law is known.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly documented: Documented
  readonly leastGap: number
  readonly goal?: Goal
  readonly samples?: number
}

// A schedule that fits a few samples too well promises more than it keeps: found on laws that the benchmark leaves out.
const meanCaution = 2
const lateCaution = 8
const fewSamples = 20
// What a plan must save before it is believed, over the root of the number of samples: less is what chance finds.
const planBelief = 0.4
const lateStartBelief = 0.25
// A start that is merely later than the documented one may lose this much of the lag there is, and this many scans more may
// be late. As many gaps after it are a step shorter as win it back, and this much more.
const lateStartSlack = 0.003
const lateStartLate = 0.0005
const lateStartGain = 0.002
const mostShortened = 24
// How far apart the weights are that are tried, and where they begin, in mean lags.
const lateCosts = [0, 2, 8, 32]
const mostCost = 50
const costRatio = 2.2
const costSteps = 16
const refinements = 5

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
export const plan = (law: Grid, options: Options): Plan | null => {
  const { documented } = options
  const integral = integralOf(law)
  const { step } = law
  const last = law.survival.length - 1
  const leastGap = Math.max(step, options.leastGap)
  const tail = Math.max(leastGap, gapAt(documented, last * step))
  if (!Number.isFinite(tail)) return null
  const paced = measure(law, integral, documented, documented)
  const expectedDocumented = expectationOf(paced)
  const goal = options.goal ?? {}
  const samples = Math.max(fewSamples, options.samples ?? Number.POSITIVE_INFINITY)
  const caution = (part: number): number => 1 - part / samples
  const wantedMean = (goal.meanLag ?? paced.meanLag) * caution(meanCaution)
  const wantedP95 = goal.p95Lag === undefined ? expectedDocumented.p95Lag : goal.p95Lag
  const wantedLate = 0.05 * caution(lateCaution)

  let best: { readonly table: Table; readonly times: ReadonlyArray<number>; readonly found: Measured } | null = null
  // The polls of the best there is: what the documented pace costs, until something better is found.
  const guarded = (goal.meanLag ?? paced.meanLag) >= paced.meanLag
  const doubt = 1 / Math.sqrt(samples)
  let fewest = guarded ? paced.polls * (1 - planBelief * doubt) - 1e-6 : Number.POSITIVE_INFINITY
  const consider = (
    next: Int32Array,
    mean: number,
    late: number
  ): { readonly kept: boolean; readonly polls: number } => {
    const table: Table = { step, next, leastGap, guarded, documented }
    const times = timesOf(table)
    const found = measure(law, integral, times, documented)
    const kept = found.meanLag <= mean + 1e-9 && (wantedP95 === null || found.later(wantedP95 + 1e-9) <= late + 1e-9)
    if (kept && found.polls < fewest) {
      best = { table, times, found }
      fewest = found.polls
    }
    return { kept, polls: found.polls }
  }
  const settled = (): Plan | null =>
    best === null ? null : { ...best.table, times: best.times, expected: expectationOf(best.found), expectedDocumented }

  for (const lateCost of wantedP95 === null ? [0] : lateCosts) {
    const tryCost = (pollCost: number) => {
      const late = { late: wantedP95 ?? 0, lateCost: lateCost * wantedMean }
      return consider(
        tableOf(law, integral, { leastGap, leastFirst: step, pollCost, tail, ...late }),
        wantedMean,
        wantedLate
      )
    }
    // From few polls to many: the first weight that keeps the goal, and then what lies between it and the one before.
    let cost = wantedMean * mostCost
    let kept = false
    for (let i = 0; i < costSteps; i++) {
      const tried = tryCost(cost)
      kept = tried.kept
      if (kept || tried.polls > fewest) break
      cost /= costRatio
    }
    if (!kept) continue
    let low = Math.log(cost)
    let high = low + Math.log(costRatio)
    for (let i = 0; i < refinements; i++) {
      const middle = (low + high) / 2
      if (tryCost(Math.exp(middle)).kept) low = middle
      else high = middle
    }
  }
  const planned = settled()
  if (planned !== null || !guarded) return planned

  // The late start leaves the gaps as documented. What it loses is the lag of scans that end before it; what makes that good
  // are gaps after it that are a step shorter, as few as do. Where the vendor asks for gaps as long as documented there are none.
  fewest = paced.polls * (1 - lateStartBelief * doubt) - 1e-6
  const gap = Math.ceil(leastGap / step - 1e-9)
  const shorter = (at: number): number => Math.ceil(gapAt(documented, at * step) / step) - 1
  let shortened = 0
  for (let first = Math.ceil(((documented[0] ?? 0) + 1) / step); first <= last; first++) {
    const next = new Int32Array(last + 1).map((_, i) => (i === 0 || i + gap <= first ? first : 0))
    const mean = paced.meanLag * (1 + lateStartSlack)
    const late = 0.05 + lateStartLate
    if (shorter(first) < gap) {
      if (!consider(next, mean, late).kept) break
      continue
    }
    const started = measure(law, integral, timesOf({ step, next, leastGap, guarded, documented }), documented)
    if (started.meanLag > mean || (wantedP95 !== null && started.later(wantedP95 + 1e-9) > late)) break
    let end = first
    const shorten = (): boolean => {
      const to = end + Math.max(gap, shorter(end))
      if (to > last) return false
      next[end] = to
      end = to
      return true
    }
    for (let i = 0; i < shortened; i++) shorten()
    const isKept = (): boolean => consider(next, paced.meanLag * (1 - lateStartGain), 0.05 * (1 - lateStartGain)).kept
    let kept = isKept()
    while (!kept && shortened < mostShortened && shorten()) {
      shortened += 1
      kept = isKept()
    }
    if (!kept) break
  }
  return settled()
}
