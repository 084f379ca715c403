/**
 * Reads what an answer's headers say of a rate limit, in the spellings that vendors use, strictly.
 *
 * | headers | reset |
 * | --- | --- |
 * | `X-RateLimit-Limit`, `-Remaining`, `-Reset`; the same as `X-Rate-Limit-...` | a moment: Unix seconds, an RFC 3339 time or an HTTP date |
 * | `X-RateLimit-Reset-After`, `X-Rate-Limit-Reset-After` | seconds from now, with a fraction or not |
 * | `RateLimit-Limit`, `-Remaining`, `-Reset` (IETF drafts to 07) | seconds from now |
 * | `RateLimit: limit=100, remaining=50, reset=30` (draft 08) | seconds from now |
 * | `RateLimit: "burst";r=50;t=30` beside `RateLimit-Policy: "burst";q=100;w=60` (drafts from 09) | seconds from now |
 *
 * A moment on the vendor's clock is carried over to ours through the answer's own `Date`, so a clock that is wrong on
 * either side does not matter. A moment that is past or more than 30 days away is nonsense and counts as absent. Of
 * several values of one header the strictest counts: the lowest limit, the fewest remaining, the latest reset. Of several
 * windows the one with the fewest requests left counts, with its own reset.
 *
 * @see https://datatracker.ietf.org/doc/draft-ietf-httpapi-ratelimit-headers/
 * @since 0.1.0
 */
import * as Option from "effect/Option"
import type { Quota } from "../model/Observation.ts"
import * as Waits from "../time/Waits.ts"
import * as RetryAfter from "./RetryAfter.ts"
import { timestamp } from "./WireFields.ts"

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

const whole = (text: string): number | null => (digits.test(text) ? Number(text) : null)

/** The strictest of the valid values in a header, or null: `stricter` picks between two. */
const strictest = (
  text: string | undefined,
  read: (value: string) => number | null,
  stricter: (a: number, b: number) => number
): number | null => {
  if (text === undefined) return null
  // Nearly always there is one value and no comma.
  if (digits.test(text)) return read(text)
  let found: number | null = null
  for (const value of RetryAfter.split(text)) {
    const number = read(value)
    if (number !== null) found = found === null ? number : stricter(found, number)
  }
  return found
}

/**
 * What time it is for the vendor, in milliseconds since 1970: the answer's `Date`, or `now` where that is absent or
 * not a date.
 *
 * @category destructors
 * @since 0.1.0
 */
export const vendorClock = (headers: AnswerHeaders, now: number): number =>
  headers["date"] === undefined ? now : (RetryAfter.httpDate(headers["date"]) ?? now)

/** A wait as a moment on our clock; null where it is none, or longer than 30 days. */
const ahead = (wait: number, now: number): number | null =>
  wait > 0 && wait <= Waits.longest ? now + Math.ceil(wait) : null

const fraction = /^\d{1,10}(?:\.\d{1,9})?$/

/** A moment, as milliseconds from the vendor's own time. */
const momentOf = (headers: AnswerHeaders, now: number) => {
  const vendorNow = vendorClock(headers, now)
  return (text: string): number | null => {
    const seconds = whole(text)
    const at = seconds === null ? (timestamp(text) ?? RetryAfter.httpDate(text)) : seconds * 1000
    return at === null ? null : ahead(at - vendorNow, now)
  }
}

const waitOf =
  (now: number) =>
  (text: string): number | null =>
    fraction.test(text) ? ahead(Number(text) * 1000, now) : null

const latest = (...moments: ReadonlyArray<number | null>): number | null => {
  const known = moments.filter((at) => at !== null)
  return known.length === 0 ? null : Math.max(...known)
}

const classic = (headers: AnswerHeaders, now: number, prefix: string): Quota | null => {
  const limit = headers[`${prefix}-limit`]
  const remaining = headers[`${prefix}-remaining`]
  const reset = headers[`${prefix}-reset`]
  const after = headers[`${prefix}-reset-after`]
  if (limit === undefined && remaining === undefined && reset === undefined && after === undefined) return null
  return {
    limit: strictest(limit, whole, Math.min),
    remaining: strictest(remaining, whole, Math.min),
    resetAt: latest(
      reset === undefined ? null : strictest(reset, momentOf(headers, now), Math.max),
      strictest(after, waitOf(now), Math.max)
    )
  }
}

