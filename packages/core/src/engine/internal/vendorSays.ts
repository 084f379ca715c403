// What a vendor's answer or fault does to the account, no matter who asked: learn its quota, pause it, count a denial, store the
// pause. May touch: the account's budget and the journal's pauses. Law: nobody asks an account before the vendor allows.
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Account from "../../model/Account.ts"
import type { Quota } from "../../model/Observation.ts"
import type { PollFaultKind } from "../../model/PollFault.ts"
import type { SubmitErrorKind } from "../../model/SubmitError.ts"
import { QuotaHeard } from "../../model/internal/quotaHeard.ts"
import type { VendorLimits } from "../../policy/VendorLimits.ts"
import * as Waits from "../../time/Waits.ts"
import type { AccountBudget, Budgets, TurnKind } from "../RateBudget.ts"
import type { Refusal } from "../Refusals.ts"
import type { ScanAdapter } from "../ScanAdapter.ts"
import type { Operations, Pause } from "../ScanJournal.ts"
import * as Scrubber from "../../model/Scrubber.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Telemetry from "../Telemetry.ts"
import { undisturbed } from "./log.ts"

// An answer has no `kind`; a fault of a poll or a submission has.
export interface Answer {
  readonly kind?: PollFaultKind | SubmitErrorKind
  readonly code?: string
  readonly message?: string
  readonly quota: Option.Option<Quota>
  readonly hint?: Option.Option<Duration.Duration>
}

// The wait a vendor asked for, in milliseconds, or `fallback` when it named none. Never longer than `cap`.
export const hintMillis = (
  hint: Option.Option<Duration.Duration>,
  fallback: Duration.Duration,
  cap: Duration.Duration
): number => Waits.clamp(Math.ceil(Waits.millis(Option.getOrElse(hint, () => fallback))), 0, Waits.millis(cap))

// How long a 429 pauses the account.
export const pauseMillis = (limits: VendorLimits, hint: Option.Option<Duration.Duration>): number =>
  hintMillis(hint, limits.throttledWait, limits.pauseCap)

// Synchronous, so that nothing comes between an answer and what it means for the account's next request.
export const apply = (
  budget: AccountBudget,
  limits: VendorLimits,
  answer: Answer,
  now: number,
  call: Pick<Refusal, "by" | "kind">
): void => {
  if (answer.quota._tag === "Some") budget.learn(answer.quota.value, now, answer.kind === "Throttled")
  if (answer.kind === "Throttled") {
    const until = now + pauseMillis(limits, answer.hint ?? Option.none())
    // Bought scans are polled on: where polls are limited as well, the next one says so.
    if (call.kind === "submit") budget.pause(until, "submit")
    else budget.pause(until)
  } else if (answer.kind === "Denied") {
    budget.deny({ ...call, code: answer.code ?? "denied", message: answer.message ?? "the key was refused" })
  } else if (answer.kind === undefined) budget.proven()
}

