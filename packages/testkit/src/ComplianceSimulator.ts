/**
 * A simulated compliance API: rule scans of uploaded data, done inside the submit, compared with the scan before.
 *
 * The submit holds its answer until the scan is done, under 5 s of vendor time. There is no rate limit and no list of
 * running scans but the one of an audit. The vendor's oddities are kept: a submit is validated before it is
 * authenticated; a status request without a token answers 500, with an expired one 404; times have offsets in the
 * server's shape. What is left open is decided here as follows: ids are taken in the form of a UUID, whatever its version;
 * every policy, upload, mapping and audit is known unless a fate refuses it. Uploads, violations and their reviews,
 * exports and the creation of audits are not simulated.
 *
 * Two shapes are known for the status answer: the documented one (`"docs"`), and the one a running server sends
 * (`"server"`), which also wants an `audit_id`.
 *
 * Where no function can be given, the audit's name picks the fate: one of the words of `reserved`, then a colon.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { EarlierScan, Fate, Options } from "./internal/complianceModel.ts"
import * as Compliance from "./internal/complianceScript.ts"
import * as Course from "./internal/course.ts"
import * as Engine from "./internal/engine.ts"
import * as Random from "./internal/random.ts"
import * as Script from "./Script.ts"
import type * as Simulator from "./Simulator.ts"

export type { EarlierScan, Fate, Options, Refusal, Submission } from "./internal/complianceModel.ts"

/**
 * A running simulator of the compliance server.
 *
 * @category services
 * @since 0.1.0
 */
export interface Shape extends Simulator.WithEarlier<EarlierScan> {
  /**
   * A person reviews a violation of an ended scan: the score changes afterwards and the history grows. Nothing happens
   * to a scan that is unknown or has not completed.
   */
  readonly review: (scanId: string, score: number, action?: string) => Effect.Effect<void>
}

/**
 * The simulator as a service.
 *
 * @category services
 * @since 0.1.0
 */
export class ComplianceSimulator extends Context.Service<ComplianceSimulator, Shape>()(
  "@scanpoll/testkit/ComplianceSimulator"
) {}

/**
 * The token the simulator accepts unless told otherwise.
 *
 * @category constants
 * @since 0.1.0
 */
export const defaultKey = "eyJhbGciOiJub25lIn0.c2ltdWxhdGVkLWNvbXBsaWFuY2UtdG9rZW4.c2lnbmF0dXJl"

/**
 * A step that answers 429 as a platform in front of the server may; the vendor itself has no limit.
 *
 * @category constructors
 * @since 0.1.0
 */
export const throttled = (retryAfter: number | null): Script.Step => ({
  status: 429,
  body: { error: "RATE_LIMITED", message: "Too many requests." },
  ...(retryAfter === null ? {} : { headers: { "Retry-After": String(retryAfter) } })
})

/**
 * Words that pick a fate at the head of an audit's name, as in `failed: Q1 2026`:
 * `failed`; `running` (goes on for 20 s after the submit); `never` (stays running); `busy` (runs on, the first poll is
 * answered 429, to be tried again after half a minute of vendor time); `flaky` (the first poll meets a gateway's 503);
 * `lost` (accepted, never answered); `clean` and `risky` (no violations and 420); `incomplete` (the mapping is refused);
 * `unknown` (the upload is not found).
 *
 * @category constants
 * @since 0.1.0
 */
export const reserved = [
  "failed",
  "running",
  "never",
  "busy",
  "flaky",
  "lost",
  "clean",
  "risky",
  "incomplete",
  "unknown"
] as const

const fatesAt = (speed: number): Readonly<Record<(typeof reserved)[number], Fate>> => {
  const { busy, flaky, lost, never } = Engine.fates(throttled(Math.max(1, Math.ceil(30 / speed))))
  return {
    failed: { outcome: "failed" },
    running: { inline: false, duration: "20 seconds" },
    never: { ...never, inline: false },
    busy: { inline: false, duration: "20 seconds", polls: busy.polls.slice(1) },
    flaky,
    lost,
    clean: { violations: 0 },
    risky: { violations: 420 },
    incomplete: { refusal: { code: "MAPPING_INCOMPLETE", missingRequired: ["account"] } },
    unknown: { refusal: { code: "NOT_FOUND", message: "Upload not found" } }
  }
}

/**
 * Starts the simulator.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Shape, Simulator.SimulatorError, Scope.Scope> {
  const stages: Array<Compliance.Stage> = []
  const simulator = yield* Engine.start(
    { name: "compliance", key: defaultKey, rateLimit: null },
    options,
    (stage: Compliance.Stage) => {
      stages.push(stage)
      return Compliance.play(options, fatesAt)(stage)
    },
    ({ account = "default", auditId = null, auditName = null, createdAt, fate = {}, ...ids }: EarlierScan) => {
      const submission = { ...ids, auditId, auditName, account, nth: 0 }
      const subject = `${account} ${Compliance.idsOf(submission)}`
      return { submission, subject, owner: account, fate, ...(createdAt === undefined ? {} : { createdAt }) }
    }
  )
  return {
    ...simulator,
    review: (scanId, score, action = "violation_reviewed") =>
      Effect.sync(() => {
        for (const { scans, seed, time } of stages) {
          const scan = scans.get(scanId)
          if (scan === undefined || !Course.hasEnded(scan, time.now()) || scan.drawn.failed) continue
          const { reviews } = scan.drawn
          const violation_id = Random.make(seed, "compliance violation", scanId, reviews.length).uuid()
          reviews.push({ score, timestamp: Course.isoSeconds(time.now()), action, violation_id })
        }
      })
  }
})

/**
 * Starts the simulator as a service.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<ComplianceSimulator, Simulator.SimulatorError> =>
  Layer.effect(ComplianceSimulator, make(options))
