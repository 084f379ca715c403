/**
 * Reads the body of an answer as JSON: bounded in size, depth and values, total, and silent about what it read.
 *
 * The bytes are counted as they arrive and reading stops at the first one too many. Any bytes at all become a
 * `VendorBody`; nothing throws, and no message quotes the body. Keys such as `__proto__` stay plain data, as
 * `JSON.parse` leaves them.
 *
 * @since 0.1.0
 */
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type { HttpClientError } from "effect/http/HttpClientError"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import * as BoundedJson from "../model/BoundedJson.ts"
import type { Scrubber } from "../model/Scrubber.ts"

/**
 * The body of an answer: JSON, or why it is not.
 *
 * @category models
 * @since 0.1.0
 */
export type VendorBody =
  | { readonly _tag: "Json"; readonly value: unknown }
  | {
      readonly _tag: "Unreadable"
      readonly why: "empty" | "not-json" | "too-large" | "too-deep" | "too-many-values" | "encoding"
      /** For people: status, content type and size; never the body. */
      readonly detail: string
    }

/**
 * A body and what was odd about it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Decoded {
  readonly body: VendorBody
  readonly warnings: ReadonlyArray<string>
}

class Exceeded extends Data.TaggedError("Exceeded") {}

const declared = /^\d{1,15}$/

/**
 * The bytes of a body, or null as soon as there are more than `maxBytes` of them; the rest is then left unread and the
 * caller has to end the request.
 *
 * @category destructors
 * @since 0.1.0
 */
export const read = (
  response: HttpClientResponse,
  headers: { readonly [name: string]: string | undefined },
  maxBytes: number
): Effect.Effect<Uint8Array | null, HttpClientError> => {
  const length = headers["content-length"]
  if (length !== undefined && declared.test(length) && headers["transfer-encoding"] === undefined) {
    if (Number(length) > maxBytes) return Effect.succeed(null)
    // HTTP's own framing bounds such a body, and the client reads it faster in one piece than as a stream.
    return Effect.map(response.arrayBuffer, (buffer) => (buffer.byteLength > maxBytes ? null : new Uint8Array(buffer)))
  }
  return readCounting(response, maxBytes)
}

const readCounting = (
  response: HttpClientResponse,
  maxBytes: number
): Effect.Effect<Uint8Array | null, HttpClientError> =>
  Effect.suspend(() => {
    const chunks: Array<Uint8Array> = []
    let size = 0
    return Stream.runForEachArray(response.stream, (arrived) => {
      for (const chunk of arrived) {
        size += chunk.byteLength
        if (size > maxBytes) return Effect.fail(new Exceeded())
        chunks.push(chunk)
      }
      return Effect.void
    }).pipe(
      Effect.map(() => join(chunks, size)),
      Effect.catchTag("Exceeded", () => Effect.succeed(null)),
      // How the fetch client says that there is no body at all.
      Effect.catchIf(
        (error) => error._tag === "HttpClientError" && error.reason._tag === "EmptyBodyError",
        () => Effect.succeed(new Uint8Array(0))
      )
    )
  })

const join = (chunks: ReadonlyArray<Uint8Array>, size: number): Uint8Array => {
  const first = chunks[0]
  if (first !== undefined && chunks.length === 1) return first
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.byteLength
  }
  return all
}

const strict = new TextDecoder("utf-8", { fatal: true })
const lenient = new TextDecoder("utf-8")

/**
 * What a body is read with.
 *
 * - `maxDepth`: how deep it may be. The other bounds are `BoundedJson.ofAnswer`'s.
 * - `about`: describes the answer for people.
 * - `scrubber`: credentials that it knows are replaced in every text, name and number.
 *
 * @category models
 * @since 0.2.0
 */
export interface Reading {
  readonly maxDepth: number
  readonly about: () => string
  readonly scrubber: Scrubber
}

/**
 * Reads bytes as UTF-8 JSON within the bounds; a byte order mark is skipped. A large body is searched for credentials in
 * slices, between which other fibers and sockets have their turn.
 *
 * @category constructors
 * @since 0.1.0
 */
export const decode = (bytes: Uint8Array, options: Reading): Effect.Effect<Decoded> =>
  Effect.suspend(() => {
    const decoded = unscrubbed(bytes, options)
    const { body, warnings } = decoded
    if (body._tag === "Unreadable") return Effect.succeed(decoded)
    const { scrubber } = options
    const done = (value: unknown): Decoded => ({ body: { _tag: "Json", value }, warnings })
    if (bytes.byteLength <= atOnce) return Effect.succeed(done(scrubber.value(body.value)))
    return Effect.map(inSlices(scrubber.slices(body.value)), done)
  })

// So much is searched in about a millisecond.
const atOnce = 32 * 1024

const inSlices = <A>(slices: Iterator<void, A>): Effect.Effect<A> =>
  Effect.suspend(() => {
    const next = slices.next()
    return next.done === true ? Effect.succeed(next.value) : Effect.andThen(Effect.yieldNow, inSlices(slices))
  })

const unscrubbed = (bytes: Uint8Array, options: Reading): Decoded => {
  let text: string
  let warnings: ReadonlyArray<string> = []
  try {
    text = strict.decode(bytes)
  } catch {
    text = lenient.decode(bytes)
    warnings = ["the answer is not valid UTF-8: some characters were replaced"]
  }
  const unreadable = (why: "empty" | BoundedJson.Refusal["why"], more = ""): Decoded => ({
    body: { _tag: "Unreadable", why, detail: `${options.about()}, ${bytes.byteLength} bytes${more}` },
    warnings
  })
  if (text.trim() === "") return unreadable("empty")
  // The size of a body is bounded where its bytes are counted.
  const bounds = { ...BoundedJson.ofAnswer, size: Infinity, text: Infinity, depth: options.maxDepth }
  const value = BoundedJson.parse(text, bounds)
  if (Result.isSuccess(value)) return { body: { _tag: "Json", value: value.success }, warnings }
  const { message, why } = value.failure
  return unreadable(why, why === "too-many-values" ? `, ${message}` : "")
}

/**
 * Reads bytes as one UTF-8 text: a JSON body that holds a string. Credentials that the scrubber knows are replaced.
 *
 * @category constructors
 * @since 0.2.0
 */
export const text = (bytes: Uint8Array, scrubber: Scrubber): Effect.Effect<Decoded> =>
  Effect.suspend(() =>
    Effect.map(inSlices(scrubber.slices(lenient.decode(bytes))), (value): Decoded => ({
      body: { _tag: "Json", value },
      warnings: []
    }))
  )
