/**
 * What was measured, and how it is read.
 */
import type { Sample } from "./Order.ts"
import { ratio, summary, type Summary } from "./statistics.ts"

/** The samples of each case of one area, round by round. */
export class Results {
  private readonly samples = new Map<string, Array<Sample>>()

  add(key: string, sample: Sample): void {
    const known = this.samples.get(key)
    if (known === undefined) this.samples.set(key, [sample])
    else known.push(sample)
  }

  private values(key: string, name: string): ReadonlyArray<number> {
    return (this.samples.get(key) ?? []).flatMap((sample) => sample[name] ?? [])
  }

  /** One measure of one case; null where the case does not have it. */
  of(key: string, name: string): Summary | null {
    const values = this.values(key, name)
    return values.length === 0 ? null : summary(values)
  }

  /** The same against another case, round by round. */
  against(key: string, name: string, reference: string): Summary | null {
    const values = this.values(key, name)
    const others = this.values(reference, name)
    return values.length === 0 || values.length !== others.length ? null : ratio(values, others)
  }
}
