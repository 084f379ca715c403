// Equal requests of one run: one purchase for all of them. May touch: the run's table of repeated requests. Law: the claim
// and the answer of the first are those of the others.
import * as Account from "../../model/Account.ts"
import type * as ScanRequest from "../ScanRequest.ts"
import * as Job from "./job.ts"
import type * as Progress from "./progress.ts"

// A text that equal requests share; null for what is never submitted.
export const equalityOf = (request: ScanRequest.ScanRequest<unknown, unknown>): string | null =>
  request._tag === "Buy" ? Account.purchaseKey(Job.claimKey(request)) : null

// What an equal request of this run came to; null when none has a claim yet.
export const equalBefore = (job: Job.Job<unknown, unknown>): Job.Answered | null => {
  const equality = equalityOf(job.request)
  return equality === null ? null : (job.run.repeated.get(equality) ?? null)
}

const shareWith = (job: Job.Job<unknown, unknown>, answered: Job.Answered | null): void => {
  const equality = equalityOf(job.request)
  if (equality !== null && job.run.repeated.has(equality)) job.run.repeated.set(equality, answered)
}

// The claim of this run's wish, for its equal requests: what comes of it is theirs.
export const shareClaim = (job: Job.Job<unknown, unknown>, claimId: string): void => {
  if (equalBefore(job) === null) shareWith(job, { claimId, ended: null })
}

// A claim that came to nothing: the next equal request may buy.
export const forgetClaim = (job: Job.Job<unknown, unknown>, claimId: string): void => {
  const known = equalBefore(job)
  if (known !== null && known.claimId === claimId && known.ended === null) shareWith(job, null)
}

// The answer for the equal requests of this run.
export const shareAnswer = (job: Job.Job<unknown, unknown>, ended: Progress.Ended<unknown>): void =>
  shareWith(job, { claimId: job.progress.claimId, ended })
