/**
 * What happens to one request of a run, told to an observer as it happens.
 *
 * Every event names the request by its `index` in the batch, its vendor, account and subject, and the ticket once there
 * is one. An observer cannot disturb the run: what it throws is dropped.
 *
 * @since 0.1.0
 */
import type { Seen } from "../model/PollStopped.ts"
import type { ScanRecord } from "../model/ScanRecord.ts"
import type { ScanTicket } from "../model/ScanTicket.ts"
import type { Subject } from "../model/Subject.ts"
import type { WaitCause } from "./internal/pollEvent.ts"

/**
 * - `Queued`: waits for a turn of the account's budget before it is submitted.
 * - `Submitting`: the claim is committed and the submission is on its way.
 * - `Submitted`: there is a ticket; `known` when the scan was bought before and is joined.
 * - `Scheduled`: the next poll is due at `until`, because of `because`; `turn` when it waited for the account until now.
 * - `Polled`: an answer that settles nothing; `first` when this is the first of its kind in this wait. `messages`: what the
 *   vendor newly says it does, oldest first; absent where nothing is new.
 * - `Collecting`: the findings are fetched.
 * - `Ended`: the record of the request.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanEventKind =
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
  | { readonly _tag: "Ended"; readonly record: ScanRecord }

/**
 * One event. `at` is in milliseconds since 1970 on the engine's clock.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanEvent = ScanEventKind & {
  readonly index: number
  readonly at: number
  readonly vendor: string
  readonly account: string
  readonly subject: Subject
  readonly claimId: string | null
  readonly ticket: ScanTicket | null
}
