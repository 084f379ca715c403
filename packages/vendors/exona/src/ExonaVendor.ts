/**
 * Exona as a definition: a company is submitted by name and website, and comes back with an AI-risk verdict.
 *
 * `processing` is pending, `completed` and `failed` settle, every other word is unrecognised; words are compared exactly
 * and nothing else in an answer decides. A submission answered from the vendor's cache is already settled: it costs
 * no poll, keeps the id of the original scan and tells its age. There is no list of scans to look for a lost one in.
 *
 * @see https://docs.exonalab.com/docs/api-reference/get-scans
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Result from "effect/Result"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import type { ScanOutcome } from "@scanpoll/core/model/ScanOutcome"
import type { Severity } from "@scanpoll/core/model/Severity"
import type { Subject } from "@scanpoll/core/model/Subject"
import type { About, ErrorRow, Unusable, Verdict } from "@scanpoll/core/vendor/Definition"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as ExonaSchema from "./ExonaSchema.ts"
import * as Answers from "./internal/answer.ts"
import * as findings from "./internal/findings.ts"

/**
 * Equal for two requests exactly when they are one purchase by Exona's own rule. The name counts only beside a questionnaire,
 * because without one Exona goes by the website alone; a questionnaire goes in as a digest: answers do not belong into keys.
 *
 * @see https://docs.exonalab.com/docs/core-concepts/caching
 * @category destructors
 * @since 0.1.0
 */
export const fingerprint = (request: ExonaSchema.ExonaRequest): string => {
  const asked = ExonaSchema.hasQuestionnaire(request)
  const forced = request.forceRefresh === true
  const questions = (request.questionnaire ?? []).map(({ answer, question }) => [question, answer])
  return JSON.stringify({
    website: ExonaSchema.canonicalWebsite(request.company.website),
    ...(asked || forced || (request.maxAgeDays ?? 0) === 0 ? {} : { maxAgeDays: request.maxAgeDays }),
    ...(forced ? { forceRefresh: true } : {}),
    ...(request.includeFieldCitations === true ? { includeFieldCitations: true } : {}),
    ...(asked ? { questionnaire: findings.digest(JSON.stringify([request.company.name.trim(), questions])) } : {})
  })
}

/**
 * How old an answer may be for this request: what Exona's own cache would allow. Zero where the request asks for a new
 * scan, also by a questionnaire, which Exona never answers from its cache; null where it leaves the age open.
 *
 * @see https://docs.exonalab.com/docs/core-concepts/caching
 * @category destructors
 * @since 0.1.1
 */
export const maxAge = (request: ExonaSchema.ExonaRequest): Duration.Duration | null => {
  if (request.forceRefresh === true) return Duration.zero
  if (request.maxAgeDays !== undefined) return Duration.days(request.maxAgeDays)
  return ExonaSchema.hasQuestionnaire(request) ? Duration.zero : null
}

const severities: ReadonlyMap<string, Severity> = new Map([
  ["Low", "low"],
  ["Medium", "medium"],
  ["High", "high"],
  ["Very High", "critical"]
])

const severityOf = (level: string | null, warn: About["warn"]): Severity => {
  const severity = level === null ? undefined : severities.get(level)
  if (level === null) warn("the result has no overall_risk_level: severity unknown")
  else if (severity === undefined) {
    warn(`overall_risk_level ${JSON.stringify(level)} is not a documented one: severity unknown`)
  }
  return severity ?? "unknown"
}

const completed = (
  { cached = false, company = {}, completed_at, error = null, result = {} }: Answers.Answer,
  { submittedAt, warn }: About
): Verdict<ExonaSchema.ExonaResult> | Unusable => {
  if (Object.keys(result).length === 0) {
    return Vendor.unusable("completed-without-result", "the scan is completed but has no result")
  }
  if (error !== null) warn("the scan is completed and has an error as well")
  const level = result.risk_assessment?.overall_risk_level ?? null
  const vendorSeverity = level === null ? null : WireFields.cut(level)
  // A scan that was cached once is no cache hit when it is polled.
  const hitAt = cached ? submittedAt : null
  const ended = WireFields.timestamp(completed_at)
  return {
    payload: result,
    assessment: Vendor.assessment({ severity: severityOf(level, warn), vendorSeverity }),
    findings: findings.ofResult(result, company.website ?? null, warn),
    cached: hitAt !== null,
    ageMs: hitAt === null || ended === null ? null : Math.max(0, hitAt - ended)
  }
}

const companyOf = (answer: unknown, field: string): string | null =>
  WireFields.nonEmptyText.read(Wire.get(answer, ["company", field]))

