// The second trip: a ticket becomes an outcome. May touch: the journal's hold and outcome; the polls are made by
// `pollUntilSettled`, and `awaitOwner` waits where another process makes them. Law: one poll loop per scan, and a settled answer
// is kept.
import * as Cause from "effect/Cause"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Result from "effect/Result"
import * as Contradiction from "../../model/Contradiction.ts"
import type { PollStopped } from "../../model/PollStopped.ts"
import * as ScanOutcome from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import * as Decision from "../../policy/Decision.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import { type Hold as ClaimHold, JournalError } from "../ScanJournal.ts"
import { awaitOwner } from "./awaitOwner.ts"
import { later, stopAt, type Wait } from "./followWait.ts"
import * as Hold from "./hold.ts"
import * as Job from "./job.ts"
import { keep } from "./keep.ts"
import { type Ours, pollUntilSettled } from "./pollUntilSettled.ts"
import * as Progress from "./progress.ts"
import * as Recall from "./recall.ts"

type Following<Payload, R> = Effect.Effect<Progress.Ended<Payload>, Job.FollowError, R>

export const follow = <Payload, R>(job: Job.Job<Payload, R>, bought: Job.Bought): Following<Payload, R> =>
  Effect.flatMap(SteadyClock.now, (now) => {
    // A wish that joined another's submission and then bought by itself waits for its own scan alone.
    const joinedAt = bought.known ? job.progress.joinedAt : null
    const deadlineAt = (joinedAt ?? now) + Math.ceil(Duration.toMillis(job.request.policy.deadline))
    return join(job, { ...bought, deadlineAt, isFirst: joinedAt === null })
  })

// One poll loop per ticket in this process. When its owner leaves, the next in line takes over.
const join = <Payload, R>(job: Job.Job<Payload, R>, wait: Wait): Following<Payload, R> =>
  Hold.followOrJoin(
    job,
    wait,
    Effect.suspend(() => own(job, wait)),
    (other) => listen(job, later(wait), other)
  )

// One poll loop per claim among processes. Goes on after each change of owner, until the claim is over or the deadline.
const own = <Payload, R>(job: Job.Job<Payload, R>, wait: Wait): Following<Payload, R> =>
  Hold.withClaim(
    job,
    wait.claimId,
    (hold): Effect.Effect<Progress.Ended<Payload> | null, Job.FollowError, R> => {
      switch (hold._tag) {
        case "Over":
          return over(job, wait.claimId, hold.entry)
        case "Theirs":
          return awaitOwner(job, wait, hold)
        case "Ours":
          return settle(job, wait, hold)
      }
    },
    (cause) => notBefore(job, cause),
    !wait.isFirst
  ).pipe(
    Effect.catchIf(isLost, () => Effect.succeed(null)),
    Effect.flatMap((ended) => (ended === null ? own(job, later(wait)) : Effect.succeed(ended)))
  )

const isLost = (error: Job.FollowError): boolean => error._tag === "JournalError" && error.reason === "lost"

const over = <Payload, R>(
  job: Job.Job<Payload, R>,
  claimId: string,
  entry: Extract<ClaimHold, { readonly _tag: "Over" }>["entry"]
): Effect.Effect<Progress.Ended<Payload>, JournalError> => {
  if (entry.state === "settled") return Recall.fromJournal(job, claimId, entry.outcome, entry.changedAt)
  const message = `claim ${claimId} is ${entry.state} and cannot be waited for`
  return Effect.fail(new JournalError({ reason: "conflict", message }))
}

// Polls until the scan settles, then keeps its outcome. From the settling answer on, no interrupt can lose the outcome.
const settle = <Payload, R>(job: Job.Job<Payload, R>, wait: Wait, hold: Ours): Following<Payload, R> =>
  Effect.uninterruptibleMask((restore) =>
    restore(pollUntilSettled(job, wait, hold)).pipe(
      Effect.flatMap((outcome) => keep(restore, job, { ...wait, asked: Job.asked(job), guard: hold.guard }, outcome)),
      Effect.map((outcome) => Progress.recordOutcome(job.progress, outcome)),
      Effect.tapError((error) =>
        Effect.sync(() => {
          if (error._tag === "JournalError" && !isLost(error)) job.progress.failed = error
        })
      )
    )
  )

