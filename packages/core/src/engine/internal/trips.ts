// One request from its beginning to its end: both trips (run, wait) or the first alone (submit). May touch: the account's load
// and the request's slot. Law: what a request holds is released when it ends, however it ends.
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Scope from "effect/Scope"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import type { SubmitError } from "../../model/SubmitError.ts"
import * as RateBudget from "../RateBudget.ts"
import type { ScanEvent, ScanEventKind } from "../ScanEvent.ts"
import { type JournalError, ScanJournal } from "../ScanJournal.ts"
import type { ScanRequest } from "./scanRequest.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Telemetry from "../Telemetry.ts"
import { acquire } from "./acquire.ts"
import { follow } from "./follow.ts"
import * as Job from "./job.ts"
import { canSupplement, supplement } from "./keep.ts"
import * as Record from "./record.ts"
import * as VendorSays from "./vendorSays.ts"
import * as Progress from "./progress.ts"
import * as EqualRequests from "./equalRequests.ts"
import * as Recall from "./recall.ts"

// - `reuse`: how old an outcome may be to be taken; an age, so that no limit on waits holds for it. Default 1 hour.
export interface Options {
  readonly reuse?: Duration.Input
  readonly maxPurchases?: number
  readonly observer?: (event: ScanEvent) => void
}

export const reuseFrom = (startedAt: number, reuse: Duration.Input | undefined): number =>
  Recall.settledSince(startedAt, Duration.fromInputUnsafe(reuse ?? "1 hour"))

// Both trips: a request becomes a ticket, and the ticket an outcome.
export const acquireAndFollow = <Payload, R>(
  job: Job.Job<Payload, R>
): Effect.Effect<Progress.Ended<Payload>, Record.RunError, R> =>
  traced(job.request)(
    withinScope(
      job,
      Effect.flatMap(acquire(job), (acquired) =>
        acquired._tag === "Settled"
          ? supplemented(job, acquired.ended)
          : Effect.tap(follow(job, acquired.bought), (ended) =>
              Effect.sync(() => EqualRequests.shareAnswer(job, ended))
            )
      )
    )
  )

// An outcome of the journal that lacks findings is asked about again. What ended in this run has just been asked.
const supplemented = <Payload, R>(
  job: Job.Job<Payload, R>,
  ended: Progress.Ended<Payload>
): Effect.Effect<Progress.Ended<Payload>> => {
  const { claimId } = job.progress
  if (!ended.reused || claimId === null || !canSupplement(job.request.adapter, ended.outcome)) {
    return Effect.succeed(ended)
  }
  return Effect.map(supplement(job, claimId, ended.outcome), (outcome) =>
    Progress.recordEnd(job.progress, { ...ended, outcome })
  )
}

// The first trip alone.
export const acquireOnly = <Payload, R>(
  job: Job.Job<Payload, R>
): Effect.Effect<Job.Acquired<Payload>, SubmitError | JournalError> =>
  traced(job.request)(withinScope(job, acquire(job)))

// What a request holds is released when it ends: its claim, and its place among the account's open scans.
const withinScope = <A, E, R>(
  job: Job.Job<unknown, unknown>,
  trip: Effect.Effect<A, E, R | Scope.Scope>
): Effect.Effect<A, E, Exclude<R, Scope.Scope>> =>
  Effect.ensuring(
    Effect.scoped(trip),
    Effect.map(SteadyClock.now, (now) => closeSlot(job, now))
  )

// A scan without an outcome is still open at the vendor, whether nobody waited for it or the wait ended first.
const closeSlot = ({ slot, request, progress }: Job.Job<unknown, unknown>, now: number): void => {
  const { ended, ticket } = progress
  if (ended !== null || ticket === null) return slot.free()
  const usually = Math.ceil(Duration.toMillis(request.adapter.budget.typicalDuration))
  slot.leave(ticket.scanId, Math.min(ticket.submittedAt ?? now, now) + usually)
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
  trip: (job: Job.Job<Payload, R>) => Effect.Effect<A, E, R>,
  ended: (job: Job.Job<Payload, R>, exit: Exit.Exit<A, E>) => Effect.Effect<void>
): Effect.Effect<A, E, ScanJournal | R> =>
  Effect.gen(function* () {
    const budgets = yield* RateBudget.here
    yield* VendorSays.restorePauses([wanted.adapter], budgets, yield* ScanJournal)
    const startedAt = yield* Clock.currentTimeMillis
    const budget = Job.budgetOf(wanted, budgets)
    const denials = budget.denials()
    const progress = Progress.make<Payload>(wanted)
    const run: Job.Run = {
      budgets,
      fleet: null,
      startedAt,
      reuseFrom: reuseFrom(startedAt, options.reuse),
      denials: () => denials,
      repeated: new Map(),
      purchases: Job.purchases(options.maxPurchases),
      accesses: new Map()
    }
    const job = yield* Job.make(wanted, progress, run, emitter(wanted, progress, 0, yield* nowReader, options.observer))
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
    alone(wanted, options, acquireAndFollow, ({ progress }, exit) => {
      const isCutOff = Exit.isFailure(exit) && Cause.hasInterruptsOnly(exit.cause)
      return Record.count(wanted, progress, Record.verdict(progress, isCutOff ? null : exit, "interrupted").state)
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
    progress: Progress.Progress<unknown>,
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
        subject: Progress.subjectOf(wanted, progress),
        claimId: progress.claimId,
        ticket: progress.ticket
      })
    } catch {
      // An observer cannot disturb the run.
    }
  }
