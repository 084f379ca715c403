// Outcomes that exist already: in the journal, or found by another request of this process. May touch: the request's progress.
// Law: no outcome is used before the adapter's schema has read it, and a claim in doubt is never submitted again.
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as SubmitError from "../../model/SubmitError.ts"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import { clockSkew, type JournalError } from "../ScanJournal.ts"
import type { Buy } from "./scanRequest.ts"
import type * as Job from "./job.ts"
import * as Progress from "./progress.ts"

// The journal's outcome of a claim, settled at `at`.
export const fromJournal = <Payload, R>(
  job: Job.Job<Payload, R>,
  claimId: string,
  stored: unknown,
  at: number
): Effect.Effect<Progress.Ended<Payload>, JournalError> =>
  Effect.gen(function* () {
    const outcome = yield* job.stored.decode(stored)
    const now = yield* Clock.currentTimeMillis
    Progress.recordTicket(job.progress, claimId, outcome.ticket)
    if (at > now + clockSkew) {
      const when = new Date(at).toISOString()
      job.progress.warnings.push(`stored at ${when}, which is later than now: the clock was set back; it counts as new`)
    }
    // What settled later than now did so before the clock was set back.
    const reused = at < job.run.startedAt || at > now
    const ageMs = reused ? Math.max(0, now - at) + (outcome.ageMs ?? 0) : outcome.ageMs
    return Progress.recordEnd(job.progress, { outcome, reused, ageMs, storedAt: Math.min(at, now) })
  })

// The other request's adapter is equal, not the same: its payload is checked all the same.
export const fromOther = <Payload, R>(
  job: Job.Job<Payload, R>,
  outcome: ScanOutcome<unknown>
): Effect.Effect<ScanOutcome<Payload>, JournalError> => Effect.flatMap(job.stored.encode(outcome), job.stored.decode)

// The answer that an equal request of this run got.
export const fromEqual = <Payload, R>(
  job: Job.Job<Payload, R>,
  claimId: string | null,
  ended: Progress.Ended<unknown>
): Effect.Effect<Progress.Ended<Payload>, JournalError> =>
  Effect.map(fromOther(job, ended.outcome), (outcome) => {
    Progress.recordTicket(job.progress, claimId, outcome.ticket)
    return Progress.recordEnd(job.progress, { ...ended, outcome })
  })

// A claim in doubt is never submitted again by itself.
export const inDoubt = (
  job: Job.Job<unknown, unknown>,
  claimId: string
): Effect.Effect<never, SubmitError.SubmitError> =>
  Effect.suspend(() => {
    const message = `an earlier submission of this request (${claimId}) may have been accepted; it is not sent again`
    job.progress.claimId = claimId
    job.progress.inDoubt = { code: "in-doubt", message, advice: null, requestId: null }
    return Effect.fail(SubmitError.make({ kind: "InDoubt", code: "in-doubt", message }))
  })

// The oldest time of an outcome that is no older than `age`. None is that recent where a new scan is asked for, not one of the same
// millisecond, nor one that a clock which was set back shows in the future.
export const settledSince = (now: number, age: Duration.Duration): number => {
  const millis = Math.ceil(Duration.toMillis(age))
  return millis > 0 ? Math.max(0, now - millis) : Number.MAX_SAFE_INTEGER
}

// From when on a settled outcome may answer this request: the run says how old it may be, and so may the request.
export const reuseFrom = (
  run: Pick<Job.Run, "reuseFrom" | "startedAt">,
  { maxAge }: Pick<Buy<unknown>, "maxAge">
): number => {
  if (maxAge === null) return run.reuseFrom
  return Math.max(run.reuseFrom, settledSince(run.startedAt, maxAge))
}
