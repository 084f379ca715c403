// The search for a plan: many tables are made, and the one with the fewest polls that keeps the goal wins. Pure. Its types are
// passed on by `PollPlanner`.
import { type Plan, type Table, tableOf, timesOf } from "./pollTable.ts"
import { type Documented, expectationOf, gapAt, type Grid, integralOf, measure, type Measured } from "./schedule.ts"

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

// What a plan has to beat and to keep.
// - `paced`: what the documented pace comes to. `tail`: the gap of the polls beyond the grid.
// - `mean`, `p95`, `late`: the goal, aimed lower where it was learned from few samples. `p95` is null where the mean alone counts.
// - `doubt`: how much more than nothing a plan must save before it is believed; 0 where the law is known.
interface Aim {
  readonly law: Grid
  readonly integral: Float64Array
  readonly documented: Documented
  readonly paced: Measured
  readonly leastGap: number
  readonly tail: number
  readonly guarded: boolean
  readonly mean: number
  readonly p95: number | null
  readonly late: number
  readonly doubt: number
}

// Null where the documented pace ends: then there is nothing to fall back to.
const aimOf = (law: Grid, options: Options): Aim | null => {
  const { documented, goal = {} } = options
  const { step, survival } = law
  const integral = integralOf(law)
  const leastGap = Math.max(step, options.leastGap)
  const tail = Math.max(leastGap, gapAt(documented, (survival.length - 1) * step))
  if (!Number.isFinite(tail)) return null
  const paced = measure(law, integral, documented, documented)
  const samples = Math.max(fewSamples, options.samples ?? Number.POSITIVE_INFINITY)
  const caution = (part: number): number => 1 - part / samples
  const meanLag = goal.meanLag ?? paced.meanLag
  return {
    law,
    integral,
    documented,
    paced,
    leastGap,
    tail,
    guarded: meanLag >= paced.meanLag,
    mean: meanLag * caution(meanCaution),
    p95: goal.p95Lag === undefined ? expectationOf(paced).p95Lag : goal.p95Lag,
    late: 0.05 * caution(lateCaution),
    doubt: 1 / Math.sqrt(samples)
  }
}

// The polls of a pace that must save this share of the documented ones, more where there is doubt.
const fewerThanPaced = ({ doubt, paced }: Aim, belief: number): number => paced.polls * (1 - belief * doubt) - 1e-6

// The best of the tables that were tried.
class Contest {
  // The polls of the best there is: what the documented pace costs, until something better is found.
  fewest: number
  private readonly aim: Aim
  private best: { readonly table: Table; readonly times: ReadonlyArray<number>; readonly found: Measured } | null = null

  constructor(aim: Aim) {
    this.aim = aim
    this.fewest = aim.guarded ? fewerThanPaced(aim, planBelief) : Number.POSITIVE_INFINITY
  }

  // Whether a table keeps this mean lag and this share of late scans; the one with the fewest polls is kept.
  consider(next: Int32Array, mean: number, late: number): { readonly kept: boolean; readonly polls: number } {
    const { table, times, found } = this.measured(next)
    const kept = this.keeps(found, mean + 1e-9, late + 1e-9)
    if (kept && found.polls < this.fewest) {
      this.best = { table, times, found }
      this.fewest = found.polls
    }
    return { kept, polls: found.polls }
  }

  // Whether a table keeps them, without taking part.
  meets(next: Int32Array, mean: number, late: number): boolean {
    return this.keeps(this.measured(next).found, mean, late)
  }

  winner(): Plan | null {
    if (this.best === null) return null
    const { found, table, times } = this.best
    return { ...table, times, expected: expectationOf(found), expectedDocumented: expectationOf(this.aim.paced) }
  }

  private measured(next: Int32Array) {
    const { documented, guarded, integral, law, leastGap } = this.aim
    const table: Table = { step: law.step, next, leastGap, guarded, documented }
    const times = timesOf(table)
    return { table, times, found: measure(law, integral, times, documented) }
  }

  private keeps(found: Measured, mean: number, late: number): boolean {
    const { p95 } = this.aim
    return found.meanLag <= mean && (p95 === null || found.later(p95 + 1e-9) <= late)
  }
}

// The optima of many weights. For each cost of lateness from few polls to many: the first weight that keeps the goal, and then
// what lies between it and the one before.
const tryWeights = (aim: Aim, contest: Contest): void => {
  const { integral, late, law, leastGap, mean, p95, tail } = aim
  for (const lateCost of p95 === null ? [0] : lateCosts) {
    const tryCost = (pollCost: number) => {
      const lateness = { late: p95 ?? 0, lateCost: lateCost * mean }
      const weights = { leastGap, leastFirst: law.step, pollCost, tail, ...lateness }
      return contest.consider(tableOf(law, integral, weights), mean, late)
    }
    let cost = mean * mostCost
    let kept = false
    for (let i = 0; i < costSteps; i++) {
      const tried = tryCost(cost)
      kept = tried.kept
      if (kept || tried.polls > contest.fewest) break
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
}

// The documented pace with its first polls left out. The late start leaves the gaps as documented. What it loses is the lag of
// scans that end before it; what makes that good are gaps after it that are a step shorter, as few as do. Where the vendor asks
// for gaps as long as documented there are none.
const tryLateStarts = (aim: Aim, contest: Contest): void => {
  const { documented, law, leastGap, paced } = aim
  const { step } = law
  const last = law.survival.length - 1
  contest.fewest = fewerThanPaced(aim, lateStartBelief)
  const gap = Math.ceil(leastGap / step - 1e-9)
  const shorter = (at: number): number => Math.ceil(gapAt(documented, at * step) / step) - 1
  const mean = paced.meanLag * (1 + lateStartSlack)
  const late = 0.05 + lateStartLate
  let shortened = 0
  for (let first = Math.ceil(((documented[0] ?? 0) + 1) / step); first <= last; first++) {
    const next = new Int32Array(last + 1).map((_, i) => (i === 0 || i + gap <= first ? first : 0))
    if (shorter(first) < gap) {
      if (!contest.consider(next, mean, late).kept) break
      continue
    }
    if (!contest.meets(next, mean, late)) break
    let end = first
    const shorten = (): boolean => {
      const to = end + Math.max(gap, shorter(end))
      if (to > last) return false
      next[end] = to
      end = to
      return true
    }
    for (let i = 0; i < shortened; i++) shorten()
    const isKept = (): boolean =>
      contest.consider(next, paced.meanLag * (1 - lateStartGain), 0.05 * (1 - lateStartGain)).kept
    let kept = isKept()
    while (!kept && shortened < mostShortened && shorten()) {
      shortened += 1
      kept = isKept()
    }
    if (!kept) break
  }
}

export const searchPlan = (law: Grid, options: Options): Plan | null => {
  const aim = aimOf(law, options)
  if (aim === null) return null
  const contest = new Contest(aim)
  tryWeights(aim, contest)
  const planned = contest.winner()
  if (planned !== null || !aim.guarded) return planned
  tryLateStarts(aim, contest)
  return contest.winner()
}
