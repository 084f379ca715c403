/**
 * The one hardened way from an adapter to its vendor.
 *
 * What it promises for every request: only the configured https origin is contacted and redirects are not followed; one
 * deadline covers connection, headers, body and decoding; the decoded body is bounded in size and depth and is asked
 * for without compression; no trace header leaves; the credential is asked for anew before each request, travels in the
 * `Authorization` header alone and is replaced by a mark wherever the vendor repeats it. It never retries: the engine
 * above is the one layer that does.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { constTrue } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type { HttpClientResponse } from "effect/http/HttpClientResponse"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { Quota } from "../model/Observation.ts"
import * as Timeouts from "../time/internal/timeouts.ts"
import * as Waits from "../time/Waits.ts"
import * as BaseUrl from "./BaseUrl.ts"
import * as Credentials from "./Credential.ts"
import * as JsonBody from "./JsonBody.ts"
import * as RateLimitHeaders from "./RateLimitHeaders.ts"
import * as RetryAfter from "./RetryAfter.ts"
import * as Scrubber from "./Scrubber.ts"
import * as TransportCause from "./TransportCause.ts"

/**
 * A credential as an effect, asked before each request: see the module `Credential`.
 *
 * @category models
 * @since 0.1.0
 */
export type Credential = Credentials.Credential

/**
 * The body of an answer: JSON, or why it is not. See the module `JsonBody`.
 *
 * @category models
 * @since 0.1.0
 */
export type VendorBody = JsonBody.VendorBody

export {
  /**
   * There is no usable credential. See the module `Credential`.
   *
   * @category errors
   * @since 0.1.0
   */
  CredentialError
} from "./Credential.ts"

export {
  /**
   * One part of a path from any text. See the module `BaseUrl`.
   *
   * @category constructors
   * @since 0.1.0
   */
  segment
} from "./BaseUrl.ts"

/**
 * The configuration of a vendor cannot be used. `faults` lists everything that is wrong with it.
 *
 * @category errors
 * @since 0.1.0
 */
export class VendorConfigError extends Data.TaggedError("VendorConfigError")<{
  readonly vendor: string
  readonly faults: ReadonlyArray<string>
}> {
  override get message(): string {
    return `${this.vendor}: ${this.faults.join("; ")}`
  }
}

/**
 * An answer of any status. `hint` is a valid `Retry-After` of at most 30 days (none when there is none, or it is
 * nonsense); a 429 without one has the time until `X-RateLimit-Reset`. `quota` is what the `X-RateLimit-*` headers say;
 * both go by the answer's own `Date`. `requestId` is the `X-Request-ID`; `warnings` lists what was odd about it, such as
 * bytes that are not UTF-8.
 *
 * **Details**
 *
 * An answer other than 2xx whose body breaks off or hangs is still an answer: its status and headers count and the body
 * is `not-json`. A status of 0 is a redirect that a browser-like client refused to show.
 *
 * @category models
 * @since 0.1.0
 */
export interface VendorResponse {
  readonly status: number
  readonly body: VendorBody
  readonly hint: Option.Option<Duration.Duration>
  readonly quota: Option.Option<Quota>
  readonly requestId: string | null
  readonly warnings: ReadonlyArray<string>
}

/**
 * No answer. `sent` is false only when it is certain that no byte of the request left; `permanent` when asking again
 * cannot help (a bad certificate). `code` is the cause's code in lower case, such as `timeout`, `econnrefused`,
 * `cert_has_expired`, `no-credential`.
 *
 * @category errors
 * @since 0.1.0
 */
export class TransportFault extends Data.TaggedError("TransportFault")<{
  readonly sent: boolean
  readonly permanent: boolean
  readonly code: string
  readonly message: string
}> {}

/**
 * How to reach a vendor.
 *
 * - `vendor`: its name, for messages.
 * - `baseUrl`: https, no user, query or fragment; plain http only for hosts in `insecureHosts` (`host` or `host:port`).
 * - `credential`: sent as `Authorization: Bearer ...`.
 * - `timeout`: over credential, connection, headers, body and decoding of one request, from 1 millisecond to 30 days.
 *   Default 15 seconds.
 * - `maxBytes`: the largest decoded body, up to 256 MiB. Default 10 MiB. `maxDepth`: the deepest JSON, up to 1000.
 *   Default 100.
 * - `headers`: further fixed headers that hold no secret; those this module answers for cannot be set.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options {
  readonly vendor: string
  readonly baseUrl: string
  readonly credential: Credential
  readonly insecureHosts?: ReadonlyArray<string>
  readonly timeout?: Duration.Input
  readonly maxBytes?: number
  readonly maxDepth?: number
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A vendor's HTTP API behind all of the promises above.
 *
 * `path` starts with a slash and is appended to the base; path parts that come from data go through `segment`. `get`
 * asks for the credential once more after a 401 or 403 and repeats the request a single time if it has changed, within
 * the same deadline; `post` never repeats anything. A `timeout` that is no duration from 1 millisecond to 30 days leaves
 * the client's own in force. `scrub` replaces every credential that any client of this process was given (the last 1 024
 * of them) by a mark.
 *
 * **Details**
 *
 * What cannot be sent fails without being sent, as a permanent `TransportFault` with the code `no-credential`,
 * `invalid-path` or `invalid-body`; a path or a body that holds a credential of any client of this process is among it
 * (one of at least 16 characters: a shorter one may stand there by chance).
 *
 * @category models
 * @since 0.1.0
 */
