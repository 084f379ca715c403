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
import * as Result from "./internal/exonaResult.ts"
import * as Random from "./internal/random.ts"
import * as Server from "./internal/server.ts"
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

const reservedFate = (website: string, speed: number): Fate => {
  const url = Course.parseUrl(website)
  switch (url === null ? undefined : Course.reservedWord(url)) {
    case "failed":
      return { outcome: "failed" }
    case "never":
      return { duration: Infinity }
    case "slow":
      return { duration: "10 minutes" }
    case "busy":
      return { polls: [null, throttled(Math.max(1, Math.ceil(30 / speed)))] }
    case "flaky":
      return { polls: [Script.html(503)] }
    case "lost":
      return { submit: [Script.acceptedNeverAnswered] }
    case "risky":
      return { level: "Very High" }
    case "clean":
      return { level: "Low" }
    default:
      return {}
  }
}

interface Scan extends Course.Course {
  readonly id: string
  readonly random: string
  readonly fate: Fate
  readonly failed: boolean
  readonly submission: Submission
}

const dayMillis = 86_400_000
const nominalMillis = 60_000
const alphabet = "0123456789abcdefghjkmnpqrstvwxyz"

const normalised = (website: string): string => website.toLowerCase().replace(/\/+$/, "")

type Checked =
  | { readonly ok: true; readonly submission: Omit<Submission, "nth" | "test" | "account"> }
  | { readonly ok: false; readonly code: string; readonly param: string; readonly message: string }

