// What is done with an answer that settles a scan: fetch its findings, compare them, write the outcome down. And how a
// request keeps to the hold on its claim.
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Comparison from "../../model/Comparison.ts"
import * as PollFaults from "../../model/PollFault.ts"
import { PollFault } from "../../model/PollFault.ts"
import * as Outcomes from "../../model/ScanOutcome.ts"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import * as Tickets from "../../model/ScanTicket.ts"
import * as Waits from "../../policy/Waits.ts"
import type { AccountBudget } from "../RateBudget.ts"
import { type ClaimKey, type HoldGuard, type JournalError, mayHeal, type Operations } from "../ScanJournal.ts"
import type { ScanRequest } from "../ScanRequest.ts"
import * as SteadyClock from "../SteadyClock.ts"

const collectTries = 3
const storeTries = 3
// The code of what a mistake in a program ended.
export const defectCode = "defect"
// How many earlier answers are looked at for one to compare with.
const comparedAtMost = 10

const lapsed = PollFaults.make({
  kind: "Transient",
  code: "lease-ended",
  message: "cut because the journal could not be reached in time to say that we are still here"
})
export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

// A logger that throws costs its line and nothing else.
export const undisturbed = (log: Effect.Effect<void>): Effect.Effect<void> => Effect.catchCause(log, () => Effect.void)

// Where a defect was made, for the log. What it says stays out: it may hold anything, a credential too.
export const whereabouts = (cause: Cause.Cause<unknown>): string =>
  cause.reasons
    .map((reason) => {
      if (reason._tag !== "Die") return reason._tag
      const { defect } = reason
      if (!(defect instanceof Error)) return typeof defect
      const { message, stack = "" } = defect
      const said = stack.indexOf(message)
      const frames = said < 0 ? "" : stack.slice(said + message.length)
      return `${defect.constructor.name} ${frames.slice(frames.indexOf("\n") + 1, 2000).trim()}`
    })
    .join("; ")

// An account's budget with some of its methods in other hands.
export const budgetWith = (
  base: AccountBudget,
  change: Partial<Pick<AccountBudget, "turn" | "pause">>
): AccountBudget => ({
  turn: (options) => base.turn(options),
  open: () => base.open(),
  load: (by) => base.load(by),
  bought: () => base.bought(),
  closed: () => base.closed(),
  pause: (until) => base.pause(until),
  pausedUntil: () => base.pausedUntil(),
  learn: (...said) => base.learn(...said),
  deny: () => base.deny(),
  denials: () => base.denials(),
  ...change
})

export const hintMillis = (
  hint: Option.Option<Duration.Duration>,
  fallback: Duration.Duration,
  cap: Duration.Duration
): number =>
  Waits.clamp(Math.ceil(Duration.toMillis(Option.getOrElse(hint, () => fallback))), 0, Duration.toMillis(cap))

// A request that outlasts our lease could meet that of whoever follows us.
export const fenced =
  (guard: HoldGuard | null) =>
  <A>(polling: Effect.Effect<A, PollFault>): Effect.Effect<A, PollFault> =>
    guard === null
      ? polling
      : Effect.raceFirst(
          polling,
          Effect.flatMap(guard.lapsed, () => Effect.fail(lapsed))
        )

