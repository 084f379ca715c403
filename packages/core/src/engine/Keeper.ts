/**
 * Keeps asking after scans that nobody here waits for, for as long as this process holds their claims.
 *
 * One fleet for all of them: a sleeping scan is an entry in its heap and owns no fiber. What a poll costs, what a fault
 * means and what is done with an outcome is as in `Scans`; the journal hears of the outcome and of nothing else. A wait
 * that ends without one rests and is released for its next owner. No request is made, and none goes on, that
 * the hold on its claim does not allow.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Account from "../model/Account.ts"
import * as Comparison from "../model/Comparison.ts"
import * as Contradiction from "../model/Contradiction.ts"
import type { PollStopped, StopReason } from "../model/PollStopped.ts"
import type { ScanOutcome } from "../model/ScanOutcome.ts"
import * as ScanRecord from "../model/ScanRecord.ts"
import * as ScanTicket from "../model/ScanTicket.ts"
import type { PollPolicy } from "../policy/PollPolicy.ts"
import * as SteadyClock from "../time/SteadyClock.ts"
import * as Fleet from "./Fleet.ts"
import { Endings } from "./internal/endings.ts"
import { enter, exit } from "./internal/hold.ts"
import { keep, type Kept as KeptClaim } from "./internal/keep.ts"
import { type AccountOfWaits, type Home, type Kept, KeptWait } from "./internal/keptWait.ts"
import { undisturbed, whereabouts } from "./internal/log.ts"
import * as StoredOutcome from "./internal/storedOutcome.ts"
import { tellFault } from "./internal/trouble.ts"
import * as VendorSays from "./internal/vendorSays.ts"
import * as RateBudget from "./RateBudget.ts"
import type { ScanAdapter } from "./ScanAdapter.ts"
import { type JournalError, type Operations, type Pause, ScanJournal } from "./ScanJournal.ts"
import * as Telemetry from "./Telemetry.ts"

export { type Kept } from "./internal/keptWait.ts"

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
 * - `rest`: how long a claim whose wait ended without an outcome is left alone, in milliseconds; 0 where another process
 *   can do what this one could not.
 * - `polled`: told of each request as it goes out, with the milliseconds it is late by. What it throws is dropped.
 * - `ended`: told once for each claim. What it throws is dropped.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly rest: (reason: StopReason | "journal" | "defect", kept: Kept) => number
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

type RestReason = StopReason | "journal" | "defect"

const quietly = (effect: () => void): void => {
  try {
    effect()
  } catch {
    // A listener cannot disturb the keeper.
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
  private readonly run: (effect: Effect.Effect<void>) => void

  constructor(home: Home, options: Options, run: (effect: Effect.Effect<void>) => void) {
    this.home = home
    this.options = options
    this.run = run
  }

  add(fleet: Fleet.Fleet, kept: Kept, account: AccountOfWaits, now: number): Effect.Effect<void> {
    const wait = new KeptWait(kept, account, this.home, now)
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

  private ended(wait: KeptWait, how: WaitExit): void {
    if (Exit.isSuccess(how)) return this.run(this.settle(wait, how.value))
    if (wait.isLost) return this.leave(wait, null, { _tag: "LetGo" })
    const found = Cause.findError(how.cause)
    if (Result.isSuccess(found)) {
      const { notBefore, reason } = found.success
      if (this.stopping || reason === "interrupted") return this.leave(wait, notBefore, { _tag: "LetGo" })
      return this.run(this.rest(wait, reason, notBefore))
    }
    const said = `the wait for ${ScanTicket.accountKey(wait.kept.ticket)} was ended by a defect: ${whereabouts(how.cause)}`
    this.run(Effect.andThen(undisturbed(Effect.logError(said)), this.rest(wait, "defect", 0)))
  }

  // As `Scans` does: from the settling answer on, no interrupt can lose the outcome.
  private settle(wait: KeptWait, outcome: ScanOutcome<unknown>): Effect.Effect<void> {
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

  private notKept(wait: KeptWait, cause: Cause.Cause<JournalError>): Effect.Effect<void> {
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

  private rest(wait: KeptWait, reason: RestReason, notBefore: number): Effect.Effect<void> {
    return Effect.map(SteadyClock.now, (now) => {
      const rest = this.options.rest(reason, wait.kept)
      const until = Math.max(notBefore, now + rest)
      if (rest > 0 && reason !== "journal" && reason !== "defect") {
        tellFault(this.home.journal, wait.kept.claimId, wait.last, now, until, reason)
      }
      this.leave(wait, until, { _tag: "Rests", reason, until })
    })
  }

  private leave(wait: KeptWait, until: number | null, end: KeptEnd): void {
    const { journal } = this.home
    // Thousands are left at once where a slice moves: what is written already is not written again.
    if (until !== null && until !== wait.stored) journal.waiting(wait.kept.claimId, until)
    journal.leave(wait.kept.claimId)
    this.over(wait, end)
  }

  private over(wait: KeptWait, end: KeptEnd): void {
    this.size -= 1
    wait.closed()
    wait.load(-1)
    exit(this.home.journal, wait, end._tag === "Settled" ? Exit.succeed(end.outcome) : null)
    this.tellEnd(wait.kept, end)
  }
}

// The accounts of kept claims, each with the pauses that vendors asked earlier processes for.
const accountsOf = (
  journal: Operations,
  budgets: RateBudget.Budgets,
  pauses: ReadonlyArray<Pause>,
  now: () => number
) => {
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
    const budgets = yield* RateBudget.here
    const context = yield* Effect.context<never>()
    const clock = yield* Effect.service(Clock.Clock)
    const none: ReadonlyArray<Pause> = []
    const pauses = yield* Effect.catch(journal.pauses, () => Effect.succeed(none))
    const accountOf = accountsOf(journal, budgets, pauses, () => SteadyClock.nowUnsafe(clock))
    const endings = new Endings(context)
    // Closed after the fleet: what it settled last is still written down.
    yield* Effect.addFinalizer(() => endings.cut)
    const fleet = yield* Fleet.make
    const polled = (late: number): void => quietly(() => options.polled?.(late))
    const home: Home = { context, journal, polled, polling: 0 }
    const claims = new Claims(home, options, (effect) => endings.run(effect))
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
