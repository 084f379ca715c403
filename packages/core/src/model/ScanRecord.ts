/**
 * One row of a run: an outcome, or why there is none.
 *
 * Every request brings exactly one record. The state is a closed set and the only thing to branch on; what the scan
 * said lies in `outcome`. Times are milliseconds since 1970, UTC.
 *
 * @since 0.1.0
 */
import type { Progress } from "./Observation.ts"
import type { Seen, StopReason } from "./PollStopped.ts"
import { type Reason, type ScanOutcome, missing, severity as outcomeSeverity } from "./ScanOutcome.ts"
import type { ScanTicket } from "./ScanTicket.ts"
import type { Severity } from "./Severity.ts"
import type { Subject } from "./Subject.ts"

/**
 * The closed set of states a record can be in.
 *
 * @category constructors
 * @since 0.1.0
 */
export const states = [
  "completed",
  "partial",
  "failed",
  "not-found",
  "still-running",
  "unreachable",
  "protocol",
  "interrupted",
  "denied",
  "in-doubt",
  "refused",
  "not-started"
] as const

/**
 * How one row of a run ended; the set is closed.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanState = (typeof states)[number]

/**
 * One row of a run.
 *
 * - `index`: the position of the request in its batch; 0 for a single scan.
 * - `claimId`: the journal's id of the purchase, or of the wait on a typed key; null when none was made.
 * - `ticket`: null until the vendor gave an id.
 * - `reason`: why, for every state that is not `completed`.
 * - `because`: what ended it when that was not the vendor's verdict; it decides the exit code of a run. `defect` is a
 *   mistake in a program, an adapter's or ours: the log has it.
 * - `notBefore`: the earliest time the vendor may be asked again, for a stop that can be gone on from.
 * - `reused`: the outcome was taken from the journal; `ageMs` tells how old what we show is, for reused and for
 *   outcomes the vendor answered from its cache.
 *
 * @category models
 * @since 0.1.0
 */
export interface ScanRecord<out Payload = unknown> {
  readonly index: number
  readonly claimId: string | null
  readonly vendor: string
  readonly account: string
  readonly subject: Subject
  readonly ticket: ScanTicket | null
  readonly state: ScanState
  readonly outcome: ScanOutcome<Payload> | null
  readonly reason: Reason | null
  readonly because: "outcome" | "stop" | "vendor-refusal" | "credential" | "journal" | "not-begun" | "defect"
  readonly submittedAt: number | null
  readonly observedAt: number
  readonly polls: number
  readonly progress: Progress | null
  readonly notBefore: number | null
  readonly reused: boolean
  readonly ageMs: number | null
  readonly warnings: ReadonlyArray<string>
}

/**
 * Whether a later process can resume this record: where waiting, resuming or a fixed key helps, and where evidence of
 * its outcome is unavailable, which a later request may bring.
 *
 * @category guards
 * @since 0.1.0
 */
export const isResumable = (record: Pick<ScanRecord, "state"> & Partial<Pick<ScanRecord, "outcome">>): boolean => {
  if (record.outcome !== undefined && record.outcome !== null && missing(record.outcome).length > 0) return true
  switch (record.state) {
    case "still-running":
    case "unreachable":
    case "protocol":
    case "interrupted":
    case "denied":
      return true
    case "completed":
    case "partial":
    case "failed":
    case "not-found":
    case "in-doubt":
    case "refused":
    case "not-started":
      return false
  }
}

/**
 * The severity of a record: its outcome's, `unknown` where there is none.
 *
 * @category destructors
 * @since 0.1.0
 */
export const severity = (record: Pick<ScanRecord, "outcome">): Severity =>
  record.outcome === null ? "unknown" : outcomeSeverity(record.outcome)

/**
 * The state of a record whose wait we ended.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stateOfStop = (reason: StopReason): ScanState => {
  switch (reason) {
    case "deadline":
    case "pace-ended":
      return "still-running"
    case "interrupted":
    case "unreachable":
    case "denied":
    case "not-found":
    case "protocol":
      return reason
  }
}

/**
 * The state of a record with an outcome.
 *
 * @category constructors
 * @since 0.1.0
 */
export const stateOfOutcome = (outcome: ScanOutcome<unknown>): ScanState => {
  switch (outcome._tag) {
    case "Completed":
      return "completed"
    case "Partial":
      return "partial"
    case "Failed":
      return "failed"
  }
}

/**
 * Says in words why a wait ended, from its reason and the last thing it saw.
 *
 * @category constructors
 * @since 0.1.0
 */
export const reasonOfStop = (reason: StopReason, last: Seen | null): Reason => {
  if (last !== null && last._tag === "PollFault") {
    return { code: last.code, message: last.message, advice: null, requestId: last.requestId }
  }
  if (last !== null && last._tag === "Unrecognised") {
    const word = JSON.stringify(last.word.slice(0, 64))
    return { code: "unknown-status", message: `unknown status ${word}`, advice: null, requestId: null }
  }
  const phase = last === null ? "not asked yet" : last._tag === "Ended" ? "without its result yet" : last.phase
  switch (reason) {
    case "deadline":
      return {
        code: "deadline",
        message: `the deadline passed while the scan was ${phase}`,
        advice: null,
        requestId: null
      }
    case "pace-ended":
      return {
        code: "pace-ended",
        message: `the schedule ended while the scan was ${phase}`,
        advice: null,
        requestId: null
      }
    case "interrupted":
      return { code: "interrupted", message: `interrupted while the scan was ${phase}`, advice: null, requestId: null }
    case "unreachable":
    case "denied":
    case "not-found":
    case "protocol":
      return { code: reason, message: reason, advice: null, requestId: null }
  }
}
