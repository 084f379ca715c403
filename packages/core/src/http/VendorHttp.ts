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
import * as Context from "effect/Context"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import { constTrue } from "effect/Function"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { connect } from "./internal/connect.ts"
import * as Settings from "./internal/settings.ts"
import type { Options, VendorClient } from "./internal/client.ts"

export {
  type FilePart,
  type Options,
  type Query,
  type RequestOptions,
  TransportFault,
  type VendorClient,
  type VendorResponse
} from "./internal/client.ts"

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
 * Makes clients for vendors. `make` checks the configuration and lists every fault of it; nothing is sent.
 *
 * @category services
 * @since 0.1.0
 */
export class VendorHttp extends Context.Service<
  VendorHttp,
  { readonly make: (options: Options) => Effect.Effect<VendorClient, VendorConfigError> }
>()("@scanpoll/core/http/VendorHttp") {}

/**
 * `VendorHttp` on whatever `HttpClient` is provided: `NodeHttpClient.layerUndiciOptions({ allowH2: false })`, `DispatchClient` where many scans are
 * polled, `FetchHttpClient` where there is nothing else.
 *
 * **Gotchas**
 *
 * The client must not follow redirects, retry or add headers of its own: none of that can be seen from here. `node:http`
 * does not, nor does undici over HTTP/1.1 (`NodeHttpClient.layerUndiciOptions({ allowH2: false })`); over HTTP/2 it sends a
 * request again when its stream was refused, and the fetch of Node does so after a 421. `FetchHttpClient` is told not to follow redirects for each request; to give it other
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
            onSuccess: (settings) => Effect.succeed(connect({ http, references }, settings))
          })
        )
    }
  })
)
