/**
 * Keeps asking after scans that nobody here waits for, for as long as this process holds their claims.
 *
 * One fleet for all of them: a sleeping scan is an entry in its heap and owns no fiber. What a poll costs, what a fault
 * means and what is done with an outcome is as in `Scans`; the journal hears of the outcome and of nothing else. A wait
 * that ends without one rests and is let go of, for whoever takes it next. No request is made, and none goes on, that
 * the hold on its claim does not allow.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import type * as Context from "effect/Context"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Account from "../model/Account.ts"
import * as Comparison from "../model/Comparison.ts"
import * as Contradiction from "../model/Contradiction.ts"
import type { PollAnswer } from "../model/Observation.ts"
import type { PollFault } from "../model/PollFault.ts"
import type { PollStopped, Seen, StopReason } from "../model/PollStopped.ts"
import type { ScanOutcome } from "../model/ScanOutcome.ts"
import * as ScanRecord from "../model/ScanRecord.ts"
import * as ScanTicket from "../model/ScanTicket.ts"
import * as Decision from "../policy/Decision.ts"
import type { PollPolicy } from "../policy/PollPolicy.ts"
import type { VendorLimits } from "../policy/VendorLimits.ts"
import * as Fleet from "./Fleet.ts"
import { confirmMissing } from "./internal/confirmMissing.ts"
import { enter, exit, fenced, firstPollAt, type Followed, type Follower } from "./internal/hold.ts"
import { keep, type Keeping, type Kept as KeptClaim } from "./internal/keep.ts"
import { undisturbed, whereabouts } from "./internal/log.ts"
import * as StoredOutcome from "./internal/storedOutcome.ts"
import * as VendorSays from "./internal/vendorSays.ts"
import type { PollEvent } from "./PollEvent.ts"
import type { PollSpec } from "./PollSpec.ts"
import { type AccountBudget, type Budgets, RateBudget, type Turn } from "./RateBudget.ts"
import type { Refusal } from "./Refusals.ts"
import type { ScanAdapter } from "./ScanAdapter.ts"
import { type HoldGuard, type JournalError, type Operations, type Pause, ScanJournal } from "./ScanJournal.ts"
import * as SteadyClock from "../time/SteadyClock.ts"
import * as Telemetry from "./Telemetry.ts"

/**
 * A claim to keep: held by this process, with the ticket of its scan. Nothing is asked before `notBefore` (milliseconds
 * since 1970).
 *
 * @category models
 * @since 0.1.0
 */
export interface Kept {
  readonly claimId: string
  readonly ticket: ScanTicket.ScanTicket
  readonly notBefore: number
  readonly polledUntil?: number
  readonly guard: HoldGuard | null
}

/**
 * How the keeping of a claim ended.
 *
 * - `Settled`: the outcome is in the journal.
 * - `Rests`: the wait ended for `reason`; the claim is free and nobody asks before `until`.
 * - `LetGo`: this process stopped keeping it, or its hold was lost.
 *
 * @category models
 * @since 0.1.0
 */
export type KeptEnd =
  | { readonly _tag: "Settled"; readonly outcome: ScanOutcome<unknown> }
  | { readonly _tag: "Rests"; readonly reason: StopReason | "journal" | "defect"; readonly until: number }
  | { readonly _tag: "LetGo" }

/**
 * - `rest`: how long a claim whose wait ended without an outcome is left alone, in milliseconds.
 * - `polled`: told of each request as it goes out, with the milliseconds it is late by. What it throws is dropped.
 * - `ended`: told once for each claim. What it throws is dropped.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly rest: (reason: StopReason | "journal" | "defect") => number
  readonly polled?: (late: number) => void
  readonly ended?: (kept: Kept, end: KeptEnd) => void
}

/**
 * - `add`: begins to keep a claim, under a policy without an environment. A policy that contradicts itself dies.
 * - `size`: how many are kept. `polling`: how many requests are under way.
 * - `stop`: lets go of all of them and ends within 3 seconds, whatever the journal does. What settled is still written down,
 *   if the journal takes it by then; otherwise its next owner hears the same outcome from the vendor.
 *
 * @category models
 * @since 0.1.0
 */
