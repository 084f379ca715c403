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
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as FiberSet from "effect/FiberSet"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Comparison from "../model/Comparison.ts"
import type { PollAnswer } from "../model/Observation.ts"
import type { PollFault } from "../model/PollFault.ts"
import type { PollStopped, StopReason } from "../model/PollStopped.ts"
import type { ScanOutcome } from "../model/ScanOutcome.ts"
import * as Records from "../model/ScanRecord.ts"
import type { ScanTicket } from "../model/ScanTicket.ts"
import * as Tickets from "../model/ScanTicket.ts"
import * as Decision from "../policy/Decision.ts"
import type { PollPolicy } from "../policy/PollPolicy.ts"
import type { VendorLimits } from "../policy/VendorLimits.ts"
import * as Fleets from "./Fleet.ts"
import { ending, fenced, undisturbed, whereabouts } from "./internal/scanEnd.ts"
import type { PollEvent } from "./PollEvent.ts"
import type { PollSpec } from "./PollSpec.ts"
import { type AccountBudget, RateBudget, type Turn } from "./RateBudget.ts"
import type { ScanAdapter } from "./ScanAdapter.ts"
import { type HoldGuard, type JournalError, type Operations, type Pause, ScanJournal } from "./ScanJournal.ts"
import * as SteadyClock from "./SteadyClock.ts"
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
  readonly ticket: ScanTicket
  readonly notBefore: number
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
 * - `stop`: lets go of all of them. What settled is still written down.
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
interface Account {
  readonly adapter: ScanAdapter<never, unknown>
  readonly policy: PollPolicy
  readonly budget: AccountBudget
}

interface Home {
  readonly context: Context.Context<never>
  readonly options: Options
  polling: number
}

const quietly = (effect: () => void): void => {
  try {
    effect()
  } catch {
    // Whoever listens cannot disturb the keeper.
  }
}

// Waits shorter than this are not worth a write.
const worthStoring = 1_000

// One sleeping scan: the description of its wait and its budget are the same object, so that it stays small.
class Wait implements PollSpec<ScanOutcome<unknown>, ScanTicket>, AccountBudget {
  readonly kept: Kept
  readonly observer: (event: PollEvent<ScanOutcome<unknown>>) => void
  polls = 0
  isLost = false
  // The time before which nobody asks, as the journal has it.
  stored: number
  private nextAt = 0
  private why = "first"
  private readonly account: Account
  private readonly home: Home

