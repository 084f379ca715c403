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
import * as Course from "./internal/course.ts"
import * as Random from "./internal/random.ts"
import * as Server from "./internal/server.ts"
import * as Script from "./Script.ts"
import * as Simulator from "./Simulator.ts"

/**
 * A submission that passed every check. `nth` counts the earlier ones with the same policy, upload and mapping, from 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  readonly policyId: string
  readonly uploadId: string
  readonly mappingId: string
  readonly auditId: string | null
  readonly auditName: string | null
  readonly account: string
  readonly nth: number
}

/**
 * How the vendor turns a submission down: the three it may be for, each with the vendor's body.
 *
 * @category models
 * @since 0.1.0
 */
export type Refusal =
  | { readonly code: "NOT_FOUND"; readonly message?: string }
  | {
      readonly code: "MAPPING_INCOMPLETE"
      readonly missingRequired?: ReadonlyArray<string>
      readonly invalidColumns?: ReadonlyArray<string>
    }
  | { readonly code: "INTERNAL_ERROR" }

/**
 * What is to become of a scan.
 *
 * `violations`, `score`, `rulesTotal`, `recordCount`, `mappingConfig` and `temporalScale` are what a completed scan shows;
 * `rulesProcessed` is shown while it runs, and at its end where `rulesProcessedAtEnd` says so. `unchanged` is how many
 * violations the previous scan of the policy had too. With `inline: false` the submit answers `running` at once and the
 * scan goes on behind it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fate extends Simulator.Fate {
  readonly outcome?: "completed" | "failed"
  readonly violations?: number
  readonly score?: number
  readonly unchanged?: number
  readonly rulesTotal?: number
  readonly rulesProcessed?: number
  readonly rulesProcessedAtEnd?: number
  readonly recordCount?: number
  readonly mappingConfig?: Readonly<Record<string, string>>
  readonly temporalScale?: string | number | null
  readonly inline?: boolean
  readonly refusal?: Refusal
}

/**
 * A scan that was there before the simulator started; `createdAt` is vendor time in milliseconds since 1970, an hour ago
 * unless given.
 *
 * @category models
 * @since 0.1.0
 */
export interface EarlierScan {
  readonly policyId: string
  readonly uploadId: string
  readonly mappingId: string
  readonly auditId?: string | null
  readonly auditName?: string | null
  readonly createdAt?: number
  readonly account?: string
  readonly fate?: Fate
}

/**
 * How the simulated vendor behaves.
 *
 * @category models
 * @since 0.1.0
 */
export interface Options extends Simulator.Options {
  readonly fate?: (submission: Submission) => Fate | undefined
  /** Default `"docs"`. */
  readonly shape?: "docs" | "server"
  /** The organization that `X-Organization-Id` may name. Default: any. */
  readonly organizationId?: string
  /** The share of scans that fail when nothing decides their fate, 0 to 1. Default 0. */
  readonly failureRate?: number
  readonly earlier?: ReadonlyArray<EarlierScan>
}

/**
 * A running simulator of the compliance server.
 *
 * @category services
 * @since 0.1.0
 */
