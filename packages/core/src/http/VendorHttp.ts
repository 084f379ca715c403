/**
 * The one hardened way from an adapter to its vendor.
 *
 * What it promises for every request: only the configured https origin is contacted and redirects are not followed; one
 * deadline covers connection, headers, body and decoding; the decoded body is bounded in size and depth and is asked
 * for without compression; no trace header leaves; the credential is asked for anew before each request, travels only
 * where `auth` says and is replaced by a mark wherever the vendor repeats it. It never retries: the engine
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
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type { HttpClientError } from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as UrlParams from "effect/http/UrlParams"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import type { Quota } from "../model/Observation.ts"
import * as Timeouts from "../time/internal/timeouts.ts"
import * as Auth from "./Auth.ts"
import * as BaseUrl from "./BaseUrl.ts"
import * as Credential from "./Credential.ts"
import type * as JsonBody from "./JsonBody.ts"
import * as Answers from "./internal/answers.ts"
import * as RequestBody from "./internal/requestBody.ts"
import * as Settings from "./internal/settings.ts"
import * as Tokens from "./internal/tokens.ts"
import * as Scrubber from "../model/Scrubber.ts"
import * as TransportCause from "./TransportCause.ts"

const onlyDots = /^(?:\.|%2e){1,2}$/i

/**
 * One part of a path from any text: everything but letters, digits and a few marks is percent-encoded, slashes too.
 *
 * **Gotchas**
 *
 * A text that can be no part of a path (empty, `.`, `..`, their percent forms, half a surrogate pair) becomes `.`, which
 * makes every client refuse the request with the code `invalid-path`: nothing is sent, nothing throws.
 *
 * @category constructors
 * @since 0.1.0
 */
export const segment = (text: string): string =>
  text === "" || onlyDots.test(text) || !text.isWellFormed() ? "." : encodeURIComponent(text)

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
 * both go by the answer's own `Date`. `requestId` is the `X-Request-ID`; `location` the `Location`, where there is one of
 * at most 2048 characters; `warnings` lists what was odd about it, such as bytes that are not UTF-8.
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
  readonly body: JsonBody.VendorBody
  readonly hint: Option.Option<Duration.Duration>
  readonly quota: Option.Option<Quota>
  readonly requestId: string | null
  readonly location?: string
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
 * - `credential`: the key. With `auth: "none"` it is never asked for: `Credential.none`.
 * - `auth`: how the key is sent. Default `bearer`.
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
  readonly credential: Credential.Credential
  readonly auth?: Auth.Auth
  readonly insecureHosts?: ReadonlyArray<string>
  readonly timeout?: Duration.Input
  readonly maxBytes?: number
  readonly maxDepth?: number
  readonly headers?: Readonly<Record<string, string>>
}

/**
 * A file within a `multipart` body. `type` is its media type; default `application/octet-stream`.
 *
 * @category models
 * @since 0.2.0
 */
export interface FilePart {
  readonly name: string
  readonly type?: string
  readonly content: string | Uint8Array
}

/**
 * Parameters of a query, encoded as a form is.
 *
 * @category models
 * @since 0.2.0
 */
export type Query = Readonly<Record<string, string | number>>

/**
 * - `query`: after the path.
 * - `timeout`: instead of the client's own; one that is no duration from 1 millisecond to 30 days leaves that in force.
 * - `answer`: `text` reads the body as one text, whatever it is; it is then a JSON body that holds a string. Default
 *   `json`.
 *
 * @category models
 * @since 0.2.0
 */
export interface RequestOptions {
  readonly query?: Query
  readonly timeout?: Duration.Input
  readonly answer?: "json" | "text"
}

/**
 * A vendor's HTTP API behind all of the promises above.
 *
 * `path` starts with a slash and is appended to the base; path parts that come from data go through `segment`. `get`
 * asks for the credential once more after a 401 or 403 and repeats the request a single time if it has changed, within
 * the same deadline, unless it is to be sent `once`; `post` never repeats anything. `scrub` replaces every credential
 * that any client of this process was given (the last 1 024 of them) by a mark.
 *
 * **Details**
 *
 * `as` says how a body is sent: `json` (default); `form`, of a record of texts, numbers and flags, or lists of them;
 * `multipart`, of such a record whose values may also be a `FilePart`; `text`, of a text; `none`, no body at all. What
 * cannot be sent fails without being sent, as a permanent `TransportFault` with the code `no-credential`,
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
    options?: RequestOptions & { readonly once?: boolean }
  ) => Effect.Effect<VendorResponse, TransportFault>
  readonly post: (
    path: string,
    body: unknown,
    options?: RequestOptions & {
      readonly method?: "POST" | "PUT"
      readonly as?: "json" | "form" | "multipart" | "text" | "none"
    }
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

// A shorter credential may stand in a text by chance.
const pasted = 16

/**
 * A request that lacks only its key: `path` and `body` are for a signature.
 */
