/**
 * Laws of durations to try paces on, in milliseconds, and dice that always fall the same way.
 *
 * What vendors write about their durations is a sentence each; the laws made of these sentences are assumptions, and so
 * is every figure that rests on them. The planner was adjusted on other laws: Weibull with rising hazards, exponential,
 * lognormal with a misleading vendor's word, a very wide lognormal, and two well separated peaks.
 */

export interface Law {
  readonly survival: (millis: number) => number
  readonly draw: (dice: () => number) => number
}

/** Numbers from 0 to 1 (mulberry32). */
export const seeded = (seed: number): (() => number) => {
  let state = seed | 0
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** A normal variate, by the method of Box and Muller. */
export const normal = (dice: () => number): number =>
  Math.sqrt(-2 * Math.log(1 - dice())) * Math.cos(2 * Math.PI * dice())

// The upper tail of the normal law, by the fraction of Numerical Recipes; its error is below 2e-7.
const upper = (z: number): number => {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + x / 2)
  const terms = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223,
    0.17087277
  ]
  const tail = (t * Math.exp(terms.reduceRight((sum, term) => sum * t + term, 0) - x * x)) / 2
  return z > 0 ? tail : 1 - tail
}

/** `spread` is the standard deviation of the logarithm. */
export const lognormal = (median: number, spread: number): Law => ({
  survival: (millis) => (millis > 0 ? upper(Math.log(millis / median) / spread) : 1),
  draw: (dice) => median * Math.exp(spread * normal(dice))
})

export const uniform = (low: number, high: number): Law => ({
  survival: (millis) => Math.min(1, Math.max(0, (high - millis) / (high - low))),
  draw: (dice) => low + (high - low) * dice()
})

/** Three stages without memory, one after the other. */
export const erlang3 = (mean: number): Law => ({
  survival: (millis) => {
    const x = (3 * Math.max(0, millis)) / mean
    return Math.exp(-x) * (1 + x + (x * x) / 2)
  },
  draw: (dice) => (-mean / 3) * Math.log((1 - dice()) * (1 - dice()) * (1 - dice()))
})

/** Its tail falls as slowly as the power `shape`. */
export const logLogistic = (median: number, shape: number): Law => ({
  survival: (millis) => 1 / (1 + (Math.max(0, millis) / median) ** shape),
  draw: (dice) => {
    const u = dice()
    return median * (u / (1 - u)) ** (1 / shape)
  }
})

export const mixed = (part: number, one: Law, other: Law): Law => ({
  survival: (millis) => part * one.survival(millis) + (1 - part) * other.survival(millis),
  draw: (dice) => (dice() < part ? one.draw(dice) : other.draw(dice))
})

/** The same law on a vendor that takes `factor` times as long. */
export const stretched = (law: Law, factor: number): Law => ({
  survival: (millis) => law.survival(millis / factor),
  draw: (dice) => law.draw(dice) * factor
})

/** The same law of jobs that end on full steps alone, as of a vendor that looks once a minute. */
export const onSteps = (law: Law, step: number): Law => ({
  survival: (millis) => law.survival(Math.floor(Math.max(0, millis) / step) * step),
  draw: (dice) => Math.max(1, Math.ceil(law.draw(dice) / step)) * step
})

/** A law that nobody chose: one of the kinds above or a mixture of two, somewhere between seconds and minutes. */
export const drawn = (dice: () => number): Law => {
  const middle = 20_000 * 9 ** dice()
  const kinds = [
    () => lognormal(middle, 0.2 + 1.2 * dice()),
    () => uniform(middle * dice(), middle * (1 + dice())),
    () => erlang3(middle),
    () => logLogistic(middle, 1.3 + 2 * dice()),
    () => onSteps(lognormal(middle, 0.3 + 0.6 * dice()), 10_000 * (1 + Math.floor(6 * dice()))),
    () => mixed(dice(), lognormal(middle, 0.3), logLogistic(middle * (1 + dice()), 2))
  ]
  return (kinds[Math.floor(dice() * kinds.length)] ?? (() => erlang3(middle)))()
}

/**
 * A vendor: its law, the pace it documents, its floor, its words about durations, and how long a wait may last.
 */
export interface Vendor {
  readonly name: string
  readonly law: Law
  readonly interval: number
  readonly floor: number
  readonly low: number
  readonly high: number
  readonly deadline: number
}

// 95 of 100 scans between 30 and 120 seconds.
const exonaLaw = lognormal(60_000, Math.LN2 / 1.96)
const exonaPace = { interval: 10_000, floor: 5_000, low: 30_000, high: 120_000, deadline: 300_000 }
const appvetPace = { interval: 5_000, floor: 3_000, low: 30_000, high: 180_000, deadline: 900_000 }

export const exona: Vendor = { name: "Exona-like: lognormal, 95 % in 30 to 120 s", law: exonaLaw, ...exonaPace }

export const appvet: Vendor = {
  name: "AppVet-like: lognormal, median 75 s, wide",
  law: lognormal(75_000, 0.8),
  ...appvetPace
}

export const vendors: ReadonlyArray<Vendor> = [
  exona,
  { name: "Exona-like: uniform, 30 to 120 s", law: uniform(30_000, 120_000), ...exonaPace },
  {
    name: "compliance-like: lognormal, 95 % in 1.25 to 5 s",
    law: lognormal(2_500, Math.LN2 / 1.96),
    interval: 1_000,
    floor: 500,
    low: 1_000,
    high: 5_000,
    deadline: 120_000
  },
  {
    name: "half answered in 1 s, half Exona-like",
    law: mixed(0.5, uniform(900, 1_100), exonaLaw),
    ...exonaPace
  },
  appvet,
  { name: "three stages, mean 75 s (Erlang)", law: erlang3(75_000), ...appvetPace },
  { name: "heavy tail: log-logistic, median 60 s, shape 1.5", law: logLogistic(60_000, 1.5), ...appvetPace }
]
