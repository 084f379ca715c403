/**
 * An HTTP client on the lowest layer of undici: the events of a request come straight to us, without a stream, a promise
 * or an object of the web in between, so a poll costs less than over `NodeHttpClient.layerUndici`.
 *
 * It follows no redirect, retries nothing, adds no header and sets no deadline: `VendorHttp` above it keeps its promises
 * as on any other client. An answer is there as soon as its headers are; its body is read as it is asked for, and while
 * nobody takes what has come, no more is taken from the socket. Aborting a request closes its connection (over HTTP/2,
 * its stream); one that waits for its connection is never sent. No caller's code runs inside undici's parser, which must not
 * be entered twice: a waiter hears of an answer when the parser has returned.
 *
 * This module does not import undici. It is handed the dispatcher: an `Agent` of undici 7 or 8, which
 * `NodeHttpClient.makeDispatcherOptions` of `@effect/platform-node` makes. Give it `agentOptions`: over HTTP/2 undici sends a
 * request again by itself when its stream was refused, which for a submission may be a second purchase.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import { EncodeError, HttpClientError, TransportError } from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { afterwards, Arrival } from "./internal/arrival.ts"
import { DispatchResponse } from "./internal/dispatchResponse.ts"

/**
 * A request as a dispatcher takes it. Times are milliseconds, 0 for none.
 *
 * @category models
 * @since 0.1.0
 */
export interface DispatchOptions {
  readonly origin: string
  readonly path: string
  readonly method: string
  readonly headers: Record<string, string>
  readonly body: Uint8Array | null
  readonly headersTimeout: number
  readonly bodyTimeout: number
}

/**
 * What a dispatcher lets one do to a request that has begun.
 *
 * @category models
 * @since 0.1.0
 */
export interface DispatchController {
  abort(reason: Error): void
  pause(): void
  resume(): void
}

/**
 * What a dispatcher tells about a request.
 *
 * @category models
 * @since 0.1.0
 */
export interface DispatchHandler {
  onRequestStart(controller: DispatchController): void
  onResponseStart(
    controller: DispatchController,
    status: number,
    headers: Record<string, string | Array<string> | undefined>
  ): void
  onResponseData(controller: DispatchController, chunk: Uint8Array): void
  onResponseEnd(): void
  onResponseError(controller: DispatchController | null, error: Error): void
}

/**
 * The part of a dispatcher of undici that is used. It must not be composed with interceptors that redirect or retry.
 *
 * @category models
 * @since 0.1.0
 */
export interface Dispatcher {
  dispatch(options: DispatchOptions, handler: DispatchHandler): boolean
}

/**
 * What to give the agents of undici that become a dispatcher: HTTP/1.1 alone, and TLS 1.2 at least on every connection, to a
 * vendor and to a proxy, also where Node is told to allow less.
 *
 * @category constructors
 * @since 0.2.0
 */
export const agentOptions = {
  allowH2: false,
  connect: { minVersion: "TLSv1.2" },
  requestTls: { minVersion: "TLSv1.2" },
  proxyTls: { minVersion: "TLSv1.2" }
} as const

// `URL.origin` is worked out anew at each reading.
const originOf = (url: URL): string => `${url.protocol}//${url.host}`

const aborted = (): Error => new Error("the request was aborted")

const send = (
  dispatcher: Dispatcher,
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  signal: AbortSignal,
  body: Uint8Array | null
): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError> =>
  Effect.callback((resume) => {
    let controller: DispatchController | null = null
    let arrival: Arrival | null = null
    const answer = (exit: Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError>): void =>
      afterwards(() => resume(exit))
    const abort = (): void => {
      if (controller === null) failed(aborted())
      else controller.abort(aborted())
    }
    const over = (): void => signal.removeEventListener("abort", abort)
    const failed = (cause: unknown): void => {
      over()
      if (arrival === null) answer(Effect.fail(new HttpClientError({ reason: new TransportError({ request, cause }) })))
      else arrival.end(cause)
    }
    if (signal.aborted) return failed(aborted())
    signal.addEventListener("abort", abort)
    const handler: DispatchHandler = {
      // Also a second time, where the first connection took nothing of the request.
      onRequestStart: (started) => {
        controller = started
        if (signal.aborted) started.abort(aborted())
      },
      onResponseStart: (started, status, headers) => {
        // Others of this kind come before the answer.
        if (status < 200) return
        arrival = new Arrival(started)
        answer(Effect.succeed(new DispatchResponse(request, url, status, headers, arrival)))
      },
      onResponseData: (_, chunk) => arrival?.add(chunk),
      onResponseEnd: () => {
        over()
        arrival?.end(null)
      },
      onResponseError: (_, error) => failed(error)
    }
    try {
      dispatcher.dispatch(
        {
          origin: originOf(url),
          path: url.pathname + url.search,
          method: request.method,
          headers: request.headers,
          body,
          headersTimeout: 60 * 60 * 1000,
          bodyTimeout: 0
        },
        handler
      )
    } catch (cause) {
      failed(cause)
    }
  })

/**
 * A client on a dispatcher. Bodies of requests are bytes or nothing.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (dispatcher: Dispatcher): HttpClient.HttpClient =>
  HttpClient.make((request, url, signal) => {
    const { body } = request
    switch (body._tag) {
      case "Empty":
        return send(dispatcher, request, url, signal, null)
      case "Uint8Array":
        return send(dispatcher, request, url, signal, body.body)
      case "Raw":
      case "FormData":
      case "Stream":
        return Effect.fail(
          new HttpClientError({
            reason: new EncodeError({ request, description: "the body of a request must be bytes" })
          })
        )
    }
  })

/**
 * The client on a dispatcher that lives as long as the layer.
 *
 * **Example** (Vendors over undici)
 *
 * `VendorHttp.layer.pipe(Layer.provide(DispatchClient.layer(NodeHttpClient.makeDispatcherOptions(DispatchClient.agentOptions))))`
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = <E, R>(
  dispatcher: Effect.Effect<Dispatcher, E, R>
): Layer.Layer<HttpClient.HttpClient, E, Exclude<R, Scope.Scope>> =>
  Layer.effect(HttpClient.HttpClient)(Effect.map(dispatcher, make))