// Each poll waits for the journal, which may have trouble, and ends the wait when it has lost the claim.
export const guardedBy = (guard: HoldGuard | null, budget: AccountBudget): AccountBudget => {
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

// - `isDenied`: the account's credential was refused since this work began. `refused`: it is refused now.
// - `collecting`: the findings are about to be fetched.
export interface Parts<Payload> {
  readonly request: Pick<ScanRequest<Payload, unknown>, "adapter" | "policy" | "lane">
  readonly journal: Operations
  readonly budget: AccountBudget
  readonly isDenied: () => boolean
  readonly refused: (fault: PollFault) => Effect.Effect<void>
  readonly collecting: () => void
}

export const ending = <Payload>(parts: Parts<Payload>) => {
  const { budget, isDenied, journal } = parts
  const { adapter } = parts.request
  const encode = Schema.encodeEffect(Schema.toCodecJson(Outcomes.schema(adapter.payload)))

  // What the vendor said is bought: it is written again and again before it is given up, and named in the log first.
  const store = (
    write: Effect.Effect<void, JournalError>,
    what: string,
    tries = storeTries
  ): Effect.Effect<void, JournalError> => {
    const attempt = (tried: number): Effect.Effect<void, JournalError> =>
      Effect.catch(write, (error) => {
        if (error.reason === "lost") return Effect.fail(error)
        const again = tried < tries && mayHeal(error)
        const said =
          tried > 1 && again
            ? Effect.void
            : undisturbed(Effect.logError(`the journal could not keep ${what}${again ? " yet" : ""}: ${error.message}`))
        return Effect.andThen(
          said,
          again ? Effect.andThen(Effect.sleep("1 second"), attempt(tried + 1)) : Effect.fail(error)
        )
      })
    return attempt(1)
  }

  const settle = (claimId: string, outcome: ScanOutcome<Payload>): Effect.Effect<void, JournalError> =>
    Effect.flatMap(Effect.orDie(encode(outcome)), (encoded) =>
      store(journal.settled(claimId, encoded, outcome.ticket), `the outcome of ${Tickets.key(outcome.ticket)}`)
    )

  // An outcome outlasts trouble of the journal for as long as the journal itself thinks that it may heal.
  const keep = (
    restore: Restore,
    claimId: string,
    outcome: ScanOutcome<Payload>,
    guard: HoldGuard | null,
    round = 1
  ): Effect.Effect<void, JournalError> =>
    Effect.catch(settle(claimId, outcome), (error) =>
      guard !== null && round < storeTries && mayHeal(error)
        ? Effect.andThen(
            restore(Effect.raceFirst(guard.ready, guard.lost)),
            keep(restore, claimId, outcome, guard, round + 1)
          )
        : Effect.fail(error)
    )

  // Where the vendor does not say what changed, the findings of the last complete scan of an equal request do.
  const compared = (outcome: ScanOutcome<Payload>, key: ClaimKey | null): Effect.Effect<ScanOutcome<Payload>> => {
    if (key === null || !Comparison.isWanted(outcome)) return Effect.succeed(outcome)
    return Effect.map(
      Effect.catch(journal.history({ key, limit: comparedAtMost }), () => Effect.succeed([])),
      (earlier) =>
        Comparison.withDelta(
          outcome,
          earlier.map((entry) => entry.outcome)
        )
    )
  }

  const collected = (outcome: ScanOutcome<Payload>, guard: HoldGuard | null): Effect.Effect<ScanOutcome<Payload>> =>
    Effect.gen(function* () {
      if (adapter.collect === undefined || outcome._tag === "Failed") return outcome
      parts.collecting()
      const collect = fenced(guard)(adapter.collect(outcome))
      const { turn: nextTurn } = guardedBy(guard, budget)
      for (let tried = 1; ; tried++) {
        const due = yield* SteadyClock.now
        const turn = yield* nextTurn({ kind: "collect", due, lane: parts.request.lane })
        if (isDenied()) {
          turn.giveBack()
          return withoutFindings(outcome, "denied")
        }
        const answer = yield* collect.pipe(
          Effect.timeoutOption(parts.request.policy.pollTimeout),
          Effect.map((found) => Option.getOrElse(found, () => null)),
          Effect.catch((fault) => Effect.succeed(fault))
        )
        if (answer !== null && !(answer instanceof PollFault)) return { ...outcome, findings: answer }
        const why = answer === null ? "timeout" : answer.code
        const asked = answer === null ? Option.none() : answer.hint
        if (answer !== null && answer.kind === "Denied") {
          budget.deny()
          yield* parts.refused(answer)
        }
        if (answer !== null && answer.kind === "Throttled") {
          const paused = hintMillis(asked, adapter.limits.throttledWait, adapter.limits.pauseCap)
          budget.pause((yield* SteadyClock.now) + paused)
        }
        const final = answer !== null && (answer.permanent || answer.kind === "Denied")
        if (final || tried >= collectTries) {
          return withoutFindings(outcome, why)
        }
        const floor = Duration.toMillis(adapter.limits.floor)
        const wait = Math.max(floor, hintMillis(asked, Duration.seconds(2 ** tried), adapter.limits.hintCap))
        yield* Effect.sleep(Duration.millis(wait))
      }
    })

  const withoutFindings = (outcome: ScanOutcome<Payload>, why: string): ScanOutcome<Payload> => ({
    ...outcome,
    warnings: [...outcome.warnings, `the findings could not be fetched (${why})`]
  })

  // What the vendor said is the outcome, whatever becomes of the findings: an interrupt or a defect costs them alone.
  const completed = (
    restore: Restore,
    outcome: ScanOutcome<Payload>,
    key: ClaimKey | null,
    guard: HoldGuard | null
  ): Effect.Effect<ScanOutcome<Payload>> => {
    const found = Effect.flatMap(collected(outcome, guard), (found) => compared(found, key))
    // Whoever has lost the claim asks nothing more about it.
    const held =
      guard === null
        ? found
        : Effect.raceFirst(
            found,
            Effect.catch(guard.lost, () => Effect.succeed(outcome))
          )
    return Effect.catchCause(restore(held), (cause) => {
      const wanted = adapter.collect !== undefined && outcome._tag !== "Failed"
      if (Cause.hasInterruptsOnly(cause)) {
        return Effect.succeed(wanted ? withoutFindings(outcome, "interrupted") : outcome)
      }
      return Effect.as(
        undisturbed(
          Effect.logError(`the findings of ${Tickets.key(outcome.ticket)} could not be fetched: ${whereabouts(cause)}`)
        ),
        wanted ? withoutFindings(outcome, defectCode) : outcome
      )
    })
  }

  return { store, settle, keep, completed }
}