export interface Shape extends Simulator.Simulator {
  /** Puts a scan into the vendor's books as if it had been submitted earlier, and returns its id. */
  readonly plant: (scan: EarlierScan) => Effect.Effect<string>
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

const reservedFate = (auditName: string | null, speed: number): Fate => {
  switch (/^([a-z]+):/.exec(auditName ?? "")?.[1]) {
    case "failed":
      return { outcome: "failed" }
    case "running":
      return { inline: false, duration: "20 seconds" }
    case "never":
      return { inline: false, duration: Infinity }
    case "busy":
      return { inline: false, duration: "20 seconds", polls: [throttled(Math.max(1, Math.ceil(30 / speed)))] }
    case "flaky":
      return { polls: [Script.html(503)] }
    case "lost":
      return { submit: [Script.acceptedNeverAnswered] }
    case "clean":
      return { violations: 0 }
    case "risky":
      return { violations: 420 }
    case "incomplete":
      return { refusal: { code: "MAPPING_INCOMPLETE", missingRequired: ["account"] } }
    case "unknown":
      return { refusal: { code: "NOT_FOUND", message: "Upload not found" } }
    default:
      return {}
  }
}

interface Delta {
  readonly new_count: number
  readonly resolved_count: number
  readonly unchanged_count: number
  readonly previous_scan_id: string
  readonly previous_violation_count: number
}

interface ScoreEvent {
  readonly score: number
  readonly at: number
  readonly action: string
  readonly violation_id: string | null
}

interface Scan extends Course.Course {
  readonly id: string
  readonly fate: Fate
  readonly failed: boolean
  readonly inline: boolean
  readonly violations: number
  /** Distinct pairs of rule and account: what deltas compare. */
  readonly pairs: number
  readonly unchangedShare: number
  readonly submission: Submission
  readonly reviews: Array<ScoreEvent>
  /** Made once, when first asked for after the end: the previous scan may be forgotten later. */
  delta: Delta | null | undefined
}

const nominalMillis = 2_000
const hourMillis = 3_600_000
const uuidForm = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

const problem = (error: string, message: string, details?: unknown) => ({
  error,
  message,
  ...(details === undefined ? {} : { details })
})

const idFields = ["policy_id", "upload_id", "mapping_id", "audit_id"] as const

const issues = (fields: Readonly<Record<string, unknown>>, required: ReadonlyArray<string>): ReadonlyArray<unknown> =>
  idFields.flatMap((name): ReadonlyArray<unknown> => {
    const value = fields[name]
    if (value === undefined || value === null) {
      return required.includes(name)
        ? [{ expected: "string", code: "invalid_type", path: [name], message: `${name} is required` }]
        : []
    }
    if (typeof value !== "string") {
      return [{ expected: "string", code: "invalid_type", path: [name], message: `${name} must be a string` }]
    }
    return uuidForm.test(value)
      ? []
      : [{ origin: "string", code: "invalid_format", format: "uuid", path: [name], message: `${name} must be a UUID` }]
  })

const round = (value: number): number => Math.round(value * 100) / 100

/**
 * Starts the simulator.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Shape, Simulator.SimulatorError, Scope.Scope> {
  const shape = options.shape ?? "docs"
  let plant: (scan: EarlierScan) => string = () => ""
  let review: (scanId: string, score: number, action: string) => void = () => {}
  const simulator = yield* Server.make(
    "compliance",
    options,
    { key: defaultKey, rateLimit: null, basePath: "" },
    (kit) => {
      const scans = Course.makeStore<Scan>(kit.capacity)
      const kept = Course.makeCounter(kit.capacity)
      const nth = Course.makeCounter(kit.capacity)
      const own = (status: number, body: unknown): Server.Reply => ({ answer: { status, body }, step: null })
      const iso = (millis: number): string =>
        shape === "docs"
          ? Course.isoSeconds(millis)
          : `${new Date(millis).toISOString().slice(0, 23)}${String(Math.floor(millis * 1000) % 1000).padStart(3, "0")}+00:00`

      const keep = (submission: Submission, fate: Fate, createdAt: number): Scan => {
        const subject = `${submission.account} ${submission.policyId} ${submission.uploadId} ${submission.mappingId}`
        const random = Random.make(kit.seed, "compliance scan", subject, kept(subject))
        const duration = random.lognormal(nominalMillis, 0.5, 300, 4_500)
        const drawnFailure = random.chance(options.failureRate ?? 0)
        const violations = fate.violations ?? random.int(0, 60)
        const id = fate.id ?? random.uuid()
        const scan: Scan = {
          ...Course.begin(fate, createdAt, duration),
          id,
          fate,
          failed: fate.outcome === undefined ? drawnFailure : fate.outcome === "failed",
          inline: fate.inline ?? fate.settleAfterPolls === undefined,
          violations,
          // A server stores more violations than it has pairs; the documented sums treat each as a pair of its own.
          pairs: shape === "docs" ? violations : Math.ceil(violations * 0.66),
          unchangedShare: random.next(),
          submission,
          reviews: [],
          delta: undefined
        }
        scans.set(id, scan)
        return scan
      }

      const firstScore = (scan: Scan): number => scan.fate.score ?? round((100 * 161) / (161 + scan.violations))
      const scoreOf = (scan: Scan): number => scan.reviews.at(-1)?.score ?? firstScore(scan)

      const deltaOf = (scan: Scan): Delta | null => {
        if (scan.delta !== undefined) return scan.delta
        const previous = scans
          .newestFirst()
          .filter(
            (other) =>
              other !== scan &&
              other.submission.policyId === scan.submission.policyId &&
              other.submission.account === scan.submission.account &&
              !other.failed &&
              other.createdAt <= scan.createdAt &&
              Course.hasEnded(other, scan.endsAt) &&
              other.endsAt <= scan.endsAt
          )
          .reduce<Scan | undefined>(
            (best, other) => (best === undefined || other.createdAt > best.createdAt ? other : best),
            undefined
          )
        if (previous === undefined) return (scan.delta = null)
        const most = Math.min(previous.pairs, scan.pairs)
        const unchanged = Math.min(most, scan.fate.unchanged ?? Math.round(most * scan.unchangedShare))
        return (scan.delta = {
          new_count: scan.pairs - unchanged,
          resolved_count: previous.pairs - unchanged,
          unchanged_count: unchanged,
          previous_scan_id: previous.id,
          previous_violation_count: previous.violations
        })
      }

      const historyOf = (scan: Scan) =>
        [
          { score: firstScore(scan), at: scan.endsAt, action: "scan_completed", violation_id: null },
          ...scan.reviews
        ].map(({ action, at, score, violation_id }) => ({
          score,
          timestamp: Course.isoSeconds(at),
          action,
          violation_id
        }))

      const statusBody = (scan: Scan, ended: boolean, now: number): Readonly<Record<string, unknown>> => {
        const { submission } = scan
        const completed = ended && !scan.failed
        const policy = Random.make(kit.seed, "compliance policy", submission.policyId)
        const upload = Random.make(kit.seed, "compliance upload", submission.uploadId)
        const rulesTotal = scan.fate.rulesTotal ?? policy.int(8, 20)
        const records = upload.int(20, 50_000)
        const running = shape === "server" ? 0 : Math.floor(Course.share(scan, now, nominalMillis) * rulesTotal)
        const status = ended ? (scan.failed ? "failed" : "completed") : (Course.word(scan.fate, scan) ?? "running")
        const scale = shape === "docs" ? "daily" : 24
        return {
          id: scan.id,
          status,
          violation_count: completed ? scan.violations : 0,
          compliance_score: completed ? scoreOf(scan) : 0,
          rules_processed: completed
            ? (scan.fate.rulesProcessedAtEnd ?? rulesTotal)
            : ended
              ? 0
              : (scan.fate.rulesProcessed ?? (status === "pending" ? 0 : running)),
          rules_total: rulesTotal,
          created_at: iso(scan.createdAt),
          completed_at: ended ? iso(scan.endsAt) : null,
          audit_name: submission.auditName,
          ...(shape === "server" ? { data_source: "csv", file_name: "data.csv" } : {}),
          record_count: scan.fate.recordCount ?? records,
          policy_id: submission.policyId,
          upload_id: submission.uploadId,
          mapping_id: submission.mappingId,
          audit_id: submission.auditId,
          mapping_config: scan.fate.mappingConfig ?? { amount: "Amount", account: "Account", timestamp: "Date" },
          temporal_scale: scan.fate.temporalScale === undefined ? scale : scan.fate.temporalScale,
          ...(shape === "server"
            ? {
                review_summary: {
                  total: completed ? scan.violations : 0,
                  pending: completed ? scan.violations - Math.min(scan.violations, scan.reviews.length) : 0,
                  approved: 0,
                  false_positive: completed ? Math.min(scan.violations, scan.reviews.length) : 0,
                  disputed: 0,
                  by_severity: completed ? bySeverity(scan) : {}
                }
              }
            : {}),
          score_history: completed ? historyOf(scan) : [],
          delta: completed ? deltaOf(scan) : null,
          ...scan.fate.merge
        }
      }

      const bySeverity = (scan: Scan): Readonly<Record<string, number>> => {
        const critical = Math.floor(scan.violations / 10)
        const high = Math.floor(scan.violations / 3)
        return { CRITICAL: critical, HIGH: high, MEDIUM: scan.violations - critical - high }
      }

      plant = (scan) => {
        const submission: Submission = {
          policyId: scan.policyId,
          uploadId: scan.uploadId,
          mappingId: scan.mappingId,
          auditId: scan.auditId ?? null,
          auditName: scan.auditName ?? null,
          account: scan.account ?? "default",
          nth: 0
        }
        return keep(submission, scan.fate ?? {}, scan.createdAt ?? kit.time.now() - hourMillis).id
      }
      options.earlier?.forEach((scan) => plant(scan))

      review = (scanId, score, action) => {
        const scan = scans.get(scanId)
        const now = kit.time.now()
        if (scan === undefined || !Course.hasEnded(scan, now) || scan.failed) return
        const violation_id = Random.make(kit.seed, "compliance violation", scanId, scan.reviews.length).uuid()
        scan.reviews.push({ score, at: now, action, violation_id })
      }

      const unauthorized = own(401, problem("UNAUTHORIZED", "Not authenticated"))
      const notFound = own(404, problem("NOT_FOUND", "Scan not found"))
      const unexpected = own(500, problem("INTERNAL_ERROR", "An unexpected error occurred"))

      const accountOf = (call: Server.Call): string | null => {
        if (call.credential?.state !== "active") return null
        const organization = call.headers["x-organization-id"]
        const foreign = organization !== undefined && organization !== (options.organizationId ?? organization)
        return foreign ? null : call.credential.account
      }

      const refuse = (refusal: Refusal): Server.Reply => {
        switch (refusal.code) {
          case "NOT_FOUND":
            return own(404, problem("NOT_FOUND", refusal.message ?? "Mapping not found"))
          case "MAPPING_INCOMPLETE":
            return own(
              400,
              problem("MAPPING_INCOMPLETE", "The mapping does not fit the upload.", {
                missing_required: refusal.missingRequired ?? [],
                invalid_columns: refusal.invalidColumns ?? []
              })
            )
          case "INTERNAL_ERROR":
            return own(500, problem("INTERNAL_ERROR", "The scan record could not be created."))
        }
      }

      const submit = (call: Server.Call): Server.Reply => {
        const parsed = Course.parseJson(call.body)
        if (!parsed.ok)
          return own(500, { ...problem("INTERNAL_ERROR", "The body could not be read."), status: "failed" })
        const fields = Course.isRecord(parsed.value) ? parsed.value : {}
        const required = idFields.filter((name) => shape === "server" || name !== "audit_id")
        const found = issues(fields, required)
        if (found.length > 0) return own(400, problem("VALIDATION_ERROR", "The request is not valid.", found))
        const account = accountOf(call)
        if (account === null) return unauthorized
        const text = (name: string): string | null => {
          const value = fields[name]
          return typeof value === "string" ? value : null
        }
        const ids = {
          policyId: text("policy_id") ?? "",
          uploadId: text("upload_id") ?? "",
          mappingId: text("mapping_id") ?? ""
        }
        const subject = `${ids.policyId} ${ids.uploadId} ${ids.mappingId}`
        const submission: Submission = {
          ...ids,
          auditId: text("audit_id"),
          auditName: text("audit_name"),
          account,
          nth: nth(`${account} ${subject}`)
        }
        const fate = options.fate?.(submission) ?? reservedFate(submission.auditName, kit.time.speed)
        if (fate.refusal !== undefined) return refuse(fate.refusal)
        const step = call.scripted ? null : Script.at(fate.submit ?? [], submission.nth)
        if (step !== null && !Script.acts(step)) return { answer: null, step }
        const scan = keep(submission, fate, call.now)
        const accepted = { scanId: scan.id, subject, credits: 0, cached: false }
        const done = !scan.inline
          ? { status: 200, body: { scan_id: scan.id, status: "running" } }
          : scan.failed
            ? {
                status: 500,
                body: {
                  scan_id: scan.id,
                  status: "failed",
                  ...problem("PARTIAL_INSERT", "Not all violations could be stored.")
                }
              }
            : { status: 200, body: { scan_id: scan.id, status: "completed" } }
        // The submit's own word and the next status must agree to the millisecond, so the end is set, not awaited.
        const settle = () => {
          if (scan.inline && scan.settleAfterPolls === null) scan.settled = true
        }
        const hold = scan.inline && !kit.time.injected ? Math.max(0, scan.endsAt - scan.createdAt) : 0
        return { answer: { ...done, submission: accepted, hold, settle }, step }
      }

      const find = (id: string | null, account: string | null): Scan | undefined => {
        const scan = scans.get(id ?? "")
        return scan !== undefined && scan.submission.account === account ? scan : undefined
      }

      const status = (call: Server.Call): Server.Reply => {
        if (call.bearer === null) return unexpected
        const scan = find(call.scanId, accountOf(call))
        if (scan === undefined) return notFound
        const step = call.scripted ? null : Script.at(scan.fate.polls ?? [], scan.asked++)
        if (step !== null && !Script.acts(step)) return { answer: null, step }
        const ended = Course.look(scan, call.now)
        return { answer: { status: 200, body: statusBody(scan, ended, call.now) }, step }
      }

      const auditScans = (call: Server.Call): Server.Reply => {
        const account = accountOf(call)
        if (account === null) return unauthorized
        const auditId = call.path.split("?")[0]?.split("/")[3] ?? ""
        const found = scans
          .newestFirst()
          .toSorted((a, b) => b.createdAt - a.createdAt)
          .filter((scan) => scan.submission.auditId === auditId && scan.submission.account === account)
        return own(200, {
          audit_id: auditId,
          data_source: "csv",
          connector_id: null,
          scans: found.map((scan) => {
            const body = statusBody(scan, Course.hasEnded(scan, call.now), call.now)
            return {
              id: scan.id,
              status: body["status"],
              score: body["status"] === "completed" ? body["compliance_score"] : null,
              violation_count: body["violation_count"],
              record_count: body["record_count"],
              data_source: "csv",
              file_name: "data.csv",
              created_at: body["created_at"],
              completed_at: body["completed_at"]
            }
          })
        })
      }

      const history = (call: Server.Call): Server.Reply => {
        const account = accountOf(call)
        if (account === null) return unauthorized
        const ended = scans
          .newestFirst()
          .toSorted((a, b) => b.createdAt - a.createdAt)
          .filter((scan) => scan.submission.account === account && Course.hasEnded(scan, call.now) && !scan.failed)
        return own(200, {
          scans: ended.map((scan) => {
            const delta = deltaOf(scan)
            return {
              id: scan.id,
              policy_id: scan.submission.policyId,
              score: scoreOf(scan),
              violation_count: scan.violations,
              new_violations: delta?.new_count ?? scan.pairs,
              resolved_violations: delta?.resolved_count ?? 0,
              unchanged_count: delta?.unchanged_count ?? 0,
              status: "completed",
              created_at: iso(scan.createdAt),
              completed_at: iso(scan.endsAt),
              audit_name: scan.submission.auditName
            }
          })
        })
      }

      const score = (call: Server.Call): Server.Reply => {
        if (call.bearer === null) return unexpected
        const scan = find(call.query.get("scan_id"), accountOf(call))
        if (scan === undefined) return notFound
        const completed = Course.hasEnded(scan, call.now) && !scan.failed
        const reviewed = Math.min(scan.violations, scan.reviews.length)
        return own(200, {
          score: completed ? scoreOf(scan) : 0,
          total_violations: completed ? scan.violations : 0,
          open_violations: completed ? scan.violations - reviewed : 0,
          resolved_violations: 0,
          false_positives: completed ? reviewed : 0,
          by_severity: completed ? bySeverity(scan) : { CRITICAL: 0, HIGH: 0, MEDIUM: 0 },
          by_rule_type: completed ? { threshold: scan.violations } : {}
        })
      }

      const remove = (call: Server.Call): Server.Reply => {
        if (call.bearer === null) return unexpected
        const scan = find(call.scanId, accountOf(call))
        if (scan !== undefined) scans.remove(scan.id)
        return own(200, { success: true })
      }

      return {
        route: (method, path) => {
          const [api, area, id] = path
          if (api !== "api") return { route: "unknown" }
          if (area === "scan" && path.length === 3 && id) {
            if (id === "run" || id === "rescan") return { route: method === "POST" ? "submit" : "wrong-method" }
            if (id === "history") return { route: method === "GET" ? "history" : "wrong-method" }
            if (method === "GET") return { route: "status", scanId: id }
            return method === "DELETE" ? { route: "delete", scanId: id } : { route: "wrong-method" }
          }
          if (area === "audits" && path.length === 4 && path[3] === "scans") {
            return { route: method === "GET" ? "audit-scans" : "wrong-method" }
          }
          if (area === "compliance" && path.length === 3 && id === "score") {
            return { route: method === "GET" ? "score" : "wrong-method" }
          }
          return { route: "unknown" }
        },
        headers: (call) => kit.limiter.headers(call),
        handle: (call) => {
          if (!kit.limiter.take(call)) {
            const body = problem("RATE_LIMITED", "Too many requests.")
            return {
              answer: { status: 429, headers: { "Retry-After": String(kit.limiter.secondsLeft()) }, body },
              step: null
            }
          }
          switch (call.route) {
            case "submit":
              return submit(call)
            case "status":
              return status(call)
            case "delete":
              return remove(call)
            case "audit-scans":
              return auditScans(call)
            case "history":
              return history(call)
            case "score":
              return score(call)
            case "wrong-method":
              return own(405, undefined)
            default:
              return {
                answer: { status: 404, headers: { "Content-Type": "text/html" }, body: Script.html(404).body },
                step: null
              }
          }
        }
      }
    }
  )
  return {
    ...simulator,
    plant: (scan) => Effect.sync(() => plant(scan)),
    review: (scanId, score, action = "violation_reviewed") => Effect.sync(() => review(scanId, score, action))
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
