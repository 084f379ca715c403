// Who follows a ticket: one request of this process (`followOrJoin`), and one process (`withClaim`). May touch: the table
// of tickets in flight, the journal's `take` and `leave`. Law: never two polls of one scan at once, and a hold ends with
// its scope.
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import * as Account from "../../model/Account.ts"
import * as PollFault from "../../model/PollFault.ts"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as Waits from "../../time/Waits.ts"
import type { AccountBudget } from "../RateBudget.ts"
import type { Hold, HoldGuard, JournalError } from "../ScanJournal.ts"
import type * as Job from "./job.ts"
import { budgetWith } from "./vendorSays.ts"
import * as Progress from "./progress.ts"

export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

// How following a ticket ended; null when the follower left before the end.
export type Followed = Exit.Exit<ScanOutcome<unknown>, Job.FollowError> | null

// The one request or worker of this process that follows a ticket.
export interface Follower {
  readonly claimId: string
  readonly ticket: ScanTicket
  readonly progress: Pick<Progress.Progress<unknown>, "last" | "nextAt">
  readonly deadlineAt: number
  readonly done: Deferred.Deferred<Followed>
}

// Keyed by journal, then account, then scan: no text is kept for a ticket.
const followers = new WeakMap<object, Map<string, Map<string, Follower>>>()

const tableOf = (journal: object, ticket: ScanTicket): Map<string, Follower> => {
  const byAccount = followers.get(journal) ?? new Map<string, Map<string, Follower>>()
  followers.set(journal, byAccount)
  const name = Account.key(ticket)
  const known = byAccount.get(name)
  if (known !== undefined) return known
  const made = new Map<string, Follower>()
  byAccount.set(name, made)
  return made
}

// Null when the ticket is `mine` from here on; otherwise who follows it.
export const enter = (journal: object, mine: Follower): Follower | null => {
  const table = tableOf(journal, mine.ticket)
  const other = table.get(mine.ticket.scanId)
  if (other !== undefined) return other
  table.set(mine.ticket.scanId, mine)
  return null
}

// The scans that followers went on to, under other tickets.
const movedTo = new WeakMap<Follower, Array<string>>()

// Who follows a ticket follows the one that takes its place as well.
export const moved = (journal: object, from: ScanTicket, to: ScanTicket): void => {
  const table = tableOf(journal, from)
  const follower = table.get(from.scanId)
  if (follower === undefined || table.has(to.scanId)) return
  table.set(to.scanId, follower)
  const known = movedTo.get(follower)
  if (known === undefined) movedTo.set(follower, [to.scanId])
  else known.push(to.scanId)
}

export const exit = (journal: object, mine: Follower, said: Followed): void => {
  const table = tableOf(journal, mine.ticket)
  if (table.get(mine.ticket.scanId) !== mine) return
  for (const scanId of [mine.ticket.scanId, ...(movedTo.get(mine) ?? [])]) table.delete(scanId)
  Deferred.doneUnsafe(mine.done, Effect.succeed(said))
}

// Runs `first` where nobody else in this process follows the ticket, else `later`. Between entering the table and leaving
// it no interrupt can slip in: those who wait would wait for ever.
export const followOrJoin = <Payload, R>(
  job: Job.Job<Payload, R>,
  wait: Pick<Follower, "claimId" | "ticket" | "deadlineAt">,
  first: Effect.Effect<Progress.Ended<Payload>, Job.FollowError, R>,
  later: (other: Follower) => Effect.Effect<Progress.Ended<Payload>, Job.FollowError, R>
): Effect.Effect<Progress.Ended<Payload>, Job.FollowError, R> =>
  Effect.uninterruptibleMask((restore) => {
    const { claimId, ticket, deadlineAt } = wait
    const mine: Follower = { claimId, ticket, progress: job.progress, deadlineAt, done: Deferred.makeUnsafe() }
    const other = enter(job.journal, mine)
    if (other !== null) {
      job.slot.free()
      job.slot.isReserved = false
      return restore(later(other))
    }
    job.slot.take(ticket.scanId)
    return Effect.onExit(restore(first), (ended) => Effect.sync(() => exit(job.journal, mine, forOthers(ended))))
  })

