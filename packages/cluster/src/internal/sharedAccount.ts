// The budget of one account in this process: a queue of who waits here, the turns that were granted to this process, and
// the clerk that goes to the shared books for more and tells them what became of the others.
//
// A turn is handed out only while the latest good check-in began less than a lease ago, so what this process does not
// know of, a pause above all, is never older than that. When a turn was used is told as the time of a later look at the
// clock that came when it was due: a process that was stopped between a turn and its request cannot have told yet.
import { type Refusal, Refusals } from "@scanpoll/core/unstable/engine/Refusals"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Latch from "effect/Latch"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import type { SqlError } from "effect/sql/SqlError"
import type { AccountBudget, Turn, TurnKind } from "@scanpoll/core/engine/RateBudget"
import type { Account } from "@scanpoll/core/model/Account"
import type { AccountLimits } from "@scanpoll/core/engine/ScanAdapter"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import type { Quota } from "@scanpoll/core/model/Observation"
import type { Answer, Report, Wants } from "./budgetBooks.ts"
import { checkIn } from "./checkIn.ts"
import type { Store, Unreadable } from "./budgetStore.ts"
import { kinds, TurnQueue } from "./turnQueue.ts"

export interface Settings {
  readonly lease: number
  readonly silence: number
  readonly travel: number | null
  readonly polls: boolean
}

export interface Parts {
  readonly key: Account
  readonly limits: AccountLimits
  readonly holder: string
  readonly settings: Settings
  readonly store: Store
  readonly context: Context.Context<never>
}

interface Waiter {
  readonly kind: TurnKind
  readonly lane: string
  readonly due: number
  readonly granted: Deferred.Deferred<Grant>
  grant: Grant | null
}

// A turn that was handed out. `at`: when, or when it was renewed. `since`: from when on its request was not held up.
// `passed`: by when the request was surely made; null until that is known.
interface Grant {
  at: number
  since: number
  passed: number | null
  stage: "handed" | "told" | "over"
  readonly isCounted: boolean
}

interface Unfinished {
  readonly stamp: string
  readonly told: ReadonlyArray<Grant>
  readonly keeps: number
}

interface Reading {
  readonly steady: number
  readonly wall: number
}

// Between which steady times the books were read.
interface Look {
  readonly from: number
  readonly to: number
}

const gather = 25
const slowestRetry = 2_000
const firstRetry = 100
const answerWithin = 5_000
const mostTries = 50
// Open scans are told again this often, and this soon after they changed.
const beatEvery = 20_000
const boughtSoon = 250
const openSoon = 2_000
// A client's scan is polled by a worker this long after it was submitted.
const handOver = 4_000
const longestBlock = 60 * 60 * 1000

export class SharedAccount implements AccountBudget {
  private readonly parts: Parts
  private readonly clock: Clock.Clock
  private readonly window: number
  // Between two looks at the clock.
  private readonly look: number
  // How long a used turn can be renewed before it is told.
  private readonly linger: number

  private readonly queue = new TurnQueue<Waiter>()
  private readonly wake = Latch.makeUnsafe(false)
  private clerk: Fiber.Fiber<void> | null = null
  private looker: Fiber.Fiber<void> | null = null
  private isClosed = false

  // Granted to this process and not handed out.
  private hand = { turns: 0, starts: 0 }
  private grantedAt = 0
  private isUnlimited = false
  // Handed out, not told.
  private used: Array<Grant> = []
  private unfinished: Unfinished | null = null
  private stamps = 0
  private isKnown = false
  private known: Reading | null = null
  // The read behind the latest check-in that was written, and behind the latest that was tried.
  private seen: Look | null = null
  private tried: Look | null = null
  private isContested = false

  private askedAt = Number.NEGATIVE_INFINITY
  private backAt = 0
  private retryAt = Number.NEGATIVE_INFINITY
  private failures = 0
  private unmet: Wants = { poll: 0, collect: 0, submit: 0 }
  private handedLately = 0
  private handedSince = 0

  private pausedTill = 0
  private submitsPausedTill = 0
  private toldPause = 0
  private tellingPause = 0
  private heardLimit: number | null = null
  private toldLimit: number | null = null
  private heardLeft: { readonly turns: number; readonly resetAt: number } | null = null
  private isLeftNews = false
  private lastLeft: { readonly turns: number; readonly resetAt: number } | null = null

  private readonly refusals = new Refusals()
  private loaded = 0
  private boughtNow = 0
  private handingOver: Array<number> = []
  private toldOpen = 0
  private toldBought = 0
  private openElsewhere = 0

