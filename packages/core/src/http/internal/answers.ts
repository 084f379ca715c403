// What an answer says: its body, and what its headers tell about waits, limits and names.
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Headers from "effect/http/Headers"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Waits from "../../time/Waits.ts"
import * as JsonBody from "../JsonBody.ts"
import * as RateLimitHeaders from "../RateLimitHeaders.ts"
import * as RetryAfter from "../RetryAfter.ts"
import * as Scrubber from "../../model/Scrubber.ts"
import type { VendorResponse } from "../VendorHttp.ts"

// Keeps what a header says to one short, printable line.
const line = (text: string, longest: number): string =>
  text
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, longest)

const contentType = (header: string): string => /^[\w.+-]{1,60}\/[\w.+-]{1,60}/.exec(header)?.[0] ?? "no content type"

const jsonType = /^[ \t]*application\/(?:[\w.!#$&^-]+\+)?json[ \t]*(?:;|$)/i

const isIdentity = (encoding: string | undefined): boolean =>
  encoding === undefined || encoding.split(",").every((part) => /^[ \t]*(?:identity)?[ \t]*$/i.test(part))

/**
 * Every `Retry-After` of an answer. Node's own HTTP parser keeps only the first of several; the others are in its raw
 * headers.
 */
const retryAfter = (response: HttpClientResponse, headers: Headers.Headers): string | undefined => {
  const first = headers["retry-after"]
  if (first === undefined || !hasProperty(response, "source") || !hasProperty(response.source, "rawHeaders"))
    return first
  const raw = response.source.rawHeaders
  if (!Array.isArray(raw)) return first
  const values = raw.filter((_, at) => at % 2 === 1 && String(raw[at - 1]).toLowerCase() === "retry-after").map(String)
  return values.length > 1 ? values.join(", ") : first
}

/**
 * What a request has come to: whether a byte may have left, and the answer to give when time runs out.
 */
export interface Exchange {
  sent: boolean
  answer: VendorResponse | null
}

/**
 * `open` when the body was not read to its end, so that the request has to be ended.
 */
export interface Read {
  readonly answer: VendorResponse
  readonly open: boolean
}

/** A `token` is a credential that may be known already: its answer is the one that is not scrubbed. */
export type Expected = "json" | "text" | "token"

const blind = Scrubber.make()

/** Scrubbed before it is cut: a part of a credential would not be recognised. */
export const foreign =
  (scrubber: Scrubber.Scrubber) =>
  (text: string, longest: number): string =>
    line(scrubber.text(text), longest)

/** Reads the answers of one vendor; `now` is the time on our clock. */
export const reader = (settings: {
  readonly vendor: string
  readonly scrubber: Scrubber.Scrubber
  readonly maxBytes: number
  readonly maxDepth: number
}): ((
  response: HttpClientResponse,
  exchange: Exchange,
  now: number,
  expected: Expected
) => Effect.Effect<Read, HttpClientError>) => {
  const { scrubber, vendor } = settings
  const short = foreign(scrubber)
  let saidType = false

  return (response: HttpClientResponse, exchange: Exchange, now: number, expected: Expected) => {
    const { status } = response
    const headers = response.headers
    const asked = retryAfter(response, headers)
    const quota = RateLimitHeaders.parse(headers, now)
    const parsed =
      asked === undefined
        ? Option.none<Duration.Duration>()
        : RetryAfter.parse(asked, () => RateLimitHeaders.vendorClock(headers, now))
    const hint =
      Option.isNone(parsed) && status === 429
        ? Option.flatMap(quota, ({ resetAt }) =>
            resetAt === null ? Option.none() : Option.some(Duration.millis(resetAt - now))
          )
        : parsed
    const requestId = short(headers["x-request-id"] ?? "", 200)
    const location = short(headers["location"] ?? "", 2049)
    const about = (): string => `status ${status}, ${contentType(scrubber.text(headers["content-type"] ?? ""))}`
    const answer = (body: JsonBody.VendorBody, warnings: ReadonlyArray<string> = []): VendorResponse => ({
      status,
      body,
      hint,
      quota,
      requestId: requestId === "" ? null : requestId,
      ...(location === "" || location.length > 2048 ? {} : { location }),
      warnings
    })
    const unreadable = (why: "encoding" | "too-large" | "not-json", detail: string): VendorResponse =>
      answer({ _tag: "Unreadable", why, detail: `${about()}, ${detail}` })
    const encoding = headers["content-encoding"]
    const body = isIdentity(encoding)
      ? Effect.map(JsonBody.read(response, headers, settings.maxBytes), (bytes): Read => {
          if (bytes === null) {
            return { answer: unreadable("too-large", `more than ${settings.maxBytes} bytes`), open: true }
          }
          const decoded =
            expected === "text"
              ? JsonBody.text(bytes, scrubber)
              : JsonBody.decode(bytes, {
                  maxDepth: settings.maxDepth,
                  about,
                  scrubber: expected === "token" ? blind : scrubber
                })
          // 101: a client that hands it on hands over the connection, which is nobody's then.
          return { answer: answer(decoded.body, decoded.warnings), open: status > 0 && status < 200 }
        })
      : Effect.sync((): Read => {
          const detail = `encoded as ${short(encoding ?? "", 40)} although that was not asked for`
          return { answer: unreadable("encoding", detail), open: true }
        })
    const notes: Array<string> = []
    if (asked !== undefined && (Option.isNone(parsed) || Duration.toMillis(parsed.value) >= Waits.longest)) {
      const taken = Option.isNone(parsed) ? "ignored" : "taken as 30 days"
      notes.push(`${vendor}: Retry-After ${taken}: ${JSON.stringify(short(asked, 64))}`)
    }
    const type = headers["content-type"]
    if (expected === "json" && !saidType && status === 200 && type !== undefined && !jsonType.test(type)) {
      // Once: it will say so with every answer.
      saidType = true
      notes.push(`${vendor}: the content type is ${contentType(scrubber.text(type))}: read as JSON all the same`)
    }
    const heard =
      notes.length === 0
        ? body
        : Effect.andThen(
            Effect.forEach(notes, (note) => Effect.logDebug(note)),
            body
          )
    if (status >= 200 && status < 300) return heard
    // What the status and the headers say must not be lost with a body that nobody needs.
    const bodiless = unreadable("not-json", "the body broke off")
    exchange.answer = bodiless
    return Effect.catch(heard, () => Effect.succeed<Read>({ answer: bodiless, open: true }))
  }
}
