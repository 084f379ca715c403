// One request from its beginning to its end: both trips (run, wait) or the first alone (submit).
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import type { SubmitError } from "../../model/SubmitError.ts"
import { RateBudget } from "../RateBudget.ts"
import type { ScanEvent, ScanEventKind } from "../ScanEvent.ts"
import { type JournalError, ScanJournal } from "../ScanJournal.ts"
import type { ScanRequest } from "../ScanRequest.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Telemetry from "../Telemetry.ts"
import { acquire, type Acquired } from "./acquire.ts"
import { follow } from "./follow.ts"
import * as Jobs from "./job.ts"
import { canSupplement, supplement } from "./keep.ts"
import * as Record from "./record.ts"
import * as VendorSays from "./vendorSays.ts"

// - `reuse`: how old an outcome may be to be taken; an age, so that no limit on waits holds for it. Default 1 hour.
export interface Options {
  readonly reuse?: Duration.Input
  readonly observer?: (event: ScanEvent) => void
}

export const reuseFrom = (now: number, reuse: Duration.Input | undefined): number =>
  Jobs.settledSince(now, Duration.fromInputUnsafe(reuse ?? "1 hour"))

// Both trips: a request becomes a ticket, and the ticket an outcome.
export const acquireAndFollow = <Payload, R>(
  job: Jobs.Job<Payload, R>
): Effect.Effect<Jobs.Ended<Payload>, Record.RunError, R> =>
  traced(job.request)(
    withinScope(
      job,
      Effect.flatMap(acquire(job), (acquired) =>
        acquired._tag === "Settled"
          ? supplemented(job, acquired.ended)
          : Effect.tap(follow(job, acquired.bought), (ended) => Effect.sync(() => Jobs.shareAnswer(job, ended)))
      )
    )
  )

// An outcome of the journal that lacks findings is asked about again. What ended in this run has just been asked.
const supplemented = <Payload, R>(
  job: Jobs.Job<Payload, R>,
  ended: Jobs.Ended<Payload>
): Effect.Effect<Jobs.Ended<Payload>> => {
  const { claimId } = job.track
  if (!ended.reused || claimId === null || !canSupplement(job.request.adapter, ended.outcome)) {
    return Effect.succeed(ended)
  }
  return Effect.map(supplement(job, claimId, ended.outcome), (outcome) => Jobs.finish(job.track, { ...ended, outcome }))
}

// The first trip alone.
export const acquireOnly = <Payload, R>(
  job: Jobs.Job<Payload, R>
): Effect.Effect<Acquired<Payload>, SubmitError | JournalError> => traced(job.request)(withinScope(job, acquire(job)))

// What a request holds is released when it ends: its claim, and its place among the account's open scans.
const withinScope = <A, E, R>(
  job: Jobs.Job<unknown, unknown>,
  trip: Effect.Effect<A, E, R | Scope.Scope>
): Effect.Effect<A, E, Exclude<R, Scope.Scope>> =>
  Effect.ensuring(
    Effect.scoped(trip),
    Effect.map(SteadyClock.now, (now) => closeSlot(job, now))
  )

// A scan without an outcome is still open at the vendor, whether nobody waited for it or the wait ended first.
const closeSlot = ({ holding, request, track }: Jobs.Job<unknown, unknown>, now: number): void => {
  const { ended, ticket } = track
  if (ended !== null || ticket === null) return holding.freeSlot()
  const usually = Math.ceil(Duration.toMillis(request.adapter.budget.typicalDuration))
  holding.leaveSlot(ticket.scanId, Math.min(ticket.submittedAt ?? now, now) + usually)
}

const traced = (wanted: Pick<ScanRequest<unknown>, "adapter" | "subject">) =>
  Telemetry.traceScan({
    vendor: wanted.adapter.vendor,
    account: wanted.adapter.account,
    kind: wanted.subject.kind
  })

// One request alone, with the pauses that vendors asked earlier processes for.
export const alone = <Payload, R, A, E>(
  wanted: ScanRequest<Payload, R>,
  options: Options,
  trip: (job: Jobs.Job<Payload, R>) => Effect.Effect<A, E, R>,
  ended: (job: Jobs.Job<Payload, R>, exit: Exit.Exit<A, E>) => Effect.Effect<void>
): Effect.Effect<A, E, ScanJournal | R> =>
  Effect.gen(function* () {
    const budgets = yield* RateBudget
    yield* VendorSays.restorePauses([wanted.adapter], budgets, yield* ScanJournal)
    const startedAt = yield* SteadyClock.now
    const budget = Jobs.budgetOf(wanted, budgets)
    const denials = budget.denials()
    const track = Jobs.makeTrack<Payload>(wanted)
    const run: Jobs.Run = {
      budgets,
      fleet: null,
      startedAt,
      reuseFrom: reuseFrom(startedAt, options.reuse) + 1,
      denials: () => denials,
      repeated: new Map()
    }
    const job = yield* Jobs.make(wanted, track, run, emitter(wanted, track, 0, yield* nowReader, options.observer))
    return yield* Effect.acquireUseRelease(
      Effect.sync(() => budget.load(1)),
      () => trip(job),
      (_, exit) => {
        budget.load(-1)
        return ended(job, exit)
      }
    )
  })

export const single = <Payload, R>(
  wanted: ScanRequest<Payload, R>,
  options: Options
): Effect.Effect<ScanOutcome<Payload>, Record.RunError, ScanJournal | R> =>
  Effect.map(
    alone(wanted, options, acquireAndFollow, ({ track }, exit) => {
      const isCutOff = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
      return Record.count(wanted, track, Record.verdict(track, isCutOff ? null : exit, "interrupted").state)
    }),
    (ended) => ended.outcome
  )

export const nowReader: Effect.Effect<() => number> = Effect.withFiber((fiber) => {
  const clock = SteadyClock.ofFiber(fiber)
  return Effect.succeed(() => Math.ceil(SteadyClock.nowUnsafe(clock)))
})

export const emitter =
  (
    wanted: Pick<ScanRequest<unknown>, "adapter" | "subject">,
    track: Jobs.Track<unknown>,
    index: number,
    now: () => number,
    observer: ((event: ScanEvent) => void) | undefined
  ) =>
  (kind: ScanEventKind): void => {
    if (observer === undefined) return
    try {
      observer({
        ...kind,
        index,
        at: now(),
        vendor: wanted.adapter.vendor,
        account: wanted.adapter.account,
        subject: Jobs.subjectOf(wanted, track),
        claimId: track.claimId,
        ticket: track.ticket
      })
    } catch {
      // An observer cannot disturb the run.
    }
  }
