/**
 * What a promise of this package rejects with: real `Error` classes, told apart with `instanceof` or by `_tag`, which equals
 * `name`.
 *
 * - `PollStopped`: the wait ended before the scan did; `reason` says why and `ticket` resumes it.
 * - `SubmitError`: there is no ticket; `kind` says what is known about the purchase.
 * - `JournalError`: the journal could not be read or written; `ticket` is what had been bought by then.
 * - `PollFault`: a single poll (`status`) brought no answer, or the vendor did not take the wish of a `cancel`.
 * - `AbortError`: the caller's signal, or the end of the client, ended it.
 * - `ConfigError` and `InvalidPolicy`: what was configured cannot be used; `faults` lists all of it.
 *
 * A vendor's "failed" is none of these: it is an outcome. No message here holds a credential. The stack of each is that of the
 * call that rejected, and a log that prints one shows its class, message, stack and fields.
 *
 * @since 0.1.0
 */
import * as Journals from "@scanpoll/core/engine/ScanJournal"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import * as Stops from "@scanpoll/core/model/PollStopped"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import type { SubmitError } from "@scanpoll/core/model/SubmitError"

export {
  /**
   * A policy that no wait can follow. `faults` lists every one.
   *
   * @category errors
   * @since 0.1.0
   */
  InvalidPolicy
} from "@scanpoll/core/policy/PollPolicy"

export {
  /**
   * A poll or a `cancel` that brought no answer. `kind`, `code`, `message` and `requestId` say why.
   *
   * @category errors
   * @since 0.1.0
   */
  PollFault
} from "@scanpoll/core/model/PollFault"

export {
  /**
   * A submission that brought no ticket. Only `kind: "InDoubt"` may have been accepted, and it is never sent again by
   * itself; `Refused`, `Denied`, `Throttled` and `NotSent` bought nothing.
   *
   * @category errors
   * @since 0.1.0
   */
  SubmitError
} from "@scanpoll/core/model/SubmitError"

/**
 * A wait that ended without an outcome; its message names the scan. `reason` is one of `deadline`, `pace-ended`,
 * `unreachable`, `denied`, `not-found`, `protocol`; `notBefore` the earliest time (milliseconds since 1970) to ask the vendor
 * again. `wait(error.ticket)` resumes it, in any process.
 *
 * @category errors
 * @since 0.1.0
 */
export class PollStopped extends Stops.PollStopped<ScanTicket.ScanTicket> {
  override get message(): string {
    return `${ScanTicket.accountKey(this.ticket)} ${super.message}`
  }
}

/**
 * The journal could not be used, for the `reason` it gives. `ticket` is the scan that had been bought by then, null when
 * none was.
 *
 * @category errors
 * @since 0.1.0
 */
export class JournalError extends Journals.JournalError {
  readonly ticket: ScanTicket.ScanTicket | null

  constructor(error: Journals.JournalError, ticket: ScanTicket.ScanTicket | null) {
    super({ reason: error.reason, message: error.message, cause: error.cause })
    this.ticket = ticket
  }
}

/**
 * What is known of a scan whose run was aborted.
 *
 * - `state`: `interrupted` (there is a ticket), `in-doubt` (a submission under way may have been accepted; it is not
 *   sent again by itself) or `not-started` (nothing was bought).
 * - `claimId`: the journal's id of the purchase; null when none was made.
 *
 * @category models
 * @since 0.1.0
 */
export interface Aborted {
  readonly state: "interrupted" | "in-doubt" | "not-started"
  readonly ticket: ScanTicket.ScanTicket | null
  readonly claimId: string | null
}

const abortWords = ({ claimId, state, ticket }: Aborted): string => {
  switch (state) {
    case "interrupted":
      return ticket === null
        ? "aborted"
        : `aborted while waiting for ${ScanTicket.accountKey(ticket)}; \`wait(ticket)\` resumes it`
    case "in-doubt":
      return `aborted: a submission under way may have been accepted (${claimId ?? "no claim"})`
    case "not-started":
      return "aborted: nothing was bought"
  }
}

/**
 * The caller ended it: `cause` is the signal's own reason, or an error that says that the client was disposed of. Has the
 * `name` and `code` of every other `AbortError`, and the ticket of what was bought.
 *
 * @category errors
 * @since 0.1.0
 */
export class AbortError extends Error implements Aborted {
  readonly _tag = "AbortError"
  override readonly name = "AbortError"
  readonly code = "ABORT_ERR"
  readonly reason = "interrupted"
  readonly state: Aborted["state"]
  readonly ticket: ScanTicket.ScanTicket | null
  readonly claimId: string | null

  constructor(known: Aborted, cause?: unknown) {
    super(abortWords(known), cause === undefined ? undefined : { cause })
    this.state = known.state
    this.ticket = known.ticket
    this.claimId = known.claimId
  }
}

/**
 * The options of a client cannot be used. `faults` lists everything that is wrong with them, none of it with a key.
 *
 * @category errors
 * @since 0.1.0
 */
export class ConfigError extends Error {
  readonly _tag = "ConfigError"
  override readonly name = "ConfigError"
  readonly faults: ReadonlyArray<string>

  constructor(faults: ReadonlyArray<string>) {
    super(`scanpoll cannot be configured like this: ${faults.join("; ")}`)
    this.faults = faults
  }
}

/**
 * What `run` and `wait` reject with.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanError = PollStopped | SubmitError | JournalError | AbortError

/**
 * What `status` and `cancel` reject with.
 *
 * @category models
 * @since 0.1.0
 */
export type StatusError = PollFault | AbortError