const check = (body: string): Checked => {
  const parsed = Course.parseJson(body)
  const fields = parsed.ok && Course.isRecord(parsed.value) ? parsed.value : {}
  const fault = (code: string, param: string, message: string): Checked => ({ ok: false, code, param, message })
  const missing = (param: string): Checked => fault("MISSING_REQUIRED_FIELD", param, `${param} is required.`)
  const name = fields["company_name"]
  if (typeof name !== "string" || name.trim() === "") return missing("company_name")
  const website = fields["company_website"]
  if (typeof website !== "string" || website.trim() === "") return missing("company_website")
  const url = Course.parseUrl(website)
  if (!website.startsWith("https://") || url === null || !url.hostname.includes(".")) {
    return fault(
      "INVALID_COMPANY_WEBSITE",
      "company_website",
      "company_website must be a URL that starts with https://."
    )
  }
  const maxAgeDays = fields["max_age_days"] ?? 0
  if (typeof maxAgeDays !== "number" || !Number.isInteger(maxAgeDays) || maxAgeDays < 0 || maxAgeDays > 365) {
    return fault("INVALID_MAX_AGE_DAYS", "max_age_days", "max_age_days must be a whole number from 0 to 365.")
  }
  const questionnaire = fields["questionnaire"] ?? []
  if (!Array.isArray(questionnaire)) return missing("questionnaire")
  let length = 0
  for (const [i, item] of questionnaire.entries()) {
    for (const key of ["question", "answer"]) {
      const text: unknown = Course.isRecord(item) ? item[key] : undefined
      if (typeof text !== "string") return missing(`questionnaire[${i}].${key}`)
      length += text.length
      if (key === "answer" && text.length > 5000) {
        return fault("QUESTIONNAIRE_TOO_LARGE", `questionnaire[${i}].answer`, "An answer may have 5000 characters.")
      }
    }
  }
  if (questionnaire.length > 50) {
    return fault("QUESTIONNAIRE_TOO_LARGE", "questionnaire", "A questionnaire may have 50 items.")
  }
  if (length > 20_000) {
    return fault("QUESTIONNAIRE_TOO_LARGE", "questionnaire", "A questionnaire may have 20000 characters in total.")
  }
  return {
    ok: true,
    submission: {
      companyName: name,
      companyWebsite: website,
      questionnaire: questionnaire.length,
      maxAgeDays,
      forceRefresh: fields["force_refresh"] === true,
      includeFieldCitations: fields["include_field_citations"] === true
    }
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
  let plant: (scan: EarlierScan) => string = () => ""
  const simulator = yield* Server.make(
    "exona",
    options,
    { key: defaultKey, rateLimit: documentedLimit, basePath: "/api/v1" },
    (kit) => {
      const scans = Course.makeStore<Scan>(kit.capacity)
      const kept = Course.makeCounter(kit.capacity)
      const nth = Course.makeCounter(kit.capacity)
      const planted = Course.makeStore<boolean>(kit.capacity)
      const retryAfter = options.retryAfter === undefined ? 10 : options.retryAfter
      const requestId = (ordinal: number | string) =>
        `req_${Random.make(kit.seed, "exona request", ordinal).text(alphabet, 12)}`

      const subjectOf = (submission: Omit<Submission, "nth">): string =>
        `${submission.account} ${submission.test} ${normalised(submission.companyWebsite)}`

      const keep = (submission: Submission, fate: Fate, createdAt: number): Scan => {
        const subject = subjectOf(submission)
        const seed = `${subject} ${kept(subject)}`
        const random = Random.make(kit.seed, "exona scan", seed)
        const drawn = random.lognormal(nominalMillis, 0.4, 30_000, 120_000)
        const failed = random.chance(options.failureRate ?? 0)
        const scan: Scan = {
          ...Course.begin(fate, createdAt, drawn),
          id: fate.id ?? `scn_${submission.test ? "test_" : ""}01${random.text(alphabet, 24)}`,
          random: seed,
          fate,
          failed: fate.outcome === undefined ? failed : fate.outcome === "failed",
          submission
        }
        scans.set(scan.id, scan)
        return scan
      }

      const resultOf = (scan: Scan): unknown => {
        if (scan.fate.result !== undefined) return scan.fate.result
        const random = Random.make(kit.seed, "exona result", scan.random)
        const drawn = Result.drawLevel(random)
        return Result.make(random, {
          level: scan.fate.level ?? drawn,
          website: scan.submission.companyWebsite,
          checkedAt: Course.isoSeconds(Math.max(scan.createdAt, scan.endsAt - 12_000)),
          citations: scan.submission.includeFieldCitations
        })
      }

      const company = (scan: Scan) => ({
        name: scan.submission.companyName,
        website: scan.submission.companyWebsite
      })

      const statusBody = (scan: Scan, ended: boolean): Readonly<Record<string, unknown>> => {
        const created_at = Course.isoSeconds(scan.createdAt)
        const own = !ended
          ? { id: scan.id, status: Course.word(scan.fate, scan) ?? "processing", created_at, company: company(scan) }
          : {
              id: scan.id,
              status: scan.failed ? "failed" : "completed",
              created_at,
              completed_at: Course.isoSeconds(scan.endsAt),
              company: company(scan),
              ...(scan.failed
                ? {
                    error: {
                      code: "ENRICHMENT_INSUFFICIENT_DATA",
                      message: "Too little public information about this company was found.",
                      hint: "Check that the website is right and can be reached.",
                      request_id: requestId(scan.id),
                      ...scan.fate.error
                    }
                  }
                : { result: resultOf(scan) })
            }
        return { ...own, ...scan.fate.merge }
      }

      plant = (scan) => {
        const fate = scan.fate ?? {}
        const submission: Submission = {
          companyName: scan.companyName,
          companyWebsite: scan.companyWebsite,
          questionnaire: 0,
          maxAgeDays: 0,
          forceRefresh: false,
          includeFieldCitations: false,
          test: scan.test ?? false,
          account: scan.account ?? "default",
          nth: 0
        }
        if (scan.createdAt !== undefined) return keep(submission, fate, scan.createdAt).id
        const trial = Course.begin(fate, 0, 90_000)
        const length = trial.endsAt === Infinity ? 90_000 : trial.endsAt
        return keep(
          submission,
          { duration: length, ...fate },
          kit.time.now() - (scan.ageDays ?? 1) * dayMillis - length
        ).id
      }
      options.earlier?.forEach((scan) => plant(scan))

      const cached = (submission: Omit<Submission, "nth">, now: number): Scan | undefined => {
        if (submission.maxAgeDays === 0 || submission.forceRefresh || submission.questionnaire > 0) return undefined
        const website = normalised(submission.companyWebsite)
        return scans
          .newestFirst()
          .filter(
            (scan) =>
              normalised(scan.submission.companyWebsite) === website &&
              scan.submission.account === submission.account &&
              scan.submission.test === submission.test &&
              Course.hasEnded(scan, now) &&
              !scan.failed &&
              now - scan.endsAt <= submission.maxAgeDays * dayMillis
          )
          .reduce<Scan | undefined>(
            (best, scan) => (best === undefined || scan.endsAt > best.endsAt ? scan : best),
            undefined
          )
      }

      const own = (answer: Server.Answer): Server.Reply => ({ answer, step: null })

      const submit = (call: Server.Call, credential: Required<Simulator.Credential>): Server.Reply => {
        const checked = check(call.body)
        if (!checked.ok) {
          return own({
            status: 400,
            body: envelope(checked.code, checked.message, requestId(call.ordinal), { param: checked.param })
          })
        }
        const request = {
          ...checked.submission,
          test: credential.token.startsWith("exo_test_"),
          account: credential.account
        }
        const subject = subjectOf(request)
        const website = request.companyWebsite
        const url = Course.parseUrl(website)
        if (url !== null && Course.reservedWord(url) === "cached" && planted.get(subject) === undefined) {
          planted.set(subject, true)
          plant({ ...request, ageDays: 12 })
        }
        const hit = cached(request, call.now)
        if (hit !== undefined) {
          return own({
            status: 200,
            body: {
              id: hit.id,
              status: "completed",
              cached: true,
              cached_at: Course.isoSeconds(call.now),
              created_at: Course.isoSeconds(hit.createdAt),
              completed_at: Course.isoSeconds(hit.endsAt),
              company: company(hit),
              result: resultOf(hit)
            },
            submission: { scanId: hit.id, subject: website, credits: 0, cached: true }
          })
        }
        const submission: Submission = { ...request, nth: nth(subject) }
        const fate = options.fate?.(submission) ?? reservedFate(website, kit.time.speed)
        const step = call.scripted ? null : Script.at(fate.submit ?? [], submission.nth)
        if (step !== null && !Script.acts(step)) return { answer: null, step }
        const scan = keep(submission, fate, call.now)
        return {
          answer: {
            status: 201,
            body: { id: scan.id, status: "processing", created_at: Course.isoSeconds(scan.createdAt) },
            submission: { scanId: scan.id, subject: website, credits: request.test ? 0 : 1, cached: false }
          },
          step
        }
      }

      const status = (call: Server.Call, credential: Required<Simulator.Credential>): Server.Reply => {
        const scan = scans.get(call.scanId ?? "")
        if (
          scan === undefined ||
          scan.submission.account !== credential.account ||
          scan.submission.test !== credential.token.startsWith("exo_test_")
        ) {
          return own({
            status: 404,
            body: envelope("SCAN_NOT_FOUND", "No scan has this id under your key.", requestId(call.ordinal))
          })
        }
        const step = call.scripted ? null : Script.at(scan.fate.polls ?? [], scan.asked++)
        if (step !== null && !Script.acts(step)) return { answer: null, step }
        const ended = Course.look(scan, call.now)
        return {
          answer: {
            status: 200,
            body: statusBody(scan, ended),
            ...(ended || retryAfter === null ? {} : { headers: { "Retry-After": String(retryAfter) } })
          },
          step
        }
      }

      return {
        route: (method, path) => {
          const [api, version, scansPart, id] = path
          if (api !== "api" || version !== "v1" || scansPart !== "scans") return { route: "unknown" }
          if (path.length === 3) return { route: method === "POST" ? "submit" : "unknown" }
          return path.length === 4 && id && method === "GET" ? { route: "status", scanId: id } : { route: "unknown" }
        },
        headers: (call) => ({ "X-Request-ID": requestId(call.ordinal), ...kit.limiter.headers(call) }),
        handle: (call) => {
          const id = requestId(call.ordinal)
          if (call.bearer === null) {
            return own({ status: 401, body: envelope("AUTHENTICATION_REQUIRED", "No API key was sent.", id) })
          }
          const { credential } = call
          if (credential?.state === "forbidden-ip") {
            return own({
              status: 403,
              body: envelope("FORBIDDEN_IP", "This key may not be used from your address.", id)
            })
          }
          if (credential === null || credential.state !== "active") {
            return own({ status: 401, body: envelope("INVALID_API_KEY", "The API key is not valid.", id) })
          }
          if (!kit.limiter.take(call)) {
            return own({
              status: 429,
              headers: { "Retry-After": String(kit.limiter.secondsLeft()) },
              body: envelope("RATE_LIMIT_EXCEEDED", "Too many requests for this key.", id)
            })
          }
          if (call.route === "submit") return submit(call, credential)
          if (call.route === "status") return status(call, credential)
          return own({ status: 404, body: envelope("NOT_FOUND", "There is nothing at this path.", id) })
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
export const layer = (options: Options = {}): Layer.Layer<ExonaSimulator, Simulator.SimulatorError> =>
  Layer.effect(ExonaSimulator, make(options))
