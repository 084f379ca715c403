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
import * as Course from "./internal/course.ts"
import * as Engine from "./internal/engine.ts"
import * as Result from "./internal/exonaResult.ts"
import * as Random from "./internal/random.ts"
import type * as Server from "./internal/server.ts"
import * as Script from "./Script.ts"
import * as Simulator from "./Simulator.ts"

/**
 * The four levels of risk, in the vendor's words.
 *
 * @category models
 * @since 0.1.0
 */
export type RiskLevel = Result.Level

/**
 * A submission that passed every check. `nth` counts the earlier ones for the same website (as the cache compares
 * websites) that the cache could not answer, from 0; `questionnaire` is the number of items.
 *
 * @category models
 * @since 0.1.0
 */
export interface Submission {
  readonly companyName: string
  readonly companyWebsite: string
  readonly questionnaire: number
  readonly maxAgeDays: number
  readonly forceRefresh: boolean
  readonly includeFieldCitations: boolean
  readonly test: boolean
  readonly account: string
  readonly nth: number
}

/**
 * What is to become of a scan. `result` replaces the drawn one, and `error` is laid over the usual one.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fate extends Simulator.Fate {
  /** Default: completed, or failed by the simulator's `failureRate`. */
  readonly outcome?: "completed" | "failed"
  readonly level?: RiskLevel
  readonly result?: unknown
  readonly error?: Readonly<Record<string, unknown>>
}

/**
 * A scan that was there before the simulator started. `ageDays` is the time since its end; default 1.
 *
 * @category models
 * @since 0.1.0
 */
export interface EarlierScan {
  readonly companyName: string
  readonly companyWebsite: string
  readonly ageDays?: number
  /** Vendor time of the submission, in place of `ageDays`. */
  readonly createdAt?: number
  readonly test?: boolean
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
  /**
   * Seconds in the `Retry-After` of a processing scan: 10 as documented, null for none. They are the client's seconds: a
   * simulator with a high `speed` serves its clients better with 1 or null.
   */
  readonly retryAfter?: number | null
  /** The share of scans that fail when nothing decides their fate, 0 to 1. Default 0. */
  readonly failureRate?: number
  readonly earlier?: ReadonlyArray<EarlierScan>
}

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

const envelope = (code: string, message: string, requestId: string, extra: Readonly<Record<string, unknown>> = {}) => ({
  error: { code, message, ...extra, request_id: requestId }
})

/**
 * A step that answers 429 as this vendor does, with `Retry-After` in seconds unless it is null.
 *
 * @category constructors
 * @since 0.1.0
 */