export interface VendorClient {
  readonly origin: string
  readonly get: (
    path: string,
    options?: { readonly query?: Readonly<Record<string, string | number>>; readonly timeout?: Duration.Input }
  ) => Effect.Effect<VendorResponse, TransportFault>
  readonly post: (
    path: string,
    body: unknown,
    options?: { readonly timeout?: Duration.Input }
  ) => Effect.Effect<VendorResponse, TransportFault>
  readonly scrub: (text: string) => string
}

/**
 * Makes clients for vendors. `make` checks the configuration and lists every fault of it; nothing is sent.
 *
 * @category services
 * @since 0.1.0
 */
export class VendorHttp extends Context.Service<
  VendorHttp,
  { readonly make: (options: Options) => Effect.Effect<VendorClient, VendorConfigError> }
>()("@scanpoll/core/http/VendorHttp") {}

interface Settings extends BaseUrl.BaseUrl {
  readonly vendor: string
  readonly credential: Credential
  readonly headers: Headers.Headers
  readonly timeout: number
  readonly maxBytes: number
  readonly maxDepth: number
}

const defaultTimeout = 15_000
const defaultMaxBytes = 10 * 1024 * 1024
const defaultMaxDepth = 100

// What this module promises about a request must not be undone by a fixed header.
const ownHeaders =
  /^(?:authorization|proxy-authorization|host|accept-encoding|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|cookie|traceparent|tracestate|b3|x-b3-.*)$/
const headerName = /^[a-z0-9!#$%&'*+.^_`|~-]+$/
const headerValue = /^[\x20-\x7e]*$/

const finiteMillis = (input: Duration.Input): number | null => {
  const millis = Option.match(Duration.fromInput(input), {
    onNone: () => 0,
    onSome: (duration) => Math.ceil(Duration.toMillis(duration))
  })
  return millis >= 1 && millis <= Waits.longest ? millis : null
}

const wholeUpTo = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most

const check = (options: Options): Result.Result<Settings, VendorConfigError> => {
  const base = BaseUrl.check(options.baseUrl, options.insecureHosts ?? [])
  const faults: Array<string> = Result.isFailure(base) ? [...base.failure] : []
  const timeout = options.timeout === undefined ? defaultTimeout : finiteMillis(options.timeout)
  if (timeout === null) faults.push("timeout must be a duration from 1 millisecond to 30 days")
  const maxBytes = options.maxBytes ?? defaultMaxBytes
  if (!wholeUpTo(maxBytes, 256 * 1024 * 1024)) faults.push("maxBytes must be a whole number from 1 to 268435456")
  const maxDepth = options.maxDepth ?? defaultMaxDepth
  if (!wholeUpTo(maxDepth, 1000)) faults.push("maxDepth must be a whole number from 1 to 1000")
  const headers: Record<string, string> = { accept: "application/json" }
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    const lower = name.toLowerCase()
    if (!headerName.test(lower)) faults.push(`headers: ${JSON.stringify(name.slice(0, 64))} is not a header name`)
    else if (ownHeaders.test(lower)) faults.push(`headers: ${lower} cannot be set`)
    else if (typeof value !== "string" || !headerValue.test(value))
      faults.push(`headers: ${lower} must be visible ASCII`)
    else headers[lower] = value
  }
  headers["accept-encoding"] = "identity"
  return Result.isFailure(base) || timeout === null || faults.length > 0
    ? Result.fail(new VendorConfigError({ vendor: options.vendor, faults }))
    : Result.succeed({
        ...base.success,
        vendor: options.vendor,
        credential: options.credential,
        headers: Headers.fromInput(headers),
        timeout,
        maxBytes,
        maxDepth
      })
}

// Keeps what a header says to one short, printable line.
const line = (text: string, longest: number): string =>
  text
    .replace(/[^\x20-\x7e]+/g, " ")
    .trim()
    .slice(0, longest)

