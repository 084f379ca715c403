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
import * as Engine from "./internal/engine.ts"
import * as Random from "./internal/random.ts"
import type * as Server from "./internal/server.ts"
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

const routes = {
  "POST /v1/scan": "submit",
  "GET /v1/scan/{id}": "status",
  "GET /v1/report/{id}": "report",
  "GET /v1/scans": "list",
  "GET /v1/usage": "usage"
}

const errors = {
  missing: [404, problem("SCAN_NOT_FOUND", "There is no scan with this id.")],
  unknown: [404, problem("NOT_FOUND", "There is nothing at this path.")],
  unauthorized: [401, problem("UNAUTHORIZED", "The API key is missing or not valid.")],
  revoked: [401, problem("KEY_REVOKED", "This API key was revoked.")],
  url: [400, problem("INVALID_URL", "url must be an http or https URL.")],
  type: [400, problem("INVALID_TYPE", `type must be one of ${Report.types.join(", ")}.`)],
  callback: [400, problem("INVALID_URL", "callback_url must be an https URL.")],
  blocked: [403, problem("DOMAIN_BLOCKED", "This host may not be scanned.")],
  unreachable: [400, problem("URL_NOT_REACHABLE", "The URL could not be reached.")],
  used: [429, problem("QUOTA_EXCEEDED", "The scans of this month are used up.")],
  early: [409, problem("SCAN_NOT_COMPLETE", "The scan has no report yet.")]
} as const

const error = (name: keyof typeof errors): Server.Answer => Engine.answer(errors[name][0], errors[name][1])

interface Drawn {
  readonly outcome: "completed" | "partial" | "failed"
  readonly score: number
  /** Requests for the report of the ended scan so far. */
  reports: number
}

type Scan = Engine.Scan<Submission, Fate, Drawn>
type Stage = Engine.Stage<Submission, Fate, Drawn>

const nominalMillis = 75_000
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

const subjectOf = ({ account, type, url }: Submission): string => `${account} ${type} ${url}`

const gradeOf = ({ drawn, fate }: Scan): string => fate.grade ?? Report.gradeOf(drawn.score)

const waiting = (scan: Scan, now: number): "queued" | "scanning" =>
  Course.share(scan, now, nominalMillis) < 0.1 ? "queued" : "scanning"

/** What a poll shows beside the status while the scan runs. */
const running = (scan: Scan, now: number): Readonly<Record<string, unknown>> => {
  const share = Course.share(scan, now, nominalMillis)
  const names = Report.checkNames(scan.submission.type)
  const started = names.slice(0, Math.max(1, Math.floor(share * names.length)))
  const step = Math.max(0, now - scan.createdAt) / (started.length + 1)
  const {
    events = started.map((name, i) => ({
      time: new Date(scan.createdAt + step * (i + 1)).toISOString().slice(11, 19),
      message: `Check started: ${name}`
    })),
    progress = Math.max(1, Math.floor(share * 100))
  } = scan.fate
  return { progress, events }
}

const statusBody = (scan: Scan, ended: boolean, now: number): Readonly<Record<string, unknown>> => {
  const { drawn, fate, id } = scan
  const { type, url } = scan.submission
  const status = ended ? drawn.outcome : (Course.word(fate, scan) ?? waiting(scan, now))
  const told = !ended
    ? status === "queued"
      ? { progress: 0 }
      : running(scan, now)
    : status === "failed"
      ? { error: fate.error ?? "The site answered HTTP 503." }
      : {
          progress: 100,
          result: { score: drawn.score, grade: gradeOf(scan), report_url: `/report/${id}` },
          completed_at: Course.isoSeconds(scan.endsAt)
        }
  return { id, status, type, url, ...told, created_at: Course.isoSeconds(scan.createdAt), ...fate.merge }
}

