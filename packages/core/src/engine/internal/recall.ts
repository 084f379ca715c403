// Outcomes that exist already: in the journal, or found by another request of this process.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as SubmitErrors from "../../model/SubmitError.ts"
import type { SubmitError } from "../../model/SubmitError.ts"
import type { ScanOutcome } from "../../model/ScanOutcome.ts"
import type { JournalError } from "../ScanJournal.ts"
import * as Job from "./job.ts"

// The journal's outcome of a claim, settled at `at`.
export const fromJournal = <Payload, R>(
  job: Job.Job<Payload, R>,
  claimId: string,
  stored: unknown,
  at: number
): Effect.Effect<Job.Ended<Payload>, JournalError> =>
  Effect.gen(function* () {
    const outcome = yield* job.stored.decode(stored)
    const now = yield* Clock.currentTimeMillis
    Job.sawTicket(job.track, claimId, outcome.ticket)
    const reused = at < job.run.startedAt
    const ageMs = reused ? Math.max(0, now - at) + (outcome.ageMs ?? 0) : outcome.ageMs
    return Job.finish(job.track, { outcome, reused, ageMs })
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
  ended: Job.Ended<unknown>
): Effect.Effect<Job.Ended<Payload>, JournalError> =>
  Effect.map(fromOther(job, ended.outcome), (outcome) => {
    Job.sawTicket(job.track, claimId, outcome.ticket)
    return Job.finish(job.track, { ...ended, outcome })
  })

// A claim in doubt is never submitted again by itself.
export const inDoubt = (job: Job.Job<unknown, unknown>, claimId: string): Effect.Effect<never, SubmitError> =>
  Effect.suspend(() => {
    const message = `an earlier submission of this request (${claimId}) may have been accepted; it is not sent again`
    job.track.claimId = claimId
    job.track.inDoubt = { code: "in-doubt", message, advice: null, requestId: null }
    return Effect.fail(SubmitErrors.make({ kind: "InDoubt", code: "in-doubt", message }))
  })
