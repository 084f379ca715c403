/**
 * What a few samples of a noisy machine say: the middle one, and how far they lie apart.
 */

/**
 * The middle of some samples, and their least and greatest.
 */
export interface Summary {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** The median of at least one number. */
export const median = (samples: ReadonlyArray<number>): number => {
  if (samples.length === 0) throw new RangeError("no samples")
  const sorted = samples.toSorted((a, b) => a - b)
  const above = sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
  const below = sorted[Math.ceil(sorted.length / 2) - 1] ?? Number.NaN
  return (above + below) / 2
}

/** The summary of at least one number. */
export const summary = (samples: ReadonlyArray<number>): Summary => ({
  median: median(samples),
  least: Math.min(...samples),
  most: Math.max(...samples)
})

/** The summary of a figure that is the same on every machine. */
export const exactly = (value: number): Summary => ({ median: value, least: value, most: value })

/**
 * The ratios of two cases, round by round: what slows a machine down for a while slows both.
 */
export const ratio = (samples: ReadonlyArray<number>, reference: ReadonlyArray<number>): Summary =>
  summary(samples.map((sample, round) => sample / (reference[round] ?? Number.NaN)))

/** The value below which `share` (0 to 1) of the samples lie, by the nearest rank. */
export const quantile = (samples: ReadonlyArray<number>, share: number): number => {
  if (samples.length === 0) throw new RangeError("no samples")
  const sorted = samples.toSorted((a, b) => a - b)
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN
}

/** `items` from place `by` on, then those before it: each round begins with another case. */
export const rotated = <A>(items: ReadonlyArray<A>, by: number): ReadonlyArray<A> => {
  const at = items.length === 0 ? 0 : by % items.length
  return [...items.slice(at), ...items.slice(0, at)]
}