// The time of the next poll, for the claim's next owner; null when none is known.
const notBefore = (job: Job.Job<unknown, unknown>, cause: Cause.Cause<Job.FollowError>): Effect.Effect<number | null> =>
  Effect.map(SteadyClock.now, (now) => {
    const found = Cause.findError(cause)
    if (Result.isSuccess(found) && found.success._tag === "PollStopped") return found.success.notBefore
    const { nextAt } = job.progress
    if (nextAt === null || nextAt > now) return nextAt
    // A poll that was cut reached the vendor all the same.
    return now + Decision.floorOf(job.request.policy, job.account.limits)
  })

// Waits for what the request that polls finds; takes over when it leaves without an outcome.
const listen = <Payload, R>(job: Job.Job<Payload, R>, wait: Wait, other: Hold.Follower): Following<Payload, R> => {
  const said = Deferred.await(other.done)
  // The budget may move the owner's deadline, and ours with it: ours counts only where it is the earlier one.
  const inTime =
    other.deadlineAt <= wait.deadlineAt
      ? said
      : Effect.raceFirst(
          said,
          stopAt(wait, wait.deadlineAt, () => other.progress)
        )
  const answered = Effect.ensuring(
    inTime,
    Effect.sync(() => {
      job.progress.last = other.progress.last
      job.progress.nextAt = other.progress.nextAt
    })
  )
  return Effect.flatMap(answered, (exit) => {
    if (exit === null) return join(job, wait)
    if (Exit.isSuccess(exit)) {
      return Effect.flatMap(Recall.fromOther(job, exit.value), (outcome) =>
        other.claimId === wait.claimId
          ? Effect.succeed(Progress.recordOutcome(job.progress, outcome))
          : settleOwn(job, wait, ScanOutcome.withOwnEvidence(outcome))
      )
    }
    return endedForAll(exit.cause, wait.deadlineAt) ? Effect.failCause(exit.cause) : join(job, wait)
  })
}

// The vendor gave one id to two purchases: each claim settles, by what it asked for.
const settleOwn = <Payload, R>(
  job: Job.Job<Payload, R>,
  wait: Wait,
  outcome: ScanOutcome.ScanOutcome<Payload>
): Following<Payload, R> => {
  const asked = Job.asked(job)
  return Hold.withClaim(
    job,
    wait.claimId,
    (hold): Effect.Effect<Progress.Ended<Payload>, JournalError> => {
      switch (hold._tag) {
        case "Over":
          return over(job, wait.claimId, hold.entry)
        case "Theirs":
          return Effect.sync(() => Progress.recordOutcome(job.progress, Contradiction.judge(asked, outcome)))
        case "Ours":
          // As in `settle`: the outcome is here, and no interrupt may lose it.
          return Effect.uninterruptibleMask((restore) =>
            Effect.map(keep(restore, job, { ...wait, asked, guard: hold.guard }, outcome), (whole) =>
              Progress.recordOutcome(job.progress, whole)
            )
          )
      }
    },
    () => Effect.succeed(null)
  )
}

const endedForAll = (cause: Cause.Cause<Job.FollowError>, deadlineAt: number): boolean => {
  const found = Cause.findError(cause)
  if (Result.isFailure(found) || found.success._tag !== "PollStopped") return true
  return !isOfItsOwn(found.success) || found.success.notBefore > deadlineAt
}

// A wait that used up its own time or patience says nothing about another one's.
const isOfItsOwn = (stop: PollStopped<ScanTicket>): boolean => {
  switch (stop.reason) {
    case "deadline":
    case "pace-ended":
    case "interrupted":
      return true
    case "unreachable":
      return stop.last === null || stop.last._tag !== "PollFault" || !stop.last.permanent
    case "protocol":
      return stop.last !== null && stop.last._tag === "Unrecognised"
    case "denied":
    case "not-found":
      return false
  }
}
