/**
 * The ways a vendor wants to be shown a key, and how each is put on a request.
 *
 * Whatever the way, the key is asked for anew before each request, goes to the configured origin alone and is replaced by
 * a mark wherever the vendor repeats it. It is no part of a ticket, a message or a span, and what carries it cannot be
 * set by a fixed header.
 *
 * @since 0.2.0
 */
import * as Base64 from "effect/encoding/Base64"
import type * as Effect from "effect/Effect"
import * as BaseUrl from "./BaseUrl.ts"

/**
 * A request as `sign` sees it: `path` as it is sent, query included; `body` null where there is none; `at` is the time
 * in milliseconds since 1970.
 *
 * @category models
 * @since 0.2.0
 */
export interface Unsigned {
  readonly method: "GET" | "POST" | "PUT" | "DELETE"
  readonly path: string
  readonly body: string | Uint8Array | null
  readonly at: number
}

/**
 * A token that is fetched with a client's id and secret (RFC 6749, section 4.4). The credential is `id:secret`.
 *
 * - `tokenUrl`: a path below the vendor's base, or an https address elsewhere.
 * - `scope`, `parameters`: sent with the request for a token where given.
 * - `client`: where id and secret are sent: `basic` (default) or in the `body`.
 *
 * **Details**
 *
 * One token is fetched at a time, kept until a tenth of its life is left (at most 30 seconds before its end), and asked
 * for anew after a 401 or 403.
 *
 * @category models
 * @since 0.2.0
 */
export interface ClientCredentials {
  readonly tokenUrl: string
  readonly scope?: string
  readonly parameters?: Readonly<Record<string, string>>
  readonly client?: "basic" | "body"
}

/**
 * How the key is sent.
 *
 * - `bearer`: `Authorization: Bearer KEY`. The default.
 * - `basic`: `Authorization: Basic ...`; the key is `user:password`, or `token:` where a token stands for the user.
 * - `none`: the vendor has no keys.
 * - `header`: in that header, after `scheme` and a blank where there is a scheme.
 * - `query`: as that parameter of the query.
 * - `sign`: the headers that prove the key for one request. They must not hold the key itself.
 * - `clientCredentials`: a token that is fetched first.
 *
 * @category models
 * @since 0.2.0
 */
export type Auth =
  | "bearer"
  | "basic"
  | "none"
  | { readonly header: string; readonly scheme?: string }
  | { readonly query: string }
  | { readonly sign: (request: Unsigned, key: string) => Effect.Effect<Readonly<Record<string, string>>> }
  | { readonly clientCredentials: ClientCredentials }

const token = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$/

// What this module's caller promises about a request must not be undone by a header.
const reserved =
  /^(?:host|accept|accept-encoding|content-.*|transfer-encoding|connection|keep-alive|te|trailer|upgrade|expect|cookie|traceparent|tracestate|b3|x-b3-.*)$/i

const isHeader = (name: string): boolean => token.test(name) && !reserved.test(name)

/**
 * Everything that is wrong with a way to send a key; empty where nothing is.
 *
 * @category guards
 * @since 0.2.0
 */
export const check = (auth: Auth, insecureHosts: ReadonlyArray<string>): ReadonlyArray<string> => {
  if (typeof auth === "string") return []
  if ("header" in auth) {
    const { header, scheme } = auth
    return [
      ...(isHeader(header) ? [] : [`auth.header: ${JSON.stringify(header)} cannot carry a key`]),
      ...(scheme === undefined || token.test(scheme) ? [] : ["auth.scheme must be one word"])
    ]
  }
  if ("query" in auth) return token.test(auth.query) ? [] : ["auth.query is not the name of a parameter"]
  if ("sign" in auth) return []
  const { tokenUrl } = auth.clientCredentials
  if (tokenUrl.startsWith("/")) return BaseUrl.isPath(tokenUrl) ? [] : ["auth.tokenUrl is not a path"]
  const base = BaseUrl.check(tokenUrl, insecureHosts)
  return base._tag === "Failure" ? base.failure.map((fault) => fault.replace(/^baseUrl/, "auth.tokenUrl")) : []
}

/**
 * What must never be repeated when `key` is used: the key, and the secret within it.
 *
 * @category destructors
 * @since 0.2.0
 */
export const secrets = (auth: Auth, key: string): ReadonlyArray<string> => {
  const pair = auth === "basic" || (typeof auth === "object" && "clientCredentials" in auth)
  const at = pair ? key.indexOf(":") : -1
  if (at < 0) return [key]
  return [key, at === key.length - 1 ? key.slice(0, at) : key.slice(at + 1)]
}

/**
 * What is added to a request: headers, or a parameter of the query.
 *
 * @category models
 * @since 0.2.0
 */
export interface Shown {
  readonly headers?: Readonly<Record<string, string>>
  readonly query?: readonly [name: string, value: string]
}

/**
 * How a key is shown in each of the ways that need no request to look at. With `clientCredentials` the key is the token.
 *
 * @category destructors
 * @since 0.2.0
 */
export const show = (auth: Exclude<Auth, { readonly sign: unknown }>, key: string): Shown => {
  if (auth === "none") return {}
  if (auth === "basic") return { headers: { authorization: `Basic ${Base64.encode(key)}` } }
  if (typeof auth === "object" && "query" in auth) return { query: [auth.query, key] }
  if (typeof auth === "object" && "header" in auth) {
    return { headers: { [auth.header.toLowerCase()]: auth.scheme === undefined ? key : `${auth.scheme} ${key}` } }
  }
  return { headers: { authorization: `Bearer ${key}` } }
}

/**
 * The headers of a signature that may be sent; null when one of them may not.
 *
 * @category guards
 * @since 0.2.0
 */
export const signature = (
  headers: Readonly<Record<string, string>>,
  key: string
): Readonly<Record<string, string>> | null =>
  Object.entries(headers).every(
    ([name, value]) => isHeader(name) && /^[\x20-\x7e]{0,8192}$/.test(value) && !value.includes(key)
  )
    ? Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    : null
