// How a request ended: exit -> verdict -> record. Touches nothing; law: every request brings exactly one record.
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { PollStopped } from "../../model/PollStopped.ts"
import type { Reason, ScanOutcome } from "../../model/ScanOutcome.ts"
import * as ScanRecord from "../../model/ScanRecord.ts"
import type { ScanTicket } from "../../model/ScanTicket.ts"
import type { SubmitError } from "../../model/SubmitError.ts"
import type { JournalError } from "../ScanJournal.ts"
import type { ScanRequest } from "./scanRequest.ts"
import * as SteadyClock from "../../time/SteadyClock.ts"
import * as Telemetry from "../Telemetry.ts"
import * as Progress from "./progress.ts"
import { defectCode, undisturbed, whereabouts } from "./log.ts"

export type RunError = PollStopped<ScanTicket> | SubmitError | JournalError

// What ended a batch before its requests.
export type Ending = "interrupted" | "timeout"

export interface Verdict {
  readonly state: ScanRecord.ScanState
  readonly because: ScanRecord.ScanRecord["because"]
  readonly reason: Reason | null
  readonly notBefore: number | null
}

const reasonOf = (code: string, message: string): Reason => ({ code, message, advice: null, requestId: null })

// `exit` is null for a request that was cut off from outside. An outcome that came within the grace of the end is the
// outcome all the same.
export const verdict = (
  progress: Progress.Progress<unknown>,
  exit: Exit.Exit<unknown, RunError> | null,
  ending: Ending
): Verdict => {
  if (progress.ended !== null) return ofOutcome(progress.ended.outcome)
  if (exit === null || Exit.isSuccess(exit)) return ofEnding(ending, progress)
  const error = Cause.findError(exit.cause)
  return Result.isSuccess(error) ? ofError(error.success, progress) : ofDefect(progress)
}

const ofOutcome = (outcome: ScanOutcome<unknown>): Verdict => ({
  state: ScanRecord.stateOfOutcome(outcome),
  because: "outcome",
  reason: outcome._tag === "Completed" ? null : outcome.reason,
  notBefore: null
})

const ofError = (error: RunError, progress: Progress.Progress<unknown>): Verdict => {
  switch (error._tag) {
    case "PollStopped":
      return {
        state: ScanRecord.stateOfStop(error.reason),
        because: error.reason === "denied" ? "credential" : "stop",
        reason: ofStop(error),
        notBefore: error.notBefore
      }
    case "JournalError":
      return {
        state: progress.ticket !== null ? "interrupted" : progress.inDoubt !== null ? "in-doubt" : "not-started",
        because: "journal",
        reason: reasonOf(`journal-${error.reason}`, error.message),
        notBefore: progress.nextAt
      }
    case "SubmitError":
      return ofSubmitError(error)
  }
}

// A scan that this wait never asked has the time of its first poll for a reason.
const ofStop = ({ last, notBefore, reason }: PollStopped<ScanTicket>): Reason => {
  const said = ScanRecord.reasonOfStop(reason, last)
  if (last !== null || reason !== "deadline" || !Number.isSafeInteger(notBefore)) return said
  return { ...said, message: `${said.message}; it is not to be asked before ${new Date(notBefore).toISOString()}` }
}

const ofSubmitError = (error: SubmitError): Verdict => {
  const { advice, code, message, requestId } = error
  const reason: Reason = { code, message, advice, requestId }
  switch (error.kind) {
    case "Refused":
      return { state: "refused", because: "vendor-refusal", reason, notBefore: null }
    case "Denied":
      return { state: "refused", because: "credential", reason, notBefore: null }
    case "InDoubt":
      return { state: "in-doubt", because: code === defectCode ? "defect" : "stop", reason, notBefore: null }
    case "NotSent":
      return { state: "not-started", because: code === "denied" ? "credential" : "stop", reason, notBefore: null }
    case "Throttled":
      return { state: "not-started", because: "stop", reason, notBefore: null }
  }
}

