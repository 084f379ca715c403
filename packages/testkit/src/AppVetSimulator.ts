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
import * as Report from "./internal/appvetReport.ts"
import * as Course from "./internal/course.ts"
import * as Random from "./internal/random.ts"
import * as Server from "./internal/server.ts"
import * as Script from "./Script.ts"
import * as Simulator from "./Simulator.ts"

/**
 * The four kinds of scan.
 *
 * @category models
 * @since 0.1.0
 */
export type ScanType = Report.ScanType

/**
 * A submission that passed every check. `url` is normalised; `nth` counts the earlier ones for the same `url` and `type`,
 * from 0.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  readonly url: string
  readonly type: ScanType
  readonly callbackUrl: string | null
  readonly account: string
  readonly nth: number
}

/**
 * One line of a running scan's log.
 *
 * @category models
 * @since 0.1.0
 */
export interface Event {
  readonly time: string
  readonly message: string
}

/**
 * What is to become of a scan.
 *
 * `score` is 0 to 100, `grade` follows from it unless given. `events` and `progress` are what unfinished polls show.
 * `reportLag` is how many requests for the report of an ended scan still answer 409. `reports` are scripted
 * answers to the first requests for it after those. `refusal` turns the submission down.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fate extends Simulator.Fate {
  /** Default: completed, or by the simulator's `failureRate` and `partialRate`. */
  readonly outcome?: "completed" | "partial" | "failed"
  readonly score?: number
  readonly grade?: string
  readonly error?: string
  readonly events?: ReadonlyArray<Event>
  readonly progress?: unknown
  readonly reportLag?: number
  readonly reports?: Simulator.Fate["polls"]
  readonly refusal?: "URL_NOT_REACHABLE" | "DOMAIN_BLOCKED"
}

/**
 * A scan that was there before the simulator started; `createdAt` is vendor time in milliseconds since 1970, an hour ago
 * unless given.
 *
 * @category models
 * @since 0.1.0
 */
export interface EarlierScan {
  readonly url: string
  readonly type?: ScanType
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
  /** Scans a month, and how many of them are used up already. Default 1000 and none. */
  readonly quota?: { readonly limit: number; readonly used?: number }
  /** Default `"paid"`, which only changes the name shown and the documented rate limit (60 a minute; free: 10). */
  readonly tier?: "free" | "paid"
  /** Which of the two documented bodies `/v1/usage` sends: the page's sample (default), or its table of fields. */
  readonly usage?: "sample" | "table"
  /** Adds a `Retry-After` to a 429, which the vendor does not document. Default false. */
  readonly retryAfter?: boolean
  /** Shares of scans that end so when nothing decides their fate, 0 to 1. Default 0. */
  readonly failureRate?: number
  readonly partialRate?: number
  readonly earlier?: ReadonlyArray<EarlierScan>
}

/**
 * A running simulator of AppVet.
 *
 * @category services
 * @since 0.1.0
 */
export interface Shape extends Simulator.Simulator {
  /** Puts a scan into the vendor's books as if it had been submitted earlier, and returns its id. */
  readonly plant: (scan: EarlierScan) => Effect.Effect<string>
}

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

const problem = (code: string, error: string) => ({ code, error })

/**
 * A step that answers 429 `RATE_LIMITED` as this vendor does. The wait is told by `X-RateLimit-Reset` alone, which every
 * response carries; `retryAfter`, in seconds, adds the header this vendor does not document.
 *
 * @category constructors
 * @since 0.1.0
 */
