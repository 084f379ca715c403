// When one more request of an account may be made, by the vendor's limit, further windows beside it and what its headers said is
// left. Law: over any window no more requests than its limit. Touches nothing else and reads no clock.
import * as Duration from "effect/Duration"
import type { Quota } from "../../model/Observation.ts"
import type { AccountLimits } from "../ScanAdapter.ts"

// A request that was let through: when, and from which of the vendor's own counts it was taken.
export interface Grant {
  readonly at: number
  readonly from: Remaining | null
}

// What the vendor said is left until `resetAt`, counted down by us.
interface Remaining {
  left: number
  resetAt: number
}

// A vendor that says "nothing left until 2100" must not freeze an account for good.
const longestBlock = 60 * 60 * 1000
// Resets said to be this close together are the same one, told in seconds at different moments.
const sameReset = 1000

const millis = (window: Duration.Duration): number => Math.max(1, Math.ceil(Duration.toMillis(window)))

export class RequestWindow {
  // The requests of one window; null without a limit.
  limit: number | null
  readonly window: number
  private readonly others: ReadonlyArray<{ readonly requests: number; readonly window: number }>
  private readonly longest: number
  // Times of granted requests inside the longest window, oldest first.
  private grants: Array<number> = []
  private blockedTill = 0
  private remaining: Remaining | null = null

  constructor({ requests, window, windows = [] }: AccountLimits) {
    this.limit = requests
    this.window = millis(window)
    this.others = windows.map((other) => ({ requests: other.requests, window: millis(other.window) }))
    this.longest = this.others.reduce((most, other) => Math.max(most, other.window), this.window)
  }

  learn(quota: Quota, now: number, throttled: boolean): void {
    const { limit, remaining, resetAt, windowMillis = this.window } = quota
    if (limit !== null && limit >= 1 && Number.isFinite(limit) && windowMillis === this.window) {
      this.limit = Math.floor(limit)
    }
    if (!throttled && remaining !== null && remaining >= 0 && resetAt !== null && resetAt > now) {
      this.left(Math.floor(remaining), Math.min(resetAt, now + longestBlock))
    }
  }

  count(now: number): Grant {
    if (this.limit !== null || this.others.length > 0) this.grants.push(now)
    if (this.remaining !== null) this.remaining.left -= 1
    return { at: now, from: this.remaining }
  }

  // The request was not made.
  uncount(grant: Grant): void {
    const at = this.grants.lastIndexOf(grant.at)
    if (at >= 0) this.grants.splice(at, 1)
    if (grant.from !== null) grant.from.left += 1
  }

  // The earliest time at which one more request may be made: `now`, or later.
  freeAt(now: number): number {
    let free = this.blockedTill > now ? this.blockedTill : now
    if (this.grants.length > 0) this.forget(now)
    if (this.limit !== null) free = Math.max(free, this.roomAt(this.limit, this.window, now))
    for (const { requests, window } of this.others) free = Math.max(free, this.roomAt(requests, window, now))
    if (this.remaining !== null) {
      if (this.remaining.resetAt <= now) this.remaining = null
      else if (this.remaining.left <= 0) free = Math.max(free, this.remaining.resetAt)
    }
    return free
  }

  // When the oldest request of the window is forgotten.
  nextForgottenAt(now: number): number {
    return (this.grants.find((grant) => grant > now - this.window) ?? now) + this.window
  }

  // How many requests of now will still be counted then.
  keptAt(then: number): number {
    let kept = 0
    for (const grant of this.grants) if (grant > then - this.window) kept++
    return kept
  }

  private left(left: number, resetAt: number): void {
    const known = this.remaining
    if (known !== null && Math.abs(known.resetAt - resetAt) <= sameReset) {
      // Requests on their way are not in the vendor's count yet, and answers overtake each other.
      known.left = Math.min(known.left, left)
      known.resetAt = Math.max(known.resetAt, resetAt)
    } else {
      this.remaining = { left, resetAt }
    }
    if (left === 0) this.blockedTill = Math.max(this.blockedTill, resetAt)
  }

  private forget(now: number): void {
    let old = 0
    while (old < this.grants.length && (this.grants[old] ?? now) <= now - this.longest) old++
    if (old > 0) this.grants.splice(0, old)
  }

  // When a window with so many requests has room for one more.
  private roomAt(limit: number, window: number, now: number): number {
    // Nearly always all grants that are kept are inside the window.
    let first = 0
    while (first < this.grants.length && (this.grants[first] ?? now) <= now - window) first++
    const over = this.grants.length - first - limit
    const oldest = over >= 0 ? this.grants[first + over] : undefined
    return oldest === undefined ? now : oldest + window
  }
}
