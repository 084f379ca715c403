// A vendor's API as adapters meet it: what they may ask, the answers, and why there is none. Passed on by `VendorHttp`.
import * as Data from "effect/Data"
import type * as Duration from "effect/Duration"
import type * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { Quota } from "../../model/Observation.ts"
import type * as Auth from "../Auth.ts"
import type * as Credential from "../Credential.ts"
import type * as JsonBody from "../JsonBody.ts"

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
 * - `credential`: the key. Where it fails, or gives one that cannot be sent, the last good one of this client is used; there
 *   is a fault only where there was none. With `auth: "none"` it is never asked for: `Credential.none`.
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
      readonly method?: "POST" | "PUT" | "DELETE"
      readonly as?: "json" | "form" | "multipart" | "text" | "none"
    }
  ) => Effect.Effect<VendorResponse, TransportFault>
  readonly scrub: (text: string) => string
}
