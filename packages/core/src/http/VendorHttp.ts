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
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type { Quota } from "../model/Observation.ts"

/**
 * A credential as an effect: asked before each request, so a token provider or a re-read file works. The error says in
 * words why there is none; it must not hold the credential.
 *
 * @category models
 * @since 0.1.0
 */
export type Credential = Effect.Effect<Redacted.Redacted<string>, CredentialError>

/**
 * There is no usable credential. `variable` names where it should have come from.
 *
 * @category errors
 * @since 0.1.0
 */
export class CredentialError extends Data.TaggedError("CredentialError")<{
  readonly vendor: string
  readonly variable: string | null
  readonly message: string
}> {}

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
 * The body of an answer: JSON, or why it is not.
 *
 * @category models
 * @since 0.1.0
 */
export type VendorBody =
  | { readonly _tag: "Json"; readonly value: unknown }
  | {
      readonly _tag: "Unreadable"
      readonly why: "empty" | "not-json" | "too-large" | "too-deep" | "encoding"
      /** For people: status, content type and size; never the body. */
      readonly detail: string
    }

/**
 * An answer of any status. `hint` is a valid `Retry-After` (none when there is none, or it is nonsense), `quota` the
 * `X-RateLimit-*` headers, both by the answer's own `Date`; `requestId` is the `X-Request-ID`; `warnings` lists what
 * was odd about it, such as bytes that are not UTF-8.
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
 * - `timeout`: over connection, headers, body and decoding of one request. Default 15 seconds.
 * - `maxBytes`: the largest decoded body. Default 10 MiB. `maxDepth`: the deepest JSON. Default 100.
 * - `headers`: further fixed headers that hold no secret.
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
 * asks for the credential once more after a 401 or 403 and repeats the request a single time if it has changed; `post`
 * never repeats anything. `scrub` replaces every credential seen so far by a mark.
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