/** The company that an answer names: by its website, as a target is, or by its name where it has none. */
const answered = (answer: unknown): Subject | null => {
  const name = companyOf(answer, "name")
  const website = companyOf(answer, "website")
  const id = website === null ? name : ExonaSchema.canonicalWebsite(website)
  return id === null ? null : { kind: "company", id: WireFields.cut(id, 2048), name: WireFields.cut(name ?? id) }
}

/** What a cached answer does not keep of what was asked for. */
const cacheWarnings = (
  answer: unknown,
  request: ExonaSchema.ExonaRequest,
  { ageMs }: ScanOutcome<unknown>
): ReadonlyArray<string> => {
  if (Wire.get(answer, ["cached"]) !== true) return []
  const name = WireFields.text.read(Wire.get(answer, ["company", "name"]))
  const asked = request.company.name
  const days = (millis: number) => Math.floor(millis / 86_400_000)
  const { maxAgeDays } = request
  const isNew = request.forceRefresh === true || maxAgeDays === 0
  const isOld = !isNew && maxAgeDays !== undefined && ageMs !== null && ageMs > maxAgeDays * 86_400_000
  return [
    ...(name !== null && name.trim() !== asked.trim()
      ? [`the cached scan was run for ${JSON.stringify(name)}, not for ${JSON.stringify(asked)}`]
      : []),
    ...(ExonaSchema.hasQuestionnaire(request)
      ? ["a questionnaire was sent, and the answer is from Exona's cache: it may not know the questionnaire"]
      : []),
    ...(isNew ? ["a new scan was asked for, and the answer is from Exona's cache"] : []),
    ...(isOld ? [`the cached answer is ${days(ageMs)} days old, and at most ${maxAgeDays} were asked for`] : [])
  ]
}

const invalid = (advice: string): ErrorRow => ({ poll: "Broken!", submit: "Refused", advice })

const byAddress = "the key may be used from certain addresses only, and this machine's is not one of them"

const denied = (advice: string): ErrorRow => ({ poll: "Denied", submit: "Denied", advice })

/** 10 seconds up to four open scans, 15 from five (the vendor's own batch sample runs five at a time), 30 from a hundred. */
const usualFor = (open: number): Duration.Duration => Duration.seconds(open >= 100 ? 30 : open >= 5 ? 15 : 10)

/** The vendor's own sample sleeps as long as an answer says, also where that is shorter. */
const byOpenScans = PollPolicy.paceNamed(
  "every 10s, 15s from 5 open scans on, 30s from 100; sooner where Exona says so",
  ({ asked, open }) =>
    typeof asked === "number" ? Duration.min(usualFor(open), Duration.millis(asked)) : usualFor(open)
)

const every = (seconds: number, pace: PollPolicy.PaceInput = Duration.seconds(seconds)): PollPolicy.PollPolicy =>
  PollPolicy.make({
    first: Duration.seconds(seconds),
    pace,
    floor: "5 seconds",
    pollTimeout: "15 seconds",
    deadline: "5 minutes"
  })

/** Most scans take 30 to 120 seconds; this is the middle. */
const typicalDuration = Duration.seconds(75)

// The type of `vendor` is named: spelled out, one with unknown fields is refused by a compiler without
// `exactOptionalPropertyTypes`.

/**
 * Exona.
 *
 * @category constructors
 * @since 0.2.0
 */
