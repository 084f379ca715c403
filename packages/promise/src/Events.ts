/**
 * What happens to a scan while it is waited for, as plain data: it can be logged, stored or sent on as JSON.
 *
 * A listener cannot disturb the wait: what a listener throws is dropped.
 *
 * @since 0.1.0
 */
import type * as Observations from "@scanpoll/core/model/Observation"
import type { PollFaultKind } from "@scanpoll/core/model/PollFault"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import type { Subject } from "@scanpoll/core/model/Subject"
import type { WaitCause } from "@scanpoll/core/engine/Poller"

/**
 * How far the vendor says it is: `fraction` from 0 to 1, `done` of `total`; each may be null. It decides nothing.
 *
 * @category models
 * @since 0.1.0
 */
export type Progress = Observations.Progress

/**
 * The last thing a wait saw that settled nothing: a scan that is queued or running, one that has ended and whose result
 * is asked for next, a status word the vendor does not document, or a poll without a usable answer. `retryAfterMs` is the wait the vendor asked for.
 *
 * @category models
 * @since 0.1.0
 */
export type Seen =
  | { readonly _tag: "Pending"; readonly phase: "queued" | "running"; readonly progress: Progress | null }
  | { readonly _tag: "Ended"; readonly vendorStatus: string }
  | { readonly _tag: "Unrecognised"; readonly word: string }
  | {
      readonly _tag: "PollFault"
      readonly kind: PollFaultKind
      readonly code: string
      readonly message: string
      readonly requestId: string | null
      readonly retryAfterMs: number | null
    }

/**
 * Whose event it is. `index` is the position of the request in its batch, 0 for a single one; `at` is in milliseconds
 * since 1970; `claimId` and `ticket` are null until there is one.
 *
 * @category models
 * @since 0.1.0
 */
export interface EventSource {
  readonly index: number
  readonly at: number
  readonly vendor: string
  readonly account: string
  readonly subject: Subject
  readonly claimId: string | null
  readonly ticket: ScanTicket | null
}

/**
 * - `Queued`: waits for a turn of the account's budget before it is submitted.
 * - `Submitting`: the submission is on its way. `Submitted`: there is a ticket; `known` when it was bought before.
 * - `Scheduled`: the next poll is due at `until` (milliseconds since 1970), because of `because`.
 * - `Polled`: an answer that settles nothing; `first` when it is the first of its kind in this wait. `messages`: what the
 *   vendor newly says it does, oldest first; absent where nothing is new.
 * - `Collecting`: the findings are fetched.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanEvent = EventSource &
  (
    | { readonly _tag: "Queued" }
    | { readonly _tag: "Submitting" }
    | { readonly _tag: "Submitted"; readonly known: boolean }
    | { readonly _tag: "Scheduled"; readonly until: number; readonly because: WaitCause; readonly polls: number }
    | {
        readonly _tag: "Polled"
        readonly seen: Seen
        readonly polls: number
        readonly first: boolean
        readonly messages?: ReadonlyArray<string>
      }
    | { readonly _tag: "Collecting" }
  )

/**
 * An event of a batch: also the end of a request, with its record.
 *
 * @category models
 * @since 0.1.0
 */
export type WatchEvent<Record = ScanRecord> =
  | ScanEvent
  | (EventSource & { readonly _tag: "Ended"; readonly record: Record })
