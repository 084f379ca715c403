/**
 * How long scans of one kind take, as a law learned from scans that were watched.
 *
 * The law is a smooth density over logarithms of durations: a kernel around each sample, narrow where samples are dense
 * and wide where they are rare, and one vague pseudo-sample from the vendor's own words that fades as samples come in.
 * A sample need not be exact: a scan that was stopped says only "longer than", a scan whose vendor tells no times only
 * "between two polls"; their weight goes where the other samples make it likely, and never outside. Two peaks stay two
 * peaks once there are enough samples to tell. Everything here is pure; times are milliseconds.
 *
 * @since 0.1.0
 */

/**
 * What the vendor says about its durations: most scans take between `low` and `high` milliseconds, both positive.
 *
 * @category models
 * @since 0.1.0
 */
export interface Prior {
  readonly low: number
  readonly high: number
}

/**
 * A scan that took at least `atLeast` and at most `atMost` milliseconds. Both are the same when the duration is known
 * exactly; `atMost` is infinite for a scan that was stopped while it ran.
 *
 * @category models
 * @since 0.1.0
 */
export interface Sample {
  readonly atLeast: number
  readonly atMost: number
}

/**
 * A law of durations. `cumulative[i]` is the probability of a duration below the lower end of bin `i`; bins are equal in
 * the logarithm: bin `i` begins at `exp(start + i * width)` milliseconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface DurationLaw {
  readonly start: number
  readonly width: number
  readonly cumulative: Float64Array
}

const bins = 320
// How far the bins reach beyond all that was seen, as a logarithm: a factor of twelve.
const margin = 2.5
// So many samples weigh as much as the vendor's words would after as many more.
const priorFades = 20
// Fewer samples cannot tell two peaks from one wide one.
const enoughForPeaks = 40
// What a narrower kernel must gain in the samples' likelihood, in nats, before it is believed.
const peakEvidence = 7
const narrower = [0.6, 0.36, 0.22]
// Rounds in which the weight of inexact samples finds its place.
const rounds = 8

const read = (array: Float64Array, index: number): number => array[index] ?? 0

// The normal distribution; its error is below 2e-7.
const normal = (z: number): number => {
  const x = Math.abs(z) / Math.SQRT2
  const t = 1 / (1 + x / 2)
  const series =
    -1.26551223 +
    t *
      (1.00002368 +
        t *
          (0.37409196 +
            t *
              (0.09678418 +
                t *
                  (-0.18628806 +
                    t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277))))))))
  const tail = (t * Math.exp(series - x * x)) / 2
  return z < 0 ? tail : 1 - tail
}

// Each bin's mass spread by a kernel of its own width; what would leave the bins stays where it was.
const smoothed = (masses: Float64Array, widths: Float64Array, width: number): Float64Array => {
  const out = new Float64Array(bins)
  for (let i = 0; i < bins; i++) {
    const mass = read(masses, i)
    if (mass <= 0) continue
    const kernel = read(widths, i)
    const reach = Math.ceil((4 * kernel) / width)
    const from = Math.max(0, i - reach)
    const to = Math.min(bins - 1, i + reach)
    const first = normal(((from - i - 0.5) * width) / kernel)
    let before = first
    for (let j = from; j <= to; j++) {
      const upTo = normal(((j - i + 0.5) * width) / kernel)
      out[j] = read(out, j) + mass * (upTo - before)
      before = upTo
    }
    out[i] = read(out, i) + mass * (1 - (before - first))
  }
  return out
}

const quantileBin = (masses: Float64Array, total: number, p: number): number => {
  let sum = 0
  for (let i = 0; i < bins; i++) {
    const mass = read(masses, i)
    if (mass > 0 && sum + mass >= p * total) return i + (p * total - sum) / mass
    sum += mass
  }
  return bins
}

// Silverman's width for the middle of the samples, and Abramson's square root for where they are denser or rarer.
const kernelWidths = (masses: Float64Array, total: number, prior: Float64Array, weight: number, width: number) => {
  let sum = 0
  let squares = 0
  for (let i = 0; i < bins; i++) {
    sum += read(masses, i) * i
    squares += read(masses, i) * i * i
  }
  const deviation = Math.sqrt(Math.max(0, squares / total - (sum / total) ** 2))
  const quartiles = (quantileBin(masses, total, 0.75) - quantileBin(masses, total, 0.25)) / 1.34
  const spread = Math.max(1, quartiles > 0 ? Math.min(deviation, quartiles) : deviation)
  const middle = Math.max(1, 0.9 * spread * total ** -0.2) * width
  const pilot = smoothed(masses, new Float64Array(bins).fill(middle), width)
  let logs = 0
  for (let i = 0; i < bins; i++) {
    if (read(masses, i) > 0) logs += read(masses, i) * Math.log(Math.max(read(pilot, i), 1e-12))
  }
  const typical = Math.exp(logs / total)
  const widths = (factor: number): Float64Array =>
    new Float64Array(bins).map((_, i) => {
      const local = Math.sqrt(typical / Math.max(read(pilot, i), 1e-12))
      return Math.max(width / 2, factor * middle * Math.min(2.5, Math.max(0.4, local)))
    })
  if (total < enoughForPeaks) return widths(1)

  // How likely each sample is by all the others.
  const likelihood = (kernels: Float64Array): number => {
    const density = smoothed(masses, kernels, width)
    let result = 0
    for (let i = 0; i < bins; i++) {
      const mass = read(masses, i)
      if (mass < 1e-9) continue
      const own = 2 * normal(width / 2 / read(kernels, i)) - 1
      const others = Math.max(read(density, i) - own * Math.min(1, mass), 0) + weight * read(prior, i)
      result += mass * Math.log(others / (total - 1 + weight) + 1e-9)
    }
    return result
  }
  let chosen = widths(1)
  let best = likelihood(chosen)
  for (const factor of narrower) {
    const kernels = widths(factor)
    const value = likelihood(kernels)
    if (value > best + peakEvidence) {
      best = value
      chosen = kernels
    }
  }
  return chosen
}

/**
 * The law that the vendor's words and the samples make likely. With no sample it is the vendor's words alone: a
 * lognormal law with two thirds of its weight between `low` and `high`.
 *
 * **Details**
 *
 * The words weigh as much as `20 / (20 + n)` of one of `n` samples. Samples below a millisecond count as one millisecond.
 * One estimate of a few hundred samples takes some milliseconds: make it every few dozen scans, not for each.
 *
 * @category constructors
 * @since 0.1.0
 */
