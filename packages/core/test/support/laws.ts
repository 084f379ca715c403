/** Laws of durations to test against, in milliseconds. */

export interface Law {
  readonly survival: (millis: number) => number
  readonly draw: (dice: () => number) => number
}

export const exponential = (mean: number): Law => ({
  survival: (millis) => Math.exp(-Math.max(0, millis) / mean),
  draw: (dice) => -mean * Math.log(1 - dice())
})

export const uniform = (low: number, high: number): Law => ({
  survival: (millis) => Math.min(1, Math.max(0, (high - millis) / (high - low))),
  draw: (dice) => low + (high - low) * dice()
})

/** The law of Weibull: the hazard rises where `shape` is above 1 and falls where it is below. */
export const weibull = (shape: number, scale: number): Law => ({
  survival: (millis) => Math.exp(-((Math.max(0, millis) / scale) ** shape)),
  draw: (dice) => scale * (-Math.log(1 - dice())) ** (1 / shape)
})

/** Log-logistic: much like lognormal, with a survival function in closed form. */
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

/** `count` exact samples. */
export const samples = (law: Law, count: number, dice: () => number) =>
  Array.from({ length: count }, () => {
    const millis = law.draw(dice)
    return { atLeast: millis, atMost: millis }
  })

/** Poll times every `interval` up to `until`, sleeping first. */
export const every = (interval: number, until: number): ReadonlyArray<number> =>
  Array.from({ length: Math.ceil(until / interval) + 1 }, (_, i) => (i + 1) * interval)

/** How often a scan that takes `duration` is polled at `times`, and from the last of them on every `tail`. */
export const pollsOf = (times: ReadonlyArray<number>, tail: number, duration: number): number => {
  const before = times.filter((time) => time < duration).length
  const last = times.at(-1) ?? 0
  return before < times.length ? before + 1 : before + Math.ceil(Math.max(0, duration - last) / tail)
}