export const vendor: Vendor.Vendor<ExonaSchema.ExonaRequest, ExonaSchema.ExonaResult> = Vendor.define({
  name: "exona",
  title: "Exona",
  scans: "AI-risk scans of companies",
  docs: "https://docs.exonalab.com",
  asOf: "2026-11-22",
  terms: [
    "a live key spends a credit for each scan that Exona's cache does not answer; a test key spends none, and its results are made up",
    "the company's name, its website and the answers of a questionnaire are sent to Exona"
  ],
  baseUrl: "https://platform.exonalab.com/api/v1",
  key: { variable: "EXONA_API_KEY", form: /^exo_(live|test)_/, words: "begins with exo_live_ or exo_test_" },
  ids: /^[\w.~-]{1,200}$/,
  probe: "scn_doctor0000000000000000000000",
  target: ExonaSchema.RequestShape,
  sample: { company: { name: "Acme AI Ltd", website: "https://acme.ai" } },
  // A name may hold an equals sign, and so may the query of a website.
  line: (text) => {
    const at = /=(?=https?:\/\/)/i.exec(text)?.index ?? text.lastIndexOf("=")
    const name = text.slice(0, Math.max(at, 0)).trim()
    const website = text.slice(at + 1).trim()
    return name === "" || website === ""
      ? Result.fail('is written "exona:NAME=WEBSITE", such as "exona:Acme AI Ltd=https://acme.ai"')
      : Result.succeed({ company: { name, website } })
  },
  check: ExonaSchema.limitFaults,
  subject: ({ company: { name, website } }) => ({ kind: "company", id: ExonaSchema.canonicalWebsite(website), name }),
  // A key belongs to one of two worlds by its prefix: a test key buys nothing.
  environment: (key) => /^exo_(test|live)_/.exec(key)?.[1] ?? "",
  fingerprint,
  maxAge,

  submit: {
    path: "/scans",
    body: ExonaSchema.requestBody,
    id: ["id"],
    already: { words: ["completed", "failed"], warnings: cacheWarnings }
  },

  answer: Answers.Answer,
  payload: ExonaSchema.ExonaResult,
  status: {
    path: "/scans/{id}",
    id: ["id"],
    word: ["status"],
    created: ["created_at"],
    completed: ["completed_at"],
    subject: answered,
    words: {
      processing: "running",
      completed: { completed },
      failed: Vendor.when(Answers.Failure, {
        failed: ({ error = {}, result = null }, { warn }) => {
          if (result !== null) warn("the scan failed and has a result as well, which does not count")
          const { code = null, hint = null, message = "none given", request_id = null } = error
          return { code, message, advice: hint, requestId: request_id }
        }
      })
    }
  },

  errors: {
    code: ["error", "code"],
    message: ["error", "message"],
    either: true,
    details: (body) => {
      const param = WireFields.nonEmptyText.read(Wire.get(body, ["error", "param"]))
      return param === null ? [] : [`field ${param}`]
    },
    advice: ["error", "hint"],
    requestId: ["error", "request_id"],
    doubt:
      "Exona has no list of scans. Wait two minutes, then ask for the same website with maxAgeDays 1, without forceRefresh " +
      "and without a questionnaire: a hit is the lost scan and costs nothing, a miss buys a new one. A scan with a " +
      "questionnaire can only be found by the vendor's support, by the request id.",
    rows: {
      "400 MISSING_REQUIRED_FIELD": invalid("a required field is missing from the request"),
      "400 INVALID_COMPANY_WEBSITE": invalid("the website must be a URL that starts with https://"),
      "400 INVALID_MAX_AGE_DAYS": invalid("maxAgeDays must be a whole number from 0 to 365"),
      "400 QUESTIONNAIRE_TOO_LARGE": invalid("at most 50 items, 5000 characters per answer and 20000 in all"),
      "401 AUTHENTICATION_REQUIRED": denied("no key reached Exona: set EXONA_API_KEY"),
      "401 INVALID_API_KEY": denied("the key is malformed, revoked or expired: set EXONA_API_KEY to a valid one"),
      // The vendor documents none for an account without credits.
      "402": invalid("live scans spend credits: the account may have none left"),
      "403 FORBIDDEN_IP": denied(byAddress),
      "404 SCAN_NOT_FOUND": {
        poll: "Missing",
        submit: "Refused",
        advice: "the id is wrong, or the scan belongs to another key: a live key does not see test scans"
      },
      "429 RATE_LIMIT_EXCEEDED": {
        poll: "Throttled",
        submit: "Throttled",
        advice: "the requests of this key are used up for now: 100 per hour unless Exona agreed to more"
      }
    }
  },

  // 5 seconds while a person waits, 15 for a batch, 30 for a hundred companies and more; more often brings nothing. Five minutes
  // are the soft end of a wait. See https://docs.exonalab.com/docs/guides/polling
  pacing: {
    limits: { floor: "5 seconds" },
    every: { interactive: every(5), default: every(10, byOpenScans), background: every(15), bulk: every(30) },
    // Polls included, unless the vendor agreed to more; its headers tell. At no pace do a hundred companies pass in an hour.
    budget: {
      requests: 100,
      window: Duration.hours(1),
      typicalDuration,
      pollsPerScan: (open) => Math.ceil(Duration.toMillis(typicalDuration) / Duration.toMillis(usualFor(open)))
    },
    // What a company says about itself is another question than what is known about it.
    durations: {
      prior: { low: Duration.seconds(30), high: Duration.seconds(120) },
      kind: (request) => (ExonaSchema.hasQuestionnaire(request) ? "questionnaire" : "")
    }
  }
})

/**
 * Parts of the definition under names of their own, as `ExonaPolicy` had them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const { budget, limits, policies } = vendor

/**
 * Exona for one account, as a service. Its variables are `EXONA_API_KEY` and `EXONA_BASE_URL`. A key of the other kind (`test`
 * or `live`) needs a layer of its own: claims are of one of them.
 *
 * @category services
 * @since 0.1.0
 */
export class Exona extends Vendor.Service<Exona>()(
  "@scanpoll/exona/ExonaVendor/Exona",
  vendor,
  (own: Vendor.KeyedOptions) => own
) {}
