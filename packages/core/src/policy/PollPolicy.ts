/**
 * When to poll again, what faults cost, and when this wait gives up: plain data that users compose.
 *
 * A policy holds no clock, makes no request and knows no vendor. Adapters recommend one, callers pipe it through the
 * combinators here, and the engine alone runs it. The parts are independent: combinators may be applied in any order
 * with the same result, and none of them can make the engine poll before a vendor's hint, the floor or an account's
 * pause. A policy whose parts contradict each other is refused when a wait begins, before anything is bought.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import { dual } from "effect/Function"
import * as Pipeable from "effect/Pipeable"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import type { PollTick } from "./PollTick.ts"
import type { VendorLimits } from "./VendorLimits.ts"
import * as Waits from "./Waits.ts"

const TypeId = "~@scanpoll/core/PollPolicy"

/**
 * Proposes the next wait: a function of what was seen, or any Effect `Schedule` over ticks.
 *
 * **Details**
 *
 * A schedule is stepped by hand, once per answer it is responsible for; when it is done, the wait ends as
 * `pace-ended`. A proposal that is not a positive, finite duration counts as the floor.
 *
 * @category models
 * @since 0.1.0
 */
export type Pace<R = never> = ((tick: PollTick) => Duration.Duration) | Schedule.Schedule<unknown, PollTick, unknown, R>

/**
 * The rules of one wait.
 *
 * - `first`: the wait between a submission and its first poll, unless the vendor asked for a longer one. Default: the
 *   floor. A wait on a known ticket polls at once.
 * - `pace`: the next wait after an answer that settles nothing. Default every 10 seconds.
 * - `failures`: the next wait after a fault. Default 2, 4, 8, ... up to 60 seconds. Made anew after every good poll.
 * - `floor`: the least gap between two polls, counted from the answer. Default 1 second; a vendor's floor wins if
 *   longer.
 * - `spread`: how far waits are spread, as a fraction from 0 to 1: a wait becomes up to `1 + spread` times as long,
 *   never shorter. Default 0.1.
 * - `pollTimeout`: how long one poll may take, from 1 millisecond. Default 15 seconds.
 * - `deadline`: how long this wait goes on, from its own start. Default 5 minutes.
 * - `brokenInARow`: how many answers in a row may be impossible to understand, from 1. Default 3.
 * - `missingGrace`: how long after our own submission the vendor may not know its id. Default 30 seconds.
 *
 * @category models
 * @since 0.1.0
 */
export interface PollPolicy<out R = never> extends Pipeable.Pipeable {
  readonly [TypeId]: typeof TypeId
  readonly first: Duration.Duration | null
  readonly pace: Pace<R>
  readonly failures: Pace<R>
  readonly floor: Duration.Duration
  readonly spread: number
  readonly pollTimeout: Duration.Duration
  readonly deadline: Duration.Duration
  readonly brokenInARow: number
  readonly missingGrace: Duration.Duration
}

/**
 * A policy that contradicts itself or holds a value that no wait can have. `faults` lists every one, naming the fields
 * and their values.
 *
 * @category errors
 * @since 0.1.0
 */
export class InvalidPolicy extends Data.TaggedError("InvalidPolicy")<{ readonly faults: ReadonlyArray<string> }> {
  override get message(): string {
    return `the poll policy cannot be used: ${this.faults.join("; ")}`
  }
}

const Proto = { ...Pipeable.Prototype, [TypeId]: TypeId } as const

/**
 * A pace as it may be written: a fixed interval, a function or a `Schedule`.
 *
 * @category models
 * @since 0.1.0
 */
export type PaceInput<R = never> = Duration.Input | Pace<R>

const toPace = <R>(input: PaceInput<R>): Pace<R> => {
  if (typeof input === "function" || Schedule.isSchedule(input)) return input
  const every = Duration.fromInputUnsafe(input)
  return () => every
}

/**
 * Doubling waits after faults: `base` after the first fault in a row (default 2 seconds), up to `cap` (default 60
 * seconds).
 *
 * @category constructors
 * @since 0.1.0
 */
