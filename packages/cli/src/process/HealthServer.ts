/**
 * What a worker tells those that watch it, over plain HTTP: whether it lives, whether it does its work, and its metrics.
 *
 * It answers three paths and takes no orders. Nothing in an answer is secret, and nothing asks who wants to know, so it
 * listens on this machine alone unless it is told otherwise.
 *
 * @since 0.1.0
 */
import * as NodeHttpServer from "@effect/platform-node/NodeHttpServer"
import type { WorkerState } from "@scanpoll/cluster/Worker"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Answer from "@scanpoll/server/Answer"
import * as Effect from "effect/Effect"
import * as HttpRouter from "effect/http/HttpRouter"
import type { ServeError } from "effect/http/HttpServerError"
import * as Layer from "effect/Layer"
import * as PrometheusMetrics from "effect/observability/PrometheusMetrics"
import * as Result from "effect/Result"
import { createServer } from "node:http"

/**
 * Where to listen.
 *
 * @category models
 * @since 0.1.0
 */
export interface Place {
  readonly host: string
  readonly port: number
}

/**
 * Where a worker listens unless it is told otherwise.
 *
 * @category constructors
 * @since 0.1.0
 */
export const usual: Place = { host: "127.0.0.1", port: 9464 }

/**
 * Reads `HOST:PORT`, `:PORT` for all addresses, or `off`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (text: string): Result.Result<Place | null, string> => {
  const given = text.trim()
  if (given.toLowerCase() === "off") return Result.succeed(null)
  const parts = /^(?:\[([0-9a-f:.]+)\]|([^\s:[\]]*)):(\d{1,5})$/i.exec(given)
  const port = Number(parts?.[3] ?? NaN)
  if (parts === null || !(port <= 65_535)) {
    return Result.fail(`must be HOST:PORT, :PORT for all addresses, or off, such as ${format(usual)}`)
  }
  const host = parts[1] ?? parts[2] ?? ""
  return Result.succeed({ host: host === "" ? "0.0.0.0" : host, port })
}

/**
 * @category destructors
 * @since 0.1.0
 */
export const format = ({ host, port }: Place): string => `${host.includes(":") ? `[${host}]` : host}:${port}`

// What Prometheus asks for by that name and version.
const exposition = "text/plain; version=0.0.4; charset=utf-8"

/**
 * Answers for as long as the layer's scope lasts.
 *
 * - `/healthz`: 200 while the process answers at all.
 * - `/readyz`: 200 while the worker is ready, 503 otherwise; either way the state as JSON, null before there is one.
 * - `/metrics`: everything that is measured, as Prometheus reads it.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (place: Place, state: Effect.Effect<WorkerState | null>): Layer.Layer<never, ServeError> => {
  const routes = Layer.mergeAll(
    HttpRouter.add("GET", "/healthz", Answer.text(SafeText.lines("ok"), { type: "text/plain" })),
    HttpRouter.add(
      "GET",
      "/readyz",
      Effect.map(state, (now) =>
        Answer.text(SafeText.document(now, 0), { status: now?.ready === true ? 200 : 503, type: "application/json" })
      )
    ),
    HttpRouter.add(
      "GET",
      "/metrics",
      Effect.map(PrometheusMetrics.format(), (text) => Answer.text(SafeText.seal("table", text), { type: exposition }))
    )
  )
  return HttpRouter.serve(routes, { disableLogger: true, disableListenLog: true }).pipe(
    Layer.provide(
      NodeHttpServer.layer(() => createServer(), {
        host: place.host,
        port: place.port,
        gracefulShutdownTimeout: "500 millis"
      })
    )
  )
}