export interface Keeper {
  readonly add: (kept: Kept, adapter: ScanAdapter<never, unknown>, policy: PollPolicy) => Effect.Effect<void>
  readonly size: () => number
  readonly polling: () => number
  readonly stop: Effect.Effect<void>
}

// What the kept claims of one account share.
interface AccountOfWaits {
  readonly adapter: ScanAdapter<never, unknown>
  readonly policy: PollPolicy
  readonly base: AccountBudget
  // With every pause stored.
  readonly budget: AccountBudget
  readonly stored: StoredOutcome.Codec<unknown>
}

// What all kept claims share.
interface Home {
  readonly context: Context.Context<never>
  readonly journal: Operations
  readonly options: Options
  readonly run: (effect: Effect.Effect<void>) => void
  polling: number
}

type RestReason = StopReason | "journal" | "defect"

const quietly = (effect: () => void): void => {
  try {
    effect()
  } catch {
    // Whoever listens cannot disturb the keeper.
  }
}

// Waits shorter than this are not worth a write.
const worthStoring = 1_000
// What settled has this long to be written down when a keeper stops, and then this long to leave out its findings.
const patience = "2 seconds"
const lastWord = "1 second"

// One sleeping scan: the description of its wait and its budget are the same object, so that it stays small.
class Wait implements PollSpec<ScanOutcome<unknown>, ScanTicket.ScanTicket>, AccountBudget, Follower {
  readonly kept: Kept
  readonly observer: (event: PollEvent<ScanOutcome<unknown>>) => void
  polls = 0
  isLost = false
  // The time before which nobody asks, as the journal has it.
  stored: number
  last: Seen | null = null
  private nextAt = 0
  private followed: Deferred.Deferred<Followed> | null = null
  private why = "first"
  // One poll of this wait; made at the first one, because most kept scans sleep.
  private asking: Effect.Effect<PollAnswer<ScanOutcome<unknown>>, PollFault> | null = null
  readonly notBefore: number
  private readonly account: AccountOfWaits
  private readonly home: Home

  constructor(kept: Kept, account: AccountOfWaits, home: Home, now: number) {
    const { journal } = home
    this.kept = kept
    const { adapter, policy } = account
    this.notBefore = firstPollAt(kept, now, Decision.floorOf(policy, adapter.limits))
    this.stored = kept.notBefore
    this.account = account
    this.home = home
    const listen = Telemetry.listen(home.context, kept.ticket)
    this.observer = (event) => {
      this.polls = event.polls
      if (event._tag === "Scheduled") {
        this.why = event.because
        this.nextAt = event.until
        if (event.until - event.at >= worthStoring) {
          journal.waiting(kept.claimId, event.until)
          this.stored = event.until
        }
      }
      if (event._tag === "Polled") this.last = event.seen
      listen(event)
    }
  }

  get progress(): Follower["progress"] {
    return { last: this.last, nextAt: this.nextAt === 0 ? null : this.nextAt }
  }

  get deadlineAt(): number {
    return Number.POSITIVE_INFINITY
  }

  // Made for the first who asks: few kept scans are also waited for in this process.
  get done(): Deferred.Deferred<Followed> {
    return (this.followed ??= Deferred.makeUnsafe())
  }

  get claimId(): string {
    return this.kept.claimId
  }

  get ticket(): ScanTicket.ScanTicket {
    return this.kept.ticket
  }

  get policy(): PollPolicy {
    return this.account.policy
  }

  get limits(): VendorLimits {
    return this.account.adapter.limits
  }

  get submittedAt(): number | null {
    return this.kept.ticket.submittedAt
  }

  get budget(): AccountBudget {
    return this
  }

  // What keeping the outcome needs: the account as it is from here on.
  keeping(): Keeping<unknown> {
    const { adapter, base, policy, stored } = this.account
    const account = VendorSays.access(adapter, base, this.home.journal, base.denials())
    return {
      request: { adapter, policy, lane: "" },
      journal: this.home.journal,
      account,
      stored,
      emit: () => undefined
    }
  }

