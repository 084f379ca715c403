/**
 * The requests one account may make, shared by all its scans.
 *
 * One queue per (vendor, origin, account). Polls of bought scans go before new submissions; inside a class, named lanes
 * take turns, and inside a lane the earliest due goes first. A submission is let in only while the polls of the scans
 * that are open still fit. A 429 pauses the account, quota headers teach the budget, and a turn that is not used is
 * given back. Over any window of the vendor's length no more turns are granted than its limit.
 *
 * @since 0.1.0
 */
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type Refusal, Refusals } from "./Refusals.ts"
import * as Account from "../model/Account.ts"
import type { Quota } from "../model/Observation.ts"
import { Alarm } from "../time/internal/alarm.ts"
import { Heap, type HeapItem } from "../time/internal/heap.ts"
import { type AccountLimits, pollsReserved } from "./ScanAdapter.ts"
import * as SteadyClock from "../time/SteadyClock.ts"

export type { Account } from "../model/Account.ts"

/**
 * What a turn is for, most urgent first: a poll of a bought scan, the findings of a settled one, a new submission.
 *
 * @category models
 * @since 0.1.0
 */
export type TurnKind = "poll" | "collect" | "submit"

/**
 * A turn that was granted. `waited` is how long it took in milliseconds, counted from `due`, and `queued` whether the account could
 * not be asked at once: a process that is late because its machine is busy did not queue. `giveBack` returns a turn that made no request. `renew` is for a caller that could not ask at once: it makes the turn one of this moment, or gives it
 * back and says false when the account may not be asked at this moment.
 *
 * @category models
 * @since 0.1.0
 */
export interface Turn {
  readonly waited: number
  readonly queued: boolean
  readonly giveBack: () => void
  readonly renew: () => boolean
}

/**
 * The budget of one account. Times are milliseconds on the engine's steady clock.
 *
 * - `turn`: waits for the right to make one request. The wait can be interrupted wherever it is made; asked for in an
 *   uninterruptible region, a turn that was granted cannot be lost on the way.
 * - `open`: scans of this account that run or wait to be submitted: what a pace sees as `open`.
 * - `load`: adds to that number. `bought` and `closed`: a scan is open at the vendor, and no longer. A granted
 *   submission counts as bought until `closed` or given back.
 * - `unfollowed`, in place of `closed`: nobody here waits for this scan, and the vendor may still run it. It counts as open
 *   until then, or until `bought` names it because somebody waits for it after all.
 * - `pause` and `pausedUntil`: nobody polls or submits before that time. A pause of `submit` is for submissions alone: the
 *   polls of bought scans go on, and `pausedUntil` does not show it.
 * - `learn`: what the vendor's headers say, at `now`. A limit of another window than the account's is left out. Of the answer that throttles us only the limit counts: how long to
 *   wait is then said by its hint, which is what `pause` is for.
 * - `deny`: the vendor refused the account's key on one call. `proven`: it took the key. What follows is in `Refusals`.
 * - `denials`: how many refusals were heard: a mark for `isDenied`.
 * - `isDenied`: whether calls of this kind that began before that mark have to end. A new one may try.
 * - `refusal`: the last refusal, for reasons; null where none was heard.
 *
 * @category models
 * @since 0.1.0
 */
export interface AccountBudget {
  readonly turn: (options: {
    readonly kind: TurnKind
    readonly due: number
    readonly lane: string
  }) => Effect.Effect<Turn>
  readonly open: () => number
  readonly load: (change: number) => void
  readonly bought: (scanId?: string) => void
  readonly closed: () => void
  readonly unfollowed: (scanId: string, until: number) => void
  readonly pause: (until: number, kind?: "submit") => void
  readonly pausedUntil: () => number
  readonly learn: (quota: Quota, now: number, throttled?: boolean) => void
  readonly deny: (refusal: Refusal) => void
  readonly proven: () => void
  readonly denials: () => number
  readonly isDenied: (since: number, kind: TurnKind) => boolean
  readonly refusal: () => Refusal | null
}

/**
 * Hands out the budget of an account: the same one for the same key. The limits of the first caller count.
 *
 * `on`, where there is one: the budgets for callers on this clock. Times of two clocks cannot be compared, so turns that one
 * clock counted say nothing on another. Default: the same budgets on every clock.
 *
 * @category models
 * @since 0.1.0
 */
export interface Budgets {
  readonly account: (key: Account.Account, limits: AccountLimits) => AccountBudget
  readonly on?: (clock: Clock.Clock) => Budgets
}

