/**
 * Traces, metrics and logs to an OpenTelemetry collector, where one is configured.
 *
 * Nothing is loaded or sent without `OTEL_EXPORTER_OTLP_ENDPOINT`. A collector that is away costs the end of the process
 * two seconds at the most and changes nothing else. What is sent is searched for keys: a span tells of a
 * defect in the words of its error.
 *
 * @since 0.1.0
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as DispatchClient from "@scanpoll/core/http/DispatchClient"
import * as Scrubber from "@scanpoll/core/unstable/model/Scrubber"
import * as SafeText from "@scanpoll/report/SafeText"
import * as Layer from "effect/Layer"
import * as HttpBody from "effect/http/HttpBody"
import * as Otlp from "effect/observability/Otlp"
import { OtlpSerialization } from "effect/observability/OtlpSerialization"
import { version } from "./Version.ts"

/**
 * Where telemetry goes, after the standard variables `OTEL_EXPORTER_OTLP_ENDPOINT`, `OTEL_EXPORTER_OTLP_HEADERS`
 * (`name=value,...`) and `OTEL_SERVICE_NAME` (default `scanpoll`).
 *
 * @category models
 * @since 0.1.0
 */
export interface Endpoint {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly service: string
}

const headersOf = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(",").flatMap((pair) => {
      const at = pair.indexOf("=")
      return at <= 0 ? [] : [[pair.slice(0, at).trim(), pair.slice(at + 1).trim()]]
    })
  )

/**
 * The collector the environment names; null when it names none, or what it names is no http address.
 *
 * @category constructors
 * @since 0.1.0
 */
export const endpointOf = (environment: Readonly<Record<string, string | undefined>>): Endpoint | null => {
  const url = (environment["OTEL_EXPORTER_OTLP_ENDPOINT"] ?? "").trim()
  const parsed = URL.parse(url)
  if (parsed === null || (parsed.protocol !== "https:" && parsed.protocol !== "http:")) return null
  const service = (environment["OTEL_SERVICE_NAME"] ?? "").trim()
  return {
    url,
    headers: headersOf(environment["OTEL_EXPORTER_OTLP_HEADERS"] ?? ""),
    service: service === "" ? "scanpoll" : service
  }
}

// OTLP writes numbers that are none as texts.
const spelled = (_: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? String(value) : value

/**
 * What is sent of a batch: JSON, without the keys of this process in any disguise that is looked for.
 *
 * @category destructors
 * @since 0.2.0
 */
export const bodyOf = (batch: unknown): SafeText.SafeText => {
  const clean = Scrubber.ofProcess.value(batch)
  const json = JSON.stringify(clean)
  return SafeText.seal("json", json.includes("null") ? JSON.stringify(clean, spelled) : json)
}

const body = (batch: unknown) => HttpBody.text(bodyOf(batch), "application/json")

/**
 * Exports what the engine tells, beside the log lines on standard error.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = ({ headers, service, url }: Endpoint): Layer.Layer<never> =>
  Otlp.layer({
    baseUrl: url,
    headers,
    resource: { serviceName: service, serviceVersion: version },
    loggerMergeWithExisting: true,
    shutdownTimeout: "2 seconds"
  }).pipe(
    Layer.provide(Layer.succeed(OtlpSerialization, { traces: body, metrics: body, logs: body })),
    Layer.provide(NodeHttpClient.layerUndiciOptions(DispatchClient.agentOptions)),
    Layer.catchCause(() => Layer.empty)
  )