export const backOff = (
  options: { readonly base?: Duration.Input; readonly cap?: Duration.Input } = {}
): ((tick: PollTick) => Duration.Duration) => {
  const base = Duration.toMillis(Duration.fromInputUnsafe(options.base ?? "2 seconds"))
  const cap = Duration.toMillis(Duration.fromInputUnsafe(options.cap ?? "60 seconds"))
  return (tick) => Duration.millis(Math.min(base * 2 ** Math.min(Math.max(tick.faultsInARow - 1, 0), 40), cap))
}

/**
 * The options of `make`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options<R = never> {
  readonly first?: Duration.Input
  readonly pace?: PaceInput<R>
  readonly failures?: PaceInput<R>
  readonly floor?: Duration.Input
  readonly spread?: number
  readonly pollTimeout?: Duration.Input
  readonly deadline?: Duration.Input
  readonly brokenInARow?: number
  readonly missingGrace?: Duration.Input
}

const build = <R>(fields: Omit<PollPolicy<R>, typeof TypeId | "pipe">): PollPolicy<R> =>
  Object.assign(Object.create(Proto), fields)

/**
 * Makes a policy; what is left out has the default that `PollPolicy` states. Nothing is refused here: see `check`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <R = never>(options: Options<R> = {}): PollPolicy<R> =>
  build<R>({
    first: options.first === undefined ? null : Duration.fromInputUnsafe(options.first),
    pace: toPace(options.pace ?? "10 seconds"),
    failures: toPace(options.failures ?? backOff()),
    floor: Duration.fromInputUnsafe(options.floor ?? "1 second"),
    spread: options.spread ?? 0.1,
    pollTimeout: Duration.fromInputUnsafe(options.pollTimeout ?? "15 seconds"),
    deadline: Duration.fromInputUnsafe(options.deadline ?? "5 minutes"),
    brokenInARow: options.brokenInARow ?? 3,
    missingGrace: Duration.fromInputUnsafe(options.missingGrace ?? "30 seconds")
  })

/**
 * @category guards
 * @since 0.1.0
 */
export const isPollPolicy = (u: unknown): u is PollPolicy<unknown> => hasProperty(u, TypeId)

const show = (duration: Duration.Duration): string => Duration.format(duration)

/**
 * Refuses a policy no wait can follow, with every fault named: durations that are not finite, a floor longer than the
 * deadline, a first wait beyond the deadline, a poll that may take no time, a spread outside 0 to 1.
 *
 * @category destructors
 * @since 0.1.0
 */
export const check = <R>(self: PollPolicy<R>, limits?: VendorLimits): Result.Result<PollPolicy<R>, InvalidPolicy> => {
  const faults: Array<string> = []
  const range = (name: string, value: Duration.Duration, least: number): void => {
    const millis = Duration.toMillis(value)
    if (!(millis >= least && millis <= Waits.longest)) {
      faults.push(`${name} is ${show(value)}, it must be ${least === 0 ? "0" : "1ms"} to 30 days`)
    }
  }
  if (self.first !== null) range("first", self.first, 0)
  range("floor", self.floor, 0)
  range("pollTimeout", self.pollTimeout, 1)
  range("deadline", self.deadline, 1)
  range("missingGrace", self.missingGrace, 0)
  if (!(self.spread >= 0 && self.spread <= 1)) faults.push(`spread is ${self.spread}, it must be 0 to 1`)
  if (!Number.isInteger(self.brokenInARow) || self.brokenInARow < 1) {
    faults.push(`brokenInARow is ${self.brokenInARow}, it must be a whole number from 1`)
  }
  if (faults.length === 0) {
    const floor = limits === undefined ? self.floor : Duration.max(self.floor, limits.floor)
    if (Duration.isGreaterThan(floor, self.deadline)) {
      faults.push(
        `floor (${show(floor)}) is longer than deadline (${show(self.deadline)}): there would be one poll at most`
      )
    }
    if (self.first !== null && Duration.isGreaterThan(self.first, self.deadline)) {
      faults.push(`first (${show(self.first)}) is later than deadline (${show(self.deadline)}): there would be no poll`)
    }
  }
  return faults.length === 0 ? Result.succeed(self) : Result.fail(new InvalidPolicy({ faults }))
}