interface Waiter extends HeapItem {
  readonly kind: TurnKind
  readonly lane: string
  readonly granted: Deferred.Deferred<Grant>
  grant: Grant | null
}

// A request that was let through: when, and from which of the vendor's own counts it was taken.
interface Grant {
  readonly at: number
  readonly from: Remaining | null
}

// What the vendor said is left until `resetAt`, counted down by us.
interface Remaining {
  left: number
  resetAt: number
}

const kinds: ReadonlyArray<TurnKind> = ["poll", "collect", "submit"]

// A vendor that says "nothing left until 2100" must not freeze an account for good.
const longestBlock = 60 * 60 * 1000
// Resets said to be this close together are the same one, told in seconds at different moments.
const sameReset = 1000

class Lanes {
  private readonly heaps = new Map<string, Heap<Waiter>>()
  private order: Array<string> = []

  get size(): number {
    return this.order.length
  }

  push(waiter: Waiter): void {
    let heap = this.heaps.get(waiter.lane)
    if (heap === undefined) {
      heap = new Heap()
      this.heaps.set(waiter.lane, heap)
      this.order.push(waiter.lane)
    }
    heap.push(waiter)
  }

  remove(waiter: Waiter): void {
    const heap = this.heaps.get(waiter.lane)
    if (heap === undefined) return
    heap.remove(waiter)
    if (heap.size === 0) {
      this.heaps.delete(waiter.lane)
      this.order = this.order.filter((lane) => lane !== waiter.lane)
    }
  }

  // The lane that was served goes to the end of the line.
  take(): Waiter | undefined {
    const lane = this.order[0]
    const heap = lane === undefined ? undefined : this.heaps.get(lane)
    const waiter = heap?.peek()
    if (lane === undefined || waiter === undefined) return undefined
    this.remove(waiter)
    if (this.order[0] === lane) {
      this.order.shift()
      this.order.push(lane)
    }
    return waiter
  }
}

class MemoryAccount implements AccountBudget {
  private limit: number | null
  private readonly limits: AccountLimits
  private readonly window: number
  private readonly windows: ReadonlyArray<{ readonly requests: number; readonly window: number }>
  private readonly longest: number
  private readonly submitGap: number
  // Times of granted turns inside the longest window, oldest first.
  private grants: Array<number> = []
  private pausedTill = 0
  private submitsPausedTill = 0
  private submittedAt = Number.NEGATIVE_INFINITY
  private blockedTill = 0
  private remaining: Remaining | null = null
  private readonly refusals = new Refusals()
  private loaded = 0
  private boughtNow = 0
  // Until when the scans that nobody here follows count as open, by their ids.
  private readonly unfollowedUntil = new Map<string, number>()
  private seq = 0
  private readonly waiting: Readonly<Record<TurnKind, Lanes>> = {
    poll: new Lanes(),
    collect: new Lanes(),
    submit: new Lanes()
  }
  // Serves the queue while anybody waits; on the clock of the last caller that queued.
  private readonly alarm = new Alarm(() => this.serve())
  private home: { readonly clock: Clock.Clock; readonly context: Context.Context<never> } | null = null
  private serving = false

  constructor(limits: AccountLimits) {
    this.limits = limits
    this.limit = limits.requests
    this.window = Math.max(1, Math.ceil(Duration.toMillis(limits.window)))
    this.windows = (limits.windows ?? []).map(({ requests, window }) => ({
      requests,
      window: Math.max(1, Math.ceil(Duration.toMillis(window)))
    }))
    this.longest = this.windows.reduce((most, { window }) => Math.max(most, window), this.window)
    this.submitGap = limits.submitGap === undefined ? 0 : Math.ceil(Duration.toMillis(limits.submitGap))
  }

  open = (): number => Math.max(1, this.loaded)
  load = (change: number): void => {
    this.loaded = Math.max(0, this.loaded + change)
  }
  bought = (scanId?: string): void => {
    if (scanId !== undefined) this.unfollowedUntil.delete(scanId)
    this.boughtNow += 1
  }
  unfollowed = (scanId: string, until: number): void => {
    // Without a limit there is nothing to hold back, and nothing to remember.
    if (this.limits.openScans !== null) this.unfollowedUntil.set(scanId, until)
    this.closed()
  }
  closed = (): void => {
    this.boughtNow = Math.max(0, this.boughtNow - 1)
    this.serve()
  }
  pausedUntil = (): number => this.pausedTill
  pause = (until: number, kind?: "submit"): void => {
    if (kind === "submit") this.submitsPausedTill = Math.max(this.submitsPausedTill, until)
    else this.pausedTill = Math.max(this.pausedTill, until)
    this.serve()
  }
  denials = (): number => this.refusals.count
  deny = (refusal: Refusal): void => this.refusals.add(refusal)
  proven = (): void => this.refusals.clear()
  isDenied = (since: number, kind: TurnKind): boolean => this.refusals.since(since, kind)
  refusal = (): Refusal | null => this.refusals.latest

