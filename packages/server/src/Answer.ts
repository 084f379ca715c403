/**
 * Answers in their last form: every text of one has passed the gate.
 *
 * @since 0.2.0
 */
import * as Hostile from "@scanpoll/report/HostileText"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Effect from "effect/Effect"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as ProblemDetails from "effect/http/ProblemDetails"
import * as Schema from "effect/Schema"

const isArray = (value: unknown): value is ReadonlyArray<unknown> => Array.isArray(value)

const harmless = (value: unknown): unknown => {
  if (typeof value === "string") return Hostile.toLine(Hostile.of(value))
  if (isArray(value)) return value.map(harmless)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, harmless(one)]))
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
): Effect.Effect<HttpServerResponse.HttpServerResponse> =>
  Effect.map(Effect.orDie(Schema.encodeEffect(schema)(value)), (encoded) =>
    HttpServerResponse.text(SafeText.document(harmless(encoded), 0), { contentType: "application/json", headers })
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
export const problem = (
  status: number,
  detail: string,
  headers: Readonly<Record<string, string>> = {}
): HttpServerResponse.HttpServerResponse =>
  HttpServerResponse.setHeaders(
    ProblemDetails.toResponse({ type: "about:blank", title: titles[status] ?? "Error", status, detail }),
    headers
  )
