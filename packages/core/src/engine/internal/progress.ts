// What is known of one request so far. May touch: nothing. Law: a fact is written down in the same step in which it becomes
// known, so that an interrupt cannot lose it; the record is made from it, however the request ends.
import type { Seen } from "../../model/PollStopped.ts"
import type { Reason, ScanOutcome } from "../../model/ScanOutcome.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { Subject } from "../../model/Subject.ts"
import type { SubmitError } from "../../model/SubmitError.ts"
import type { JournalError } from "../ScanJournal.ts"
import type { ScanRequest } from "./scanRequest.ts"

// The outcome of a request. `reused`: it was in the journal before the run began, `ageMs` old, since `storedAt`.
export interface Ended<out Payload> {
  readonly outcome: ScanOutcome<Payload>
  readonly reused: boolean
  readonly ageMs: number | null
  readonly storedAt?: number
}

// What is known of a request at any moment. Its record is made from this, however the request ends.
export interface Progress<Payload> {
  claimId: string | null
  ticket: ScanTicket | null
  // What the journal knows to be scanned, where the request knows no more than the ticket.
  subject: Subject | null
  submittedAt: number | null
  // The request was bought before this run.
  known: boolean
  // Since when the request waits for the submission of an equal one; null where it does not.
  joinedAt: number | null
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

export const make = <Payload>(request: ScanRequest<unknown, unknown>): Progress<Payload> => ({
  claimId: request._tag === "Claim" ? request.claimId : null,
  ...ticketOf(request),
  subject: null,
  known: false,
  joinedAt: null,
  polls: 0,
  last: null,
  nextAt: null,
  reachedVendor: false,
  inDoubt: null,
  failed: null,
  ended: null,
  warnings: []
})

const ticketOf = (request: ScanRequest<unknown, unknown>): Pick<Progress<unknown>, "ticket" | "submittedAt"> => {
  const ticket = request._tag === "Buy" ? null : request.ticket
  return { ticket, submittedAt: ticket === null ? null : ticket.submittedAt }
}

// Written down at once: an interrupt must not lose an outcome that was reached.
export const recordEnd = <Payload>(progress: Progress<Payload>, ended: Ended<Payload>): Ended<Payload> => {
  progress.ended = ended
  return ended
}

export const recordOutcome = <Payload>(progress: Progress<Payload>, outcome: ScanOutcome<Payload>): Ended<Payload> =>
  recordEnd(progress, { outcome, reused: false, ageMs: outcome.ageMs })

// What is scanned, by the best source: the request, the claim that bought the scan, else the vendor's answer.
export const subjectOf = ({ subject }: Pick<ScanRequest<unknown>, "subject">, progress: Progress<unknown>): Subject => {
  const known = progress.subject ?? subject
  return known.kind === "unknown" ? (progress.ended?.outcome.subject ?? known) : known
}

// What is known of the scan itself.
export const recordTicket = (progress: Progress<unknown>, claimId: string | null, ticket: ScanTicket): void => {
  progress.claimId = claimId
  progress.ticket = ticket
  progress.submittedAt = ticket.submittedAt
}
