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
import * as Waits from "../time/Waits.ts"
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

/**
 * The strictest of the valid numbers in a header, or null: `stricter` picks between two.
 */
const strictest = (
  text: string | undefined,
  read: (value: number) => number | null,
  stricter: (a: number, b: number) => number
): number | null => {
  if (text === undefined) return null
  // Nearly always there is one value and no comma.
  if (digits.test(text)) return read(Number(text))
  let found: number | null = null
  for (const value of RetryAfter.split(text)) {
    const number = digits.test(value) ? read(Number(value)) : null
    if (number !== null) found = found === null ? number : stricter(found, number)
  }
  return found
}

const itself = (value: number): number => value

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
  const limit = strictest(headers["x-ratelimit-limit"], itself, Math.min)
  const remaining = strictest(headers["x-ratelimit-remaining"], itself, Math.min)
  const reset = headers["x-ratelimit-reset"]
  let resetAt: number | null = null
  if (reset !== undefined) {
    const vendorNow = vendorClock(headers, now)
    const ahead = (value: number): number | null => {
      const wait = value * 1000 - vendorNow
      return wait > 0 && wait <= Waits.longest ? now + wait : null
    }
    resetAt = strictest(reset, ahead, Math.max)
  }
  return limit === null && remaining === null && resetAt === null
    ? Option.none()
    : Option.some({ limit, remaining, resetAt })
}
