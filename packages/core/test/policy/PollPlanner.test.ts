import { assert, describe, it } from "@effect/vitest"
import { seeded } from "@scanpoll/test-support/seeded"
import * as PollPlanner from "../../src/policy/PollPlanner.ts"
import { every, exponential, type Law, logLogistic, mixed, pollsOf, uniform, weibull } from "../support/laws.ts"

const gridOf = (law: Law, step: number, end: number, beyond = 0): PollPlanner.Grid =>
  PollPlanner.grid(law.survival, { step, count: Math.floor(end / step), beyond })

/** The times a table leads to, from age 0 and with nothing in its way. */
const timesOf = (next: Int32Array, step: number): ReadonlyArray<number> => {
  const times: Array<number> = []
  for (let row = next[0] ?? 0; row !== 0; row = next[row] ?? 0) times.push(row * step)
  return times
}

describe("PollPlanner.expectation", () => {
  it("is what theory says of a fixed interval under a law without memory", () => {
    const [mean, interval] = [60_000, 10_000]
    const open = Math.exp(-interval / mean)
    const found = PollPlanner.expectation(gridOf(exponential(mean), 100, 1_200_000), [], every(interval, 1_200_000))
    assert.closeTo(found.polls, 1 / (1 - open), 1e-3)
    assert.closeTo(found.meanLag, interval / (1 - open) - mean, 1)
    // The lag of a scan is what is left of its interval: P(lag > x) = (1 - e^-(d-x)/m) / (1 - e^-d/m).
    assert.closeTo((1 - Math.exp(-(interval - found.p95Lag) / mean)) / (1 - open), 0.05, 1e-3)
  })

  it("is what theory says of a fixed interval under a uniform law", () => {
    const found = PollPlanner.expectation(gridOf(uniform(0, 100_000), 100, 100_000), [], every(10_000, 100_000))
    assert.closeTo(found.polls, 5.5, 1e-6)
    assert.closeTo(found.meanLag, 5_000, 1e-6)
    assert.closeTo(found.p95Lag, 9_500, 1)
  })

  it("is what counting says, for any schedule and law", () => {
    const dice = seeded(11)
    for (const law of [weibull(2, 50_000), mixed(0.3, uniform(1_000, 2_000), logLogistic(40_000, 8))]) {
      const times = [3_000, 11_000, 19_500, 40_000, 46_000, 80_000]
      const documented = every(10_000, 400_000)
      const found = PollPlanner.expectation(gridOf(law, 100, 400_000), times, documented)
      const tail = [...times]
      while ((tail.at(-1) ?? 0) < 400_000) tail.push((tail.at(-1) ?? 0) + 10_000)
      let polls = 0
      const lags: Array<number> = []
      for (let i = 0; i < 40_000; i++) {
        const duration = law.draw(dice)
        polls += pollsOf(tail, 10_000, duration)
        lags.push((tail.find((time) => time >= duration) ?? duration) - duration)
      }
      lags.sort((a, b) => a - b)
      const mean = lags.reduce((sum, lag) => sum + lag, 0) / lags.length
      assert.closeTo(found.polls / (polls / 40_000), 1, 0.01)
      assert.closeTo(found.meanLag / mean, 1, 0.02)
      assert.closeTo(found.p95Lag / (lags[Math.floor(0.95 * lags.length)] ?? 0), 1, 0.03)
      const late = lags.filter((lag) => lag > 6_000).length / lags.length
      assert.closeTo(PollPlanner.lateShare(gridOf(law, 100, 400_000), times, documented, 6_000), late, 0.01)
    }
  })

  it("counts a poll that is made at once", () => {
    const grid = gridOf(uniform(0, 100_000), 100, 100_000)
    const without = PollPlanner.expectation(grid, [], every(10_000, 100_000))
    const atOnce = PollPlanner.expectation(grid, [], [0, ...every(10_000, 100_000)])
    assert.closeTo(atOnce.polls - without.polls, 1, 1e-9)
    assert.closeTo(atOnce.meanLag, without.meanLag, 1e-9)
  })
})

const costOf = (grid: PollPlanner.Grid, times: ReadonlyArray<number>, weights: PollPlanner.Weights): number => {
  const end = (grid.survival.length - 1) * grid.step
  const at = (millis: number): number => {
    const index = Math.min(Math.max(0, millis / grid.step), grid.survival.length - 1)
    const lower = Math.floor(index)
    const below = grid.survival[lower] ?? 0
    return below + ((grid.survival[lower + 1] ?? below) - below) * (index - lower)
  }
  const { meanLag, polls } = PollPlanner.expectation(grid, times, [...times, end + weights.tail])
  const last = times.at(-1) ?? 0
  // `expectation` has seen the last poll off; what is beyond the grid costs a poll at `tail` each.
  const open = at(last)
  const given = (open * (end + weights.tail - last)) / 2
  let late = open * Math.max(0, 1 - weights.late / weights.tail)
  let from = 0
  for (const to of times) {
    if (to - from > weights.late) late += at(from) - at(to - weights.late)
    from = to
  }
  return polls * weights.pollCost + (meanLag - given + (open * weights.tail) / 2) + late * weights.lateCost
}