  constructor(kept: Kept, account: Account, home: Home, journal: Operations) {
    this.kept = kept
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
      listen(event)
    }
  }

  get ticket(): ScanTicket {
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

  get notBefore(): number {
    return this.kept.notBefore
  }

  get budget(): AccountBudget {
    return this
  }

  // When the next poll may be made, for whoever takes the claim at `now`; a poll that is cut reached the vendor all the
  // same.
  restsUntil(now: number): number {
    return this.nextAt > now ? this.nextAt : now + Decision.floorOf(this.policy, this.limits)
  }

  get poll(): Effect.Effect<PollAnswer<ScanOutcome<unknown>>, PollFault> {
    const { home } = this
    const { guard, ticket } = this.kept
    return Telemetry.tracePoll(
      ticket,
      () => this.why
    )(
      Effect.suspend(() => {
        home.polling += 1
        return Effect.ensuring(
          fenced(guard)(this.account.adapter.poll(ticket)),
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

  bought(): void {
    this.account.budget.bought()
  }

  closed(): void {
    this.account.budget.closed()
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

  deny(): void {
    this.account.budget.deny()
  }

  denials(): number {
    return this.account.budget.denials()
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
    const home: Home = { context, options, polling: 0 }
    const none: ReadonlyArray<Pause> = []
    // Pauses that vendors asked for hold for whoever comes after.
    const pauses = yield* Effect.catch(journal.pauses, () => Effect.succeed(none))
    const accounts = new Map<string, Account>()
    let stopping = false
    let size = 0

    // Closed after the fleet: what it settled last is still written down.
    const endings = yield* FiberSet.make()
    const run = yield* FiberSet.runtime(endings)()
    const fleet = yield* Fleets.make

    const accountOf = (adapter: ScanAdapter<never, unknown>, policy: PollPolicy): Account => {
      const key = { vendor: adapter.vendor, origin: adapter.origin, account: adapter.account }
      const name = JSON.stringify([key.vendor, key.origin, key.account, adapter.environment])
      const known = accounts.get(name)
      if (known !== undefined && known.adapter === adapter && known.policy === policy) return known
      const base = budgets.account(key, adapter.budget)
      const budget: AccountBudget = {
        turn: (wanted) => base.turn(wanted),
        open: () => base.open(),
        load: (by) => base.load(by),
        bought: () => base.bought(),
        closed: () => base.closed(),
        // A pause outlives the process that was told of it.
        pause: (until) => {
          base.pause(until)
          journal.paused(key, until)
        },
        pausedUntil: () => base.pausedUntil(),
        learn: (...said) => base.learn(...said),
        deny: () => base.deny(),
        denials: () => base.denials()
      }
      const longest = SteadyClock.nowUnsafe(clock) + Duration.toMillis(adapter.limits.pauseCap)
      for (const pause of pauses) {
        if (pause.vendor !== key.vendor || pause.origin !== key.origin || pause.account !== key.account) continue
        if (pause.until > SteadyClock.nowUnsafe(clock)) base.pause(Math.min(Math.ceil(pause.until), longest))
      }
      const made: Account = { adapter, policy, budget }
      accounts.set(name, made)
      return made
    }

    const letGo = (wait: Wait, until: number | null, end: KeptEnd): void => {
      // Thousands are let go of at once where a slice moves: what is written already is not written again.
      if (until !== null && until !== wait.stored) journal.waiting(wait.kept.claimId, until)
      journal.leave(wait.kept.claimId)
      over(wait, end)
    }

    const over = (wait: Wait, end: KeptEnd): void => {
      size -= 1
      wait.closed()
      wait.load(-1)
      quietly(() => options.ended?.(wait.kept, end))
    }

    const rest = (wait: Wait, reason: StopReason | "journal" | "defect", notBefore: number) =>
      Effect.map(SteadyClock.now, (now) => {
        const until = Math.max(notBefore, now + options.rest(reason))
        letGo(wait, until, { _tag: "Rests", reason, until })
      })

    const settling = (wait: Wait, account: Account, outcome: ScanOutcome<unknown>): Effect.Effect<void> =>
      Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const { claimId, guard, ticket } = wait.kept
          const denials = account.budget.denials()
          const { completed, keep } = ending({
            request: { adapter: account.adapter, policy: account.policy, lane: "" },
            journal,
            budget: account.budget,
            isDenied: () => account.budget.denials() > denials,
            refused: ({ code, message }) =>
              undisturbed(Telemetry.refused({ vendor: ticket.vendor, account: ticket.account, code, message })),
            collecting: () => undefined
          })
          const known = Comparison.isWanted(outcome)
            ? yield* Effect.catch(journal.get(claimId), () => Effect.succeed(null))
            : null
          const whole = yield* completed(restore, outcome, known === null ? null : known.key, guard)
          yield* keep(restore, claimId, whole, guard)
          const observedAt = yield* SteadyClock.now
          const state = Records.stateOfOutcome(whole)
          yield* undisturbed(
            Telemetry.ended({ vendor: ticket.vendor, state, polls: wait.polls, observedAt, outcome: whole, ticket })
          )
          over(wait, { _tag: "Settled", outcome: whole })
        }).pipe(
          Effect.catchCause((cause: Cause.Cause<JournalError>) =>
            Effect.gen(function* () {
              const error = Cause.findError(cause)
              const now = yield* SteadyClock.now
              if (Result.isSuccess(error) && error.success.reason === "lost") {
                return letGo(wait, null, { _tag: "LetGo" })
              }
              if (Cause.hasInterruptsOnly(cause)) return letGo(wait, wait.restsUntil(now), { _tag: "LetGo" })
              yield* undisturbed(
                Effect.logError(
                  `the outcome of ${Tickets.key(wait.kept.ticket)} could not be kept: ${
                    Result.isSuccess(error) ? error.success.message : whereabouts(cause)
                  }`
                )
              )
              yield* rest(wait, "journal", wait.restsUntil(now))
            })
          )
        )
      )

    const ended = (
      wait: Wait,
      account: Account,
      exit: Exit.Exit<ScanOutcome<unknown>, PollStopped<ScanTicket>>
    ): void => {
      if (Exit.isSuccess(exit)) {
        run(settling(wait, account, exit.value))
        return
      }
      if (wait.isLost) return letGo(wait, null, { _tag: "LetGo" })
      const found = Cause.findError(exit.cause)
      if (Result.isSuccess(found)) {
        const { notBefore, reason } = found.success
        if (stopping || reason === "interrupted") return letGo(wait, notBefore, { _tag: "LetGo" })
        run(rest(wait, reason, notBefore))
        return
      }
      const said = `the wait for ${Tickets.key(wait.kept.ticket)} was ended by a defect: ${whereabouts(exit.cause)}`
      run(Effect.andThen(undisturbed(Effect.logError(said)), rest(wait, "defect", 0)))
    }

    const add: Keeper["add"] = (kept, adapter, policy) =>
      Effect.suspend(() => {
        if (stopping) {
          journal.leave(kept.claimId)
          quietly(() => options.ended?.(kept, { _tag: "LetGo" }))
          return Effect.void
        }
        const account = accountOf(adapter, policy)
        const wait = new Wait(kept, account, home, journal)
        size += 1
        wait.bought()
        wait.load(1)
        return fleet.add(wait, (exit) => ended(wait, account, exit))
      })

    const stop = Effect.suspend(() => {
      stopping = true
      return Effect.andThen(fleet.stop, Effect.asVoid(FiberSet.awaitEmpty(endings)))
    })
    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        stopping = true
        return Effect.void
      })
    )

    return { add, size: () => size, polling: () => home.polling, stop } satisfies Keeper
  })
