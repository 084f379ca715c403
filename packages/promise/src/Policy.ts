/**
 * When to poll again, what faults cost and when to give up, written as plain data.
 *
 * What is left out stays as the vendor recommends. Whatever is written here, no poll comes before the vendor's own
 * floor, its `Retry-After` or the account's pause. Policies are composed by spreading:
 * `{ ...patient, deadline: "1 hour" }`.
 *
 * @since 0.1.0
 */
import type { PaceName } from "@scanpoll/core/engine/ScanAdapter"
import type * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import type * as Duration from "effect/Duration"
import type * as Schedule from "effect/Schedule"
import type { Seen } from "./Events.ts"

/**
 * A length of time: milliseconds, or a text such as `"10 seconds"`, or as plans write it: `"10s"`, `"1h30m"`.
 *
 * @category models
 * @since 0.1.0
 */
export type Time =
  | number
  | `${number} ${Exclude<Duration.Unit, `${"nano" | "micro"}${"" | "s"}`>}`
  | `${number}${"ms" | "s" | "m" | "h" | "d"}`
  | `${number}${"m" | "h" | "d"}${number}${"s" | "m" | "h"}`
  | Duration.Duration

/**
 * What a pace sees when it is asked for the next wait: the last thing seen, the vendor's own progress from 0 to 1 (null
 * while it tells none), and the counts of core's `PollTick`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tick extends Omit<PollPolicy.PollTick, "seen"> {
  readonly seen: Seen
  readonly progress: number | null
}

/**
 * One part of a pace: a poll every so often, for as long as `lasts`. The last part goes on for ever.
 *
 * @category models
 * @since 0.1.0
 */
export interface Phase {
  readonly every: Time
  readonly lasts?: Time | undefined
}

/**
 * The next wait: always the same, in phases, by a function of what was seen, or by any Effect `Schedule`.
 *
 * **Details**
 *
 * A function that returns no positive, finite time gives the floor. What a function throws ends the wait and is what the
 * promise rejects with.
 *
 * @category models
 * @since 0.1.0
 */
export type Pace =
  | Time
  | ReadonlyArray<Phase>
  | ((tick: Tick) => Time)
  | Schedule.Schedule<unknown, PollPolicy.PollTick>

/**
 * Waits that double with each fault in a row, from `from` up to `upTo`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Doubling {
  readonly from: Time
  readonly upTo: Time
}

/**
 * - `preset`: the vendor's recommended pace to start from: `interactive`, `default`, `background` or `bulk`.
 * - `first`: the wait between a submission and its first poll.
 * - `pace`: the next wait after an answer that settles nothing.
 * - `failures`: the next wait after a fault.
 * - `deadline`: how long this wait goes on before it stops, its ticket kept.
 * - `floor`: the least gap between two polls; the vendor's own holds if it is longer.
 * - `spread`: how far waits are spread upwards, from 0 to 1.
 * - `pollTimeout`: how long one poll may take.
 * - `missingGrace`: how long after our own submission the vendor may not know its id yet.
 *
 * @category models
 * @since 0.1.0
 */
export interface PolicyOptions {
  readonly preset?: PaceName | undefined
  readonly first?: Time | undefined
  readonly pace?: Pace | undefined
  readonly failures?: Pace | Doubling | undefined
  readonly deadline?: Time | undefined
  readonly floor?: Time | undefined
  readonly spread?: number | undefined
  readonly pollTimeout?: Time | undefined
  readonly missingGrace?: Time | undefined
}

/**
 * A policy as it may be given: options, or a function of the recommended one for those who compose with core's
 * `PollPolicy`.
 *
 * @category models
 * @since 0.1.0
 */
export type Policy = PolicyOptions | ((recommended: PollPolicy.PollPolicy) => PollPolicy.PollPolicy)