// What the headers of each answer say of a quota teaches the account as it comes, also where the call's own answer has no
// place for it: findings, a list, a probe.
export const listening = <A, E, R>(
  budget: Pick<AccountBudget, "learn">,
  request: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(Effect.service(Clock.Clock), (clock) =>
    Effect.provideService(request, QuotaHeard, (quota, throttled) =>
      budget.learn(quota, Math.ceil(SteadyClock.nowUnsafe(clock)), throttled)
    )
  )

// A request outside of a wait, with all that its end means for the account. `quotaOf`: where a good answer has its quota.
export const call = <A, E extends Answer, R>(
  { budget, limits }: Pick<AccountAccess, "budget" | "limits">,
  request: Effect.Effect<A, E, R>,
  { quotaOf, ...who }: Pick<Refusal, "by" | "kind"> & { readonly quotaOf?: (answer: A) => Answer["quota"] }
): Effect.Effect<A, E, R> => {
  const said = (answer: Answer) => Effect.map(SteadyClock.now, (now) => apply(budget, limits, answer, now, who))
  return listening(budget, request).pipe(
    Effect.tap((answer) => said({ quota: quotaOf?.(answer) ?? Option.none() })),
    Effect.tapError(said)
  )
}

type Change = Partial<Pick<AccountBudget, "turn" | "pause" | "deny">>

// A class, because each open scan may have one: as an object of functions it takes a kilobyte and a half.
class ChangedBudget implements AccountBudget {
  private readonly base: AccountBudget
  private readonly change: Change

  constructor(base: AccountBudget, change: Change) {
    this.base = base
    this.change = change
  }

  turn(options: Parameters<AccountBudget["turn"]>[0]): ReturnType<AccountBudget["turn"]> {
    return this.change.turn === undefined ? this.base.turn(options) : this.change.turn(options)
  }

  open(): number {
    return this.base.open()
  }

  load(by: number): void {
    this.base.load(by)
  }

  bought(scanId?: string): void {
    this.base.bought(scanId)
  }

  closed(): void {
    this.base.closed()
  }

  unfollowed(scanId: string, until: number): void {
    this.base.unfollowed(scanId, until)
  }

  pause(...told: Parameters<AccountBudget["pause"]>): void {
    if (this.change.pause === undefined) this.base.pause(...told)
    else this.change.pause(...told)
  }

  pausedUntil(): number {
    return this.base.pausedUntil()
  }

  learn(...said: Parameters<AccountBudget["learn"]>): void {
    this.base.learn(...said)
  }

  deny(refusal: Refusal): void {
    if (this.change.deny === undefined) this.base.deny(refusal)
    else this.change.deny(refusal)
  }

  proven(): void {
    this.base.proven()
  }

  denials(): number {
    return this.base.denials()
  }

  isDenied(...asked: Parameters<AccountBudget["isDenied"]>): boolean {
    return this.base.isDenied(...asked)
  }

  refusal(): Refusal | null {
    return this.base.refusal()
  }
}

// A budget with some methods overridden.
export const budgetWith = (base: AccountBudget, change: Change): AccountBudget => new ChangedBudget(base, change)

type Owner = Pick<ScanAdapter<never, unknown>, "vendor" | "origin" | "account" | "limits" | "budget">

// The account's budget, with every pause stored, which must hold after a restart, and every refusal of its key told.
export const storingPauses = (base: AccountBudget, owner: Account.Account, journal: Operations): AccountBudget => {
  const account = Account.of(owner)
  return budgetWith(base, {
    pause: (until, kind) => {
      base.pause(until, kind)
      journal.paused(account, until, kind)
    },
    deny: (refusal) => {
      base.deny(refusal)
      journal.denied(account, {
        code: Scrubber.ofProcess.text(refusal.code),
        message: Scrubber.ofProcess.text(refusal.message)
      })
    }
  })
}

// The account as one run sees it: a key that was refused before the run began may work again.
export interface AccountAccess {
  readonly budget: AccountBudget
  readonly limits: VendorLimits
  // How often the key had been refused when the run began.
  readonly denialsBefore: number
  readonly isDenied: (kind: TurnKind) => boolean
  // One log line per run says that the key was refused.
  readonly isFirstDenial: () => boolean
  readonly logDenied: (code: string, message: string) => Effect.Effect<void>
}

export const access = (
  owner: Owner,
  base: AccountBudget,
  journal: Operations,
  denialsBefore: number
): AccountAccess => {
  const isFirstDenial = (): boolean => base.denials() === denialsBefore + 1
  return {
    budget: storingPauses(base, owner, journal),
    limits: owner.limits,
    denialsBefore,
    isDenied: (kind) => base.isDenied(denialsBefore, kind),
    isFirstDenial,
    logDenied: (code, message) =>
      isFirstDenial()
        ? undisturbed(Telemetry.refused({ vendor: owner.vendor, account: owner.account, code, message }))
        : Effect.void
  }
}

// Restores the pauses that vendors asked earlier processes for. An unreadable journal says so at the first claim.
export const restorePauses = (owners: Iterable<Owner>, budgets: Budgets, journal: Operations): Effect.Effect<void> =>
  Effect.gen(function* () {
    const none: ReadonlyArray<Pause> = []
    const pauses = yield* Effect.catch(journal.pauses, () => Effect.succeed(none))
    if (pauses.length === 0) return
    const now = yield* SteadyClock.now
    const byAccount = new Map(Array.from(owners, (owner) => [Account.key(owner), owner]))
    for (const pause of pauses) {
      const owner = byAccount.get(Account.key(pause))
      if (owner !== undefined) restorePause(budgets.account(owner, owner.budget), owner.limits, pause, now)
    }
  })

export const restorePause = (budget: AccountBudget, limits: VendorLimits, pause: Pause, now: number): void => {
  const until = Waits.storedUntil(pause.until, pause.at ?? null, now, Duration.toMillis(limits.pauseCap))
  if (until > now) budget.pause(Math.ceil(until), pause.kind)
}
