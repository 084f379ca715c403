// What the vendor said to this process about the account, and what of it the books have been told: pauses, the limit,
// and how much of it is left. Law: a pause never gets shorter, and the same pause heard again does not get longer.
// Pure state: it reads no clock and touches no books.
import type { TurnKind } from "@scanpoll/core/engine/RateBudget"
import type { Quota } from "@scanpoll/core/model/Observation"
import type { Answer, Report } from "./budgetBooks.ts"

const longestBlock = 60 * 60 * 1000
// A pause that returns from the books is rounded on its way.
const samePause = 1_000

interface Left {
  readonly turns: number
  readonly resetAt: number
}

export class Heard {
  pausedTill = 0
  submitsPausedTill = 0
  private readonly window: number
  private toldPause = 0
  private tellingPause = 0
  private toldSubmitsPause = 0
  private tellingSubmitsPause = 0
  private limit: number | null = null
  private toldLimit: number | null = null
  private left: Left | null = null
  private isLeftNews = false
  private lastLeft: Left | null = null

  constructor(window: number) {
    this.window = window
  }

  pause(until: number, kind?: "submit"): void {
    if (kind === "submit") this.submitsPausedTill = Math.max(this.submitsPausedTill, until)
    else this.pausedTill = Math.max(this.pausedTill, until)
  }

  isPaused(kind: TurnKind, now: number): boolean {
    return this.pausedTill > now || (kind === "submit" && this.submitsPausedTill > now)
  }

  learn(quota: Quota, now: number, throttled: boolean): void {
    const { limit, remaining, resetAt, windowMillis = this.window } = quota
    if (limit !== null && limit >= 1 && Number.isFinite(limit) && windowMillis === this.window) {
      this.limit = Math.floor(limit)
    }
    if (!throttled && remaining !== null && remaining >= 0 && resetAt !== null && resetAt > now) {
      const turns = Math.floor(remaining)
      this.left = { turns, resetAt: Math.min(resetAt, now + longestBlock) }
      // What the others must not hear too late: less is left than is known here.
      const before = this.lastLeft
      if (turns === 0 || before === null || turns < before.turns - Math.max(2, before.turns / 10)) {
        this.isLeftNews = true
      }
    }
  }

  // Whether the others should hear of something at once.
  hasNews(now: number): boolean {
    if (this.pausedTill > now && this.pausedTill > this.toldPause) return true
    if (this.submitsPausedTill > now && this.submitsPausedTill > this.toldSubmitsPause) return true
    if (this.limit !== null && this.limit !== this.toldLimit) return true
    return this.left !== null && this.isLeftNews
  }

  tell(now: number): Pick<Report, "left" | "limit" | "pausedFor" | "submitsPausedFor"> {
    this.tellingPause = this.pausedTill
    this.tellingSubmitsPause = this.submitsPausedTill
    return {
      submitsPausedFor: this.submitsPausedTill > this.toldSubmitsPause ? Math.max(0, this.submitsPausedTill - now) : 0,
      pausedFor: this.pausedTill > this.toldPause ? Math.max(0, this.pausedTill - now) : 0,
      limit: this.limit === this.toldLimit ? null : this.limit,
      left: this.left === null ? null : { turns: this.left.turns, resetIn: this.left.resetAt - now }
    }
  }

  wasTold(report: Report, answer: Answer, now: number): void {
    if (report.pausedFor > 0) this.toldPause = Math.max(this.toldPause, this.tellingPause)
    if (answer.pausedFor > 0) {
      const until = now + answer.pausedFor
      // The same pause, heard a little later each time, must not creep.
      if (until > this.pausedTill + samePause || this.pausedTill <= now) {
        this.pausedTill = until
        this.toldPause = until
      }
    }
    if (report.submitsPausedFor > 0) {
      this.toldSubmitsPause = Math.max(this.toldSubmitsPause, this.tellingSubmitsPause)
    }
    if (answer.submitsPausedFor > 0) {
      const until = now + answer.submitsPausedFor
      if (until > this.submitsPausedTill + samePause || this.submitsPausedTill <= now) {
        this.submitsPausedTill = until
        this.toldSubmitsPause = until
      }
    }
    if (report.limit !== null) this.toldLimit = report.limit
    if (report.left !== null) {
      this.lastLeft = { turns: report.left.turns, resetAt: now + report.left.resetIn }
      this.left = null
      this.isLeftNews = false
    }
  }
}