describe("PollPlanner.optimum", () => {
  it("finds what trying every schedule of a small grid finds", () => {
    const dice = seeded(12)
    for (let round = 0; round < 60; round++) {
      const count = 11
      const drops = Array.from({ length: count }, () => (dice() < 0.3 ? 0 : dice()))
      const whole = drops.reduce((sum, drop) => sum + drop, 0.05)
      let open = 1
      const survival = new Float64Array([1, ...drops.map((drop) => (open -= drop / whole))])
      const grid: PollPlanner.Grid = { step: 1_000, survival, beyond: 0 }
      const leastGap = 1_000 * (1 + Math.floor(dice() * 3))
      const weights: PollPlanner.Weights = {
        leastGap,
        leastFirst: 1_000,
        pollCost: 100 + dice() * 3_000,
        late: 2_500,
        lateCost: dice() < 0.5 ? 0 : dice() * 20_000,
        tail: 4_000
      }
      let best = Number.POSITIVE_INFINITY
      let tried = 0
      const tryFrom = (times: ReadonlyArray<number>): void => {
        const last = times.at(-1) ?? 0
        const least = times.length === 0 ? weights.leastFirst : last + leastGap
        if (least > count * 1_000) {
          tried++
          best = Math.min(best, costOf(grid, times, weights))
          return
        }
        for (let to = least; to <= count * 1_000; to += 1_000) tryFrom([...times, to])
      }
      tryFrom([])
      const found = timesOf(PollPlanner.optimum(grid, weights), grid.step)
      assert.isAbove(tried, 10)
      assert.closeTo(costOf(grid, found, weights), best, 1e-6)
    }
  })

  it("polls a law without memory at the constant interval of theory, e^(d/m) - 1 = (c + d)/m", () => {
    const [mean, cost] = [60_000, 2_000]
    let [low, high] = [1, 60_000]
    for (let i = 0; i < 60; i++) {
      const interval = (low + high) / 2
      if (Math.exp(interval / mean) - 1 > (cost + interval) / mean) high = interval
      else low = interval
    }
    const grid = gridOf(exponential(mean), 250, 900_000, mean)
    const weights = { leastGap: 1_000, leastFirst: 250, pollCost: cost, late: 0, lateCost: 0, tail: low }
    const times = timesOf(PollPlanner.optimum(grid, weights), 250)
    for (let i = 0; i < 10; i++) {
      assert.closeTo((times[i] ?? 0) - (times[i - 1] ?? 0), low, 300)
    }
  })

  it("polls a uniform law at gaps that shrink by the cost of a poll each, the last one at its end", () => {
    const [end, cost] = [100_000, 1_500]
    const grid = gridOf(uniform(0, end), 100, end)
    const weights = { leastGap: 100, leastFirst: 100, pollCost: cost, late: 0, lateCost: 0, tail: 100 }
    const times = timesOf(PollPlanner.optimum(grid, weights), 100).filter((time) => time < end - 100)
    assert.isAbove(times.length, 6)
    const gaps = times.map((time, i) => time - (times[i - 1] ?? 0))
    for (let i = 1; i < gaps.length - 1; i++) {
      assert.closeTo((gaps[i - 1] ?? 0) - (gaps[i] ?? 0), cost, 250)
    }
  })

  it("leaves the time alone in which nothing can end", () => {
    const grid = gridOf(uniform(30_000, 120_000), 250, 150_000)
    const weights = { leastGap: 5_000, leastFirst: 250, pollCost: 1_000, late: 0, lateCost: 0, tail: 10_000 }
    assert.isAbove(timesOf(PollPlanner.optimum(grid, weights), 250)[0] ?? 0, 30_000)
  })
})

interface Case {
  readonly name: string
  readonly law: Law
  readonly end: number
  readonly leastGap: number
  readonly interval: number
}

const cases: ReadonlyArray<Case> = [
  { name: "log-logistic", law: logLogistic(60_000, 5), end: 300_000, leastGap: 5_000, interval: 10_000 },
  { name: "uniform", law: uniform(30_000, 120_000), end: 150_000, leastGap: 5_000, interval: 10_000 },
  { name: "Weibull", law: weibull(2.5, 90_000), end: 300_000, leastGap: 3_000, interval: 5_000 },
  { name: "heavy tail", law: logLogistic(60_000, 1.5), end: 300_000, leastGap: 3_000, interval: 5_000 },
  {
    name: "two peaks",
    law: mixed(0.5, logLogistic(15_000, 12), logLogistic(90_000, 12)),
    end: 300_000,
    leastGap: 3_000,
    interval: 5_000
  },
  { name: "no memory", law: exponential(60_000), end: 300_000, leastGap: 3_000, interval: 5_000 },
  { name: "gaps as long as documented", law: weibull(3, 90_000), end: 300_000, leastGap: 10_000, interval: 10_000 },
  { name: "ended before the first poll", law: uniform(100, 2_000), end: 60_000, leastGap: 5_000, interval: 10_000 }
]

