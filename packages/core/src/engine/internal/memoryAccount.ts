// The budget of one account in the memory of this process: who gets the next turn, and when. Law: each turn is handed out once,
// the more urgent kind first, and one that was not used can be used again. When a request may be made is `RequestWindow`, whether
// a scan may be submitted `SubmitGate`, and who is next `TurnQueue`.
import type * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type { Quota } from "../../model/Observation.ts"
import { Alarm } from "../../time/internal/alarm.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import { type Refusal, Refusals } from "../Refusals.ts"
import type { AccountLimits } from "../ScanAdapter.ts"
import { kinds, type Queued, TurnQueue, unqueued } from "../TurnQueue.ts"
import type { AccountBudget, Turn, TurnKind } from "./accountBudget.ts"
import { type Grant, RequestWindow } from "./requestWindow.ts"
import { SubmitGate } from "./submitGate.ts"

interface Waiter extends Queued {
  readonly granted: Deferred.Deferred<Grant>
  grant: Grant | null
}

export class MemoryAccount implements AccountBudget {
  private readonly requests: RequestWindow
  private readonly gate: SubmitGate
  private readonly queue = new TurnQueue<Waiter>()
  private readonly refusals = new Refusals()
  private pausedTill = 0
  private loaded = 0
  // Serves the queue while anybody waits; on the clock of the last caller that queued.
  private readonly alarm = new Alarm(() => this.serve())
  private home: { readonly clock: Clock.Clock; readonly context: Context.Context<never> } | null = null
  private serving = false

  constructor(limits: AccountLimits) {
    this.requests = new RequestWindow(limits)
    this.gate = new SubmitGate(limits)
  }

  open = (): number => Math.max(1, this.loaded)
  load = (change: number): void => {
    this.loaded = Math.max(0, this.loaded + change)
  }
  bought = (scanId?: string): void => this.gate.bought(scanId)
  unfollowed = (scanId: string, until: number): void => {
    this.gate.unfollowed(scanId, until)
    this.closed()
  }
  closed = (): void => {
    this.gate.closed()
    this.serve()
  }
  pausedUntil = (): number => this.pausedTill
  pause = (until: number, kind?: "submit"): void => {
    if (kind === "submit") this.gate.pause(until)
    else this.pausedTill = Math.max(this.pausedTill, until)
    this.serve()
  }
  denials = (): number => this.refusals.count
  deny = (refusal: Refusal): void => this.refusals.add(refusal)
  proven = (): void => this.refusals.clear()
  isDenied = (since: number, kind: TurnKind): boolean => this.refusals.since(since, kind)
  refusal = (): Refusal | null => this.refusals.latest
  learn = (quota: Quota, now: number, throttled = false): void => {
    this.requests.learn(quota, now, throttled)
    this.serve()
  }

  // Uninterruptible but for the wait itself: a turn that was granted and not handed over would count for nobody.
  turn: AccountBudget["turn"] = (options) =>
    Effect.uninterruptible(
      Effect.withFiber((fiber) => {
        const clock = SteadyClock.ofFiber(fiber)
        const now = SteadyClock.nowUnsafe(clock)
        const { due, kind, lane } = options
        if (this.queue.isQuiet(kind) && this.freeAt(now) <= now && this.mayStart(kind, now)) {
          return Effect.succeed(this.toTurn(options, clock, this.grantAt(kind, now), false))
        }
        const waiter: Waiter = { kind, lane, due, ...unqueued, granted: Deferred.makeUnsafe<Grant>(), grant: null }
        this.queue.push(waiter)
        this.home = { clock, context: fiber.context }
        this.serve()
        // A turn may come free because everything is called off: our own interrupt, if there is one, comes first.
        const granted = Effect.flatMap(Deferred.await(waiter.granted), (grant) => Effect.as(Effect.yieldNow, grant))
        return Effect.interruptible(granted).pipe(
          Effect.map((grant) => this.toTurn(options, clock, grant, true)),
          Effect.onInterrupt(() => Effect.sync(() => this.leave(waiter)))
        )
      })
    )

  private toTurn(
    { due, kind }: Parameters<AccountBudget["turn"]>[0],
    clock: Clock.Clock,
    grant: Grant,
    queued: boolean
  ): Turn {
    let held: Grant | null = grant
    return {
      waited: Math.max(0, Math.ceil(SteadyClock.nowUnsafe(clock) - due)),
      queued,
      giveBack: () => {
        if (held === null) return
        const mine = held
        held = null
        this.undo(kind, mine)
      },
      renew: () => {
        if (held === null) return false
        const now = SteadyClock.nowUnsafe(clock)
        this.requests.uncount(held)
        if (this.freeAt(now) <= now && (kind !== "submit" || this.gate.mayStillStart(held.at, now))) {
          held = this.requests.count(now)
          if (kind === "submit") this.gate.submitted(now)
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
    else this.undo(waiter.kind, waiter.grant)
    this.serve()
  }

  private undo(kind: TurnKind, grant: Grant): void {
    this.requests.uncount(grant)
    this.spare(kind)
  }

  // Somebody else may have what a turn has left.
  private spare(kind: TurnKind): void {
    if (kind === "submit") this.closed()
    else this.serve()
  }

  private grantAt(kind: TurnKind, now: number): Grant {
    if (kind === "submit") {
      this.gate.bought()
      this.gate.submitted(now)
    }
    return this.requests.count(now)
  }

  private freeAt(now: number): number {
    return Math.max(this.pausedTill, this.requests.freeAt(now))
  }

  private mayStart(kind: TurnKind, now: number): boolean {
    return kind !== "submit" || this.gate.mayStart(now, this.requests, this.open())
  }

  // Grants what may go now, and sets the alarm for the next time something may.
  private serve(): void {
    const { home } = this
    if (home === null || this.serving) return
    this.serving = true
    const now = SteadyClock.nowUnsafe(home.clock)
    for (;;) {
      const free = this.queue.size === 0 ? Number.POSITIVE_INFINITY : this.freeAt(now)
      if (free > now) {
        this.alarm.set(free, home.clock, home.context)
        break
      }
      const kind = kinds.find((each) => this.queue.count(each) > 0 && this.mayStart(each, now))
      const waiter = kind === undefined ? undefined : this.queue.take(kind)
      if (waiter === undefined) {
        // Only submissions wait, and the open scans need the room.
        const room = Math.min(this.requests.nextForgottenAt(now), this.gate.nextChange(now))
        this.alarm.set(Math.max(now + 1, room), home.clock, home.context)
        break
      }
      waiter.grant = this.grantAt(waiter.kind, now)
      Deferred.doneUnsafe(waiter.granted, Effect.succeed(waiter.grant))
    }
    this.serving = false
  }
}
