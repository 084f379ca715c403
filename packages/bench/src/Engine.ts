/**
 * What every engine is measured with: one vendor in this process that answers at once, and one way to start scans and to
 * cancel them.
 */

/** What the vendor answers to one poll. */
export interface Answer {
  readonly id: number
  readonly status: "running" | "completed"
  readonly progress: number
}

/**
 * A vendor that answers at once and completes each scan at its `pollsPerScan`th poll.
 */
export class Vendor {
  polls = 0
  private readonly pollsPerScan: number
  private readonly asked: Array<number>

  /** Makes room for `scans` scans beforehand: their counts are no cost of an engine. */
  constructor(pollsPerScan: number, scans = 0) {
    this.pollsPerScan = pollsPerScan
    this.asked = Array.from({ length: scans }, () => 0)
  }

  poll(id: number): Promise<Answer> {
    this.polls++
    const asked = (this.asked[id] ?? 0) + 1
    this.asked[id] = asked
    return Promise.resolve({
      id,
      status: asked < this.pollsPerScan ? "running" : "completed",
      progress: asked / this.pollsPerScan
    })
  }
}

/**
 * - `done`: fulfilled when every scan has ended, completed or cancelled.
 * - `cancel`: cancels every scan that is open and is fulfilled when all have ended; null where an engine cannot.
 */
export interface Run {
  readonly done: Promise<void>
  readonly cancel: (() => Promise<void>) | null
}

/** Starts scans 0 to `scans - 1`, each polled at once and then every `everyMs` milliseconds until it is over. */
export type Engine = (vendor: Vendor, scans: number, everyMs: number) => Run

/** Counts scans to the end. */
export const countdown = (scans: number): { readonly done: Promise<void>; readonly ended: () => void } => {
  const { promise, resolve } = Promise.withResolvers<void>()
  let left = scans
  return {
    done: promise,
    ended: () => {
      left--
      if (left === 0) resolve()
    }
  }
}
