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
 * `value` held inside `[low, high]`; NaN becomes `low`.
 *
 * @category combinators
 * @since 0.1.0
 */
export const clamp = (value: number, low: number, high: number): number =>
  value > low ? Math.min(value, Math.max(low, high)) : low
