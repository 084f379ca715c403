/**
 * How late requests go out after they were due, over the last minute.
 *
 * Counted in steps of a fifth, so that a hundred thousand polls cost as little memory as one; what is read is at most
 * that much above the truth, and `max` is exact.
 *
 * @since 0.1.0
 */

/**
 * In milliseconds: half of the requests were at most `p50` late, 99 of 100 at most `p99`, all at most `max`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Lateness {
  readonly p50: number
  readonly p99: number
  readonly max: number
}

interface Part {
  readonly began: number
  readonly counts: Uint32Array
  total: number
  max: number
}

// Steps of a fifth reach an hour with this many.
const steps = 96
const partMillis = 10_000
const parts = 6

const stepOf = (late: number): number =>
  late < 1 ? 0 : Math.min(steps - 1, Math.ceil(Math.log(late) / Math.log(1.2)) + 1)
const endOf = (step: number): number => (step === 0 ? 1 : Math.ceil(1.2 ** (step - 1)))

/**
 * Remembers a minute of requests. Times are milliseconds on any clock that does not go back.
 *
 * @category models
 * @since 0.1.0
 */
export class LatenessMeter {
  private readonly kept: Array<Part> = []

  add(late: number, now: number): void {
    let part = this.kept.at(-1)
    if (part === undefined || now - part.began >= partMillis) {
      part = { began: now, counts: new Uint32Array(steps), total: 0, max: 0 }
      this.kept.push(part)
      if (this.kept.length > parts + 1) this.kept.shift()
    }
    const step = stepOf(late)
    part.counts[step] = (part.counts[step] ?? 0) + 1
    part.total += 1
    part.max = Math.max(part.max, late)
  }

  /** Null when no request went out in the last minute. */
  read(now: number): Lateness | null {
    const recent = this.kept.filter((part) => now - part.began < parts * partMillis)
    const total = recent.reduce((sum, part) => sum + part.total, 0)
    if (total === 0) return null
    const max = recent.reduce((most, part) => Math.max(most, part.max), 0)
    const atMost = (share: number): number => {
      let seen = 0
      for (let step = 0; step < steps; step++) {
        seen += recent.reduce((sum, part) => sum + (part.counts[step] ?? 0), 0)
        if (seen >= share * total) return Math.min(endOf(step), Math.ceil(max))
      }
      return Math.ceil(max)
    }
    return { p50: atMost(0.5), p99: atMost(0.99), max: Math.ceil(max) }
  }
}
