/**
 * Reads `X-RateLimit-Limit`, `X-RateLimit-Remaining` and `X-RateLimit-Reset`, strictly: whole numbers from 0.
 *
 * `Reset` is a moment in Unix seconds on the vendor's clock; it is carried over to ours through the answer's own
 * `Date`, so a clock that is wrong on either side does not matter. A moment that is past or more than 30 days away is
 * nonsense and counts as absent. Of several values the strictest counts: the lowest limit, the fewest remaining, the
 * latest reset.
 *
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type { Quota } from "../model/Observation.ts"
import * as Waits from "../policy/Waits.ts"
import * as RetryAfter from "./RetryAfter.ts"

/**
 * The headers of an answer, their names in lower case.
 *
 * @category models
 * @since 0.1.0
 */
export interface AnswerHeaders {
  readonly [name: string]: string | undefined
}

const digits = /^\d{1,15}$/

const numbers = (text: string | undefined): ReadonlyArray<number> =>
  text === undefined
    ? []
    : RetryAfter.split(text)
        .filter((value) => digits.test(value))
        .map(Number)

const least = (values: ReadonlyArray<number>): number | null => (values.length === 0 ? null : Math.min(...values))

/**
 * What time it is for the vendor, in milliseconds since 1970: the answer's `Date`, or `now` where that is absent or
 * not a date.
 *
 * @category destructors
 * @since 0.1.0
 */
export const vendorClock = (headers: AnswerHeaders, now: number): number =>
  headers["date"] === undefined ? now : (RetryAfter.httpDate(headers["date"]) ?? now)

/**
 * The quota the headers tell; none when they tell nothing valid. `now` and `resetAt` are milliseconds since 1970 on
 * our clock.
 *
 * @category destructors
 * @since 0.1.0
 */
export const parse = (headers: AnswerHeaders, now: number): Option.Option<Quota> => {
  const limit = least(numbers(headers["x-ratelimit-limit"]))
  const remaining = least(numbers(headers["x-ratelimit-remaining"]))
  const resets = numbers(headers["x-ratelimit-reset"])
  let resetAt: number | null = null
  if (resets.length > 0) {
    const vendorNow = vendorClock(headers, now)
    const waits = resets.map((reset) => reset * 1000 - vendorNow).filter((wait) => wait > 0 && wait <= Waits.longest)
    if (waits.length > 0) resetAt = now + Math.max(...waits)
  }
  return limit === null && remaining === null && resetAt === null
    ? Option.none()
    : Option.some({ limit, remaining, resetAt })
}