export const throttled = (retryAfter: number | null = null): Script.Step => ({
  status: 429,
  body: problem("RATE_LIMITED", "Too many requests for this key."),
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

const reservedFate = (url: URL): Fate => {
  switch (Course.reservedWord(url)) {
    case "failed":
      return { outcome: "failed" }
    case "partial":
      return { outcome: "partial" }
    case "never":
      return { duration: Infinity }
    case "slow":
      return { duration: "10 minutes" }
    case "busy":
      return { polls: [null, throttled()] }
    case "flaky":
      return { polls: [Script.html(503)] }
    case "lost":
      return { submit: [Script.acceptedNeverAnswered] }
    case "risky":
      return { score: 38 }
    case "clean":
      return { score: 98 }
    case "unreachable":
      return { refusal: "URL_NOT_REACHABLE" }
    case "blocked":
      return { refusal: "DOMAIN_BLOCKED" }
    case "noreport":
      return { score: 88, reports: [{ ...Script.html(500), times: Infinity }] }
    case "latereport":
      return { score: 75, reports: [{ ...Script.html(500), times: 3 }] }
    default:
      return {}
  }
}

interface Scan extends Course.Course {
  readonly id: string
  readonly fate: Fate
  readonly outcome: "completed" | "partial" | "failed"
  readonly score: number
  readonly random: string
  readonly submission: Submission
  reportsAsked: number
  reportsScripted: number
}

const nominalMillis = 75_000
const hourMillis = 3_600_000
const alphabet = "0123456789abcdefghijklmnopqrstuvwxyz"
const statuses = ["queued", "scanning", "completed", "partial", "failed"]

const isType = (value: unknown): value is ScanType => Report.types.some((type) => type === value)

/** Scheme and host in lower case, no default port, no fragment, no bare trailing slash: as the vendor's samples show it. */
const normalised = (url: URL): string => {
  const copy = new URL(url)
  copy.hash = ""
  return copy.pathname === "/" && copy.search === "" ? copy.origin : copy.href
}

const isPrivate = (host: string): boolean =>
  host === "localhost" ||
  /\.(localhost|local|internal)$/.test(host) ||
  /^(0|10|127)\.|^169\.254\.|^192\.168\.|^172\.(1[6-9]|2\d|3[01])\./.test(host) ||
  /^\[(::1?|f[cd].*|fe80.*)\]$/.test(host)

const count = (text: string | null, otherwise: number, low: number, high: number): number | null =>
  text === null
    ? otherwise
    : /^\d{1,9}$/.test(text) && Number(text) >= low && Number(text) <= high
      ? Number(text)
      : null

/**
 * Starts the simulator.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = Effect.fnUntraced(function* (
  options: Options = {}
): Effect.fn.Return<Shape, Simulator.SimulatorError, Scope.Scope> {
  let plant: (scan: EarlierScan) => string = () => ""
  const tier = options.tier ?? "paid"
  const quotaLimit = options.quota?.limit ?? 1000
  const simulator = yield* Server.make(
    "appvet",
    options,
    { key: defaultKey, rateLimit: documentedLimit[tier], basePath: "" },
    (kit) => {
      const scans = Course.makeStore<Scan>(kit.capacity)
      const kept = Course.makeCounter(kit.capacity)
      const nth = Course.makeCounter(kit.capacity)
      let used = options.quota?.used ?? 0
      const own = (status: number, body: unknown): Server.Reply => ({ answer: { status, body }, step: null })
      const quota = () => ({ used, limit: quotaLimit, remaining: Math.max(0, quotaLimit - used), tier })

      const keep = (submission: Submission, fate: Fate, createdAt: number): Scan => {
        const subject = `${submission.account} ${submission.type} ${submission.url}`
        const seed = `${subject} ${kept(subject)}`
        const random = Random.make(kit.seed, "appvet scan", seed)
        const duration = random.lognormal(nominalMillis, 0.25, 30_000, 180_000)
        const draw = random.next()
        const failureRate = options.failureRate ?? 0
        const drawn =
          draw < failureRate ? "failed" : draw < failureRate + (options.partialRate ?? 0) ? "partial" : "completed"
        const score = Math.round(random.lognormal(76, 0.2, 30, 100))
        const scan: Scan = {
          ...Course.begin(fate, createdAt, duration),
          id: fate.id ?? `scan_${random.text(alphabet, 12)}`,
          fate,
          outcome: fate.outcome ?? drawn,
          score: fate.score ?? score,
          random: seed,
          submission,
          reportsAsked: 0,
          reportsScripted: 0
        }
        scans.set(scan.id, scan)
        return scan
      }

      const grade = (scan: Scan): string => scan.fate.grade ?? Report.gradeOf(scan.score)

      const waiting = (scan: Scan, now: number): "queued" | "scanning" =>
        Course.share(scan, now, nominalMillis) < 0.1 ? "queued" : "scanning"

      /** What a poll shows beside the status while the scan runs. */
      const running = (scan: Scan, now: number): Readonly<Record<string, unknown>> => {
        const share = Course.share(scan, now, nominalMillis)
        const names = Report.checkNames(scan.submission.type)
        const started = names.slice(0, Math.max(1, Math.floor(share * names.length)))
        const step = Math.max(0, now - scan.createdAt) / (started.length + 1)
        return {
          progress: Math.max(1, Math.floor(share * 100)),
          events: started.map((name, i) => ({
            time: new Date(scan.createdAt + step * (i + 1)).toISOString().slice(11, 19),
            message: `Check started: ${name}`
          })),
          ...(scan.fate.progress === undefined ? {} : { progress: scan.fate.progress }),
          ...(scan.fate.events === undefined ? {} : { events: scan.fate.events })
        }
      }

      const statusBody = (scan: Scan, ended: boolean, now: number): Readonly<Record<string, unknown>> => {
        const { type, url } = scan.submission
        const created_at = Course.isoSeconds(scan.createdAt)
        const head = (status: string) => ({ id: scan.id, status, type, url })
        if (!ended) {
          const status = Course.word(scan.fate, scan) ?? waiting(scan, now)
          const middle = status === "queued" ? { progress: 0 } : running(scan, now)
          return { ...head(status), ...middle, created_at, ...scan.fate.merge }
        }
        if (scan.outcome === "failed") {
          const error = scan.fate.error ?? "The site answered HTTP 503."
          return { ...head("failed"), error, created_at, ...scan.fate.merge }
        }
        return {
          ...head(scan.outcome),
          progress: 100,
          result: { score: scan.score, grade: grade(scan), report_url: `/report/${scan.id}` },
          created_at,
          completed_at: Course.isoSeconds(scan.endsAt),
          ...scan.fate.merge
        }
      }

      plant = (scan) => {
        const submission: Submission = {
          url: normalised(new URL(scan.url)),
          type: scan.type ?? "security",
          callbackUrl: null,
          account: scan.account ?? "default",
          nth: 0
        }
        return keep(submission, scan.fate ?? {}, scan.createdAt ?? kit.time.now() - hourMillis).id
      }
      options.earlier?.forEach((scan) => plant(scan))

      const submit = (call: Server.Call, account: string): Server.Reply => {
        const parsed = Course.parseJson(call.body)
        const fields = parsed.ok && Course.isRecord(parsed.value) ? parsed.value : {}
        const { callback_url: callback, type, url: text } = fields
        const url = typeof text === "string" ? Course.parseUrl(text) : null
        if (typeof text !== "string" || url === null || !/^https?:$/.test(url.protocol)) {
          return own(400, problem("INVALID_URL", "url must be an http or https URL."))
        }
        if (!isType(type)) {
          return own(400, problem("INVALID_TYPE", `type must be one of ${Report.types.join(", ")}.`))
        }
        if (
          callback !== undefined &&
          (typeof callback !== "string" || Course.parseUrl(callback)?.protocol !== "https:")
        ) {
          return own(400, problem("INVALID_URL", "callback_url must be an https URL."))
        }
        const subject = `${account} ${type} ${normalised(url)}`
        const submission: Submission = {
          url: normalised(url),
          type,
          callbackUrl: callback ?? null,
          account,
          nth: nth(subject)
        }
        const fate = options.fate?.(submission) ?? reservedFate(url)
        if (isPrivate(url.hostname) || fate.refusal === "DOMAIN_BLOCKED") {
          return own(403, problem("DOMAIN_BLOCKED", "This host may not be scanned."))
        }
        if (fate.refusal === "URL_NOT_REACHABLE") {
          return own(400, problem("URL_NOT_REACHABLE", "The URL could not be reached."))
        }
        const step = call.scripted ? null : Script.at(fate.submit ?? [], submission.nth)
        if (step !== null && !Script.acts(step)) return { answer: null, step }
        if (used >= quotaLimit) return own(429, problem("QUOTA_EXCEEDED", "The scans of this month are used up."))
        used++
        const scan = keep(submission, fate, call.now)
        return {
          answer: {
            status: 201,
            body: {
              id: scan.id,
              status: "queued",
              type,
              url: submission.url,
              created_at: Course.isoSeconds(scan.createdAt)
            },
            submission: { scanId: scan.id, subject: text, credits: 1, cached: false }
          },
          step
        }
      }

      const find = (call: Server.Call, account: string): Scan | undefined => {
        const scan = scans.get(call.scanId ?? "")
        return scan?.submission.account === account ? scan : undefined
      }
      const notFound = own(404, problem("SCAN_NOT_FOUND", "There is no scan with this id."))

      const status = (call: Server.Call, account: string): Server.Reply => {
        const scan = find(call, account)
        if (scan === undefined) return notFound
        const step = call.scripted ? null : Script.at(scan.fate.polls ?? [], scan.asked++)
        if (step !== null && !Script.acts(step)) return { answer: null, step }
        const ended = Course.look(scan, call.now)
        return { answer: { status: 200, body: statusBody(scan, ended, call.now) }, step }
      }

      const report = (call: Server.Call, account: string): Server.Reply => {
        const scan = find(call, account)
        if (scan === undefined) return notFound
        const early = !Course.hasEnded(scan, call.now) || scan.outcome === "failed"
        if (early || scan.reportsAsked++ < (scan.fate.reportLag ?? 0)) {
          return own(409, problem("SCAN_NOT_COMPLETE", "The scan has no report yet."))
        }
        const step = call.scripted ? null : Script.at(scan.fate.reports ?? [], scan.reportsScripted++)
        if (step !== null) return { answer: null, step }
        const random = Random.make(kit.seed, "appvet report", scan.random)
        const { type, url } = scan.submission
        const { categories, summary } = Report.make(random, {
          type,
          score: scan.score,
          partial: scan.outcome === "partial"
        })
        return own(200, {
          id: scan.id,
          type,
          url,
          score: scan.score,
          grade: grade(scan),
          created_at: Course.isoSeconds(scan.createdAt),
          completed_at: Course.isoSeconds(scan.endsAt),
          categories,
          summary
        })
      }

      const list = (call: Server.Call, account: string): Server.Reply => {
        const limit = count(call.query.get("limit"), 20, 1, 100)
        const offset = count(call.query.get("offset"), 0, 0, 999_999_999)
        const wanted = call.query.get("status")
        const type = call.query.get("type")
        const faults = [
          ...(limit === null ? ["limit must be a whole number from 1 to 100"] : []),
          ...(offset === null ? ["offset must be a whole number of at least 0"] : []),
          ...(wanted === null || statuses.includes(wanted) ? [] : ["status is not one of the five"]),
          ...(type === null || isType(type) ? [] : ["type is not one of the four"])
        ]
        if (limit === null || offset === null || faults.length > 0) {
          return own(400, problem("INVALID_PARAMS", `${faults.join("; ")}.`))
        }
        const newestFirst = scans.newestFirst().toSorted((a, b) => b.createdAt - a.createdAt)
        const found = newestFirst.flatMap((scan) => {
          if (scan.submission.account !== account || (type !== null && scan.submission.type !== type)) return []
          const ended = Course.hasEnded(scan, call.now)
          const shown = ended ? scan.outcome : waiting(scan, call.now)
          if (wanted !== null && shown !== wanted) return []
          const scored = ended && scan.outcome !== "failed"
          return [
            {
              id: scan.id,
              type: scan.submission.type,
              url: scan.submission.url,
              status: shown,
              score: scored ? scan.score : null,
              grade: scored ? grade(scan) : null,
              created_at: Course.isoSeconds(scan.createdAt),
              completed_at: ended ? Course.isoSeconds(scan.endsAt) : null
            }
          ]
        })
        return own(200, {
          scans: found.slice(offset, offset + limit),
          total: found.length,
          limit,
          offset,
          quota: quota()
        })
      }

      const usage = (call: Server.Call): Server.Reply => {
        const perMinute = Number(kit.limiter.headers(call)["X-RateLimit-Limit"] ?? documentedLimit[tier].limit)
        const { limit, remaining } = quota()
        if (options.usage === "table") {
          return own(200, {
            billing_mode: tier === "free" ? "free" : "packs",
            free_scans: { used: Math.min(5, used), limit: 5, remaining: Math.max(0, 5 - used) },
            credits_balance: remaining,
            rate_limit: { requests_per_minute: perMinute },
            metered: null
          })
        }
        const month = new Date(call.now).toISOString().slice(0, 8)
        const next = new Date(Date.UTC(new Date(call.now).getUTCFullYear(), new Date(call.now).getUTCMonth() + 1, 1))
        return own(200, {
          tier,
          billing_period: { start: `${month}01T00:00:00Z`, end: Course.isoSeconds(next.getTime()) },
          scans: { used, limit, remaining },
          rate_limit: { requests_per_minute: perMinute, concurrent_scans: 10 }
        })
      }

      return {
        route: (method, path) => {
          const [version, what, id] = path
          if (version !== "v1") return { route: "unknown" }
          if (what === "scan" && path.length === 2 && method === "POST") return { route: "submit" }
          if (method !== "GET") return { route: "unknown" }
          if (what === "scan" && path.length === 3 && id) return { route: "status", scanId: id }
          if (what === "report" && path.length === 3 && id) return { route: "report", scanId: id }
          if (path.length === 2 && (what === "scans" || what === "usage"))
            return { route: what === "scans" ? "list" : "usage" }
          return { route: "unknown" }
        },
        headers: (call) => kit.limiter.headers(call),
        handle: (call) => {
          const { credential } = call
          if (credential === null) return own(401, problem("UNAUTHORIZED", "The API key is missing or not valid."))
          if (credential.state !== "active") return own(401, problem("KEY_REVOKED", "This API key was revoked."))
          if (!kit.limiter.take(call)) {
            return {
              answer: {
                status: 429,
                body: problem("RATE_LIMITED", "Too many requests for this key."),
                ...(options.retryAfter === true
                  ? { headers: { "Retry-After": String(kit.limiter.secondsLeft()) } }
                  : {})
              },
              step: null
            }
          }
          switch (call.route) {
            case "submit":
              return submit(call, credential.account)
            case "status":
              return status(call, credential.account)
            case "report":
              return report(call, credential.account)
            case "list":
              return list(call, credential.account)
            case "usage":
              return usage(call)
            default:
              return own(404, problem("NOT_FOUND", "There is nothing at this path."))
          }
        }
      }
    }
  )
  return { ...simulator, plant: (scan) => Effect.sync(() => plant(scan)) }
})

/**
 * Starts the simulator as a service.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<AppVetSimulator, Simulator.SimulatorError> =>
  Layer.effect(AppVetSimulator, make(options))
