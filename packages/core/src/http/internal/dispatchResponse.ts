// An answer of undici as Effect's HTTP client shows it; its body is an `Arrival`.
import * as Effect from "effect/Effect"
import * as Cookies from "effect/http/Cookies"
import * as Headers from "effect/http/Headers"
import { DecodeError, HttpClientError, StatusCodeError } from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as HttpIncomingMessage from "effect/http/HttpIncomingMessage"
import * as UrlParams from "effect/http/UrlParams"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { pipeArguments } from "effect/Pipeable"
import type * as Schema from "effect/Schema"
import type * as Stream from "effect/Stream"
import type { Arrival } from "./arrival.ts"

export class DispatchResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpIncomingMessage.TypeId]: typeof HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly [HttpClientResponse.TypeId]: typeof HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly request: HttpClientRequest.HttpClientRequest
  readonly url: string
  readonly status: number
  readonly headers: Headers.Headers
  private readonly arrival: Arrival
  private readonly setCookies: string | Array<string> | undefined

  constructor(
    request: HttpClientRequest.HttpClientRequest,
    url: URL,
    status: number,
    headers: Record<string, string | Array<string> | undefined>,
    arrival: Arrival
  ) {
    super()
    this.request = request
    this.url = url.hash === "" ? url.href : url.href.slice(0, -url.hash.length)
    this.status = status
    this.headers = Headers.fromInput(headers)
    this.setCookies = headers["set-cookie"]
    this.arrival = arrival
  }

  private readonly undecodable = (cause: unknown): HttpClientError =>
    new HttpClientError({ reason: new DecodeError({ request: this.request, response: this, cause }) })

  get remoteAddress(): Option.Option<string> {
    return Option.none()
  }

  get cookies(): Cookies.Cookies {
    return this.setCookies === undefined ? Cookies.empty : Cookies.fromSetCookie(this.setCookies)
  }

  get arrayBuffer(): Effect.Effect<ArrayBuffer, HttpClientError> {
    return this.arrival.whole(this.undecodable)
  }

  get stream(): Stream.Stream<Uint8Array, HttpClientError> {
    return this.arrival.parts(this.undecodable)
  }

  get text(): Effect.Effect<string, HttpClientError> {
    return Effect.map(this.arrayBuffer, (bytes) => new TextDecoder().decode(bytes))
  }

  get json(): Effect.Effect<Schema.Json, HttpClientError> {
    return Effect.flatMap(this.text, (text) =>
      Effect.try({ try: (): Schema.Json => (text === "" ? null : JSON.parse(text)), catch: this.undecodable })
    )
  }

  get urlParamsBody(): Effect.Effect<UrlParams.UrlParams, HttpClientError> {
    return Effect.map(this.text, (text) => UrlParams.fromInput(new URLSearchParams(text)))
  }

  get formData(): Effect.Effect<FormData, HttpClientError> {
    return Effect.flatMap(this.arrayBuffer, (bytes) =>
      Effect.tryPromise({
        try: () => new Response(bytes, { headers: this.headers }).formData(),
        catch: this.undecodable
      })
    )
  }

  get upgrade(): Effect.Effect<never, HttpClientError> {
    return Effect.fail(new HttpClientError({ reason: new StatusCodeError({ request: this.request, response: this }) }))
  }

  pipe() {
    return pipeArguments(this, arguments)
  }

  toJSON(): unknown {
    return HttpIncomingMessage.inspect(this, {
      _id: "HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status
    })
  }
}