  // When the next poll may be made, for whoever takes the claim at `now`; a poll that is cut reached the vendor all the
  // same.
  restsUntil(now: number): number {
    return this.nextAt > now ? this.nextAt : now + Decision.floorOf(this.policy, this.limits)
  }

  get poll(): Effect.Effect<PollAnswer<ScanOutcome<unknown>>, PollFault> {
    const { home } = this
    const { guard, ticket } = this.kept
    const { adapter, policy } = this.account
    this.asking ??= confirmMissing(adapter.poll(ticket), {
      probe: adapter.probe,
      budget: this,
      policy,
      submittedAt: ticket.submittedAt,
      lane: ""
    })
    const { asking } = this
    return Telemetry.tracePoll(
      ticket,
      () => this.why
    )(
      Effect.suspend(() => {
        home.polling += 1
        return Effect.ensuring(
          fenced(guard)(asking),
          Effect.sync(() => {
            home.polling -= 1
          })
        )
      })
    )
  }

  turn(options: Parameters<AccountBudget["turn"]>[0]): Effect.Effect<Turn> {
    const { guard } = this.kept
    return Effect.flatMap(this.account.budget.turn(options), (granted) =>
      Effect.flatMap(guard === null ? Effect.void : this.ready(guard, granted), () => {
        // Many may have waited for the journal to heal: they go on at the account's rate.
        if (!granted.renew()) return this.turn(options)
        return Effect.map(SteadyClock.now, (now) => {
          quietly(() => this.home.options.polled?.(Math.max(0, now - options.due)))
          return granted
        })
      })
    )
  }

  private ready(guard: HoldGuard, granted: Turn): Effect.Effect<void> {
    return Effect.raceFirst(guard.ready, guard.lost).pipe(
      Effect.catch(() => {
        this.isLost = true
        return Effect.interrupt
      }),
      Effect.onInterrupt(() => Effect.sync(granted.giveBack))
    )
  }

  open(): number {
    return this.account.budget.open()
  }

  load(change: number): void {
    this.account.budget.load(change)
  }

  bought(scanId?: string): void {
    this.account.budget.bought(scanId)
  }

  closed(): void {
    this.account.budget.closed()
  }

  unfollowed(scanId: string, until: number): void {
    this.account.budget.unfollowed(scanId, until)
  }

  pause(until: number): void {
    this.account.budget.pause(until)
  }

  pausedUntil(): number {
    return this.account.budget.pausedUntil()
  }

  learn(...said: Parameters<AccountBudget["learn"]>): void {
    this.account.budget.learn(...said)
  }

  deny(refusal: Refusal): void {
    this.account.budget.deny(refusal)
  }

  proven(): void {
    this.account.budget.proven()
  }

  denials(): number {
    return this.account.budget.denials()
  }

  isDenied(...asked: Parameters<AccountBudget["isDenied"]>): boolean {
    return this.account.budget.isDenied(...asked)
  }

  refusal(): Refusal | null {
    return this.account.budget.refusal()
  }
}

// How the wait of a kept claim ended, as the fleet says it.
type WaitExit = Exit.Exit<ScanOutcome<unknown>, PollStopped<ScanTicket.ScanTicket>>

// The kept claims of one scope. Each method is a step between `add` and the one `ended` of a claim.
class Claims {
  stopping = false
  size = 0
  private readonly home: Home
  private readonly options: Options

  constructor(home: Home) {
    this.home = home
    this.options = home.options
  }

  add(fleet: Fleet.Fleet, kept: Kept, account: AccountOfWaits, now: number): Effect.Effect<void> {
    const wait = new Wait(kept, account, this.home, now)
    // A request of this process follows it: it holds the claim, and leaves it when its wait ends.
    if (enter(this.home.journal, wait) !== null) return Effect.sync(() => this.tellEnd(kept, { _tag: "LetGo" }))
    this.size += 1
    wait.bought(kept.ticket.scanId)
    wait.load(1)
    return fleet.add(wait, (how) => this.ended(wait, how))
  }

  // A claim that came after `stop`.
  decline(kept: Kept): void {
    this.home.journal.leave(kept.claimId)
    this.tellEnd(kept, { _tag: "LetGo" })
  }