export const estimate = (prior: Prior, samples: ReadonlyArray<Sample>): DurationLaw => {
  let least = Math.max(1, prior.low)
  let most = Math.max(least, prior.high)
  for (const sample of samples) {
    if (sample.atLeast > 0) least = Math.min(least, sample.atLeast)
    most = Math.max(most, Number.isFinite(sample.atMost) ? sample.atMost : sample.atLeast)
  }
  const start = Math.log(Math.max(1, least)) - margin
  const width = (Math.log(most) + margin - start) / bins
  const place = (millis: number): number => (Math.log(Math.max(1, millis)) - start) / width
  const bin = (millis: number): number => Math.min(bins - 1, Math.max(0, Math.floor(place(millis))))

  const middle = (Math.log(prior.low) + Math.log(prior.high)) / 2
  const deviation = Math.max(width, (Math.log(prior.high) - Math.log(prior.low)) / 2)
  const words = new Float64Array(bins).map(
    (_, i) => normal((start + (i + 1) * width - middle) / deviation) - normal((start + i * width - middle) / deviation)
  )
  const total = samples.length
  const weight = priorFades / (priorFades + total)

  const exact = new Float64Array(bins)
  const inexact: Array<readonly [from: number, to: number]> = []
  for (const { atLeast, atMost } of samples) {
    if (atLeast >= atMost) {
      // Shared between two bins, so that the law does not depend on where bins begin.
      const at = Math.min(bins - 1.001, Math.max(0, place(atMost) - 0.5))
      const lower = Math.floor(at)
      exact[lower] = read(exact, lower) + 1 - (at - lower)
      exact[lower + 1] = read(exact, lower + 1) + at - lower
    } else {
      inexact.push([atLeast <= 1 ? 0 : bin(atLeast), Number.isFinite(atMost) ? bin(atMost) : bins - 1])
    }
  }

  let density: Float64Array = words
  for (let round = 0; round < (inexact.length === 0 ? 1 : rounds); round++) {
    const masses = Float64Array.from(exact)
    for (const [from, to] of inexact) {
      let inside = 0
      for (let i = from; i <= to; i++) inside += read(density, i)
      for (let i = from; i <= to; i++) {
        masses[i] = read(masses, i) + (inside > 1e-12 ? read(density, i) / inside : 1 / (to - from + 1))
      }
    }
    const seen = total === 0 ? masses : smoothed(masses, kernelWidths(masses, total, words, weight, width), width)
    density = seen.map((mass, i) => (mass + weight * read(words, i)) / (total + weight))
  }

  const cumulative = new Float64Array(bins + 1)
  for (let i = 0; i < bins; i++) cumulative[i + 1] = read(cumulative, i) + read(density, i)
  const whole = read(cumulative, bins)
  return { start, width, cumulative: cumulative.map((sum) => sum / whole) }
}

/**
 * The probability that a scan takes longer than `millis`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const survival = (law: DurationLaw, millis: number): number => {
  if (!(millis > 0)) return 1
  const at = (Math.log(millis) - law.start) / law.width
  const last = law.cumulative.length - 1
  if (at <= 0) return 1
  if (at >= last) return 0
  const lower = Math.floor(at)
  const below = read(law.cumulative, lower)
  return Math.max(0, 1 - below - (read(law.cumulative, lower + 1) - below) * (at - lower))
}

/**
 * The duration in milliseconds that a scan stays below with probability `p`, from 0 to 1.
 *
 * @category destructors
 * @since 0.1.0
 */
export const quantile = (law: DurationLaw, p: number): number => {
  const last = law.cumulative.length - 1
  for (let i = 0; i < last; i++) {
    const below = read(law.cumulative, i)
    const upTo = read(law.cumulative, i + 1)
    if (upTo >= p && upTo > below) return Math.exp(law.start + (i + (p - below) / (upTo - below)) * law.width)
  }
  return Math.exp(law.start + last * law.width)
}

/**
 * How much longer a scan still takes on average, in milliseconds, once it has taken `millis`; 0 where none does.
 *
 * @category destructors
 * @since 0.1.0
 */
export const meanBeyond = (law: DurationLaw, millis: number): number => {
  const open = survival(law, millis)
  if (open <= 1e-9) return 0
  let sum = 0
  for (let i = 0; i < law.cumulative.length - 1; i++) {
    const from = Math.exp(law.start + i * law.width)
    const to = Math.exp(law.start + (i + 1) * law.width)
    if (to <= millis) continue
    const begin = Math.max(from, millis)
    sum += ((survival(law, begin) + survival(law, to)) / 2) * (to - begin)
  }
  // Below the first bin nothing ends.
  return (sum + Math.max(0, Math.exp(law.start) - millis)) / open
}