/** A row of the list of scans. */
const row = (scan: Scan, status: string, ended: boolean) => {
  const scored = ended && status !== "failed"
  return {
    id: scan.id,
    type: scan.submission.type,
    url: scan.submission.url,
    status,
    score: scored ? scan.drawn.score : null,
    grade: scored ? gradeOf(scan) : null,
    created_at: Course.isoSeconds(scan.createdAt),
    completed_at: ended ? Course.isoSeconds(scan.endsAt) : null
  }
}

const usageBody = (
  options: Options,
  {
    perMinute,
    tier,
    used,
    ...scans
  }: { perMinute: number; tier: string; used: number; limit: number; remaining: number },
  now: number
) => {
  if (options.usage === "table") {
    return {
      billing_mode: tier === "free" ? "free" : "packs",
      free_scans: { used: Math.min(5, used), limit: 5, remaining: Math.max(0, 5 - used) },
      credits_balance: scans.remaining,
      rate_limit: { requests_per_minute: perMinute },
      metered: null
    }
  }
  const date = new Date(now)
  const next = Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
  return {
    tier,
    billing_period: { start: `${date.toISOString().slice(0, 8)}01T00:00:00Z`, end: Course.isoSeconds(next) },
    scans: { used, ...scans },
    rate_limit: { requests_per_minute: perMinute, concurrent_scans: 10 }
  }
}

