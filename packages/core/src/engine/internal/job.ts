// One request under way: what the rooms (acquire, hold, follow, record) share, and nothing they do.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Account from "../../model/Account.ts"
import type { PollStopped, Seen } from "../../model/PollStopped.ts"
import type { Reason, ScanOutcome } from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { Subject } from "../../model/Subject.ts"
import type { SubmitError } from "../../model/SubmitError.ts"
import type { Fleet } from "../Fleet.ts"
import type { AccountBudget, Budgets } from "../RateBudget.ts"
import type { ScanEventKind } from "../ScanEvent.ts"
import { type ClaimKey, type JournalError, type Operations, ScanJournal } from "../ScanJournal.ts"
import type { Buy, ScanRequest } from "../ScanRequest.ts"
import * as StoredOutcome from "./storedOutcome.ts"
import * as VendorSays from "./vendorSays.ts"

// The outcome of a request. `reused`: it was in the journal before the run began, `ageMs` old.
export interface Ended<out Payload> {
  readonly outcome: ScanOutcome<Payload>
  readonly reused: boolean
  readonly ageMs: number | null
}

// What is known of a request at any moment. Its record is made from this, however the request ends.
export interface Track<Payload> {
  claimId: string | null
  ticket: ScanTicket | null
  // What the journal knows to be scanned, where the request knows no more than the ticket.
  subject: Subject | null
  submittedAt: number | null
  // The request was bought before this run.
  known: boolean
  polls: number
  last: Seen | null
  nextAt: number | null
  reachedVendor: boolean
  inDoubt: Reason | null
  // Why there will be no ticket or no outcome, where an interrupt may come before the error is returned.
  failed: SubmitError | JournalError | null
  ended: Ended<Payload> | null
  readonly warnings: Array<string>
}

export const makeTrack = <Payload>(request: ScanRequest<unknown, unknown>): Track<Payload> => ({
  claimId: request._tag === "Claim" ? request.claimId : null,
  ...ticketOf(request),
  subject: null,
  known: false,
  polls: 0,
  last: null,
  nextAt: null,
  reachedVendor: false,
  inDoubt: null,
  failed: null,
  ended: null,
  warnings: []
})

const ticketOf = (request: ScanRequest<unknown, unknown>): Pick<Track<unknown>, "ticket" | "submittedAt"> => {
  const ticket = request._tag === "Buy" ? null : request.ticket
  return { ticket, submittedAt: ticket === null ? null : ticket.submittedAt }
}

// What the requests of one run share.
//
// - `denials`: how often the account's key had been refused when the run began.
// - `repeated`: the claims and answers of requests that occur more than once in the run: one purchase, whatever a clock
//   says, however it ends and whether or not it asks for a new scan.
export interface Run {
  readonly budgets: Budgets
  readonly fleet: Fleet | null
  readonly reuseFrom: number
  readonly startedAt: number
  readonly denials: (budget: AccountBudget) => number
  readonly repeated: Map<string, Answered | null>
}

// What an equal request of the same run came to: its claim, and the answer once there is one.
export interface Answered {
  readonly claimId: string | null
  readonly ended: Ended<unknown> | null
}

export interface Job<Payload, R> {
  readonly request: ScanRequest<Payload, R>
  readonly run: Run
  readonly track: Track<Payload>
  readonly emit: (kind: ScanEventKind) => void
  readonly journal: Operations
  readonly account: VendorSays.AccountAccess
  readonly stored: StoredOutcome.Codec<Payload>
  readonly holding: Holding
}

// A scan to follow. `known`: bought before this run. `deadlineAt`: null while its whole deadline is ahead.
export interface Bought {
  readonly claimId: string
  readonly ticket: ScanTicket
  readonly key: ClaimKey | null
  readonly known: boolean
  readonly hint: Option.Option<Duration.Duration>
  readonly notBefore: number
}

export type FollowError = PollStopped<ScanTicket> | JournalError

// What a request holds: its place among the account's open scans, once per scan and for the request that polls it; and a
// claim that was acquired and is not followed yet.
export class Holding {
  isReserved = false
  private hasSlot = false
  private readonly budget: AccountBudget

  constructor(budget: AccountBudget) {
    this.budget = budget
  }

  // The turn of an accepted submission holds a place already.
  keepSlot(): void {
    this.hasSlot = true
  }

  takeSlot(scanId: string): void {
    if (!this.hasSlot) this.budget.bought(scanId)
    this.hasSlot = true
  }

