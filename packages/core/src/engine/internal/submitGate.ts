// Whether one more scan of an account may be submitted: its pause for submissions, the gap between them, the scans that are open,
// and the polls that those will need. Law: a scan is let in only while the polls of the open ones still fit; a single scan always
// is. Touches nothing else and reads no clock.
import * as Duration from "effect/Duration"
import { type AccountLimits, pollsReserved } from "../ScanAdapter.ts"
import type { RequestWindow } from "./requestWindow.ts"

export class SubmitGate {
  private readonly limits: AccountLimits
  private readonly gap: number
  private pausedTill = 0
  private submittedAt = Number.NEGATIVE_INFINITY
  private boughtNow = 0
  // Until when the scans that nobody here follows count as open, by their ids.
  private readonly unfollowedUntil = new Map<string, number>()

  constructor(limits: AccountLimits) {
    this.limits = limits
    this.gap = limits.submitGap === undefined ? 0 : Math.ceil(Duration.toMillis(limits.submitGap))
  }

  pause(until: number): void {
    this.pausedTill = Math.max(this.pausedTill, until)
  }

  // A scan is open at the vendor.
  bought(scanId?: string): void {
    if (scanId !== undefined) this.unfollowedUntil.delete(scanId)
    this.boughtNow += 1
  }

  closed(): void {
    this.boughtNow = Math.max(0, this.boughtNow - 1)
  }

  unfollowed(scanId: string, until: number): void {
    // Without a limit there is nothing to hold back, and nothing to remember.
    if (this.limits.openScans !== null) this.unfollowedUntil.set(scanId, until)
  }

  // A submission was let in, or one that was let in before is made only now.
  submitted(now: number): void {
    this.submittedAt = now
  }

  // `open`: scans that run or wait to be submitted.
  mayStart(now: number, requests: RequestWindow, open: number): boolean {
    if (this.opensAt > now) return false
    const { openScans } = this.limits
    if (openScans !== null && this.boughtNow + this.unfollowedNow(now) >= openScans) return false
    // One scan at a time is always allowed: a budget too small for the vendor's own advice must not stop the work.
    const { limit, window } = requests
    if (limit === null || this.boughtNow === 0) return true
    const duration = Math.max(1, Duration.toMillis(this.limits.typicalDuration))
    const needed = pollsReserved(this.limits, open) * (Math.min(duration, window) / duration)
    // Requests that are still counted when the new scan will need its own.
    return limit - requests.keptAt(now + duration) >= 1 + needed * (this.boughtNow + 1)
  }

  // Whether a submission that was let in at `at` may be made now: the gap counts from the last one of the others.
  mayStillStart(at: number, now: number): boolean {
    if (this.pausedTill > now) return false
    return this.submittedAt === at || this.submittedAt + this.gap <= now
  }

  // When there may be room without anybody saying so: after the pause and the gap, or when a scan that nobody follows has surely
  // ended. `Infinity` where no time is known.
  nextChange(now: number): number {
    let at = this.opensAt > now ? this.opensAt : Number.POSITIVE_INFINITY
    for (const until of this.unfollowedUntil.values()) at = Math.min(at, until)
    return at
  }

  private get opensAt(): number {
    return Math.max(this.pausedTill, this.submittedAt + this.gap)
  }

  private unfollowedNow(now: number): number {
    for (const [scanId, until] of this.unfollowedUntil) if (until <= now) this.unfollowedUntil.delete(scanId)
    return this.unfollowedUntil.size
  }
}
