// What AppVet answers: to a submission, a poll, and requests for a report, the list and the usage.
import * as Script from "../Script.ts"
import type { Fate, Options, ScanType, Submission } from "./appvetModel.ts"
import * as Report from "./appvetReport.ts"
import * as Course from "./course.ts"
import * as Engine from "./engine.ts"
import * as Random from "./random.ts"
import type * as Server from "./server.ts"

export const problem = (code: string, error: string) => ({ code, error })

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

export interface Drawn {
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
export const normalised = (url: URL): string => {
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

export const subjectOf = ({ account, type, url }: Submission): string => `${account} ${type} ${url}`

const gradeOf = ({ drawn, fate }: Scan): string => fate.grade ?? Report.gradeOf(drawn.score)

const waiting = (scan: Scan, now: number): "queued" | "scanning" =>
  Course.share(scan, now, nominalMillis) < 0.1 ? "queued" : "scanning"

/** What a poll shows beside the status while the scan runs. */
const running = (scan: Scan, now: number): Readonly<Record<string, unknown>> => {
  const share = Course.share(scan, now, nominalMillis)
  const names = Report.checkNames(scan.submission.type)
  const started = names.slice(0, Math.max(1, Math.floor(share * names.length)))
  // What began then began then, whenever it is asked about.
  const startOf = (at: number) => Course.timeOf(scan, at === 0 ? 0 : (at + 1) / names.length, nominalMillis)
  const {
    events = started.map((name, i) => ({
      time: new Date(startOf(i)).toISOString().slice(11, 19),
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

/** `perMinute`: the documented limit. `fates`: by reserved words. */
export const play =
  (options: Options, tier: "free" | "paid", perMinute: number, fates: Readonly<Record<string, Fate>>) =>
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
      const limited = Number(stage.limiter.headers(call)["X-RateLimit-Limit"] ?? perMinute)
      return Engine.reply(Engine.answer(200, usageBody(options, { perMinute: limited, ...quota() }, call.now)))
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