const forOthers = (exit: Exit.Exit<Progress.Ended<unknown>, Job.FollowError>): Followed => {
  if (Exit.isSuccess(exit)) return Exit.succeed(exit.value.outcome)
  return Cause.hasInterrupts(exit.cause) || Cause.hasDies(exit.cause) ? null : Exit.failCause(exit.cause)
}

// A claim between its acquisition and its first poll: left when the scope closes before that.
export const reserve = (
  { slot, journal }: Job.Job<unknown, unknown>,
  { claimId, ticket }: Pick<Job.Bought, "claimId" | "ticket">
): Effect.Effect<void, never, Scope.Scope> => {
  slot.isReserved = true
  return Effect.addFinalizer(() =>
    Effect.sync(() => {
      if (slot.isReserved && !tableOf(journal, ticket).has(ticket.scanId)) journal.leave(claimId)
    })
  )
}

// The first poll of a claim that others may have polled: not before the time that was stored, and a floor after the last
// moment at which an owner that is gone may have polled. An impossible stored time is ignored.
export const firstPollAt = (
  { notBefore, polledUntil }: Pick<Extract<Hold, { readonly _tag: "Ours" }>, "notBefore" | "polledUntil">,
  now: number,
  floor: number
): number => {
  const stored = notBefore >= 0 && notBefore <= now + Waits.longest ? notBefore : 0
  return polledUntil === undefined ? stored : Math.max(stored, Math.ceil(Math.min(polledUntil, now) + floor))
}

// Takes the claim, and leaves it when `use` fails. `notBefore` is the time of the next poll, for its next owner.
export const withClaim = <A, E, R>(
  { slot, journal }: Job.Job<unknown, unknown>,
  claimId: string,
  use: (hold: Hold) => Effect.Effect<A, E, R>,
  notBefore: (cause: Cause.Cause<E>) => Effect.Effect<number | null>,
  // Whether this wait has begun before: then it does not end what a person said meanwhile.
  resumes = false
): Effect.Effect<A, E | JournalError, R> =>
  Effect.acquireUseRelease(
    Effect.tap(journal.take(claimId, { resumes }), () => Effect.sync(() => (slot.isReserved = false))),
    use,
    (hold, exit) =>
      hold._tag !== "Ours" || Exit.isSuccess(exit)
        ? Effect.void
        : Effect.map(notBefore(exit.cause), (until) => {
            if (until !== null) journal.waiting(claimId, until)
            journal.leave(claimId)
          })
  )

const lapsed = PollFault.make({
  kind: "Transient",
  code: "lease-ended",
  message: "cut because the journal could not be reached in time to renew this worker's lease"
})

// A request that outlasts our lease could meet that of the next owner.
export const fenced =
  (guard: HoldGuard | null) =>
  <A>(asking: Effect.Effect<A, PollFault.PollFault>): Effect.Effect<A, PollFault.PollFault> =>
    guard === null
      ? asking
      : Effect.raceFirst(
          asking,
          Effect.flatMap(guard.lapsed, () => Effect.fail(lapsed))
        )

// `work` while the claim is ours; `otherwise` as soon as it is lost: nothing more is asked about it.
export const whileHeld = <A>(guard: HoldGuard | null, work: Effect.Effect<A>, otherwise: A): Effect.Effect<A> =>
  guard === null
    ? work
    : Effect.raceFirst(
        work,
        Effect.catch(guard.lost, () => Effect.succeed(otherwise))
      )

// A budget whose turns wait for the journal, which may have trouble.
export const guarded = (guard: HoldGuard | null, budget: AccountBudget): AccountBudget => {
  if (guard === null) return budget
  const turn: AccountBudget["turn"] = (options) =>
    Effect.flatMap(budget.turn(options), (granted) =>
      Effect.flatMap(
        Effect.onInterrupt(guard.ready, () => Effect.sync(granted.giveBack)),
        // Many may have waited for the journal to heal: they go on at the account's rate.
        () => (granted.renew() ? Effect.succeed(granted) : turn(options))
      )
    )
  return budgetWith(budget, { turn })
}
