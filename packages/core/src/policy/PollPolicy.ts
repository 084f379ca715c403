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
import type { PollTick } from "./internal/pollTick.ts"
import type { VendorLimits } from "./VendorLimits.ts"
import * as Waits from "../time/Waits.ts"

export type { PollTick } from "./internal/pollTick.ts"

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

// What a pace made here does, in words; a caller's own function or schedule has none.
const words = new WeakMap<object, string>()

const named = (text: string, pace: (tick: PollTick) => Duration.Duration): ((tick: PollTick) => Duration.Duration) => {
  words.set(pace, text)
  return pace
}

const show = (duration: Duration.Duration): string => Duration.format(duration)

const toPace = <R>(input: PaceInput<R>): Pace<R> => {
  if (typeof input === "function" || Schedule.isSchedule(input)) return input
  const wait = Duration.fromInputUnsafe(input)
  return named(`every ${show(wait)}`, () => wait)
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
  const base = Duration.fromInputUnsafe(options.base ?? "2 seconds")
  const cap = Duration.fromInputUnsafe(options.cap ?? "60 seconds")
  const least = Duration.toMillis(base)
  const most = Duration.toMillis(cap)
  return named(`${show(base)}, doubling up to ${show(cap)}`, (tick) =>
    Duration.millis(Math.min(least * 2 ** Math.min(Math.max(tick.faultsInARow - 1, 0), 40), most))
  )
}

/**
 * Gives a pace of one's own the words that `describe` shows for it, such as `"every 10s, every 30s from 100 scans on"`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const paceNamed = (
  text: string,
  pace: (tick: PollTick) => Duration.Duration
): ((tick: PollTick) => Duration.Duration) => named(text, (tick) => pace(tick))

/**
 * A pace in phases by the age of the wait: each `every` holds for as long as its `lasts`, and `then` from there on.
 *
 * **Example** (Polling fast at first)
 *
 * ```ts
 * import { PollPolicy, Preview, VendorLimits } from "@scanpoll/core"
 * import { Effect } from "effect"
 *
 * const pace = PollPolicy.pacePhases([{ every: "2 seconds", lasts: "6 seconds" }], "15 seconds")
 * const policy = PollPolicy.make({ first: 0, pace })
 * const polls = await Effect.runPromise(Preview.preview(policy, VendorLimits.make({ floor: "1 second" }), 6))
 * polls.map((poll) => poll.at / 1000) // => [0, 2, 4, 6, 21, 36]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const pacePhases = (
  phases: ReadonlyArray<{ readonly every: Duration.Input; readonly lasts: Duration.Input }>,
  then: Duration.Input
): ((tick: PollTick) => Duration.Duration) => {
  let ends = 0
  const steps = phases.map(({ every, lasts }) => {
    ends += Duration.toMillis(Duration.fromInputUnsafe(lasts))
    return { every: Duration.fromInputUnsafe(every), lasts: Duration.fromInputUnsafe(lasts), ends }
  })
  const last = Duration.fromInputUnsafe(then)
  const text = [...steps.map((step) => `every ${show(step.every)} for ${show(step.lasts)}`), `every ${show(last)}`]
  return named(text.join(", then "), (tick) => steps.find((step) => tick.age < step.ends)?.every ?? last)
}

/**
 * A pace that reads the vendor's progress: `pace` is given its fraction from 0 to 1, or null while the vendor tells
 * none. Progress only ever moves a poll; it never decides that a scan is over.
 *
 * @category constructors
 * @since 0.1.0
 */
export const paceByProgress = (
  pace: (fraction: number | null, tick: PollTick) => Duration.Input
): ((tick: PollTick) => Duration.Duration) =>
  named("by the vendor's progress", (tick) => {
    const progress =
      tick.seen._tag === "Pending" && tick.seen.progress._tag === "Some" ? tick.seen.progress.value : null
    return Duration.fromInputUnsafe(pace(progress === null ? null : progress.fraction, tick))
  })

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
 * **Example** (Changing what a vendor recommends)
 *
 * ```ts
 * import { PollPolicy, VendorLimits } from "@scanpoll/core"
 *
 * const recommended = PollPolicy.make({ first: "5 seconds", pace: "5 seconds" })
 * const patient = recommended.pipe(PollPolicy.withPace("30 seconds"), PollPolicy.withDeadline("1 hour"))
 * const words = PollPolicy.describe(patient, VendorLimits.make({ floor: "3 seconds" }))
 * words.split(",")[0] // => "first poll after 5s"
 * ```
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
 * Whether a value is a policy made by this module.
 *
 * @category guards
 * @since 0.1.0
 */
export const isPollPolicy = (u: unknown): u is PollPolicy<unknown> => hasProperty(u, TypeId)

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
 * After how many answers in a row that make no sense a wait gives up: from 1.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withBrokenInARow: {
  (count: number): <R>(self: PollPolicy<R>) => PollPolicy<R>
  <R>(self: PollPolicy<R>, count: number): PollPolicy<R>
} = dual(2, <R>(self: PollPolicy<R>, count: number): PollPolicy<R> => build({ ...self, brokenInARow: count }))

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

const paceWords = <R>(pace: Pace<R>): string =>
  words.get(pace) ?? (typeof pace === "function" ? "by a function" : "by a schedule")

/**
 * The pace of a policy in words, such as `every 10s`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const paceInWords = <R>(self: PollPolicy<R>): string => paceWords(self.pace)

/**
 * The policy in words, for people who have to know what will be asked and when. With the vendor's limits, the floor is
 * the one that holds.
 *
 * @category destructors
 * @since 0.1.0
 */
export const describe = <R>(self: PollPolicy<R>, limits?: VendorLimits): string => {
  const floor = limits === undefined ? self.floor : Duration.max(self.floor, limits.floor)
  const first = self.first ?? floor
  const parts = [
    `first poll after ${show(first)}`,
    `then ${paceWords(self.pace)}`,
    `never closer than ${show(floor)}`,
    `after faults ${paceWords(self.failures)}`,
    `gives up softly after ${show(self.deadline)}`
  ]
  if (self.spread > 0) parts.splice(3, 0, `spread upwards by up to ${Math.round(self.spread * 100)} %`)
  return parts.join(", ")
}
