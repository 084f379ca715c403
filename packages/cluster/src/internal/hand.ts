// The turns that the books granted to this process and that it has not handed out, and whether it may still use them.
// Law: a turn is handed out only while the latest good check-in began less than a lease ago, so what this process does
// not know of, a pause above all, is never older than that. It touches no books and no queue.
import type * as Clock from "effect/Clock"
import type { TurnKind } from "@scanpoll/core/engine/RateBudget"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import type { Answer } from "./budgetBooks.ts"

export interface Reading {
  readonly steady: number
  readonly wall: number
}

export const reading = (clock: Clock.Clock): Reading => ({
  steady: SteadyClock.nowUnsafe(clock),
  wall: clock.currentTimeMillisUnsafe()
})

// `starts`: how many of `turns` may be submissions.
export interface Granted {
  readonly turns: number
  readonly starts: number
}

// Turns are asked for in advance at the rate of the last second, and not after this long without one.
const lull = 2_000

export class Hand {
  turns = 0
  starts = 0
  isUnlimited = false
  private readonly clock: Clock.Clock
  private lease: number
  private readonly countsStarts: boolean
  private known: Reading | null = null
  private isContested = false
  private grantedAt = 0
  private handedLately = 0
  private handedSince = 0

  // `countsStarts`: submissions are granted one by one, whatever the requests are.
  constructor(clock: Clock.Clock, lease: number, countsStarts: boolean) {
    this.clock = clock
    this.lease = lease
    this.countsStarts = countsStarts
  }

  // A machine that slept has moved the one clock, a process that was stopped both.
  isFresh(): boolean {
    if (this.known === null) return false
    const { steady, wall } = reading(this.clock)
    return steady - this.known.steady < this.lease && Math.abs(wall - this.known.wall) < this.lease
  }

  has(kind: TurnKind): boolean {
    if (kind === "submit" && this.starts === 0 && !this.startsFreely()) return false
    return this.isUnlimited || this.turns > 0
  }

  take(kind: TurnKind, now: number): void {
    if (!this.isUnlimited) this.turns -= 1
    if (kind === "submit") {
      if (!this.startsFreely()) this.starts -= 1
    } else if (!this.isUnlimited) this.starts = Math.min(this.starts, this.turns)
    if (now - this.handedSince > 1000) {
      this.handedSince = now
      this.handedLately = 0
    }
    this.handedLately += 1
  }

  // Another turn for a request that has its place among the open scans already.
  takeAnother(): boolean {
    if (this.turns === 0) return false
    this.turns -= 1
    this.starts = Math.min(this.starts, this.turns)
    return true
  }

  putBack(kind: TurnKind, isCounted: boolean): void {
    if (isCounted) this.turns += 1
    if (kind === "submit") this.starts += 1
  }

  // How many turns more than the waiting ones are worth asking for.
  ahead(now: number): number {
    return now - this.handedSince > lull ? 0 : Math.ceil(this.handedLately / 4)
  }

  add(granted: Granted): void {
    this.turns += granted.turns
    this.starts += granted.starts
    if (granted.turns > 0) this.grantedAt = SteadyClock.nowUnsafe(this.clock)
  }

  drop(): void {
    this.turns = 0
    this.starts = 0
  }

  // From when on turns that nobody here waits for go back to the books.
  returnAt(now: number): number {
    return this.isContested ? now : this.grantedAt + this.lease / 2
  }

  // `lease`: until so long after `before` its turns may be used.
  checkedIn(before: Reading, answer: Answer, lease: number): void {
    this.known = before
    this.lease = lease
    this.isUnlimited = answer.isUnlimited
    this.isContested = answer.isContested
  }

  private startsFreely(): boolean {
    return this.isUnlimited && !this.countsStarts
  }
}
