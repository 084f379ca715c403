/**
 * A simulated AppVet: scans of web sites by kind, with progress, partial results, a report, a list and a quota.
 *
 * A scan waits `queued` for a tenth of its time, is `scanning` until about 75 s of vendor time have passed, then
 * `completed`, `partial` or `failed`. Its report explains its score: the categories' mean is the score, and a category
 * loses what its failed checks cost. What the vendor leaves open is decided here as follows: the status of a queued scan
 * has progress 0 and no events; a partial scan looks like a completed one; the report of a failed scan answers 409; every
 * accepted scan counts against the quota; the limit of concurrent scans is shown and not enforced; a `callback_url` is
 * checked and never called; an unknown path answers 404 `NOT_FOUND`. Webhooks and badges are not simulated.
 *
 * Where no function can be given, the scanned host picks the fate: a host under `.example` or `.test` whose first label
 * is one of `reserved`.
 *
 * @see https://appvet.dev/docs
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { EarlierScan, Fate, Options } from "./internal/appvetModel.ts"
import * as AppVet from "./internal/appvetScript.ts"
import * as Engine from "./internal/engine.ts"
import * as Script from "./Script.ts"
import type * as Simulator from "./Simulator.ts"

export type { EarlierScan, Event, Fate, Options, ScanType, Submission } from "./internal/appvetModel.ts"

/**
 * A running simulator of AppVet.
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
export class AppVetSimulator extends Context.Service<AppVetSimulator, Shape>()("@scanpoll/testkit/AppVetSimulator") {}

/**
 * The key the simulator accepts unless told otherwise.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultKey = "avk_live_simulated0000000000000000000000000000000"

/**
 * The documented limits per minute and key.
 *
 * @category constants
 * @since 0.1.0
 */
export const documentedLimit: Readonly<Record<"free" | "paid", Simulator.RateLimit>> = {
  free: { limit: 10, window: "1 minute" },
  paid: { limit: 60, window: "1 minute" }
}

/**
 * A step that answers 429 `RATE_LIMITED` as this vendor does. The wait is told by `X-RateLimit-Reset` alone, which every
 * response carries; `retryAfter`, in seconds, adds the header this vendor does not document.
 *
 * @category constructors
 * @since 0.1.0
 */
export const throttled = (retryAfter: number | null = null): Script.Step => ({
  status: 429,
  body: AppVet.problem("RATE_LIMITED", "Too many requests for this key."),
  headers: {
    "X-RateLimit-Remaining": "0",
    ...(retryAfter === null ? {} : { "Retry-After": String(retryAfter) })
  }
})

/**
 * First labels of reserved hosts and the fates they pick:
 * `failed`; `partial`; `never` (stays scanning); `slow` (10 minutes); `busy` (the second poll is answered 429); `flaky`
 * (the first poll meets a gateway's 503); `lost` (accepted, never answered); `risky` and `clean` (scores 38 and 98);
 * `unreachable` and `blocked` (refused); `noreport` (the report answers 500 for ever) and `latereport` (the first three
 * requests for the report answer 500: one run's tries).
 *
 * @category constants
 * @since 0.1.0
 */
export const reserved = [
  "failed",
  "partial",
  "never",
  "slow",
  "busy",
  "flaky",
  "lost",
  "risky",
  "clean",
  "unreachable",
  "blocked",
  "noreport",
  "latereport"
] as const

const fates: Readonly<Record<(typeof reserved)[number], Fate>> = {
  ...Engine.fates(throttled()),
  failed: { outcome: "failed" },
  partial: { outcome: "partial" },
  risky: { score: 38 },
  clean: { score: 98 },
  unreachable: { refusal: "URL_NOT_REACHABLE" },
  blocked: { refusal: "DOMAIN_BLOCKED" },
  noreport: { score: 88, reports: [{ ...Script.html(500), times: Infinity }] },
  latereport: { score: 75, reports: [{ ...Script.html(500), times: 3 }] }
}

/**
 * Starts the simulator.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (options: Options = {}): Effect.Effect<Shape, Simulator.SimulatorError, Scope.Scope> => {
  const tier = options.tier ?? "paid"
  const vendor = { name: "appvet", key: defaultKey, rateLimit: documentedLimit[tier] }
  return Engine.start(
    vendor,
    options,
    AppVet.play(options, tier, documentedLimit[tier].limit, fates),
    ({ url, fate = {}, ...scan }: EarlierScan) => {
      const { account = "default", type = "security" } = scan
      const submission = { url: AppVet.normalised(new URL(url)), type, callbackUrl: null, account, nth: 0 }
      return { ...scan, fate, submission, subject: AppVet.subjectOf(submission), owner: account }
    }
  )
}

/**
 * Starts the simulator as a service.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<AppVetSimulator, Simulator.SimulatorError> =>
  Layer.effect(AppVetSimulator, make(options))
