/**
 * Reads `Retry-After`, strictly: whole seconds or an HTTP date; everything else is as if the header were absent.
 *
 * The wait that comes out is always finite, never NaN and never negative: at most 30 days, zero for a moment in the
 * past. Of several values the longest valid one counts. How long a wait may really become is decided further up.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-10.2.3
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Headers from "effect/http/Headers"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Waits from "../time/Waits.ts"

const seconds = /^\d+$/
const dayName = /^(?:(?:mon|tues?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?)$/i

/**
 * Cuts spaces and tabs, the white space HTTP allows around a header's value.
 */
const trim = (text: string): string => text.replace(/^[ \t]+|[ \t]+$/g, "")

/**
 * The values of a header that was sent several times and joined with commas. The comma inside an HTTP date does not
 * part it.
 *
 * @category destructors
 * @since 0.1.0
 */
export const split = (text: string): ReadonlyArray<string> => {
  const parts = text.split(",")
  const values: Array<string> = []
  for (let i = 0; i < parts.length; i++) {
    const part = parts[i] ?? ""
    const next = parts[i + 1]
    if (next !== undefined && dayName.test(trim(part))) {
      values.push(trim(`${part},${next}`))
      i++
    } else {
      values.push(trim(part))
    }
  }
  return values
}

/**
 * Milliseconds since 1970 of an HTTP date in one of its three forms; null for everything else.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9110#section-5.6.7
 * @category destructors
 * @since 0.1.0
 */
export const httpDate = (text: string): number | null => {
  if (text !== latest.text) {
    latest = {
      text,
      millis: Result.match(Headers.parseHttpDate(text), { onFailure: () => null, onSuccess: DateTime.toEpochMillis })
    }
  }
  return latest.millis
}

// A server's `Date` changes once a second, and there may be thousands of answers in one.
let latest: { readonly text: string; readonly millis: number | null } = { text: "", millis: null }

/**
 * The wait a `Retry-After` header asks for. `clock` is the moment from which dates are counted, in milliseconds since
 * 1970: the answer's own `Date` where it has a valid one.
 *
 * **Example** (Reading both forms of the header)
 *
 * ```ts
 * import * as RetryAfter from "@scanpoll/core/unstable/http/RetryAfter"
 * import { Duration, Option } from "effect"
 *
 * const seconds = (text: string) =>
 *   Option.getOrNull(Option.map(RetryAfter.parse(text, () => Date.UTC(2026, 0, 1)), Duration.toSeconds))
 * seconds("30") // => 30
 * seconds("Thu, 01 Jan 2026 00:02:00 GMT") // => 120
 * seconds("soon") // => null
 * ```
 *
 * @category destructors
 * @since 0.1.0
 */
export const parse = (text: string, clock: () => number): Option.Option<Duration.Duration> => {
  let longest: number | null = null
  for (const value of split(text)) {
    const wait = toMillis(value, clock)
    if (wait !== null && (longest === null || wait > longest)) longest = wait
  }
  return longest === null ? Option.none() : Option.some(Duration.millis(longest))
}

const toMillis = (value: string, clock: () => number): number | null => {
  // Digits beyond what a number can hold become Infinity, which the clamp turns into the longest wait.
  if (seconds.test(value)) return Waits.clamp(Number(value) * 1000, 0, Waits.longest)
  const date = httpDate(value)
  return date === null ? null : Waits.clamp(date - clock(), 0, Waits.longest)
}