  constructor(parts: Parts) {
    this.parts = parts
    this.clock = Context.get(parts.context, Clock.Clock)
    this.window = Math.max(1, Math.ceil(Duration.toMillis(parts.limits.window)))
    const travel = parts.settings.travel ?? Math.min(1000, this.window / 20)
    this.look = Math.max(1, Math.floor(travel / 2))
    this.linger = Math.max(this.look * 3, Math.min(2000, this.window / 8))
  }

  // ---- what the engine says and asks

  open = (): number => Math.max(1, this.loaded + this.openElsewhere)
  load = (change: number): void => {
    this.loaded = Math.max(0, this.loaded + change)
    this.stir()
  }
  bought = (): void => {
    this.boughtNow += 1
    this.stir()
  }
  closed = (): void => {
    this.boughtNow = Math.max(0, this.boughtNow - 1)
    this.stir()
  }
  // A scan that is left here is taken up by a worker, which counts it.
  unfollowed = (): void => this.closed()
  pausedUntil = (): number => this.pausedTill
  pause = (until: number, kind?: "submit"): void => {
    // Submissions of other processes hear of it from the vendor itself.
    if (kind === "submit") this.submitsPausedTill = Math.max(this.submitsPausedTill, until)
    else this.pausedTill = Math.max(this.pausedTill, until)
    this.stir()
  }
  denials = (): number => this.refusals.count
  deny = (refusal: Refusal): void => this.refusals.add(refusal)
  proven = (): void => this.refusals.clear()
  isDenied = (since: number, kind: TurnKind): boolean => this.refusals.since(since, kind)
  refusal = (): Refusal | null => this.refusals.latest

  learn = (quota: Quota, now: number, throttled = false): void => {
    const { limit, remaining, resetAt, windowMillis = this.window } = quota
    if (limit !== null && limit >= 1 && Number.isFinite(limit) && windowMillis === this.window) {
      this.heardLimit = Math.floor(limit)
    }
    if (!throttled && remaining !== null && remaining >= 0 && resetAt !== null && resetAt > now) {
      const turns = Math.floor(remaining)
      this.heardLeft = { turns, resetAt: Math.min(resetAt, now + longestBlock) }
      // What the others must not hear too late: less is left than is known here.
      const before = this.lastLeft
      if (turns === 0 || before === null || turns < before.turns - Math.max(2, before.turns / 10)) {
        this.isLeftNews = true
      }
    }
    this.stir()
  }

  turn: AccountBudget["turn"] = (options) =>
    Effect.uninterruptible(
      Effect.suspend(() => {
        // Whoever asks after the end waits until it is ended as well.
        if (this.isClosed) return Effect.interruptible(Effect.never)
        if (this.queue.isQuiet(options.kind) && this.mayHandOut(options.kind)) {
          return Effect.succeed(this.toTurn(options.kind, options.due, this.handOut(options.kind)))
        }
        const waiter: Waiter = { ...options, granted: Deferred.makeUnsafe<Grant>(), grant: null }
        this.queue.push(waiter)
        // The books do not know that somebody waits for this.
        if (this.unmet[options.kind] === 0) this.backAt = 0
        this.serve()
        this.stir()
        // A turn may come free because everything is called off: our own interrupt, if there is one, comes first.
        const granted = Effect.flatMap(Deferred.await(waiter.granted), (grant) => Effect.as(Effect.yieldNow, grant))
        return Effect.interruptible(granted).pipe(
          Effect.map((grant) => this.toTurn(options.kind, options.due, grant)),
          Effect.onInterrupt(() => Effect.sync(() => this.leave(waiter)))
        )
      })
    )

  // ---- turns

  private now(): number {
    return SteadyClock.nowUnsafe(this.clock)
  }

  private reading(): Reading {
    return { steady: this.now(), wall: this.clock.currentTimeMillisUnsafe() }
  }

  // A machine that slept has moved the one clock, a process that was stopped both.
  private isFresh(): boolean {
    if (this.known === null) return false
    const { steady, wall } = this.reading()
    const { lease } = this.parts.settings
    return steady - this.known.steady < lease && Math.abs(wall - this.known.wall) < lease
  }

  private mayAsk(): boolean {
    return this.isFresh() && this.pausedTill <= this.now()
  }

  private mayHandOut(kind: TurnKind): boolean {
    if (!this.mayAsk()) return false
    if (kind === "submit" && this.submitsPausedTill > this.now()) return false
    if (kind === "submit" && this.hand.starts === 0 && !this.startsFreely()) return false
    return this.isUnlimited || this.hand.turns > 0
  }