const contentType = (header: string): string => /^[\w.+-]{1,60}\/[\w.+-]{1,60}/.exec(header)?.[0] ?? "no content type"

// A shorter credential may stand in a text by chance.
const pasted = 16

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
interface Exchange {
  sent: boolean
  answer: VendorResponse | null
}

const connect = (
  http: HttpClient.HttpClient.With<HttpClientError, Scope.Scope>,
  references: Context.Context<never>,
  settings: Settings
): VendorClient => {
  const { vendor } = settings
  const scrubber = Scrubber.ofProcess
  const base = settings.origin + settings.prefix
  let saidType = false

  // Scrubbed before it is cut: a part of a credential would not be recognised.
  const foreign = (text: string, longest: number): string => line(scrubber.text(text), longest)

  const fault = (cause: TransportCause.TransportCause, words: string): TransportFault =>
    new TransportFault({ ...cause, message: scrubber.text(`${vendor}: ${words}`) })

  const refused = (code: string, words: string): Effect.Effect<never, TransportFault> =>
    Effect.suspend(() => Effect.fail(fault({ sent: false, permanent: true, code }, words)))

  const failed = (failure: unknown): TransportFault => {
    const cause = TransportCause.classify(failure)
    return fault(cause, `${TransportCause.describe(cause)} from ${settings.origin}`)
  }

  const key: Effect.Effect<string, TransportFault> = Effect.matchEffect(settings.credential, {
    onFailure: (error) => {
      const source = error.variable === null || error.message.includes(error.variable) ? "" : `${error.variable}: `
      return refused("no-credential", `no credential: ${foreign(source + error.message, 300)}`)
    },
    onSuccess: (redacted) =>
      Result.match(Credentials.value(redacted), {
        onFailure: (why) => refused("no-credential", `no credential: what was given ${why}`),
        onSuccess: (value) => Effect.succeed(value)
      })
  })

  const understand = (response: HttpClientResponse, exchange: Exchange, now: number) => {
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
    const requestId = foreign(headers["x-request-id"] ?? "", 200)
    const about = (): string => `status ${status}, ${contentType(scrubber.text(headers["content-type"] ?? ""))}`
    const answer = (body: VendorBody, warnings: ReadonlyArray<string> = []): VendorResponse => ({
      status,
      body,
      hint,
      quota,
      requestId: requestId === "" ? null : requestId,
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
          const decoded = JsonBody.decode(bytes, { maxDepth: settings.maxDepth, about, scrubber })
          // 101: a client that hands it on hands over the connection, which is nobody's then.
          return { answer: answer(decoded.body, decoded.warnings), open: status > 0 && status < 200 }
        })
      : Effect.sync((): Read => {
          const detail = `encoded as ${foreign(encoding ?? "", 40)} although that was not asked for`
          return { answer: unreadable("encoding", detail), open: true }
        })
    const notes: Array<string> = []
    if (asked !== undefined && (Option.isNone(parsed) || Duration.toMillis(parsed.value) >= Waits.longest)) {
      const taken = Option.isNone(parsed) ? "ignored" : "taken as 30 days"
      notes.push(`${vendor}: Retry-After ${taken}: ${JSON.stringify(foreign(asked, 64))}`)
    }
    const type = headers["content-type"]
    if (!saidType && status === 200 && type !== undefined && !jsonType.test(type)) {
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

  const attempt = (request: HttpClientRequest.HttpClientRequest, value: string, exchange: Exchange) =>
    Effect.suspend(() => {
      // The client aborts the request when this scope closes: left open for an answer that was read to its end.
      const scope = Scope.makeUnsafe()
      exchange.sent = true
      exchange.answer = null
      return http.execute(HttpClientRequest.setHeader(request, "authorization", `Bearer ${value}`)).pipe(
        Effect.flatMap((response) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => understand(response, exchange, now))
        ),
        Effect.updateContext((context: Context.Context<never>) =>
          Context.add(Context.merge(context, references), Scope.Scope, scope)
        ),
        Effect.onExit((exit) =>
          Exit.isSuccess(exit) && !exit.value.open ? Effect.void : Scope.close(scope, Exit.void)
        ),
        Effect.matchCauseEffect({
          onFailure: (cause) => {
            const error = Cause.findError(cause)
            if (Result.isSuccess(error)) return Effect.fail(failed(error.success))
            // A client that throws is a client that failed; only an interruption passes as what it is.
            return Cause.hasInterruptsOnly(cause)
              ? Effect.failCause(error.failure)
              : Effect.fail(failed(Cause.squash(cause)))
          },
          onSuccess: ({ answer }) => Effect.succeed(answer)
        })
      )
    })

  const within = (
    timeout: Duration.Input | undefined,
    work: (exchange: Exchange) => Effect.Effect<VendorResponse, TransportFault>
  ): Effect.Effect<VendorResponse, TransportFault> =>
    Effect.suspend(() => {
      const exchange: Exchange = { sent: false, answer: null }
      const millis = (timeout === undefined ? null : finiteMillis(timeout)) ?? settings.timeout
      const late = Effect.suspend(() => {
        if (exchange.answer !== null) return Effect.succeed(exchange.answer)
        const what = exchange.sent ? "no complete answer" : "no credential"
        const cause = { sent: exchange.sent, permanent: false, code: "timeout" }
        return Effect.fail(fault(cause, `${what} within ${millis} ms (timeout) from ${settings.origin}`))
      })
      return Timeouts.within(work(exchange), millis, late)
    })

  const request = (method: "GET" | "POST", path: string): HttpClientRequest.HttpClientRequest =>
    HttpClientRequest.makeWith(method, base + path, UrlParams.empty, Option.none(), settings.headers, HttpBody.empty)

  // Somebody pasted a key where an id or a target belongs. A key leaves in its header and nowhere else, also another
  // account's or another vendor's.
  const holds = (text: string): boolean => scrubber.finds(text, pasted)

  const credentialInPath = refused("invalid-path", "the request was not sent: its path holds a credential")

  const credentialInBody = refused("invalid-body", "the request was not sent: its body holds a credential")

  const invalidPath = refused("invalid-path", "the request was not sent: its path could lead somewhere else")

  return {
    origin: settings.origin,
    get: (path, options) => {
      if (!BaseUrl.isPath(path)) return invalidPath
      const query = Object.entries(options?.query ?? {}).map(([name, value]) => [name, String(value)])
      const asked = request("GET", query.length === 0 ? path : `${path}?${new URLSearchParams(query).toString()}`)
      return within(options?.timeout, (exchange) =>
        Effect.flatMap(key, (first) =>
          Effect.flatMap(
            holds(asked.url.slice(base.length)) ? credentialInPath : attempt(asked, first, exchange),
            (answer) => {
              if (answer.status !== 401 && answer.status !== 403) return Effect.succeed(answer)
              exchange.answer = answer
              return Effect.matchEffect(key, {
                onFailure: () => Effect.succeed(answer),
                onSuccess: (second) => (second === first ? Effect.succeed(answer) : attempt(asked, second, exchange))
              })
            }
          )
        )
      )
    },
    post: (path, body, options) => {
      if (!BaseUrl.isPath(path)) return invalidPath
      const json = toJson(body)
      if (json === null) return refused("invalid-body", "the request was not sent: its body cannot be written as JSON")
      const asked = HttpClientRequest.setBody(request("POST", path), HttpBody.text(json, "application/json"))
      return within(options?.timeout, (exchange) =>
        Effect.flatMap(key, (value) => {
          if (holds(path)) return credentialInPath
          return holds(json) ? credentialInBody : attempt(asked, value, exchange)
        })
      )
    },
    scrub: scrubber.text
  }
}

/**
 * `open` when the body was not read to its end, so that the request has to be ended.
 */
interface Read {
  readonly answer: VendorResponse
  readonly open: boolean
}

const toJson = (body: unknown): string | null => {
  try {
    const json: string | undefined = JSON.stringify(body)
    return json ?? null
  } catch {
    return null
  }
}

/**
 * `VendorHttp` on whatever `HttpClient` is provided: `NodeHttpClient.layerUndici`, `DispatchClient` where many scans are
 * polled, `FetchHttpClient` where there is nothing else.
 *
 * **Gotchas**
 *
 * The client must not follow redirects, retry or add headers of its own: none of that can be seen from here. The clients
 * for undici and `node:http` do not. `FetchHttpClient` is told not to follow redirects for each request; to give it other
 * options, provide its `RequestInit` to this layer.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<VendorHttp, never, HttpClient.HttpClient> = Layer.effect(VendorHttp)(
  Effect.gen(function* () {
    const http = HttpClient.withScope(yield* HttpClient.HttpClient)
    const init = Option.getOrUndefined(yield* Effect.serviceOption(FetchHttpClient.RequestInit))
    const references = Context.make(HttpClient.TracerDisabledWhen, constTrue).pipe(
      Context.add(HttpClient.TracerPropagationEnabled, false),
      Context.add(FetchHttpClient.RequestInit, { ...init, redirect: "manual" })
    )
    return {
      make: (options) =>
        Effect.suspend(() =>
          Result.match(check(options), {
            onFailure: Effect.fail,
            onSuccess: (settings) => Effect.succeed(connect(http, references, settings))
          })
        )
    }
  })
)
