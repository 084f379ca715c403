// The fiber of one account that goes to the shared books: it decides when there is something to tell or to ask, and when
// to try again after a failure. Law: it never goes more often than once in `gather`, and where answers are slow it leaves the
// others their time; while the books cannot be asked it keeps trying. What is said there is the bookkeeper's.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import type { Parts } from "./accountParts.ts"
import type { Bookkeeper, Desk } from "./bookkeeper.ts"
import { kinds } from "@scanpoll/core/unstable/engine/TurnQueue"

const gather = 25
const slowestRetry = 2_000
const firstRetry = 100
// Two trips, and one more for each time that another process was faster.
const answerWithin = 10_000
// Where earlier answers were slow.
const longestAnswer = 20_000
const placesBackAfter = 250
const longestSleep = 60 * 60 * 1000

export class Clerk {
  private readonly parts: Parts
  private readonly desk: Desk
  private readonly bookkeeper: Bookkeeper
  // Hands out what can be handed out; called after every visit and whenever something changed.
  private readonly serve: () => void
  private readonly clock: Clock.Clock
  private readonly wake = Latch.makeUnsafe(false)
  private fiber: Fiber.Fiber<void> | null = null
  private isStopped = false
  private askedAt = Number.NEGATIVE_INFINITY
  private retryAt = Number.NEGATIVE_INFINITY
  private failures = 0

  constructor(parts: Parts, desk: Desk, bookkeeper: Bookkeeper, serve: () => void) {
    this.parts = parts
    this.desk = desk
    this.bookkeeper = bookkeeper
    this.serve = serve
    this.clock = Context.get(parts.context, Clock.Clock)
  }

  // Something changed.
  stir(): void {
    if (this.isStopped) return
    this.wake.openUnsafe()
    if (this.fiber === null) this.fiber = Effect.runForkWith(this.parts.context)(this.work)
  }

  get stop(): Effect.Effect<void> {
    return Effect.suspend(() => {
      this.isStopped = true
      return this.fiber === null ? Effect.void : Fiber.interrupt(this.fiber)
    })
  }

  private now(): number {
    return SteadyClock.nowUnsafe(this.clock)
  }

  private get work(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      for (;;) {
        this.wake.closeUnsafe()
        const now = this.now()
        // The pause of submissions may have ended.
        this.serve()
        const at = this.nextVisit(now)
        if (at === Number.POSITIVE_INFINITY) yield* this.wake.await
        else if (at > now) {
          const wait = Math.min(Math.ceil(at - now), longestSleep)
          yield* Effect.raceFirst(Effect.sleep(Duration.millis(wait)), this.wake.await)
        } else yield* this.visit
      }
    })
  }

  // When there is something to tell or to ask.
  private nextVisit(now: number): number {
    const { askedAt, bookkeeper } = this
    const { hand, heard, open, queue, used } = this.desk
    let at = Math.min(used.nextToTell(), askedAt + open.tellAfter(now, hand.starts))
    const noLaterThan = (time: number): void => {
      if (time < at) at = time
    }
    if (heard.submitsPausedTill > now && queue.count("submit") > 0) noLaterThan(heard.submitsPausedTill)
    if (bookkeeper.isUnfinished || heard.hasNews(now)) noLaterThan(now)
    if (queue.size > 0) {
      noLaterThan(Math.max(bookkeeper.backAt, heard.pausedTill))
      // What is in hand can be used again after a check-in.
      if (hand.turns > 0 && !hand.isFresh()) noLaterThan(heard.pausedTill)
    } else {
      if (kinds.some((kind) => bookkeeper.unmet[kind] > 0)) noLaterThan(askedAt + 4 * gather)
      if (hand.turns > 0) noLaterThan(hand.returnAt(now))
    }
    // Places among the open scans that nobody here waits for go back soon.
    if (hand.starts > 0 && queue.count("submit") === 0) noLaterThan(askedAt + placesBackAfter)
    return Math.max(at, this.retryAt, askedAt + gather)
  }

  private get visit(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      this.askedAt = this.now()
      const patience = Math.max(answerWithin, Math.min(longestAnswer, 2 * this.bookkeeper.lease))
      const asked = Effect.timeout(this.bookkeeper.checkIn(false), Duration.millis(patience))
      const said = yield* Effect.exit(asked)
      if (said._tag === "Success") {
        if (this.failures > 0) yield* Effect.logInfo(`the shared budget of ${this.name} can be asked again`)
        this.failures = 0
        this.retryAt = this.bookkeeper.rest === 0 ? Number.NEGATIVE_INFINITY : this.now() + this.bookkeeper.rest
        return
      }
      if (this.failures === 0) {
        const failed = Cause.findError(said.cause)
        const why = Result.isSuccess(failed) ? failed.success._tag : "a defect"
        yield* Effect.logWarning(
          `the shared budget of ${this.name} cannot be asked (${why}): no request is sent until it can`
        )
      }
      const slow = Math.min(slowestRetry, firstRetry * 2 ** Math.min(this.failures, 10))
      this.bookkeeper.wasSlow(this.now() - this.askedAt)
      this.failures += 1
      this.retryAt = this.now() + slow * (0.5 + (yield* Random.next) / 2)
    })
  }

  private get name(): string {
    const { account, vendor } = this.parts.key
    return `${vendor} (${account})`
  }
}