  private tellEnd(kept: Kept, end: KeptEnd): void {
    quietly(() => this.options.ended?.(kept, end))
  }

  private ended(wait: Wait, how: WaitExit): void {
    const { run } = this.home
    if (Exit.isSuccess(how)) return run(this.settle(wait, how.value))
    if (wait.isLost) return this.leave(wait, null, { _tag: "LetGo" })
    const found = Cause.findError(how.cause)
    if (Result.isSuccess(found)) {
      const { notBefore, reason } = found.success
      if (this.stopping || reason === "interrupted") return this.leave(wait, notBefore, { _tag: "LetGo" })
      return run(this.rest(wait, reason, notBefore))
    }
    const said = `the wait for ${ScanTicket.accountKey(wait.kept.ticket)} was ended by a defect: ${whereabouts(how.cause)}`
    run(Effect.andThen(undisturbed(Effect.logError(said)), this.rest(wait, "defect", 0)))
  }

  // As `Scans` does: from the settling answer on, no interrupt can lose the outcome.
  private settle(wait: Wait, outcome: ScanOutcome<unknown>): Effect.Effect<void> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.gen({ self: this }, function* () {
        const { claimId, guard, ticket } = wait.kept
        const known = yield* this.claimOf(claimId, outcome)
        const whole = yield* keep(restore, wait.keeping(), { claimId, ...known, guard }, outcome)
        const observedAt = yield* SteadyClock.now
        const state = ScanRecord.stateOfOutcome(whole)
        yield* undisturbed(
          Telemetry.ended({ vendor: ticket.vendor, state, polls: wait.polls, observedAt, outcome: whole, ticket })
        )
        this.over(wait, { _tag: "Settled", outcome: whole })
      }).pipe(Effect.catchCause((cause) => this.notKept(wait, cause)))
    )
  }

  // The claim is read only where the outcome is compared with earlier ones, or with what was asked for.
  private claimOf(claimId: string, outcome: ScanOutcome<unknown>): Effect.Effect<Pick<KeptClaim, "key" | "asked">> {
    if (!Comparison.isWanted(outcome) && !Contradiction.isTold(outcome)) {
      return Effect.succeed({ key: null, asked: null })
    }
    const entry = Effect.catch(this.home.journal.get(claimId), () => Effect.succeed(null))
    return Effect.map(entry, (known) => {
      if (known === null) return { key: null, asked: null }
      const { key, kind, subject } = known
      return { key, asked: subject.kind === "unknown" ? null : { subject, scanType: kind } }
    })
  }

  private notKept(wait: Wait, cause: Cause.Cause<JournalError>): Effect.Effect<void> {
    return Effect.flatMap(SteadyClock.now, (now) => {
      const error = Cause.findError(cause)
      const isLost = Result.isSuccess(error) && error.success.reason === "lost"
      if (isLost || Cause.hasInterruptsOnly(cause)) {
        return Effect.sync(() => this.leave(wait, isLost ? null : wait.restsUntil(now), { _tag: "LetGo" }))
      }
      const why = Result.isSuccess(error) ? error.success.message : whereabouts(cause)
      return Effect.andThen(
        undisturbed(
          Effect.logError(`the outcome of ${ScanTicket.accountKey(wait.kept.ticket)} could not be kept: ${why}`)
        ),
        this.rest(wait, "journal", wait.restsUntil(now))
      )
    })
  }

  private rest(wait: Wait, reason: RestReason, notBefore: number): Effect.Effect<void> {
    return Effect.map(SteadyClock.now, (now) => {
      const until = Math.max(notBefore, now + this.options.rest(reason))
      this.leave(wait, until, { _tag: "Rests", reason, until })
    })
  }

  private leave(wait: Wait, until: number | null, end: KeptEnd): void {
    const { journal } = this.home
    // Thousands are left at once where a slice moves: what is written already is not written again.
    if (until !== null && until !== wait.stored) journal.waiting(wait.kept.claimId, until)
    journal.leave(wait.kept.claimId)
    this.over(wait, end)
  }

  private over(wait: Wait, end: KeptEnd): void {
    this.size -= 1
    wait.closed()
    wait.load(-1)
    exit(this.home.journal, wait, end._tag === "Settled" ? Exit.succeed(end.outcome) : null)
    this.tellEnd(wait.kept, end)
  }
}

