/**
 * The way to the vendors: core's hardened client on the dispatcher of undici.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as DispatchClient from "@scanpoll/core/http/DispatchClient"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as Proxies from "@scanpoll/core/unstable/http/Proxies"
import * as RetryAfter from "@scanpoll/core/unstable/http/RetryAfter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Result from "effect/Result"
import { ProcessContext } from "../process/ProcessContext.ts"

// Through a proxy where the environment names one. One that is no proxy was refused before; nothing goes around it.
const dispatcher = Effect.gen(function* () {
  const { environment } = yield* ProcessContext
  const proxies = Proxies.fromEnvironment(environment)
  if (Result.isFailure(proxies)) return refusing
  const found = proxies.success
  if (found === null) return yield* NodeHttpClient.makeDispatcherOptions(DispatchClient.agentOptions)
  const { EnvHttpProxyAgent } = yield* Effect.promise(() => import("@effect/platform-node/Undici"))
  return yield* Effect.acquireRelease(
    Effect.sync(() => new EnvHttpProxyAgent({ ...DispatchClient.agentOptions, ...Proxies.agentOptions(found) })),
    (agent) => Effect.promise(() => agent.destroy())
  )
})

const refusing: DispatchClient.Dispatcher = {
  dispatch: (_, handler) => {
    handler.onResponseError(null, new Error("the proxy of the environment cannot be used"))
    return true
  }
}

const client = DispatchClient.layer(dispatcher)

/**
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<VendorHttp.VendorHttp> = Layer.provide(VendorHttp.layer, client)

/**
 * The same, telling by how many milliseconds the clock of each origin that answers is ahead of ours.
 *
 * @category layers
 * @since 0.1.0
 */
export const layerTellingSkew = (tell: (origin: string, ahead: number) => void): Layer.Layer<VendorHttp.VendorHttp> => {
  const watched = Layer.effect(
    HttpClient.HttpClient,
    Effect.map(HttpClient.HttpClient, (client) =>
      HttpClient.transformResponse(
        client,
        Effect.tap((response) =>
          Effect.map(Clock.currentTimeMillis, (now) => {
            const date = RetryAfter.httpDate(response.headers["date"] ?? "")
            const url = URL.parse(response.request.url)
            if (date !== null && url !== null) tell(url.origin, date - now)
          })
        )
      )
    )
  )
  return VendorHttp.layer.pipe(Layer.provide(watched), Layer.provide(client))
}