  private startsFreely(): boolean {
    return this.isUnlimited && this.parts.limits.openScans === null
  }

  private handOut(kind: TurnKind): Grant {
    const now = this.now()
    const grant: Grant = { at: now, since: now, passed: null, stage: "handed", isCounted: !this.isUnlimited }
    if (grant.isCounted) {
      this.hand.turns -= 1
      this.used.push(grant)
      this.watch()
    }
    if (kind === "submit") {
      this.boughtNow += 1
      if (!this.startsFreely()) this.hand.starts -= 1
      if (!this.parts.settings.polls) this.handingOver.push(now)
    } else if (grant.isCounted) this.hand.starts = Math.min(this.hand.starts, this.hand.turns)
    if (now - this.handedSince > 1000) {
      this.handedSince = now
      this.handedLately = 0
    }
    this.handedLately += 1
    this.stir()
    return grant
  }

  private toTurn(kind: TurnKind, due: number, first: Grant): Turn {
    let held: Grant | null = first
    return {
      waited: Math.max(0, Math.ceil(this.now() - due)),
      giveBack: () => {
        if (held === null) return
        const mine = held
        held = null
        this.takeBack(kind, mine)
      },
      renew: () => {
        if (held === null) return false
        if (!this.mayAsk() || (kind === "submit" && this.submitsPausedTill > this.now())) {
          const mine = held
          held = null
          this.takeBack(kind, mine)
          return false
        }
        if (!held.isCounted) return true
        if (held.stage === "handed") {
          held.at = this.now()
          held.since = held.at
          held.passed = null
          this.watch()
          return true
        }
        // It was told as used; there may be another one.
        if (this.hand.turns > 0) {
          const now = this.now()
          held = { at: now, since: now, passed: null, stage: "handed", isCounted: true }
          this.hand.turns -= 1
          this.hand.starts = Math.min(this.hand.starts, this.hand.turns)
          this.used.push(held)
          this.watch()
          return true
        }
        held = null
        this.spare(kind)
        return false
      }
    }
  }

  private leave(waiter: Waiter): void {
    if (waiter.grant === null) this.queue.remove(waiter)
    else this.takeBack(waiter.kind, waiter.grant)
    this.serve()
    this.stir()
  }

  private takeBack(kind: TurnKind, grant: Grant): void {
    // What was told as used stays told.
    if (grant.stage === "handed" && grant.isCounted) {
      grant.stage = "over"
      const at = this.used.lastIndexOf(grant)
      if (at >= 0) this.used.splice(at, 1)
      this.hand.turns += 1
      if (kind === "submit") this.hand.starts += 1
    }
    this.spare(kind)
  }

  private spare(kind: TurnKind): void {
    if (kind === "submit") {
      this.handingOver.pop()
      this.closed()
    }
    this.serve()
    this.stir()
  }

  private serve(): void {
    for (;;) {
      const kind = kinds.find((each) => this.queue.count(each) > 0 && this.mayHandOut(each))
      const waiter = kind === undefined ? undefined : this.queue.take(kind)
      if (waiter === undefined) return
      waiter.grant = this.handOut(waiter.kind)
      Deferred.doneUnsafe(waiter.granted, Effect.succeed(waiter.grant))
    }
  }

  // ---- when turns were used

  private watch(): void {
    if (this.looker !== null || this.isClosed) return
    this.looker = Effect.runForkWith(this.parts.context)(
      Effect.gen({ self: this }, function* () {
        let due = this.now() + this.look
        while (this.used.some((grant) => grant.passed === null)) {
          yield* Effect.sleep(Duration.millis(Math.max(1, due - this.now())))
          const now = this.now()
          // Late: something held this process up, and may have held up a request as well.
          const isLate = now - due > this.look
          for (const grant of this.used) {
            if (grant.passed !== null) continue
            if (isLate) grant.since = now
            else if (now - grant.since >= 2 * this.look) grant.passed = now
          }
          due = now + this.look
          this.stir()
        }
        this.looker = null
      })
    )
  }

  // ---- the clerk