  freeSlot(): void {
    if (this.hasSlot) this.budget.closed()
    this.hasSlot = false
  }

  // The request ends, and the vendor still has the scan open: its place is kept for as long as a scan usually takes.
  leaveSlot(scanId: string, until: number): void {
    if (this.hasSlot) this.budget.unfollowed(scanId, until)
    this.hasSlot = false
  }
}

export const budgetOf = (request: Pick<ScanRequest<unknown>, "adapter">, budgets: Budgets): AccountBudget =>
  budgets.account(request.adapter, request.adapter.budget)

export const claimKey = ({ adapter, fingerprint }: Pick<Buy<unknown>, "adapter" | "fingerprint">): ClaimKey => ({
  ...Account.of(adapter),
  environment: adapter.environment,
  fingerprint
})

// A text that equal requests share; null for what is never submitted.
export const equalityOf = (request: ScanRequest<unknown, unknown>): string | null =>
  request._tag === "Buy" ? Account.purchaseKey(claimKey(request)) : null

export const make = <Payload, R>(
  request: ScanRequest<Payload, R>,
  track: Track<Payload>,
  run: Run,
  emit: (kind: ScanEventKind) => void
): Effect.Effect<Job<Payload, R>, never, ScanJournal> =>
  Effect.map(ScanJournal, (journal) => {
    const budget = budgetOf(request, run.budgets)
    return {
      request,
      run,
      track,
      emit,
      journal,
      account: VendorSays.access(request.adapter, budget, journal, run.denials(budget)),
      stored: StoredOutcome.codec(request.adapter),
      holding: new Holding(budget)
    }
  })

// Written down at once: an interrupt must not lose an outcome that was reached.
export const finish = <Payload>(track: Track<Payload>, ended: Ended<Payload>): Ended<Payload> => {
  track.ended = ended
  return ended
}

export const finishNow = <Payload>(track: Track<Payload>, outcome: ScanOutcome<Payload>): Ended<Payload> =>
  finish(track, { outcome, reused: false, ageMs: outcome.ageMs })

// What is scanned, by the best source: the request, the claim that bought the scan, else the vendor's answer.
export const subjectOf = ({ subject }: Pick<ScanRequest<unknown>, "subject">, track: Track<unknown>): Subject => {
  const known = track.subject ?? subject
  return known.kind === "unknown" ? (track.ended?.outcome.subject ?? known) : known
}

// What is known of the scan itself.
export const sawTicket = (track: Track<unknown>, claimId: string | null, ticket: ScanTicket): void => {
  track.claimId = claimId
  track.ticket = ticket
  track.submittedAt = ticket.submittedAt
}

// The oldest time of an outcome that is no older than `age`.
export const settledSince = (now: number, age: Duration.Duration): number => {
  const millis = Math.ceil(Duration.toMillis(age))
  return Math.max(0, now - (millis > 0 ? millis : 0))
}

// From when on a settled outcome may answer this request: the run says how old it may be, and so may the request.
export const reuseFrom = (run: Run, { maxAge }: Pick<Buy<unknown>, "maxAge">): number => {
  if (maxAge === null) return run.reuseFrom
  if (Duration.toMillis(maxAge) === 0) return Number.MAX_SAFE_INTEGER
  return Math.max(run.reuseFrom, settledSince(run.startedAt, maxAge))
}

// What an equal request of this run came to; null when none has a claim yet.
export const equalBefore = (job: Job<unknown, unknown>): Answered | null => {
  const equality = equalityOf(job.request)
  return equality === null ? null : (job.run.repeated.get(equality) ?? null)
}

const shareWith = (job: Job<unknown, unknown>, answered: Answered | null): void => {
  const equality = equalityOf(job.request)
  if (equality !== null && job.run.repeated.has(equality)) job.run.repeated.set(equality, answered)
}

// The claim of this run's wish, for its equal requests: what comes of it is theirs.
export const shareClaim = (job: Job<unknown, unknown>, claimId: string): void => {
  if (equalBefore(job) === null) shareWith(job, { claimId, ended: null })
}

// A claim that came to nothing: the next equal request may buy.
export const forgetClaim = (job: Job<unknown, unknown>, claimId: string): void => {
  const known = equalBefore(job)
  if (known !== null && known.claimId === claimId && known.ended === null) shareWith(job, null)
}

// The answer for the equal requests of this run.
export const shareAnswer = (job: Job<unknown, unknown>, ended: Ended<unknown>): void =>
  shareWith(job, { claimId: job.track.claimId, ended })