interface Asked {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly method: "GET" | "POST" | "PUT"
  readonly path: string
  readonly body: RequestBody.Encoded | null
  readonly answer: "json" | "text"
}

const connect = (
  http: HttpClient.HttpClient.With<HttpClientError, Scope.Scope>,
  references: Context.Context<never>,
  settings: Settings.Settings
): VendorClient => {
  const { auth, vendor } = settings
  const scrubber = Scrubber.ofProcess
  const base = settings.origin + settings.prefix
  const short = Answers.foreign(scrubber)
  const understand = Answers.reader({ ...settings, scrubber })

  const fault = (cause: TransportCause.TransportCause, words: string): TransportFault =>
    new TransportFault({ ...cause, message: scrubber.text(`${vendor}: ${words}`) })

  const refused = (code: string, words: string): Effect.Effect<never, TransportFault> =>
    Effect.suspend(() => Effect.fail(fault({ sent: false, permanent: true, code }, words)))

  const failed = (failure: unknown): TransportFault => {
    const cause = TransportCause.classify(failure)
    return fault(cause, `${TransportCause.describe(cause)} from ${settings.origin}`)
  }

  const credential: Effect.Effect<string, TransportFault> = Effect.matchEffect(settings.credential, {
    onFailure: (error) => {
      const source = error.variable === null || error.message.includes(error.variable) ? "" : `${error.variable}: `
      return refused("no-credential", `no credential: ${short(source + error.message, 300)}`)
    },
    onSuccess: (redacted) =>
      Result.match(Credential.value(redacted), {
        onFailure: (why) => refused("no-credential", `no credential: what was given ${why}`),
        onSuccess: (value) => {
          for (const secret of Auth.secrets(auth, value)) scrubber.learn(secret)
          return Effect.succeed(value)
        }
      })
  })

  const unsigned = refused("invalid-signature", "the request was not sent: its signature cannot be sent")

  const authorized = (
    { body, method, path, request }: Asked,
    value: string
  ): Effect.Effect<HttpClientRequest.HttpClientRequest, TransportFault> => {
    if (typeof auth === "object" && "sign" in auth) {
      const { sign } = auth
      return Effect.flatMap(Clock.currentTimeMillis, (at) =>
        Effect.flatMap(sign({ method, path, body: body?.content ?? null, at }, value), (headers) => {
          const checked = Auth.signature(headers, value)
          return checked === null ? unsigned : Effect.succeed(HttpClientRequest.setHeaders(request, checked))
        })
      )
    }
    const { headers, query } = Auth.show(auth, value)
    const shown = headers === undefined ? request : HttpClientRequest.setHeaders(request, headers)
    if (query === undefined) return Effect.succeed(shown)
    const url = `${shown.url}${shown.url.includes("?") ? "&" : "?"}${new URLSearchParams([[...query]]).toString()}`
    return Effect.succeed(HttpClientRequest.setUrl(shown, url))
  }

  const attempt = (
    asked: Asked,
    value: string,
    exchange: Answers.Exchange
  ): Effect.Effect<VendorResponse, TransportFault> =>
    Effect.flatMap(authorized(asked, value), (request) => {
      const sent = send(request, exchange, asked.answer)
      if (tokens === null) return sent
      return Effect.tap(sent, ({ status }) => {
        if (status === 401 || status === 403) tokens.denied(value)
        return Effect.void
      })
    })

  const send = (
    request: HttpClientRequest.HttpClientRequest,
    exchange: Answers.Exchange,
    expected: Answers.Expected
  ): Effect.Effect<VendorResponse, TransportFault> =>
    Effect.suspend(() => {
      // The client aborts the request when this scope closes: left open for an answer that was read to its end.
      const scope = Scope.makeUnsafe()
      exchange.sent = true
      exchange.answer = null
      return http.execute(request).pipe(
        Effect.flatMap((response) =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => understand(response, exchange, now, expected))
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
    work: (exchange: Answers.Exchange) => Effect.Effect<VendorResponse, TransportFault>
  ): Effect.Effect<VendorResponse, TransportFault> =>
    Effect.suspend(() => {
      const exchange: Answers.Exchange = { sent: false, answer: null }
      const millis = (timeout === undefined ? null : Settings.finiteMillis(timeout)) ?? settings.timeout
      const late = Effect.suspend(() => {
        if (exchange.answer !== null) return Effect.succeed(exchange.answer)
        const what = exchange.sent ? "no complete answer" : "no credential"
        const cause = { sent: exchange.sent, permanent: false, code: "timeout" }
        return Effect.fail(fault(cause, `${what} within ${millis} ms (timeout) from ${settings.origin}`))
      })
      return Timeouts.within(work(exchange), millis, late)
    })

  const bare = (method: Asked["method"], url: string): HttpClientRequest.HttpClientRequest =>
    HttpClientRequest.makeWith(method, url, UrlParams.empty, Option.none(), settings.headers, HttpBody.empty)

  const ask = (
    method: Asked["method"],
    path: string,
    options: RequestOptions | undefined,
    body: RequestBody.Encoded | null
  ): Asked => {
    const query = Object.entries(options?.query ?? {}).map(([name, value]) => [name, String(value)])
    const whole = query.length === 0 ? path : `${path}?${new URLSearchParams(query).toString()}`
    return {
      request:
        body === null
          ? bare(method, base + whole)
          : HttpClientRequest.setBody(bare(method, base + whole), bodyOf(body)),
      method,
      path: settings.prefix + whole,
      body,
      answer: options?.answer ?? "json"
    }
  }

  const tokens = ((): Tokens.Keys | null => {
    if (typeof auth !== "object" || !("clientCredentials" in auth)) return null
    const { clientCredentials: grant } = auth
    const url = grant.tokenUrl.startsWith("/") ? base + grant.tokenUrl : grant.tokenUrl
    return Tokens.make({
      grant,
      client: credential,
      post: (form, headers) => {
        const body = HttpBody.text(new URLSearchParams(form).toString(), "application/x-www-form-urlencoded")
        const request = bare("POST", url).pipe(HttpClientRequest.setBody(body), HttpClientRequest.setHeaders(headers))
        // The vendor has not been asked for anything yet, whatever becomes of this request.
        return Effect.mapError(
          send(request, { sent: false, answer: null }, "token"),
          ({ code, message, permanent }) => new TransportFault({ sent: false, permanent, code, message })
        )
      },
      learn: scrubber.learn,
      fault: (code, permanent, words) => fault({ sent: false, permanent, code }, words)
    })
  })()

  const key: Effect.Effect<string, TransportFault> =
    auth === "none" ? Effect.succeed("") : (tokens?.current ?? credential)

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
      const asked = ask("GET", path, options, null)
      return within(options?.timeout, (exchange) =>
        Effect.flatMap(key, (first) =>
          Effect.flatMap(
            holds(asked.request.url.slice(base.length)) ? credentialInPath : attempt(asked, first, exchange),
            (answer) => {
              if ((answer.status !== 401 && answer.status !== 403) || options?.once === true) {
                return Effect.succeed(answer)
              }
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
      const as = options?.as ?? "json"
      const encoded = as === "none" ? null : RequestBody.encode(body, as)
      if (encoded === null && as !== "none") {
        const words = as === "json" ? "JSON" : as === "text" ? "text" : `a ${as} body`
        return refused("invalid-body", `the request was not sent: its body cannot be written as ${words}`)
      }
      const asked = ask(options?.method ?? "POST", path, options, encoded)
      return within(options?.timeout, (exchange) =>
        Effect.flatMap(key, (value) => {
          if (holds(asked.request.url.slice(base.length))) return credentialInPath
          return encoded !== null && holds(RequestBody.asText(encoded))
            ? credentialInBody
            : attempt(asked, value, exchange)
        })
      )
    },
    scrub: scrubber.text
  }
}

const bodyOf = ({ content, type }: RequestBody.Encoded): HttpBody.HttpBody =>
  typeof content === "string" ? HttpBody.text(content, type) : HttpBody.uint8Array(content, type)

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
          Result.match(Settings.check(options), {
            onFailure: (faults) => Effect.fail(new VendorConfigError({ vendor: options.vendor, faults })),
            onSuccess: (settings) => Effect.succeed(connect(http, references, settings))
          })
        )
    }
  })
)
