// What a worker says: to its observer, of itself, and as metrics. Passed on by `Worker`, and spoken in its rooms.
import * as Metric from "effect/Metric"
import type { StopReason } from "@scanpoll/core/model/PollStopped"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import type { ScanTicket } from "@scanpoll/core/model/ScanTicket"
import type { Lateness } from "../Lateness.ts"
import type { Saying } from "./saying.ts"

/**
 * What happens to the scans of a worker. Times are milliseconds since 1970.
 *
 * - `Gained` and `Lost`: a slice, from 1 to the number of slices.
 * - `Kept`: it asks after this scan from now on. `Settled`: the outcome is in the journal.
 * - `Rests`: the wait ended without an outcome; no worker asks before `until`, then the owner of the slice does.
 *
 * @category models
 * @since 0.1.0
 */
export type WorkerEvent =
  | { readonly _tag: "Gained"; readonly slice: number }
  | { readonly _tag: "Lost"; readonly slice: number }
  | { readonly _tag: "Kept"; readonly claimId: string; readonly ticket: ScanTicket }
  | {
      readonly _tag: "Settled"
      readonly claimId: string
      readonly ticket: ScanTicket
      readonly outcome: ScanOutcome<unknown>
    }
  | {
      readonly _tag: "Rests"
      readonly claimId: string
      readonly ticket: ScanTicket
      readonly reason: StopReason | "journal" | "defect"
      readonly until: number
    }

/**
 * How a worker stands.
 *
 * - `phase`: `joining` until it knows its slices, `cut-off` while the database cannot be reached, `leaving` at the end.
 * - `ready`: it does what it is there for; not while joining, cut off or leaving.
 * - `slices` of `shards`; `open`: the scans it keeps; `polling`: requests under way at this moment.
 * - `polls` and `settled`: since it began, at `since` (milliseconds since 1970).
 * - `lateness`: of the requests of the last minute; null when there was none.
 * - `tripMs`: how long the database took to store the worker's last word. `aside`: that was too slow for too long, and the
 *   other workers poll its scans meanwhile.
 * - `denied`: the accounts whose vendor refuses the credential that this worker has; others poll their scans where they can.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkerState {
  readonly name: string
  readonly since: number
  readonly phase: Saying["phase"]
  readonly ready: boolean
  readonly journal: "well" | "trouble"
  readonly slices: number
  readonly shards: number
  readonly open: number
  readonly polling: number
  readonly polls: number
  readonly settled: number
  readonly lateness: Lateness | null
  readonly tripMs: number
  readonly aside: boolean
  readonly denied: ReadonlyArray<{ readonly vendor: string; readonly account: string }>
}

/**
 * The metrics of a worker, by the names under which they are exported, beside those of the engine.
 *
 * - `scanpoll_cluster_slices`: the slices it has. `scanpoll_cluster_open_scans`: the scans it keeps.
 * - `scanpoll_cluster_poll_lateness_seconds`: how long after it was due a poll goes out.
 * - `scanpoll_cluster_database_seconds`: how long the database took to store the worker's last word.
 * - `scanpoll_cluster_aside`: 1 while the worker stands aside because that takes too long, otherwise 0.
 *
 * @category constructors
 * @since 0.1.0
 */
export const metrics = {
  slices: Metric.gauge("scanpoll_cluster_slices", { description: "slices of the open scans that this worker has" }),
  open: Metric.gauge("scanpoll_cluster_open_scans", { description: "open scans that this worker keeps" }),
  trip: Metric.gauge("scanpoll_cluster_database_seconds", {
    description: "how long the database took to store the last word of this worker"
  }),
  aside: Metric.gauge("scanpoll_cluster_aside", {
    description: "1 while this worker leaves its scans to others because the database answers it too slowly"
  }),
  lateness: Metric.histogram("scanpoll_cluster_poll_lateness_seconds", {
    description: "how long after it was due a poll goes out",
    boundaries: [0.01, 0.05, 0.1, 0.5, 1, 2, 5, 10, 30, 60, 300]
  })
} as const
