/**
 * When to poll again, what faults cost and when to give up, written as plain data.
 *
 * What is left out stays as the vendor recommends. Whatever is written here, no poll comes before the vendor's own
 * floor, its `Retry-After` or the account's pause. Policies are composed by spreading:
 * `{ ...patient, deadline: "1 hour" }`.
 *
 * @since 0.1.0
 */
import type { PaceName, ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import type { PollTick } from "@scanpoll/core/policy/PollTick"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import { plainSeen, type Seen } from "./Events.ts"
import { policyParts } from "./internal/options.ts"

/**
 * A length of time: milliseconds, or a text such as `"10 seconds"`.
 *
 * @category models
 * @since 0.1.0
 */
export type Time = number | `${number} ${Duration.Unit}` | Duration.Duration

/**
 * What a pace sees when it is asked for the next wait: the last thing seen, the vendor's own progress from 0 to 1 (null
 * while it tells none), and the counts of core's `PollTick`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Tick extends Omit<PollTick, "seen"> {
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
export type Pace = Time | ReadonlyArray<Phase> | ((tick: Tick) => Time) | Schedule.Schedule<unknown, PollTick>

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

const tickOf = (tick: PollTick): Tick => {
  const seen = plainSeen(tick.seen)
  return { ...tick, seen, progress: seen._tag === "Pending" ? (seen.progress?.fraction ?? null) : null }
}

/**
 * A length of time, or none when it is not one.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readTime = (time: Time): Option.Option<Duration.Duration> =>
  (typeof time === "number" && !Number.isNaN(time)) || typeof time === "string" || Duration.isDuration(time)
    ? Duration.fromInput(time)
    : Option.none()

const isPhases = (pace: Pace | Doubling): pace is ReadonlyArray<Phase> => Array.isArray(pace)

/**
 * The policy of one wait. Fails with every fault, those of core's own check included.
 *
 * @category constructors
 * @since 0.1.0
 */
export const readPolicy = (
  policy: Policy,
  adapter: Pick<ScanAdapter<never, unknown>, "policy" | "policies" | "limits">
): Result.Result<PollPolicy.PollPolicy, PollPolicy.InvalidPolicy> => {
  if (typeof policy === "function") return PollPolicy.check(policy(adapter.policy), adapter.limits)
  if (typeof policy !== "object" || policy === null) {
    return Result.fail(new PollPolicy.InvalidPolicy({ faults: ["it is neither options nor a function"] }))
  }
  const faults = Object.keys(policy).flatMap((name) =>
    policyParts.includes(name) ? [] : [`there is no part ${name}: ${policyParts.join(", ")}`]
  )

  const time = (name: string, value: Time): Duration.Duration =>
    Option.getOrElse(readTime(value), () => {
      faults.push(`${name} is not a time such as 5000 or "5 seconds"`)
      return Duration.zero
    })

  const paceOf = (name: string, pace: Pace | Doubling): PollPolicy.PaceInput => {
    if (Schedule.isSchedule(pace)) return pace
    if (typeof pace === "function") {
      return (tick) => Option.getOrElse(readTime(pace(tickOf(tick))), () => Duration.zero)
    }
    if (isPhases(pace)) {
      const last = pace.at(-1)
      if (last === undefined) faults.push(`${name} has no phases`)
      const earlier = pace.slice(0, -1).map(({ every, lasts }, at) => {
        if (lasts === undefined) faults.push(`${name}[${at}] does not say how long it lasts`)
        return { every: time(`${name}[${at}].every`, every), lasts: time(`${name}[${at}].lasts`, lasts ?? 0) }
      })
      return PollPolicy.pacePhases(
        earlier,
        last === undefined ? 0 : time(`${name}[${pace.length - 1}].every`, last.every)
      )
    }
    return typeof pace === "object" && "from" in pace
      ? PollPolicy.backOff({ base: time(`${name}.from`, pace.from), cap: time(`${name}.upTo`, pace.upTo) })
      : time(name, pace)
  }

  const preset = policy.preset === undefined ? adapter.policy : adapter.policies[policy.preset]
  if (preset === undefined) faults.push(`preset is none of ${Object.keys(adapter.policies).join(", ")}`)
  let made = preset ?? adapter.policy
  if (policy.first !== undefined) made = PollPolicy.withFirst(made, time("first", policy.first))
  if (policy.pace !== undefined) made = PollPolicy.withPace(made, paceOf("pace", policy.pace))
  if (policy.failures !== undefined) made = PollPolicy.withFailures(made, paceOf("failures", policy.failures))
  if (policy.deadline !== undefined) made = PollPolicy.withDeadline(made, time("deadline", policy.deadline))
  if (policy.floor !== undefined) made = PollPolicy.withFloor(made, time("floor", policy.floor))
  if (policy.spread !== undefined) made = PollPolicy.withSpread(made, policy.spread)
  if (policy.pollTimeout !== undefined) made = PollPolicy.withPollTimeout(made, time("pollTimeout", policy.pollTimeout))
  if (policy.missingGrace !== undefined) {
    made = PollPolicy.withMissingGrace(made, time("missingGrace", policy.missingGrace))
  }
  return faults.length > 0
    ? Result.fail(new PollPolicy.InvalidPolicy({ faults }))
    : PollPolicy.check(made, adapter.limits)
}
