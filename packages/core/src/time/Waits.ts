/**
 * Waits as the engine counts them: whole milliseconds, rounded up, always finite.
 *
 * A duration that came from a caller, a schedule or a header goes through here before it can become a sleep: NaN,
 * negative and endless values are where hot loops and dead waits come from.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

/**
 * The longest wait there is: 30 days, in milliseconds.
 *
 * @category constructors
 * @since 0.1.0
 */
export const longest = 30 * 24 * 60 * 60 * 1000

/**
 * `Duration.toMillis`, several times faster for the durations there are: a poll asks for half a dozen.
 *
 * @category destructors
 * @since 0.1.0
 */
export const millis = (duration: Duration.Duration): number =>
  duration.value._tag === "Millis" ? duration.value.millis : Duration.toMillis(duration)

/**
 * Whole milliseconds of a duration, rounded up; none when it is NaN or negative; endless becomes `longest`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const toMillis = (duration: Duration.Duration): Option.Option<number> => {
  const whole = Math.ceil(millis(duration))
  return Number.isNaN(whole) || whole < 0 ? Option.none() : Option.some(Math.min(whole, longest))
}

/**
 * How much later than now a stored time may have been written before the clock counts as set back, in milliseconds: the
 * clocks of two processes differ by rounding.
 *
 * @category constructors
 * @since 0.2.0
 */
export const setBackBeyond = 1_000

/**
 * A time that was stored at `writtenAt`, as it holds now: for `cap` at most from when it was written. One that was written
 * later than now comes from a clock that was set back since: then what it had left when it was written counts from now.
 * All in milliseconds since 1970; `writtenAt` is null where that is not known, and the cap counts from now.
 *
 * @category combinators
 * @since 0.2.0
 */
export const storedUntil = (until: number, writtenAt: number | null, now: number, cap: number = longest): number => {
  if (until <= now) return until
  if (writtenAt === null) return Math.min(until, now + cap)
  return writtenAt > now + setBackBeyond ? now + clamp(until - writtenAt, 0, cap) : Math.min(until, writtenAt + cap)
}

/**
 * `value` held inside `[low, high]`; NaN becomes `low`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const clamp = (value: number, low: number, high: number): number =>
  value > low ? Math.min(value, Math.max(low, high)) : low
