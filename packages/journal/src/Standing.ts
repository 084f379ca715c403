/**
 * How open claims stand: which are in doubt, refused, resting, late or polled by no process.
 *
 * @since 0.2.0
 */
import type { OpenClaim } from "@scanpoll/core/engine/ScanJournal"

/**
 * How an open claim stands, the most urgent first.
 *
 * - `in-doubt`: its submission may or may not have been accepted. A person decides.
 * - `denied`: the vendor refused the key of everyone who polls it.
 * - `resting`: its poller gave it up for a while: the vendor does not know it, or its answers make no sense.
 * - `unowned`: no process polls it.
 * - `parked`: nobody waits for it, because a person said so; the scan goes on at the vendor.
 * - `late`: a process holds it, and its poll is overdue by more than 5 seconds.
 * - `failing`: its last poll failed and is retried.
 * - `submitting`: on its way to the vendor. `waiting`: nothing is wrong.
 *
 * @category models
 * @since 0.2.0
 */
export type Standing = (typeof all)[number]

/**
 * All of them, the most urgent first.
 *
 * @category constructors
 * @since 0.2.0
 */
export const all = [
  "in-doubt",
  "denied",
  "resting",
  "unowned",
  "late",
  "failing",
  "submitting",
  "parked",
  "waiting"
] as const

const lateFrom = 5_000

/**
 * For `of`: how long before its next poll is due a worker of a cluster has taken a free claim, in milliseconds. Workers
 * take them an hour ahead.
 *
 * @category constructors
 * @since 0.2.0
 */
export const workersTakeAhead = 30 * 60_000

/**
 * How a claim of the journal stands. `takenAhead`: a process takes a free claim this long before its next poll is due, in
 * milliseconds, so one that is due later and free is as it should be.
 *
 * @category destructors
 * @since 0.2.0
 */
export const of = (entry: OpenClaim, now: number, takenAhead: number): Standing => {
  const { heldBy, lastFault, notBefore, parkedAt = null, state } = entry
  if (state === "in-doubt") return "in-doubt"
  if (state === "intent") return "submitting"
  if (parkedAt !== null) return "parked"
  if (lastFault?.stopped !== undefined && notBefore > now) return lastFault.stopped === "denied" ? "denied" : "resting"
  if (heldBy === null) return notBefore < now + takenAhead ? "unowned" : "waiting"
  if (notBefore > 0 && now - notBefore > lateFrom) return "late"
  return lastFault === null ? "waiting" : "failing"
}

/**
 * Whether a person has to do something about it.
 *
 * @category guards
 * @since 0.2.0
 */
export const needsPerson = (standing: Standing): boolean =>
  standing === "in-doubt" || standing === "denied" || standing === "resting" || standing === "unowned"