/** One member of a structured list: its own words, and its parameters. Quoted words may hold what parts others. */
const members = (text: string): ReadonlyArray<{ readonly name: string; readonly of: ReadonlyMap<string, string> }> => {
  // A quote without an end: nobody can tell where a member ends.
  if ((text.split('"').length - 1) % 2 === 1) return []
  const found = text.match(/(?:"(?:[^"\\]|\\.)*"|[^",])+/g) ?? []
  return found.map((member) => {
    const [name = "", ...rest] = member.match(/(?:"(?:[^"\\]|\\.)*"|[^";])+/g) ?? []
    const of = new Map(
      rest.map((part) => {
        const at = part.indexOf("=")
        return [part.slice(0, Math.max(at, 0)).trim().toLowerCase(), part.slice(at + 1).trim()] as const
      })
    )
    return { name: name.trim(), of }
  })
}

const numberIn = (of: ReadonlyMap<string, string>, name: string): number | null => whole(of.get(name) ?? "")

/** The drafts with one header for each number. What follows the limit are policies; the first is the limit in force. */
const apart = (headers: AnswerHeaders, now: number): Quota | null => {
  const limit = headers["ratelimit-limit"]
  const remaining = headers["ratelimit-remaining"]
  const reset = headers["ratelimit-reset"]
  if (limit === undefined && remaining === undefined && reset === undefined) return null
  const first = limit === undefined ? undefined : members(limit)[0]
  return {
    limit: first === undefined ? null : whole(first.name),
    remaining: strictest(remaining, whole, Math.min),
    resetAt: strictest(reset, waitOf(now), Math.max)
  }
}

/** The drafts with one header for each window. */
const together = (headers: AnswerHeaders, now: number): ReadonlyArray<Quota> => {
  const limits = headers["ratelimit"]
  if (limits === undefined) return []
  const all = members(limits)
  const pairs = new Map(
    all.flatMap(({ name }) => {
      const [key = "", value = ""] = name.split("=")
      return value === "" ? [] : [[key.trim().toLowerCase(), value.trim()] as const]
    })
  )
  if (pairs.size > 0) {
    return [
      {
        limit: numberIn(pairs, "limit"),
        remaining: numberIn(pairs, "remaining"),
        resetAt: waitOf(now)(pairs.get("reset") ?? "")
      }
    ]
  }
  const policies = new Map(members(headers["ratelimit-policy"] ?? "").map(({ name, of }) => [name, of]))
  return all.map(({ name, of }) => {
    const policy = policies.get(name)
    const seconds = policy === undefined ? null : numberIn(policy, "w")
    return {
      limit: policy === undefined ? null : numberIn(policy, "q"),
      remaining: numberIn(of, "r"),
      resetAt: waitOf(now)(of.get("t") ?? ""),
      ...(seconds === null ? {} : { windowMillis: seconds * 1000 })
    }
  })
}

/** The window that runs out first: with the fewest left, and of two such with the later reset. */
const tighter = (a: Quota, b: Quota): Quota => {
  const [one, other] = [a.remaining ?? Infinity, b.remaining ?? Infinity]
  if (one !== other) return one < other ? a : b
  return (b.resetAt ?? 0) > (a.resetAt ?? 0) ? b : a
}

const says = ({ limit, remaining, resetAt }: Quota): boolean => limit !== null || remaining !== null || resetAt !== null

/**
 * The quota the headers tell; none when they tell nothing valid. `now` and `resetAt` are milliseconds since 1970 on
 * our clock.
 *
 * @category destructors
 * @since 0.1.0
 */
export const parse = (headers: AnswerHeaders, now: number): Option.Option<Quota> => {
  const usual = classic(headers, now, "x-ratelimit")
  const hyphens = classic(headers, now, "x-rate-limit")
  const draft = apart(headers, now)
  const windows = together(headers, now)
  const all = [usual, hyphens, draft, ...windows].filter((quota) => quota !== null).filter(says)
  const [first, ...others] = all
  return first === undefined ? Option.none() : Option.some(others.reduce(tighter, first))
}
