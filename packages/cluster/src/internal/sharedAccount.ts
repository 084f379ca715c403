// The budget of one account in this process, as the engine sees it: who waits here for a turn, and who gets one.
// It touches the rooms of this process alone: the `Hand` (turns that the books granted), the `UsedTurns` (handed out and
// not told yet), the `OpenScans` and what was `Heard` from the vendor. The `Clerk` goes to the shared books for more.
// Law: each turn is handed out once, the more urgent kind first, and one that was not used can be used again.
import { type Refusal, Refusals } from "@scanpoll/core/unstable/engine/Refusals"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { AccountBudget, Turn, TurnKind } from "@scanpoll/core/engine/RateBudget"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import type { Quota } from "@scanpoll/core/model/Observation"
import type { Parts } from "./accountParts.ts"
import { Bookkeeper } from "./bookkeeper.ts"
import { Clerk } from "./clerk.ts"
import { Hand } from "./hand.ts"
import { Heard } from "./heard.ts"
import { OpenScans } from "./openScans.ts"
import { narrowest, spansOf } from "./spans.ts"
import { kinds, type Queued, TurnQueue, unqueued } from "@scanpoll/core/unstable/engine/TurnQueue"
import { type Grant, UsedTurns } from "./usedTurns.ts"

interface Waiter extends Queued {
  readonly granted: Deferred.Deferred<Grant>
  grant: Grant | null
}

export class SharedAccount implements AccountBudget {
  private readonly clock: Clock.Clock
  private readonly queue = new TurnQueue<Waiter>()
  private readonly hand: Hand
  private readonly used: UsedTurns
  private readonly heard: Heard
  private readonly scans: OpenScans
  private readonly bookkeeper: Bookkeeper
  private readonly clerk: Clerk
  private readonly refusals = new Refusals()
  private readonly isSpaced: boolean
  private isClosed = false

  constructor(parts: Parts) {
    const { context, limits, settings } = parts
    const spans = spansOf(limits)
    this.isSpaced = spans.gap > 0
    this.clock = Context.get(context, Clock.Clock)
    this.hand = new Hand(this.clock, settings.lease, limits.openScans !== null || this.isSpaced)
    this.used = new UsedTurns(context, { window: narrowest(spans), travel: settings.travel }, () => this.stir())
    this.heard = new Heard(spans.window)
    this.scans = new OpenScans(settings.polls)
    const desk = { queue: this.queue, hand: this.hand, used: this.used, heard: this.heard, open: this.scans }
    this.bookkeeper = new Bookkeeper(parts, spans, desk)
    this.clerk = new Clerk(parts, desk, this.bookkeeper, () => this.serve())
  }

  // ---- what the engine says and asks

  open = (): number => this.scans.total
  load = (change: number): void => {
    this.scans.load(change)
    this.stir()
  }
  bought = (): void => {
    this.scans.add()
    this.stir()
  }
  closed = (): void => {
    this.scans.remove()
    this.stir()
  }
  // A scan that is left here is taken up by a worker, which counts it.
  unfollowed = (): void => this.closed()
  pausedUntil = (): number => this.heard.pausedTill
  pause = (until: number, kind?: "submit"): void => {
    this.heard.pause(until, kind)
    this.stir()
  }
  denials = (): number => this.refusals.count
  deny = (refusal: Refusal): void => this.refusals.add(refusal)
  proven = (): void => this.refusals.clear()
  isDenied = (since: number, kind: TurnKind): boolean => this.refusals.since(since, kind)
  refusal = (): Refusal | null => this.refusals.latest
  learn = (quota: Quota, now: number, throttled = false): void => {
    this.heard.learn(quota, now, throttled)
    this.stir()
  }

  // Uninterruptible but for the wait itself: a turn that was granted and not handed over would count for nobody.
  turn: AccountBudget["turn"] = (options) =>
    Effect.uninterruptible(
      Effect.suspend(() => {
        // A turn that is asked for after the end never comes; the engine is ended as well.
        if (this.isClosed) return Effect.interruptible(Effect.never)
        if (this.queue.isQuiet(options.kind) && this.mayHandOut(options.kind)) {
          return Effect.succeed(this.toTurn(options, this.handOut(options.kind), false))
        }
        const waiter: Waiter = { ...options, ...unqueued, granted: Deferred.makeUnsafe<Grant>(), grant: null }
        this.queue.push(waiter)
        this.bookkeeper.wants(options.kind)
        this.serve()
        this.stir()
        // A turn may come free because everything is called off: our own interrupt, if there is one, comes first.
        const granted = Effect.flatMap(Deferred.await(waiter.granted), (grant) => Effect.as(Effect.yieldNow, grant))
        return Effect.interruptible(granted).pipe(
          Effect.map((grant) => this.toTurn(options, grant, true)),
          Effect.onInterrupt(() => Effect.sync(() => this.leave(waiter)))
        )
      })
    )

  // Tells what is left to tell; at the end of the process, so without patience.
  get close(): Effect.Effect<void> {
    return Effect.gen({ self: this }, function* () {
      if (this.isClosed) return
      this.isClosed = true
      yield* Effect.all([this.clerk.stop, this.used.stop], { concurrency: 2, discard: true })
      if (!this.bookkeeper.isInBooks) return
      yield* Effect.ignore(Effect.timeout(Effect.interruptible(this.bookkeeper.checkIn(true)), "2 seconds"))
    })
  }

  // ---- turns

  private now(): number {
    return SteadyClock.nowUnsafe(this.clock)
  }

  private stir(): void {
    this.clerk.stir()
  }

  private maySend(kind: TurnKind): boolean {
    return this.hand.isFresh() && !this.heard.isPaused(kind, this.now())
  }

  private mayHandOut(kind: TurnKind): boolean {
    return this.maySend(kind) && this.hand.has(kind)
  }

  private handOut(kind: TurnKind): Grant {
    const now = this.now()
    const grant = this.used.handOut(!this.hand.isUnlimited, this.isSpaced && kind === "submit")
    this.hand.take(kind, now)
    if (kind === "submit") this.scans.submitting(now)
    this.stir()
    return grant
  }

  private toTurn({ due, kind }: Parameters<AccountBudget["turn"]>[0], first: Grant, queued: boolean): Turn {
    let held: Grant | null = first
    const giveBack = (): void => {
      if (held === null) return
      const mine = held
      held = null
      this.takeBack(kind, mine)
    }
    return {
      waited: Math.max(0, Math.ceil(this.now() - due)),
      queued,
      giveBack,
      renew: () => {
        if (held === null) return false
        if (!this.maySend(kind)) {
          giveBack()
          return false
        }
        if (held.stage === "handed") {
          this.used.renew(held)
          return true
        }
        // It was told as used; there may be another one.
        if (!held.isSpaced && this.hand.takeAnother()) {
          held = this.used.handOut(true, false)
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
    if (this.used.takeBack(grant)) this.hand.putBack(kind, grant.isCounted)
    this.spare(kind)
  }

  private spare(kind: TurnKind): void {
    if (kind === "submit") this.scans.unsubmitted()
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
}
