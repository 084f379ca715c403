/**
 * Why we ended a wait without an outcome. It always carries the ticket: every stop can be gone on from.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import type { PollFault } from "./PollFault.ts"
import type { Ended, Pending, Unrecognised } from "./Observation.ts"

/**
 * - `deadline`: the policy's deadline passed while the scan still ran.
 * - `pace-ended`: the policy's own schedule came to its end.
 * - `interrupted`: the caller ended it.
 * - `unreachable`: the last thing seen was a transport fault or a vendor's outage.
 * - `denied`: the vendor refused the credential.
 * - `not-found`: the vendor does not know the id.
 * - `protocol`: the answers could not be understood, or the last status word is not a documented one.
 *
 * @category models
 * @since 0.1.0
 */
export type StopReason = (typeof stopReasons)[number]

/**
 * All of them.
 *
 * @category constructors
 * @since 0.2.0
 */
export const stopReasons = [
  "deadline",
  "pace-ended",
  "interrupted",
  "unreachable",
  "denied",
  "not-found",
  "protocol"
] as const

/**
 * The last thing a wait saw: an observation that settled nothing, or a fault.
 *
 * @category models
 * @since 0.1.0
 */
export type Seen = Pending | Ended | Unrecognised | PollFault

/**
 * A wait that ended without an outcome.
 *
 * `polls` counts the requests this wait made; `last` is null when it made none; `notBefore` is the earliest time
 * (milliseconds since 1970) at which the vendor may be asked again.
 *
 * @category errors
 * @since 0.1.0
 */
export class PollStopped<out T> extends Data.TaggedError("PollStopped")<{
  readonly reason: StopReason
  readonly polls: number
  readonly last: Seen | null
  readonly notBefore: number
}> {
  // A base class cannot mention T (TS2562), so the ticket is declared here and set by hand.
  readonly ticket: T

  constructor(fields: {
    readonly ticket: T
    readonly reason: StopReason
    readonly polls: number
    readonly last: Seen | null
    readonly notBefore: number
  }) {
    super({ reason: fields.reason, polls: fields.polls, last: fields.last, notBefore: fields.notBefore })
    this.ticket = fields.ticket
  }

  override get message(): string {
    const last = this.last
    const seen =
      last === null
        ? "nothing was seen yet"
        : last._tag === "Pending"
          ? `last seen ${last.phase}`
          : last._tag === "Ended"
            ? `last seen ended as ${JSON.stringify(last.vendorStatus.slice(0, 64))}, without its result`
            : last._tag === "Unrecognised"
              ? `last seen the unknown status ${JSON.stringify(last.word.slice(0, 64))}`
              : `last seen ${last.kind} ${last.code}`
    return `stopped: ${this.reason} after ${this.polls} ${this.polls === 1 ? "poll" : "polls"}, ${seen}`
  }
}