const named = (name: string): Case => {
  const found = cases.find((each) => each.name === name)
  if (found === undefined) throw new Error(`there is no law ${name}`)
  return found
}

const planFor = ({ end, interval, law, leastGap }: Case, more: Partial<PollPlanner.Options> = {}) =>
  PollPlanner.plan(gridOf(law, 500, end, 20_000), { documented: every(interval, end), leastGap, ...more })

describe("PollPlanner.plan", () => {
  it("costs fewer polls than the documented pace, with neither the mean nor the p95 of the lag above it", () => {
    for (const each of cases) {
      const plan = planFor(each)
      if (plan === null) continue
      const { expected, expectedDocumented } = plan
      assert.isBelow(expected.polls, expectedDocumented.polls, each.name)
      assert.isAtMost(expected.meanLag, expectedDocumented.meanLag * 1.003 + 1e-6, each.name)
      assert.isAtMost(expected.p95Lag, expectedDocumented.p95Lag * 1.005, each.name)
    }
  })

  it("saves where there is dead time or a rising hazard, and little where there is neither", () => {
    const saved = (name: string): number => {
      const plan = planFor(named(name))
      return plan === null ? 0 : 1 - plan.expected.polls / plan.expectedDocumented.polls
    }
    assert.isAbove(saved("log-logistic"), 0.3)
    assert.isAbove(saved("uniform"), 0.35)
    assert.isAbove(saved("two peaks"), 0.25)
    assert.isAbove(saved("gaps as long as documented"), 0.05)
    assert.isBelow(saved("no memory"), 0.02)
  })

  it("never polls a scan more often than the documented pace, however long the scan takes", () => {
    const dice = seeded(13)
    for (const each of cases) {
      const plan = planFor(each)
      if (plan === null) continue
      const documented = every(each.interval, 3_000_000)
      for (let i = 0; i < 400; i++) {
        const duration = dice() ** 2 * 1_500_000
        assert.isAtMost(
          pollsOf(plan.times, each.interval, duration),
          pollsOf(documented, each.interval, duration),
          `${each.name}, a scan of ${duration} ms`
        )
      }
    }
  })

  it("never polls at shorter gaps than the least, wherever it is asked from", () => {
    const dice = seeded(14)
    for (const each of cases) {
      const plan = planFor(each)
      if (plan === null) continue
      for (let i = 1; i < plan.times.length; i++) {
        assert.isAtLeast((plan.times[i] ?? 0) - (plan.times[i - 1] ?? 0), each.leastGap)
      }
      for (let i = 0; i < 300; i++) {
        const age = dice() * each.end * 1.2
        const next = PollPlanner.nextPoll(plan, age, 1 + Math.floor(dice() * 30))
        if (next !== null) assert.isTrue(next >= age + each.leastGap && Number.isFinite(next), each.name)
      }
    }
  })

  it("does not wait twice for polls that faults have cost", () => {
    const each = named("log-logistic")
    const plan = planFor(each)
    if (plan === null) throw new Error("there is a plan for this law")
    const age = 60_000
    assert.isAtMost((PollPlanner.nextPoll(plan, age, 500) ?? 0) - age, each.interval)
  })

  it("polls at once where the documented pace does", () => {
    const plan = PollPlanner.plan(gridOf(logLogistic(60_000, 5), 500, 300_000), {
      documented: [0, ...every(10_000, 300_000)],
      leastGap: 5_000
    })
    assert.strictEqual(plan?.times[0], 0)
    assert.isAbove(plan?.times[1] ?? 0, 20_000)
  })

  it("keeps a goal of one's own: less lag for more polls, or the mean alone", () => {
    const each = named("log-logistic")
    const quick = planFor(each, { goal: { meanLag: 3_500, p95Lag: null } })
    const usual = planFor(each)
    const mean = planFor(each, { goal: { p95Lag: null } })
    assert.isAtMost(quick?.expected.meanLag ?? Infinity, 3_500)
    assert.isAbove(quick?.expected.polls ?? 0, usual?.expected.polls ?? Infinity)
    assert.isBelow(mean?.expected.polls ?? Infinity, usual?.expected.polls ?? 0)
    assert.strictEqual(planFor(each, { goal: { meanLag: 100 } }), null)
  })

  it("aims lower with few samples behind the law", () => {
    const each = named("log-logistic")
    const sure = planFor(each)
    const unsure = planFor(each, { samples: 20 })
    assert.isAbove(unsure?.expected.polls ?? 0, sure?.expected.polls ?? Infinity)
    assert.isBelow(unsure?.expected.meanLag ?? Infinity, sure?.expected.meanLag ?? 0)
  })

  it("has nothing to say where the documented pace cannot be read ahead", () => {
    assert.strictEqual(PollPlanner.plan(gridOf(uniform(0, 1_000), 10, 1_000), { documented: [], leastGap: 10 }), null)
  })
})
