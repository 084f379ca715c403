// What the answer to a submission leads to, or that there is none. May touch: the account, the journal's claim. Law: what
// the vendor said is stored, and a submission that may have been accepted is in doubt until somebody knows.
import * as Cause from "effect/Cause"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { Reason } from "../../model/ScanOutcome.ts"
import * as ScanTicket from "../../model/ScanTicket.ts"
import * as SubmitError from "../../model/SubmitError.ts"
import * as Decision from "../../policy/Decision.ts"
import type { Already, Submitted } from "../ScanAdapter.ts"
import type { ClaimKey, JournalError } from "../ScanJournal.ts"
import type * as Hold from "./hold.ts"
import * as Job from "./job.ts"
import { keep } from "./keep.ts"
import { defectCode } from "./log.ts"
import * as Progress from "./progress.ts"
import { store } from "./storedOutcome.ts"
import * as VendorSays from "./vendorSays.ts"

// Without a stored ticket a purchase can be found again by its log line alone.
const ticketTries = 10

export interface Failed {
  readonly _tag: "Failed"
  readonly error: SubmitError.SubmitError
}

/** What became of a submission. */
export type Answered<Payload> = Job.Acquired<Payload> | Failed

export const maybeAccepted = (code: string, what: string): SubmitError.SubmitError =>
  SubmitError.make({ kind: "InDoubt", code, message: `${what}; it may have been accepted` })

/** The scan was bought, or had been: its ticket or its outcome is stored. */
export const accepted = <Payload, R>(
  restore: Hold.Restore,
  job: Job.Job<Payload, R>,
  { claimId, key }: { readonly claimId: string; readonly key: ClaimKey },
  answer: Submitted | Already<Payload>,
  now: number
): Effect.Effect<Job.Acquired<Payload>, JournalError> =>
  Effect.gen(function* () {
    const { account, journal, progress } = job
    VendorSays.apply(account.budget, account.limits, { quota: answer.quota }, now, { by: progress, kind: "submit" })
    if (answer._tag === "Already") {
      Progress.recordTicket(progress, claimId, answer.outcome.ticket)
      const outcome = yield* keep(restore, job, { claimId, key, asked: Job.asked(job), guard: null }, answer.outcome)
      return { _tag: "Settled", ended: Progress.recordOutcome(progress, outcome) } as const
    }
    // The wall clock may have been set since the engine began to count.
    const ticket = answer.ticket.submittedAt === null ? answer.ticket : { ...answer.ticket, submittedAt: now }
    Progress.recordTicket(progress, claimId, ticket)
    yield* store(
      journal.submitted(claimId, ticket, now + firstWait(job, answer.hint)),
      `the ticket ${ScanTicket.accountKey(ticket)} of claim ${claimId}`,
      ticketTries
    )
    const bought: Job.Bought = { claimId, ticket, key, known: false, hint: answer.hint, notBefore: 0 }
    return { _tag: "Ticket", bought } as const
  })

// A process that takes the polls over before the first one waits for it as we would.
const firstWait = ({ request }: Job.Job<unknown, unknown>, hint: Submitted["hint"]): number => {
  const { adapter, policy } = request
  const own = policy.first === null ? Decision.floorOf(policy, adapter.limits) : Duration.toMillis(policy.first)
  return Math.max(Math.ceil(own), VendorSays.hintMillis(hint, Duration.zero, adapter.limits.hintCap))
}

/** The scan was not bought, or that is unknown: which of them is stored. */
export const rejected = <Payload>(
  job: Job.Job<Payload, unknown>,
  claimId: string,
  cause: Cause.Cause<SubmitError.SubmitError>,
  now: number
): Effect.Effect<Failed, JournalError> =>
  Effect.gen(function* () {
    const { account, progress } = job
    const found = Cause.findError(cause)
    // A defect of an adapter says nothing about what the vendor did.
    const error = Result.isSuccess(found)
      ? found.success
      : maybeAccepted(defectCode, "the adapter failed during the submission")
    if (error.kind === "Refused" || error.kind === "Denied") progress.failed = error
    if (error.kind === "InDoubt") progress.inDoubt = reasonOf(error)
    VendorSays.apply(account.budget, account.limits, error, now, { by: progress, kind: "submit" })
    if (error.kind === "Denied") yield* account.logDenied(error.code, withAdvice(error))
    yield* storeRejection(job, claimId, error)
    if (error.kind === "NotSent") progress.reachedVendor = false
    if (Result.isFailure(found) && Cause.hasDies(cause)) return yield* Effect.orDie(Effect.failCause(cause))
    return { _tag: "Failed", error } as const
  })

const storeRejection = (
  { journal }: Job.Job<unknown, unknown>,
  claimId: string,
  error: SubmitError.SubmitError
): Effect.Effect<void, JournalError> => {
  switch (error.kind) {
    case "Refused":
    case "Denied":
      return store(journal.refused(claimId, reasonOf(error)), "a refusal")
    case "Throttled":
      return store(journal.released(claimId), "a submission that was not taken")
    case "NotSent":
      return store(journal.released(claimId), "a submission that was not sent")
    case "InDoubt":
      return store(journal.inDoubt(claimId, reasonOf(error)), "a submission in doubt")
  }
}

const reasonOf = ({ advice, code, message, requestId }: SubmitError.SubmitError): Reason => ({
  code,
  message,
  advice,
  requestId
})

// A vendor's message may be a sentence with its full stop.
const withAdvice = ({ advice, message }: SubmitError.SubmitError): string =>
  advice === null ? message : `${message.replace(/[.;:\s]+$/, "")}; ${advice}`