/**
 * The wait before the first poll of our own submission.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withFirst: {
  (first: Duration.Input): <R>(self: PollPolicy<R>) => PollPolicy<R>
  <R>(self: PollPolicy<R>, first: Duration.Input): PollPolicy<R>
} = dual(2, <R>(self: PollPolicy<R>, first: Duration.Input): PollPolicy<R> =>
  build({ ...self, first: Duration.fromInputUnsafe(first) })
)

/**
 * Another pace: a fixed interval, a function of the tick, or any `Schedule` over ticks.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withPace: {
  <R2 = never>(pace: PaceInput<R2>): <R>(self: PollPolicy<R>) => PollPolicy<R | R2>
  <R, R2 = never>(self: PollPolicy<R>, pace: PaceInput<R2>): PollPolicy<R | R2>
} = dual(2, <R, R2>(self: PollPolicy<R>, pace: PaceInput<R2>): PollPolicy<R | R2> =>
  build<R | R2>({ ...self, pace: toPace(pace) })
)

/**
 * Another failure policy. A `Schedule` that ends, ends the wait as what was last seen.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withFailures: {
  <R2 = never>(failures: PaceInput<R2>): <R>(self: PollPolicy<R>) => PollPolicy<R | R2>
  <R, R2 = never>(self: PollPolicy<R>, failures: PaceInput<R2>): PollPolicy<R | R2>
} = dual(2, <R, R2>(self: PollPolicy<R>, failures: PaceInput<R2>): PollPolicy<R | R2> =>
  build<R | R2>({ ...self, failures: toPace(failures) })
)

/**
 * A longer least gap between polls. The vendor's own floor still holds.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withFloor: {
  (floor: Duration.Input): <R>(self: PollPolicy<R>) => PollPolicy<R>
  <R>(self: PollPolicy<R>, floor: Duration.Input): PollPolicy<R>
} = dual(2, <R>(self: PollPolicy<R>, floor: Duration.Input): PollPolicy<R> =>
  build({ ...self, floor: Duration.fromInputUnsafe(floor) })
)

/**
 * How far waits are spread upwards, as a fraction from 0 to 1.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withSpread: {
  (spread: number): <R>(self: PollPolicy<R>) => PollPolicy<R>
  <R>(self: PollPolicy<R>, spread: number): PollPolicy<R>
} = dual(2, <R>(self: PollPolicy<R>, spread: number): PollPolicy<R> => build({ ...self, spread }))

/**
 * How long one poll may take.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withPollTimeout: {
  (pollTimeout: Duration.Input): <R>(self: PollPolicy<R>) => PollPolicy<R>
  <R>(self: PollPolicy<R>, pollTimeout: Duration.Input): PollPolicy<R>
} = dual(2, <R>(self: PollPolicy<R>, pollTimeout: Duration.Input): PollPolicy<R> =>
  build({ ...self, pollTimeout: Duration.fromInputUnsafe(pollTimeout) })
)

/**
 * How long a wait goes on before it stops softly, its ticket kept.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withDeadline: {
  (deadline: Duration.Input): <R>(self: PollPolicy<R>) => PollPolicy<R>
  <R>(self: PollPolicy<R>, deadline: Duration.Input): PollPolicy<R>
} = dual(2, <R>(self: PollPolicy<R>, deadline: Duration.Input): PollPolicy<R> =>
  build({ ...self, deadline: Duration.fromInputUnsafe(deadline) })
)

/**
 * How long after our own submission the vendor may not know its id yet.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withMissingGrace: {
  (missingGrace: Duration.Input): <R>(self: PollPolicy<R>) => PollPolicy<R>
  <R>(self: PollPolicy<R>, missingGrace: Duration.Input): PollPolicy<R>
} = dual(2, <R>(self: PollPolicy<R>, missingGrace: Duration.Input): PollPolicy<R> =>
  build({ ...self, missingGrace: Duration.fromInputUnsafe(missingGrace) })
)
