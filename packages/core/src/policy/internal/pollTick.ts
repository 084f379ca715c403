// What a pace sees when it is asked for the next wait. Types alone. Passed on by `PollPolicy`.
import type { Seen } from "../../model/PollStopped.ts"

/**
 * - `seen`: the last thing seen.
 * - `polls`: polls made by this wait, the one just answered included.
 * - `faultsInARow`: faults since the last good poll, throttling left out; 0 after a good poll.
 * - `age`: milliseconds since this wait began, time spent waiting for the budget left out.
 * - `scanAge`: milliseconds since the scan was submitted, time spent waiting for the budget included. Left out or null
 *   for a scan whose submission we did not see.
 * - `asked`: the wait that the vendor asked for with what was seen, in milliseconds; left out or null where it asked for
 *   none. A longer one than the pace holds in any case, so a pace reads it only to be quicker.
 * - `open`: scans of the same account that are open, those of the batch that wait to be submitted included; at least 1.
 *
 * @category models
 * @since 0.1.0
 */
export interface PollTick {
  readonly seen: Seen
  readonly polls: number
  readonly faultsInARow: number
  readonly age: number
  readonly scanAge?: number | null
  readonly asked?: number | null
  readonly open: number
}
