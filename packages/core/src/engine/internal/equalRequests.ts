// Equal requests that are under way together: one purchase for all of them. May touch: the run's table of repeated requests,
// and the wishes of this process that wait for their turn. Law: the claim of the first is that of the others, whatever a
// clock says and however it ends.
import * as Account from "../../model/Account.ts"
import type * as ScanRequest from "./scanRequest.ts"
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

// A wish that has not been bought yet: the claim that an equal wish got meanwhile, in this run or another one.
export interface Waiting {
  claimId: string | null
}

// Two journals have nothing to do with each other.
const waiting = new WeakMap<object, Map<string, Set<Waiting>>>()

const waitingWith = (job: Job.Job<unknown, unknown>): Set<Waiting> => {
  const all = waiting.get(job.journal) ?? new Map<string, Set<Waiting>>()
  waiting.set(job.journal, all)
  const equality = equalityOf(job.request) ?? ""
  const equal = all.get(equality) ?? new Set<Waiting>()
  all.set(equality, equal)
  return equal
}

export const enter = (job: Job.Job<unknown, unknown>): Waiting => {
  const wish: Waiting = { claimId: null }
  waitingWith(job).add(wish)
  return wish
}

export const exit = (job: Job.Job<unknown, unknown>, wish: Waiting): void => {
  const equal = waitingWith(job)
  equal.delete(wish)
  if (equal.size === 0) waiting.get(job.journal)?.delete(equalityOf(job.request) ?? "")
}

// The claim of a wish, for those that wait for their turn beside it.
export const shareWithWaiting = (job: Job.Job<unknown, unknown>, own: Waiting, claimId: string): void => {
  for (const wish of waitingWith(job)) if (wish !== own) wish.claimId = claimId
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