export const throttled = (retryAfter: number | null): Script.Step => ({
  status: 429,
  body: envelope("RATE_LIMIT_EXCEEDED", "Too many requests for this key.", "req_throttled"),
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

const routes = { "POST /api/v1/scans": "submit", "GET /api/v1/scans/{id}": "status" }

const errors = {
  missing: [404, "SCAN_NOT_FOUND", "No scan has this id under your key."],
  unknown: [404, "NOT_FOUND", "There is nothing at this path."],
  keyless: [401, "AUTHENTICATION_REQUIRED", "No API key was sent."],
  key: [401, "INVALID_API_KEY", "The API key is not valid."],
  address: [403, "FORBIDDEN_IP", "This key may not be used from your address."],
  throttled: [429, "RATE_LIMIT_EXCEEDED", "Too many requests for this key."]
} as const

interface Drawn {
  readonly failed: boolean
}

type Scan = Engine.Scan<Submission, Fate, Drawn>
type Stage = Engine.Stage<Submission, Fate, Drawn>

const dayMillis = 86_400_000
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const normalised = (website: string): string => website.toLowerCase().replace(/\/+$/, "")

/** Whose scans a key sees: those of its account, and of its world. */
const ownerOf = ({ account, test }: Pick<Submission, "account" | "test">): string => `${account} ${test}`

const subjectOf = (one: Submission): string => `${ownerOf(one)} ${normalised(one.companyWebsite)}`

interface Wrong {
  readonly code: string
  readonly param: string
  readonly message: string
}

/** The first thing that is wrong with a questionnaire. */
const wrongQuestionnaire = (items: unknown): Wrong | null => {
  const param = "questionnaire"
  const code = "QUESTIONNAIRE_TOO_LARGE"
  if (!Array.isArray(items)) return missing(param)
  let length = 0
  for (const [i, item] of items.entries()) {
    for (const key of ["question", "answer"]) {
      const text: unknown = Course.isRecord(item) ? item[key] : undefined
      const at = `${param}[${i}].${key}`
      if (typeof text !== "string") return missing(at)
      length += text.length
      if (key === "answer" && text.length > 5000) {
        return { code, param: at, message: "An answer may have 5000 characters." }
      }
    }
  }
  if (items.length > 50) return { code, param, message: "A questionnaire may have 50 items." }
  return length > 20_000 ? { code, param, message: "A questionnaire may have 20000 characters in total." } : null
}

const missing = (param: string): Wrong => ({ code: "MISSING_REQUIRED_FIELD", param, message: `${param} is required.` })

const check = (body: string): Wrong | Omit<Submission, "nth" | "test" | "account"> => {
  const parsed = Course.parseJson(body)
  const fields = parsed.ok && Course.isRecord(parsed.value) ? parsed.value : {}
  const { company_name: name, company_website: website, max_age_days: maxAgeDays = 0, questionnaire = [] } = fields
  if (typeof name !== "string" || name.trim() === "") return missing("company_name")
  if (typeof website !== "string" || website.trim() === "") return missing("company_website")
  if (!website.startsWith("https://") || Course.parseUrl(website)?.hostname.includes(".") !== true) {
    const message = "company_website must be a URL that starts with https://."
    return { code: "INVALID_COMPANY_WEBSITE", param: "company_website", message }
  }
  if (typeof maxAgeDays !== "number" || !Number.isInteger(maxAgeDays) || maxAgeDays < 0 || maxAgeDays > 365) {
    const message = "max_age_days must be a whole number from 0 to 365."
    return { code: "INVALID_MAX_AGE_DAYS", param: "max_age_days", message }
  }
  return (
    wrongQuestionnaire(questionnaire) ?? {
      companyName: name,
      companyWebsite: website,
      questionnaire: Array.isArray(questionnaire) ? questionnaire.length : 0,
      maxAgeDays,
      forceRefresh: fields["force_refresh"] === true,
      includeFieldCitations: fields["include_field_citations"] === true
    }
  )
}

const companyOf = ({ submission }: Scan) => ({ name: submission.companyName, website: submission.companyWebsite })

const timesOf = (scan: Scan) => ({
  created_at: Course.isoSeconds(scan.createdAt),
  completed_at: Course.isoSeconds(scan.endsAt)
})

const play =
  (options: Options) =>
  (stage: Stage): Engine.Play<Submission, Fate, Drawn> => {
    const fates = fatesAt(stage.time.speed)
    const retryAfter = options.retryAfter === undefined ? 10 : options.retryAfter
    const requestId = (ordinal: number | string) =>
      `req_${Random.make(stage.seed, "exona request", ordinal).text(alphabet, 12)}`
    const planted = Course.makeStore<boolean>(stage.capacity)

    const error = (name: keyof typeof errors, { ordinal }: Server.Call, headers = {}): Server.Answer => {
      const [status, code, message] = errors[name]
      return Engine.answer(status, envelope(code, message, requestId(ordinal)), headers)
    }

    const resultOf = ({ createdAt, endsAt, fate, seed, submission }: Scan): unknown => {
      if (fate.result !== undefined) return fate.result
      const random = Random.make(stage.seed, "exona result", seed)
      const drawn = Result.drawLevel(random)
      return Result.make(random, {
        level: fate.level ?? drawn,
        website: submission.companyWebsite,
        checkedAt: Course.isoSeconds(Math.max(createdAt, endsAt - 12_000)),
        citations: submission.includeFieldCitations
      })
    }

    const errorOf = ({ fate, id }: Scan) => ({
      code: "ENRICHMENT_INSUFFICIENT_DATA",
      message: "Too little public information about this company was found.",
      hint: "Check that the website is right and can be reached.",
      request_id: requestId(id),
      ...fate.error
    })

    const statusBody = (scan: Scan, ended: boolean): Readonly<Record<string, unknown>> => {
      const word = ended ? (scan.drawn.failed ? "failed" : "completed") : Course.word(scan.fate, scan)
      return {
        id: scan.id,
        status: word ?? "processing",
        ...(ended ? timesOf(scan) : { created_at: Course.isoSeconds(scan.createdAt) }),
        company: companyOf(scan),
        ...(ended ? (scan.drawn.failed ? { error: errorOf(scan) } : { result: resultOf(scan) }) : {}),
        ...scan.fate.merge
      }
    }

    /** The newest scan that the vendor's cache answers with. */
    const cached = (one: Submission, now: number): Scan | undefined => {
      if (one.maxAgeDays === 0 || one.forceRefresh || one.questionnaire > 0) return undefined
      return stage.scans
        .newestFirst()
        .filter(
          (scan) =>
            normalised(scan.submission.companyWebsite) === normalised(one.companyWebsite) &&
            scan.owner === ownerOf(one) &&
            Course.hasEnded(scan, now) &&
            !scan.drawn.failed &&
            now - scan.endsAt <= one.maxAgeDays * dayMillis
        )
        .reduce<Scan | undefined>(
          (best, scan) => (best === undefined || scan.endsAt > best.endsAt ? scan : best),
          undefined
        )
    }

    const wanted = (call: Server.Call): Engine.Wanted<Submission> | Server.Answer => {
      const checked = check(call.body)
      if ("code" in checked) {
        const { code, message, param } = checked
        return Engine.answer(400, envelope(code, message, requestId(call.ordinal), { param }))
      }
      const { account = "", token = "" } = call.credential ?? {}
      const submission = (nth: number): Submission => ({ ...checked, test: isTest(token), account, nth })
      const first = submission(0)
      const website = first.companyWebsite
      const subject = subjectOf(first)
      if (wordOf(website) === "cached" && planted.get(subject) === undefined) {
        planted.set(subject, true)
        stage.plant(earlier({ ...first, ageDays: 12 }, stage))
      }
      const hit = cached(first, call.now)
      if (hit === undefined) return { subject, submission, billed: { subject: website, credits: first.test ? 0 : 1 } }
      const told = { id: hit.id, status: "completed", cached: true, cached_at: Course.isoSeconds(call.now) }
      return {
        ...Engine.answer(200, { ...told, ...timesOf(hit), company: companyOf(hit), result: resultOf(hit) }),
        submission: { scanId: hit.id, subject: website, credits: 0, cached: true }
      }
    }

    return {
      routes,
      headers: (call) => ({ "X-Request-ID": requestId(call.ordinal) }),
      refuse: (call) => {
        const state = call.credential?.state
        if (call.bearer === null) return error("keyless", call)
        return state === "active" ? null : error(state === "forbidden-ip" ? "address" : "key", call)
      },
      owner: ({ credential }) =>
        credential === null ? null : ownerOf({ account: credential.account, test: isTest(credential.token) }),
      limited: (call, seconds) => Engine.reply(error("throttled", call, { "Retry-After": String(seconds) })),
      missing: (call) => error("missing", call),
      unknown: (call) => error("unknown", call),
      wanted,
      fate: (submission) => options.fate?.(submission) ?? Engine.fateOf(fates, wordOf(submission.companyWebsite)) ?? {},
      draw: (random, { test }, fate) => {
        const duration = random.lognormal(60_000, 0.4, 30_000, 120_000)
        const failed = random.chance(options.failureRate ?? 0)
        const id = fate.id ?? `scn_${test ? "test_" : ""}01${random.text(alphabet, 24)}`
        return { duration, id, drawn: { failed: fate.outcome === undefined ? failed : fate.outcome === "failed" } }
      },
      accepted: ({ createdAt, id }) =>
        Engine.answer(201, { id, status: "processing", created_at: Course.isoSeconds(createdAt) }),
      status: (scan, ended) =>
        Engine.answer(
          200,
          statusBody(scan, ended),
          ended || retryAfter === null ? {} : { "Retry-After": String(retryAfter) }
        )
    }
  }

const isTest = (key: string): boolean => key.startsWith("exo_test_")

const wordOf = (website: string): string | undefined => {
  const url = Course.parseUrl(website)
  return url === null ? undefined : Course.reservedWord(url)
}

const earlier = (
  { account = "default", ageDays = 1, companyName, companyWebsite, fate = {}, test = false, ...scan }: EarlierScan,
  { time }: Stage
): Engine.Planted<Submission, Fate> => {
  const none = { questionnaire: 0, maxAgeDays: 0, forceRefresh: false, includeFieldCitations: false, nth: 0 }
  const submission = { ...none, companyName, companyWebsite, test, account }
  const told = { submission, subject: subjectOf(submission), owner: ownerOf(submission) }
  if (scan.createdAt !== undefined) return { ...told, fate, createdAt: scan.createdAt }
  const { endsAt } = Course.begin(fate, 0, 90_000)
  const duration = endsAt === Infinity ? 90_000 : endsAt
  return { ...told, fate: { duration, ...fate }, createdAt: time.now() - ageDays * dayMillis - duration }
}

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
    play(options),
    earlier
  )

/**
 * Starts the simulator as a service.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer = (options: Options = {}): Layer.Layer<ExonaSimulator, Simulator.SimulatorError> =>
  Layer.effect(ExonaSimulator, make(options))
