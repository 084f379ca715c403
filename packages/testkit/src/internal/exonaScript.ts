// What Exona answers: to a submission, by its cache or with a new scan, and to a poll.
import * as Course from "./course.ts"
import * as Engine from "./engine.ts"
import type { EarlierScan, Fate, Options, Submission } from "./exonaModel.ts"
import * as Result from "./exonaResult.ts"
import * as Random from "./random.ts"
import type * as Server from "./server.ts"

export const envelope = (
  code: string,
  message: string,
  requestId: string,
  extra: Readonly<Record<string, unknown>> = {}
) => ({
  error: { code, message, ...extra, request_id: requestId }
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

export interface Drawn {
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

/** `fatesAt`: by reserved words, for a speed. */
export const play =
  (options: Options, fatesAt: (speed: number) => Readonly<Record<string, Fate>>) =>
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

export const earlier = (
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
