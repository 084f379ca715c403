// What a schedule of polls costs and brings under a law of durations. Pure; times are milliseconds of a scan's age. Its types are
// passed on by `PollPlanner`.

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

export const read = (array: Float64Array, index: number): number => array[index] ?? 0

// Between two points of the grid the law is a straight line.
export const between = (array: Float64Array, index: number): number => {
  const last = array.length - 1
  if (index <= 0) return read(array, 0)
  if (index >= last) return read(array, last)
  const lower = Math.floor(index)
  return read(array, lower) + (read(array, lower + 1) - read(array, lower)) * (index - lower)
}

// The integral of the survival up to each point.
export const integralOf = ({ step, survival }: Grid): Float64Array => {
  const out = new Float64Array(survival.length)
  for (let i = 1; i < out.length; i++) {
    out[i] = read(out, i - 1) + ((read(survival, i - 1) + read(survival, i)) / 2) * step
  }
  return out
}

// The gap of the documented pace that an age falls into.
export const gapAt = (documented: Documented, age: number): number => {
  let before = 0
  let gap = Number.POSITIVE_INFINITY
  for (const time of documented) {
    if (time > before) gap = time - before
    if (time > age) return gap
    before = time
  }
  return gap
}

export interface Measured {
  readonly polls: number
  readonly meanLag: number
  // The probability that the lag of a scan is longer than `lag`, and the longest lag there is.
  readonly later: (lag: number) => number
  readonly longest: number
}

export const measure = (
  law: Grid,
  integral: Float64Array,
  times: ReadonlyArray<number>,
  documented: Documented
): Measured => {
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

export const expectationOf = ({ later, longest, meanLag, polls }: Measured): Expectation => {
  let low = 0
  let high = longest
  for (let i = 0; i < 40; i++) {
    const lag = (low + high) / 2
    if (later(lag) > 0.05) low = lag
    else high = lag
  }
  return { polls, meanLag, p95Lag: high }
}