  learn = (quota: Quota, now: number, throttled = false): void => {
    const { limit, remaining, resetAt, windowMillis = this.window } = quota
    if (limit !== null && limit >= 1 && Number.isFinite(limit) && windowMillis === this.window) {
      this.limit = Math.floor(limit)
    }
    if (!throttled && remaining !== null && remaining >= 0 && resetAt !== null && resetAt > now) {
      this.left(Math.floor(remaining), Math.min(resetAt, now + longestBlock))
    }
    this.serve()
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

  // Uninterruptible but for the wait itself: a turn that was granted and not handed over would count for nobody.
  turn: AccountBudget["turn"] = (options) =>
    Effect.uninterruptible(
      Effect.withFiber((fiber) => {
        const clock = SteadyClock.ofFiber(fiber)
        const now = SteadyClock.nowUnsafe(clock)
        if (this.isQuiet(options.kind) && this.freeAt(now) <= now && this.mayStart(options.kind, now)) {
          return Effect.succeed(this.toTurn(options, clock, this.grantAt(options.kind, now), false))
        }
        const waiter: Waiter = {
          kind: options.kind,
          lane: options.lane,
          due: options.due,
          seq: this.seq++,
          place: -1,
          granted: Deferred.makeUnsafe<Grant>(),
          grant: null
        }
        this.waiting[waiter.kind].push(waiter)
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
        this.uncount(held)
        if (this.freeAt(now) <= now && (kind !== "submit" || this.mayStillSubmit(held, now))) {
          held = this.count(now)
          if (kind === "submit") this.submittedAt = now
          return true
        }
        held = null
        this.spare(kind)
        return false
      }
    }
  }

  private leave(waiter: Waiter): void {
    if (waiter.grant === null) this.waiting[waiter.kind].remove(waiter)
    else this.undo(waiter.kind, waiter.grant)
    this.serve()
  }

  private undo(kind: TurnKind, grant: Grant): void {
    this.uncount(grant)
    this.spare(kind)
  }

  private uncount(grant: Grant): void {
    const at = this.grants.lastIndexOf(grant.at)
    if (at >= 0) this.grants.splice(at, 1)
    if (grant.from !== null) grant.from.left += 1
  }

  // Somebody else may have what a turn has left.
  private spare(kind: TurnKind): void {
    if (kind === "submit") this.closed()
    else this.serve()
  }

  private queued(): number {
    return this.waiting.poll.size + this.waiting.collect.size + this.waiting.submit.size
  }

  // Nobody of the same or a more urgent class waits: a newcomer may go without queueing.
  private isQuiet(kind: TurnKind): boolean {
    for (const other of kinds) {
      if (this.waiting[other].size > 0) return false
      if (other === kind) return true
    }
    return true
  }

  private grantAt(kind: TurnKind, now: number): Grant {
    if (kind === "submit") {
      this.boughtNow += 1
      this.submittedAt = now
    }
    return this.count(now)
  }

  private count(now: number): Grant {
    if (this.limit !== null || this.windows.length > 0) this.grants.push(now)
    if (this.remaining !== null) this.remaining.left -= 1
    return { at: now, from: this.remaining }
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

  // The earliest time at which one more request may be made.
  private freeAt(now: number): number {
    const barred = Math.max(this.pausedTill, this.blockedTill)
    let free = barred > now ? barred : now
    if (this.grants.length > 0) this.forget(now)
    if (this.limit !== null) free = Math.max(free, this.roomAt(this.limit, this.window, now))
    for (const { requests, window } of this.windows) free = Math.max(free, this.roomAt(requests, window, now))
    if (this.remaining !== null) {
      if (this.remaining.resetAt <= now) this.remaining = null
      else if (this.remaining.left <= 0) free = Math.max(free, this.remaining.resetAt)
    }
    return free
  }

  private unfollowedNow(now: number): number {
    for (const [scanId, until] of this.unfollowedUntil) if (until <= now) this.unfollowedUntil.delete(scanId)
    return this.unfollowedUntil.size
  }

  // When room may come without anybody saying so: the oldest turn is forgotten, or a scan that nobody follows has surely
  // ended.
  private nextRoom(now: number): number {
    let at = (this.grants.find((grant) => grant > now - this.window) ?? now) + this.window
    if (this.submitsAt > now) at = Math.min(at, this.submitsAt)
    for (const until of this.unfollowedUntil.values()) at = Math.min(at, until)
    return Math.max(now + 1, at)
  }

  // When a submission may be made, as far as pauses and gaps of submissions alone are concerned.
  private get submitsAt(): number {
    return Math.max(this.submitsPausedTill, this.submittedAt + this.submitGap)
  }

  // Whether a submission that was let in before may be made now: the gap counts from the last one of the others.
  private mayStillSubmit({ at }: Grant, now: number): boolean {
    if (this.submitsPausedTill > now) return false
    return this.submittedAt === at || this.submittedAt + this.submitGap <= now
  }

  private mayStart(kind: TurnKind, now: number): boolean {
    if (kind !== "submit") return true
    if (this.submitsAt > now) return false
    const { openScans } = this.limits
    if (openScans !== null && this.boughtNow + this.unfollowedNow(now) >= openScans) return false
    // One scan at a time is always allowed: a budget too small for the vendor's own advice must not stop the work.
    if (this.limit === null || this.boughtNow === 0) return true
    const duration = Math.max(1, Duration.toMillis(this.limits.typicalDuration))
    const needed = pollsReserved(this.limits, this.open()) * (Math.min(duration, this.window) / duration)
    // Turns that are still counted when the new scan will need its own.
    let kept = 0
    for (const grant of this.grants) if (grant > now + duration - this.window) kept++
    return this.limit - kept >= 1 + needed * (this.boughtNow + 1)
  }

  // Grants whatever may go now, and sets the alarm for the next time something may.
  private serve(): void {
    const { home } = this
    if (home === null || this.serving) return
    this.serving = true
    const now = SteadyClock.nowUnsafe(home.clock)
    for (;;) {
      const free = this.queued() === 0 ? Number.POSITIVE_INFINITY : this.freeAt(now)
      if (free > now) {
        this.alarm.set(free, home.clock, home.context)
        break
      }
      const kind = kinds.find((each) => this.waiting[each].size > 0 && this.mayStart(each, now))
      const waiter = kind === undefined ? undefined : this.waiting[kind].take()
      if (waiter === undefined) {
        // Only submissions wait, and the open scans need the room.
        this.alarm.set(this.nextRoom(now), home.clock, home.context)
        break
      }
      waiter.grant = this.grantAt(waiter.kind, now)
      Deferred.doneUnsafe(waiter.granted, Effect.succeed(waiter.grant))
    }
    this.serving = false
  }
}

/**
 * Budgets in the memory of this process.
 *
 * @category constructors
 * @since 0.1.0
 */
export const makeMemory = (): Budgets => {
  const accounts = new Map<string, MemoryAccount>()
  return {
    account: (key, limits) => {
      const name = Account.key(key)
      const known = accounts.get(name)
      if (known !== undefined) return known
      const account = new MemoryAccount(limits)
      accounts.set(name, account)
      return account
    }
  }
}

// Budgets of each clock of their own. Who names no clock gets those of the real one.
const makeByClock = (): Budgets => {
  const budgets = new WeakMap<Clock.Clock, Budgets>()
  const on = (clock: Clock.Clock): Budgets => {
    const known = budgets.get(clock)
    if (known !== undefined) return known
    const made = makeMemory()
    budgets.set(clock, made)
    return made
  }
  return { account: (key, limits) => on(Context.get(Context.empty(), Clock.Clock)).account(key, limits), on }
}

/**
 * The budgets in force. Without a layer, all scans of this process share one: that is the polite default. Only scans on a
 * clock of their own, such as those of a test on virtual time, have budgets of their own.
 *
 * @category services
 * @since 0.1.0
 */
export const RateBudget: Context.Reference<Budgets> = Context.Reference<Budgets>("@scanpoll/core/engine/RateBudget", {
  defaultValue: makeByClock
})

/**
 * The budgets in force for callers on the clock of this fiber.
 *
 * @category services
 * @since 0.2.0
 */
export const here: Effect.Effect<Budgets> = Effect.map(
  Effect.all([RateBudget, Clock.Clock]),
  ([budgets, clock]) => budgets.on?.(clock) ?? budgets
)

/**
 * Budgets of their own for what this layer is provided to, such as one test.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerMemory: Layer.Layer<never> = Layer.effect(RateBudget, Effect.sync(makeMemory))