// The ends of kept claims that are being written down. Not a `FiberSet`: its scope waits without bound for a fiber that
// cannot be interrupted, and a write to a database that hangs is one.
class Endings {
  private readonly fibers = new Set<Fiber.Fiber<void>>()
  private readonly context: Context.Context<never>

  constructor(context: Context.Context<never>) {
    this.context = context
  }

  run(effect: Effect.Effect<void>): void {
    const fiber = Effect.runForkWith(this.context)(effect)
    if (fiber.pollUnsafe() !== undefined) return
    this.fibers.add(fiber)
    fiber.addObserver(() => {
      this.fibers.delete(fiber)
    })
  }

  get finish(): Effect.Effect<void> {
    return Effect.andThen(this.within(patience), this.cut)
  }

  get cut(): Effect.Effect<void> {
    return Effect.suspend(() => {
      for (const fiber of this.fibers) fiber.interruptUnsafe()
      return this.within(lastWord)
    })
  }

  private within(time: Duration.Input): Effect.Effect<void> {
    return Effect.suspend(() =>
      this.fibers.size === 0
        ? Effect.void
        : Effect.asVoid(Effect.timeoutOption(Effect.interruptible(Fiber.awaitAll(this.fibers)), time))
    )
  }
}

// The accounts of kept claims, each with the pauses that vendors asked earlier processes for.
const accountsOf = (journal: Operations, budgets: Budgets, pauses: ReadonlyArray<Pause>, now: () => number) => {
  const accounts = new Map<string, AccountOfWaits>()
  return (adapter: ScanAdapter<never, unknown>, policy: PollPolicy): AccountOfWaits => {
    const name = JSON.stringify([Account.key(adapter), adapter.environment])
    const known = accounts.get(name)
    if (known !== undefined && known.adapter === adapter && known.policy === policy) return known
    const base = budgets.account(adapter, adapter.budget)
    const ours = pauses.filter((pause) => Account.equals(pause, adapter))
    for (const pause of ours) VendorSays.restorePause(base, adapter.limits, pause, now())
    const budget = VendorSays.storingPauses(base, adapter, journal)
    const made: AccountOfWaits = { adapter, policy, base, budget, stored: StoredOutcome.codec(adapter) }
    accounts.set(name, made)
    return made
  }
}

/**
 * Makes a keeper that lives as long as the scope. The journal of the context is the one whose claims it keeps.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options): Effect.Effect<Keeper, never, ScanJournal | Scope.Scope> =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const budgets = yield* RateBudget
    const context = yield* Effect.context<never>()
    const clock = yield* Effect.service(Clock.Clock)
    const none: ReadonlyArray<Pause> = []
    const pauses = yield* Effect.catch(journal.pauses, () => Effect.succeed(none))
    const accountOf = accountsOf(journal, budgets, pauses, () => SteadyClock.nowUnsafe(clock))
    const endings = new Endings(context)
    // Closed after the fleet: what it settled last is still written down.
    yield* Effect.addFinalizer(() => endings.cut)
    const fleet = yield* Fleet.make
    const home: Home = { context, journal, options, polling: 0, run: (effect) => endings.run(effect) }
    const claims = new Claims(home)
    const stopAdding = Effect.sync(() => {
      claims.stopping = true
    })
    yield* Effect.addFinalizer(() => stopAdding)

    return {
      add: (kept, adapter, policy) =>
        Effect.suspend(() =>
          claims.stopping
            ? Effect.sync(() => claims.decline(kept))
            : claims.add(fleet, kept, accountOf(adapter, policy), SteadyClock.nowUnsafe(clock))
        ),
      size: () => claims.size,
      polling: () => home.polling,
      stop: Effect.andThen(stopAdding, Effect.andThen(fleet.stop, endings.finish))
    } satisfies Keeper
  })