// The end of its run cut the request off.
const ofEnding = (ending: Ending, progress: Progress.Progress<unknown>): Verdict => {
  if (progress.failed !== null) return ofError(progress.failed, progress)
  if (progress.inDoubt !== null)
    return { state: "in-doubt", because: "stop", reason: progress.inDoubt, notBefore: null }
  if (progress.ticket === null) {
    const message =
      ending === "timeout" ? "the run ended before this scan was begun" : "interrupted before this scan was begun"
    return { state: "not-started", because: "not-begun", reason: reasonOf(ending, message), notBefore: null }
  }
  return {
    state: ending === "timeout" ? "still-running" : "interrupted",
    because: "stop",
    reason: ScanRecord.reasonOfStop(ending === "timeout" ? "deadline" : "interrupted", progress.last),
    notBefore: progress.nextAt
  }
}

// A defect says nothing about the vendor; what it says itself is for the log, not for a report.
const ofDefect = (progress: Progress.Progress<unknown>): Verdict => ({
  state: progress.inDoubt !== null ? "in-doubt" : progress.ticket !== null ? "interrupted" : "not-started",
  because: "defect",
  reason: progress.inDoubt ?? reasonOf(defectCode, "a mistake in a program ended this request: the log has it"),
  notBefore: progress.nextAt
})

type Wanted = Pick<ScanRequest<unknown>, "adapter" | "subject">

export const logDefect = (
  wanted: Wanted,
  progress: Progress.Progress<unknown>,
  cause: Cause.Cause<unknown>
): Effect.Effect<void> =>
  undisturbed(
    Effect.annotateLogs(Effect.logError(`a request was ended by a defect: ${whereabouts(cause)}`), {
      vendor: wanted.adapter.vendor,
      subject: wanted.subject.id,
      claimId: progress.claimId
    })
  )

// Counts the end of a request in metrics and logs.
export const count = (
  wanted: Wanted,
  progress: Progress.Progress<unknown>,
  state: ScanRecord.ScanState
): Effect.Effect<void> =>
  Effect.flatMap(SteadyClock.now, (observedAt) =>
    undisturbed(
      Telemetry.ended({
        vendor: wanted.adapter.vendor,
        state,
        polls: progress.polls,
        observedAt,
        outcome: progress.ended === null ? null : progress.ended.outcome,
        ticket: progress.ticket
      })
    )
  )

export const make = <Payload>(
  wanted: Pick<ScanRequest<Payload>, "adapter" | "subject">,
  index: number,
  progress: Progress.Progress<Payload>,
  verdict: Verdict,
  observedAt: number
): ScanRecord.ScanRecord<Payload> => ({
  index,
  claimId: progress.claimId,
  vendor: wanted.adapter.vendor,
  account: wanted.adapter.account,
  subject: Progress.subjectOf(wanted, progress),
  ticket: progress.ticket,
  state: verdict.state,
  outcome: progress.ended === null ? null : progress.ended.outcome,
  reason: verdict.reason,
  because: verdict.because,
  submittedAt: progress.submittedAt,
  // What was taken from the journal was observed when it was stored, by a clock that may have been set since.
  observedAt: progress.ended?.reused === true ? (progress.ended.storedAt ?? observedAt) : observedAt,
  polls: progress.polls,
  // How far the scan was at the last poll says nothing once it has ended.
  progress:
    progress.ended === null && progress.last !== null && progress.last._tag === "Pending"
      ? Option.getOrNull(progress.last.progress)
      : null,
  notBefore: ScanRecord.isResumable(verdict) ? verdict.notBefore : null,
  reused: progress.ended?.reused ?? false,
  ageMs: progress.ended?.ageMs ?? null,
  warnings: [...progress.warnings, ...(progress.ended?.outcome.warnings ?? []), ...clockWarnings(progress, observedAt)]
})

// Good clocks differ by less than this, in milliseconds.
const clockSkew = 5_000

// A vendor on this machine has our clock, or a faster one on purpose: it is simulated.
const isHere = (origin: string): boolean => /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?$/.test(origin)

// A scan cannot have completed after it was seen to be over.
const clockWarnings = ({ ended }: Progress.Progress<unknown>, observedAt: number): ReadonlyArray<string> => {
  if (ended === null || ended.reused || isHere(ended.outcome.ticket.origin)) return []
  const { completedAt } = ended.outcome
  if (completedAt === null || completedAt <= observedAt + clockSkew) return []
  const [completed, observed] = [completedAt, observedAt].map((at) => new Date(at).toISOString())
  return [
    `the vendor says that it completed at ${completed}, later than it was observed (${observed}): a clock is wrong`
  ]
}