  private stir(): void {
    if (this.isClosed) return
    this.wake.openUnsafe()
    if (this.clerk === null) this.clerk = Effect.runForkWith(this.parts.context)(this.work)
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
          const wait = Math.min(Math.ceil(at - now), longestBlock)
          yield* Effect.raceFirst(Effect.sleep(Duration.millis(wait)), this.wake.await)
        } else yield* this.visit
      }
    })
  }

  private boughtHere(now: number): number {
    if (this.parts.settings.polls) return this.boughtNow
    this.handingOver = this.handingOver.filter((at) => at + handOver > now)
    return this.handingOver.length
  }

  private openHere(): number {
    return this.parts.settings.polls ? this.loaded : 0
  }

  // When there is something to tell or to ask.
  private nextVisit(now: number): number {
    let at = Number.POSITIVE_INFINITY
    const no = (time: number): void => {
      if (time < at) at = time
    }
    if (this.submitsPausedTill > now && this.queue.count("submit") > 0) no(this.submitsPausedTill)
    if (this.unfinished !== null) no(now)
    if (this.pausedTill > now && this.pausedTill > this.toldPause) no(now)
    if (this.heardLimit !== null && this.heardLimit !== this.toldLimit) no(now)
    if (this.heardLeft !== null && this.isLeftNews) no(now)
    if (this.queue.size > 0) {
      no(Math.max(this.backAt, this.pausedTill))
      // What is in hand can be used again after a check-in.
      if (this.hand.turns > 0 && !this.isFresh()) no(this.pausedTill)
    }
    if (this.queue.size === 0 && kinds.some((kind) => this.unmet[kind] > 0)) no(this.askedAt + 4 * gather)
    for (const grant of this.used) {
      if (grant.passed === null) continue
      no(grant.at + this.linger)
      break
    }
    if (this.hand.turns > 0 && this.queue.size === 0) {
      no(this.isContested ? now : this.grantedAt + this.parts.settings.lease / 2)
    }
    if (this.hand.starts > 0 && this.queue.count("submit") === 0) no(this.askedAt + boughtSoon)
    const bought = this.boughtHere(now)
    const open = this.openHere()
    if (bought + this.hand.starts !== this.toldBought) no(this.askedAt + boughtSoon)
    if (open !== this.toldOpen) no(this.askedAt + openSoon)
    if (bought > 0 || open > 0) no(this.askedAt + beatEvery)
    return Math.max(at, this.retryAt, this.askedAt + gather)
  }

  private get visit(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      this.askedAt = this.now()
      const said = yield* Effect.exit(Effect.timeout(this.ask(false), Duration.millis(answerWithin)))
      if (said._tag === "Success") {
        if (this.failures > 0) yield* Effect.logInfo(`the shared budget of ${this.name} can be asked again`)
        this.failures = 0
        this.retryAt = Number.NEGATIVE_INFINITY
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
      this.failures += 1
      this.retryAt = this.now() + slow * (0.5 + (yield* Random.next) / 2)
    })
  }

  private get name(): string {
    const { account, vendor } = this.parts.key
    return `${vendor} (${account})`
  }

  // Reads the books, makes the changes and writes them back, until nobody came in between.
  private ask(isLeaving: boolean): Effect.Effect<void, SqlError | Unreadable> {
    return Effect.gen({ self: this }, function* () {
      const { holder, key, limits, settings, store } = this.parts
      for (let tries = 1; ; tries++) {
        const before = this.reading()
        const { books, now, version } = yield* store.read(key)
        const look = { from: before.steady, to: this.now() }
        const mine = books.holders[holder]
        if (this.unfinished !== null && mine?.stamp === this.unfinished.stamp) {
          // An earlier attempt was written, only its answer was lost.
          this.recover(this.unfinished, mine.last)
          if (!isLeaving) return
        }
        // Nothing that was granted is kept by a process that the books forgot.
        if (mine === undefined && this.isKnown) this.forget()
        const attempt = (isLeaving ? null : this.unfinished) ?? this.begin(isLeaving)
        this.unfinished = attempt
        const report = this.report(attempt, look, isLeaving)
        this.tried = look
        const [next, answer] = checkIn(books, now, limits, this.window, settings, report)
        const isWritten = yield* store.write(key, version, next)
        if (isWritten) return this.take(attempt, before, report, answer)
        // Many at once: not in step.
        if (tries >= mostTries) return
        yield* Effect.sleep(Duration.millis(1 + (yield* Random.next) * Math.min(50, 4 * tries)))
      }
    })
  }

  private forget(): void {
    this.hand = { turns: 0, starts: 0 }
    this.isKnown = false
    this.seen = null
    this.unfinished = null
    for (const grant of this.used) if (grant.stage === "told") grant.stage = "handed"
  }

  // What is told, for good: the same in every attempt until it is known to be written.
  private begin(isLeaving: boolean): Unfinished {
    const now = this.now()
    // Of whom the books know nothing, everything is told at once.
    const told =
      isLeaving || !this.isKnown
        ? [...this.used]
        : this.used.filter((grant) => grant.passed !== null && now - grant.at >= this.linger)
    for (const grant of told) {
      grant.stage = "told"
      // The last ones are about to be sent, if they are at all.
      grant.passed ??= now + 3 * this.look
    }
    const isIdle = this.queue.size === 0 && (this.isContested || now - this.grantedAt >= this.parts.settings.lease / 2)
    if (isLeaving || isIdle) this.hand = { turns: 0, starts: 0 }
    if (this.queue.count("submit") === 0) this.hand.starts = 0
    return {
      stamp: `${this.parts.holder}/${++this.stamps}`,
      told,
      keeps: this.hand.turns + this.used.length - told.length
    }
  }

  private report(attempt: Unfinished, look: Look, isLeaving: boolean): Report {
    const now = this.now()
    const { seen } = this
    const wants = {
      poll: this.queue.count("poll"),
      collect: this.queue.count("collect"),
      submit: this.queue.count("submit")
    }
    const left = this.heardLeft
    this.tellingPause = this.pausedTill
    return {
      holder: this.parts.holder,
      elapsed: seen === null ? null : { least: Math.max(0, look.from - seen.to), most: look.to - seen.from },
      stamp: attempt.stamp,
      keeps: attempt.keeps,
      used: attempt.told.map((grant) => ({ ago: now - (grant.passed ?? now), turns: 1 })),
      wants: isLeaving ? { poll: 0, collect: 0, submit: 0 } : wants,
      spare: isLeaving || this.queue.size === 0 || now - this.handedSince > 2000 ? 0 : Math.ceil(this.handedLately / 4),
      open: this.openHere(),
      bought: this.boughtHere(now) + this.hand.starts,
      pausedFor: this.pausedTill > this.toldPause ? Math.max(0, this.pausedTill - now) : 0,
      limit: this.heardLimit === this.toldLimit ? null : this.heardLimit,
      left: left === null ? null : { turns: left.turns, resetIn: left.resetAt - now },
      isLeaving
    }
  }

  private done(attempt: Unfinished, granted: { readonly turns: number; readonly starts: number }): void {
    this.unfinished = null
    this.isKnown = true
    this.seen = this.tried
    const told = new Set(attempt.told)
    this.used = this.used.filter((grant) => !told.has(grant))
    this.hand.turns += granted.turns
    this.hand.starts += granted.starts
    if (granted.turns > 0) this.grantedAt = this.now()
  }

  // How things stand now is not known by this: the next visit asks at once.
  private recover(attempt: Unfinished, granted: { readonly turns: number; readonly starts: number }): void {
    this.done(attempt, granted)
    this.backAt = 0
  }

  private take(attempt: Unfinished, before: Reading, report: Report, answer: Answer): void {
    this.done(attempt, answer)
    const now = this.now()
    this.known = before
    this.isUnlimited = answer.isUnlimited
    this.isContested = answer.isContested
    this.openElsewhere = answer.open
    if (report.pausedFor > 0) this.toldPause = Math.max(this.toldPause, this.tellingPause)
    if (answer.pausedFor > 0) {
      const until = now + answer.pausedFor
      // The same pause, heard a little later each time, must not creep.
      if (until > this.pausedTill + 1000 || this.pausedTill <= now) {
        this.pausedTill = until
        this.toldPause = until
      }
    }
    if (report.limit !== null) this.toldLimit = report.limit
    if (report.left !== null) {
      this.lastLeft = { turns: report.left.turns, resetAt: now + report.left.resetIn }
      this.heardLeft = null
      this.isLeftNews = false
    }
    this.toldOpen = report.open
    this.toldBought = report.bought + answer.starts
    this.backAt = answer.wait === null ? 0 : now + answer.wait
    this.unmet = answer.wait === null ? { poll: 0, collect: 0, submit: 0 } : report.wants
    this.serve()
  }

  // Tells what is left to tell; at the end of the process, so without patience.
  get close(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      if (this.isClosed) return
      this.isClosed = true
      const fibers = [this.clerk, this.looker].filter((fiber) => fiber !== null)
      yield* Fiber.interruptAll(fibers)
      if (!this.isKnown && this.unfinished === null) return
      yield* Effect.ignore(Effect.timeout(Effect.interruptible(this.ask(true)), "2 seconds"))
    })
  }
}
