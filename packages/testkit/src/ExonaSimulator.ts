/**
 * A simulated Exona: AI-risk scans of companies, two endpoints, an hourly limit and a result cache.
 *
 * A scan is `processing` for 30 to 120 s of vendor time, then `completed` or `failed`. What the vendor leaves open is
 * decided here as follows: a body that is no JSON object lacks its fields; the limit of all texts of a questionnaire
 * counts questions and answers; a scan made with a questionnaire can be found in the cache by a request without one;
 * live and test keys see neither each other's scans nor each other's cache; an unknown path answers 404 `NOT_FOUND`.
 *
 * Where no function can be given, a website's host picks its fate: a host under `.example` or `.test` whose first label
 * is one of `reserved`.
 *
 * @see https://docs.exonalab.com
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Engine from "./internal/engine.ts"
import type { EarlierScan, Fate, Options } from "./internal/exonaModel.ts"
import * as Exona from "./internal/exonaScript.ts"
import type * as Script from "./Script.ts"
import type * as Simulator from "./Simulator.ts"

export type { EarlierScan, Fate, Options, RiskLevel, Submission } from "./internal/exonaModel.ts"

/**
 * A running simulator of Exona.
 *
 * @category services
 * @since 0.1.0
 */
export interface Shape extends Simulator.WithEarlier<EarlierScan> {}

/**
 * The simulator as a service.
 *
 * @category services
 * @since 0.1.0
 */
export class ExonaSimulator extends Context.Service<ExonaSimulator, Shape>()("@scanpoll/testkit/ExonaSimulator") {}

/**
 * The key the simulator accepts unless told otherwise.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultKey = "exo_live_simulated0000000000000000000000000000"

/**
 * The documented limit: 100 requests an hour and key.
 *
 * @category constants
 * @since 0.1.0
 */
export const documentedLimit: Simulator.RateLimit = { limit: 100, window: "1 hour" }

/**
 * A step that answers 429 as this vendor does, with `Retry-After` in seconds unless it is null.
 *
 * @category constructors
 * @since 0.1.0
 */
export const throttled = (retryAfter: number | null): Script.Step => ({
  status: 429,
  body: Exona.envelope("RATE_LIMIT_EXCEEDED", "Too many requests for this key.", "req_throttled"),
  headers: { "Retry-After": retryAfter === null ? null : String(retryAfter), "X-RateLimit-Remaining": "0" }
})

/**
 * First labels of reserved hosts and the fates they pick:
 * `failed`; `never` (stays processing); `slow` (10 minutes); `busy` (the second poll is answered 429, to be tried again
 * after half a minute of vendor time); `flaky` (the first poll meets a gateway's 503); `lost` (accepted, never answered);
 * `risky` and `clean` (`Very High` and `Low`); `cached` (a completed scan 12 days old exists).
 *
 * @category constants
 * @since 0.1.0
 */
export const reserved = ["failed", "never", "slow", "busy", "flaky", "lost", "risky", "clean", "cached"] as const

const fatesAt = (speed: number): Readonly<Record<string, Fate>> => ({
  ...Engine.fates(throttled(Math.max(1, Math.ceil(30 / speed)))),
  failed: { outcome: "failed" },
  risky: { level: "Very High" },
  clean: { level: "Low" }
})

/**
 * Starts the simulator.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<Shape, Simulator.SimulatorError, Scope.Scope> =>
  Engine.start(
    { name: "exona", key: defaultKey, rateLimit: documentedLimit, basePath: "/api/v1" },
    options,
    Exona.play(options, fatesAt),
    Exona.earlier
  )

/**
 * Starts the simulator as a service.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<ExonaSimulator, Simulator.SimulatorError> =>
  Layer.effect(ExonaSimulator, make(options))
