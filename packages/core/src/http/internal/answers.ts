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
import type { VendorResponse } from "./client.ts"

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

interface Settings {
  readonly vendor: string
  readonly scrubber: Scrubber.Scrubber
  readonly maxBytes: number
  readonly maxDepth: number
}

/** Reads one answer; `now` is the time on our clock. */
export type Reader = (
  response: HttpClientResponse,
  exchange: Exchange,
  now: number,
  expected: Expected
) => Effect.Effect<Read, HttpClientError>

// What status and headers say; `asked` is every `Retry-After`, and `wait` what it means.
interface Head {
  readonly asked: string | undefined
  readonly wait: Option.Option<Duration.Duration>
  readonly said: Omit<VendorResponse, "body" | "warnings">
}

const headOf = (response: HttpClientResponse, now: number, scrubber: Scrubber.Scrubber): Head => {
  const { headers, status } = response
  const short = foreign(scrubber)
  const asked = retryAfter(response, headers)
  const quota = RateLimitHeaders.parse(headers, now)
  const wait =
    asked === undefined
      ? Option.none<Duration.Duration>()
      : RetryAfter.parse(asked, () => RateLimitHeaders.vendorClock(headers, now))
  const hint =
    Option.isNone(wait) && status === 429
      ? Option.flatMap(quota, ({ resetAt }) =>
          resetAt === null ? Option.none() : Option.some(Duration.millis(resetAt - now))
        )
      : wait
  const requestId = short(headers["x-request-id"] ?? "", 200)
  const location = short(headers["location"] ?? "", 2049)
  return {
    asked,
    wait,
    said: {
      status,
      hint,
      quota,
      requestId: requestId === "" ? null : requestId,
      ...(location === "" || location.length > 2048 ? {} : { location })
    }
  }
}

const about = ({ headers, status }: HttpClientResponse, scrubber: Scrubber.Scrubber): string =>
  `status ${status}, ${contentType(scrubber.text(headers["content-type"] ?? ""))}`

type Unreadable = (why: "encoding" | "too-large" | "not-json", detail: string) => Read

const bodyOf = (
  response: HttpClientResponse,
  { said }: Head,
  expected: Expected,
  settings: Settings,
  unreadable: Unreadable
): Effect.Effect<Read, HttpClientError> => {
  const { maxBytes, maxDepth, scrubber } = settings
  const { headers, status } = response
  const encoding = headers["content-encoding"]
  if (!isIdentity(encoding)) {
    return Effect.sync(() => {
      const shown = foreign(scrubber)(encoding ?? "", 40)
      return unreadable("encoding", `encoded as ${shown} although that was not asked for`)
    })
  }
  const reading = {
    maxDepth,
    about: () => about(response, scrubber),
    scrubber: expected === "token" ? blind : scrubber
  }
  return Effect.flatMap(JsonBody.read(response, headers, maxBytes), (bytes): Effect.Effect<Read> => {
    if (bytes === null) return Effect.succeed(unreadable("too-large", `more than ${maxBytes} bytes`))
    const decoded = expected === "text" ? JsonBody.text(bytes, scrubber) : JsonBody.decode(bytes, reading)
    return Effect.map(decoded, ({ body, warnings }): Read =>
      // 101: a client that hands it on hands over the connection; close it.
      ({ answer: { ...said, body, warnings }, open: status > 0 && status < 200 })
    )
  })
}

const oddWait = ({ asked, wait }: Head, { scrubber, vendor }: Settings): string | null => {
  if (asked === undefined || (Option.isSome(wait) && Duration.toMillis(wait.value) < Waits.longest)) return null
  const taken = Option.isNone(wait) ? "ignored" : "taken as 30 days"
  return `${vendor}: Retry-After ${taken}: ${JSON.stringify(foreign(scrubber)(asked, 64))}`
}

/** Reads the answers of one vendor. */
export const reader = (settings: Settings): Reader => {
  const { scrubber, vendor } = settings
  let saidType = false

  // Once: it will say so with every answer.
  const oddType = ({ headers, status }: HttpClientResponse, expected: Expected): string | null => {
    const type = headers["content-type"]
    if (expected !== "json" || saidType || status !== 200 || type === undefined || jsonType.test(type)) return null
    saidType = true
    return `${vendor}: the content type is ${contentType(scrubber.text(type))}: read as JSON all the same`
  }

  return (response, exchange, now, expected) => {
    const { status } = response
    const head = headOf(response, now, scrubber)
    const unreadable: Unreadable = (why, detail) => {
      const body = { _tag: "Unreadable", why, detail: `${about(response, scrubber)}, ${detail}` } as const
      return { answer: { ...head.said, body, warnings: [] }, open: true }
    }
    const body = bodyOf(response, head, expected, settings, unreadable)
    const notes = [oddWait(head, settings), oddType(response, expected)].filter((note) => note !== null)
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
    exchange.answer = bodiless.answer
    return Effect.catch(heard, () => Effect.succeed(bodiless))
  }
}
