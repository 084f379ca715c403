/**
 * Answers in their last form: every text of one has passed the gate. No other module makes the body of an answer; one that a
 * library made is sealed by `gated` on its way out.
 *
 * @since 0.2.0
 */
import * as Hostile from "@scanpoll/report/HostileText"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import type * as Cookies from "effect/http/Cookies"
import type * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as ProblemDetails from "effect/http/ProblemDetails"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

/**
 * An answer to a request.
 *
 * @category models
 * @since 0.2.0
 */
export type Answer = HttpServerResponse.HttpServerResponse

// The bodies that were made here.
const sealed = new WeakSet<HttpBody.HttpBody>()

const kept = (answer: Answer): Answer => {
  sealed.add(answer.body)
  return answer
}

/**
 * How a text is answered. `type`: its media type. Default of `status`: 200.
 *
 * @category models
 * @since 0.2.0
 */
export interface Shape {
  readonly type: string
  readonly status?: number
}

/**
 * A sealed text.
 *
 * @category constructors
 * @since 0.2.0
 */
export const text = (body: SafeText.SafeText, { status = 200, type }: Shape): Answer =>
  kept(HttpServerResponse.text(body, { status, contentType: type }))

/**
 * Sealed texts, each sent as it comes: what becomes of the stream is what becomes of the answer.
 *
 * @category constructors
 * @since 0.2.0
 */
export const stream = (pieces: Stream.Stream<SafeText.SafeText>, { status = 200, type }: Shape): Answer =>
  kept(HttpServerResponse.stream(Stream.encodeText(pieces), { status, contentType: type }))

/**
 * An answer without a body.
 *
 * @category constructors
 * @since 0.2.0
 */
export const nothing: Answer = HttpServerResponse.empty({ status: 204 })

/**
 * The way to another page of this server, with a cookie of these options.
 *
 * @category constructors
 * @since 0.2.0
 */
export const seeOther = (
  path: `/${string}`,
  cookie: { readonly name: string; readonly value: string; readonly options: Cookies.Cookie["options"] }
): Answer =>
  HttpServerResponse.setCookieUnsafe(
    HttpServerResponse.redirect(path, { status: 303 }),
    cookie.name,
    cookie.value,
    cookie.options
  )

/**
 * An answer with these headers in place of its own of the same names.
 *
 * @category combinators
 * @since 0.2.0
 */
export const withHeaders: (answer: Answer, headers: Headers.Input) => Answer = HttpServerResponse.setHeaders

const isArray = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

const line = (text: string): string => Hostile.toLine(Hostile.of(text))

const harmless = (value: unknown): unknown => {
  if (typeof value === "string") return line(value)
  if (isArray(value)) return value.map(harmless)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [line(name), harmless(one)]))
}

/**
 * A value as JSON, by its schema, every text in it one harmless line. A value that its schema cannot write is a defect.
 *
 * @category constructors
 * @since 0.2.0
 */
export const json = <A, I>(
  schema: Schema.Codec<A, I>,
  value: A,
  headers: Readonly<Record<string, string>> = {}
): Effect.Effect<Answer> =>
  Effect.map(Effect.orDie(Schema.encodeEffect(schema)(value)), (encoded) =>
    withHeaders(text(SafeText.document(harmless(encoded), 0), { type: "application/json" }), headers)
  )

const titles: { readonly [status: number]: string } = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  411: "Length Required",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable"
}

/**
 * A problem as RFC 9457 has it. Nothing of the request is repeated in `detail`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const problem = (status: number, detail: string, headers: Readonly<Record<string, string>> = {}): Answer =>
  withHeaders(
    text(SafeText.document({ type: ProblemDetails.blankType, title: titles[status] ?? "Error", status, detail }, 0), {
      status,
      type: ProblemDetails.contentType
    }),
    headers
  )

const parsed = (bytes: Uint8Array): Result.Result<unknown, unknown> =>
  Result.try(() => JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes)))

/**
 * An answer whose body is sealed: a body that was not made here is taken for JSON, as the faults that the API's
 * library tells are, and any other is a defect.
 *
 * @category combinators
 * @since 0.2.0
 */
export const gated = (answer: Answer): Answer => {
  const { body } = answer
  if (body._tag === "Empty" || sealed.has(body)) return answer
  const value = body._tag === "Uint8Array" ? parsed(body.body) : Result.fail(body._tag)
  return Result.isSuccess(value)
    ? HttpServerResponse.setBody(
        answer,
        HttpBody.text(SafeText.document(harmless(value.success), 0), body.contentType ?? "application/json")
      )
    : problem(500, "a defect of scanpoll: this answer was not sealed")
}