const play =
  (options: Options, tier: "free" | "paid") =>
  (stage: Stage): Engine.Play<Submission, Fate, Drawn> => {
    const limit = options.quota?.limit ?? 1000
    let used = options.quota?.used ?? 0
    const quota = () => ({ used, limit, remaining: Math.max(0, limit - used), tier })

    const wanted = (call: Server.Call, account: string | null) => {
      const parsed = Course.parseJson(call.body)
      const fields = parsed.ok && Course.isRecord(parsed.value) ? parsed.value : {}
      const { callback_url: callback, type, url: text } = fields
      const url = typeof text === "string" ? Course.parseUrl(text) : null
      if (typeof text !== "string" || url === null || !/^https?:$/.test(url.protocol)) return error("url")
      if (!isType(type)) return error("type")
      const isHook = typeof callback === "string" && Course.parseUrl(callback)?.protocol === "https:"
      if (callback !== undefined && !isHook) return error("callback")
      const submission = (nth: number): Submission => ({
        url: normalised(url),
        type,
        callbackUrl: typeof callback === "string" ? callback : null,
        account: account ?? "",
        nth
      })
      return { subject: subjectOf(submission(0)), submission, billed: { subject: text, credits: 1 } }
    }

    const report = (call: Server.Call, account: string | null): Server.Reply => {
      const scan = stage.find(call.scanId, account)
      if (scan === undefined) return Engine.reply(error("missing"))
      const { drawn, fate, submission } = scan
      const lag = fate.reportLag ?? 0
      if (!Course.hasEnded(scan, call.now) || drawn.outcome === "failed" || drawn.reports++ < lag) {
        return Engine.reply(error("early"))
      }
      const step = call.scripted ? null : Script.at(fate.reports ?? [], drawn.reports - lag - 1)
      if (step !== null) return { answer: null, step }
      const { type, url } = submission
      const { score } = drawn
      const partial = drawn.outcome === "partial"
      return Engine.reply(
        Engine.answer(200, {
          id: scan.id,
          type,
          url,
          score,
          grade: gradeOf(scan),
          created_at: Course.isoSeconds(scan.createdAt),
          completed_at: Course.isoSeconds(scan.endsAt),
          ...Report.make(Random.make(stage.seed, "appvet report", scan.seed), { type, score, partial })
        })
      )
    }

    const list = (call: Server.Call, account: string | null): Server.Reply => {
      const limit = count(call.query.get("limit"), 20, 1, 100)
      const offset = count(call.query.get("offset"), 0, 0, 999_999_999)
      const status = call.query.get("status")
      const type = call.query.get("type")
      const faults = [
        ...(limit === null ? ["limit must be a whole number from 1 to 100"] : []),
        ...(offset === null ? ["offset must be a whole number of at least 0"] : []),
        ...(status === null || statuses.includes(status) ? [] : ["status is not one of the five"]),
        ...(type === null || isType(type) ? [] : ["type is not one of the four"])
      ]
      if (limit === null || offset === null || faults.length > 0) {
        return Engine.reply(Engine.answer(400, problem("INVALID_PARAMS", `${faults.join("; ")}.`)))
      }
      const newestFirst = stage.scans.newestFirst().toSorted((a, b) => b.createdAt - a.createdAt)
      const rows = newestFirst.flatMap((scan) => {
        if (scan.owner !== account || (type ?? scan.submission.type) !== scan.submission.type) return []
        const ended = Course.hasEnded(scan, call.now)
        const shown = ended ? scan.drawn.outcome : waiting(scan, call.now)
        return (status ?? shown) === shown ? [row(scan, shown, ended)] : []
      })
      const page = rows.slice(offset, offset + limit)
      return Engine.reply(Engine.answer(200, { scans: page, total: rows.length, limit, offset, quota: quota() }))
    }

    const usage = (call: Server.Call): Server.Reply => {
      const perMinute = Number(stage.limiter.headers(call)["X-RateLimit-Limit"] ?? documentedLimit[tier].limit)
      return Engine.reply(Engine.answer(200, usageBody(options, { perMinute, ...quota() }, call.now)))
    }

    return {
      routes,
      refuse: ({ credential }) =>
        credential === null ? error("unauthorized") : credential.state === "active" ? null : error("revoked"),
      owner: ({ credential }) => credential?.account ?? null,
      limited: (_, seconds) => {
        const headers = options.retryAfter === true ? { "Retry-After": String(seconds) } : {}
        return Engine.reply(Engine.answer(429, problem("RATE_LIMITED", "Too many requests for this key."), headers))
      },
      missing: () => error("missing"),
      unknown: () => error("unknown"),
      wanted,
      fate: (submission) =>
        options.fate?.(submission) ?? Engine.fateOf(fates, Course.reservedWord(new URL(submission.url))) ?? {},
      refusal: ({ url }, { refusal }) =>
        isPrivate(new URL(url).hostname) || refusal === "DOMAIN_BLOCKED"
          ? error("blocked")
          : refusal === undefined
            ? null
            : error("unreachable"),
      full: () => (used >= limit ? error("used") : null),
      draw: (random, _, fate) => {
        const duration = random.lognormal(nominalMillis, 0.25, 30_000, 180_000)
        const { failureRate = 0, partialRate = 0 } = options
        const share = random.next()
        const outcome = share < failureRate ? "failed" : share < failureRate + partialRate ? "partial" : "completed"
        const score = Math.round(random.lognormal(76, 0.2, 30, 100))
        const id = fate.id ?? `scan_${random.text("0123456789abcdefghijklmnopqrstuvwxyz", 12)}`
        return { duration, id, drawn: { outcome: fate.outcome ?? outcome, score: fate.score ?? score, reports: 0 } }
      },
      accepted: ({ createdAt, id, submission: { type, url } }) => {
        used++
        return Engine.answer(201, { id, status: "queued", type, url, created_at: Course.isoSeconds(createdAt) })
      },
      status: (scan, ended, call) => Engine.answer(200, statusBody(scan, ended, call.now)),
      calls: { report, list, usage }
    }
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
  return Engine.start(vendor, options, play(options, tier), ({ url, fate = {}, ...scan }: EarlierScan) => {
    const { account = "default", type = "security" } = scan
    const submission = { url: normalised(new URL(url)), type, callbackUrl: null, account, nth: 0 }
    return { ...scan, fate, submission, subject: subjectOf(submission), owner: account }
  })
}

/**
 * Starts the simulator as a service.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<AppVetSimulator, Simulator.SimulatorError> =>
  Layer.effect(AppVetSimulator, make(options))
