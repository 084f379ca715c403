// Requests as they are sent, but for their key. Touches the settings alone; law: a request goes to the configured address
// and has its fixed headers.
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as UrlParams from "effect/http/UrlParams"
import * as Option from "effect/Option"
import type { RequestOptions } from "./client.ts"
import type * as RequestBody from "./requestBody.ts"
import type { Settings } from "./settings.ts"

type Method = "GET" | "POST" | "PUT" | "DELETE"

/** A request that lacks only its key: `path` and `body` are for a signature. */
export interface Asked {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly method: Method
  readonly path: string
  readonly body: RequestBody.Encoded | null
  readonly answer: "json" | "text"
}

const bodyOf = ({ content, type }: RequestBody.Encoded): HttpBody.HttpBody =>
  typeof content === "string" ? HttpBody.text(content, type) : HttpBody.uint8Array(content, type)

export const bare = (
  settings: Settings,
  method: Method,
  url: string,
  body: RequestBody.Encoded | null
): HttpClientRequest.HttpClientRequest => {
  const request = HttpClientRequest.makeWith(
    method,
    url,
    UrlParams.empty,
    Option.none(),
    settings.headers,
    HttpBody.empty
  )
  return body === null ? request : HttpClientRequest.setBody(request, bodyOf(body))
}

export const ask = (
  settings: Settings,
  method: Method,
  path: string,
  options: RequestOptions | undefined,
  body: RequestBody.Encoded | null
): Asked => {
  const query = Object.entries(options?.query ?? {}).map(([name, value]) => [name, String(value)])
  const whole = query.length === 0 ? path : `${path}?${new URLSearchParams(query).toString()}`
  return {
    request: bare(settings, method, settings.origin + settings.prefix + whole, body),
    method,
    path: settings.prefix + whole,
    body,
    answer: options?.answer ?? "json"
  }
}
