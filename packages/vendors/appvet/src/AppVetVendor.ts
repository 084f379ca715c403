/**
 * AppVet as a definition: scans of web sites, with partial results.
 *
 * The status word decides alone, compared exactly; progress, scores and texts beside it never do. A completed scan has a
 * result or the answer is not understood; a partial one may come without and is still the end. The report is a second
 * request that only findings depend on. The address of the web report is shown, never fetched.
 *
 * @see {@link https://appvet.dev/docs}
 * @since 0.2.0
 */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as Contradiction from "@scanpoll/core/unstable/model/Contradiction"
import * as Severity from "@scanpoll/core/model/Severity"
import type { About, ErrorRow, Gathered } from "@scanpoll/core/vendor/Definition"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as AppVetSchema from "./AppVetSchema.ts"
import * as findings from "./internal/findings.ts"

const letters: ReadonlyArray<Severity.Severity> = ["info", "low", "medium", "high", "critical", "critical"]

/**
 * The severity of a grade: A is `info`, B `low`, C `medium`, D `high`, E and F `critical`, whatever sign follows; any
 * other word is `unknown`.
 *
 * @category destructors
 * @since 0.1.0
 */
export const severityOfGrade = (grade: string): Severity.Severity =>
  letters["ABCDEF".indexOf(/^([A-F])[+-]?$/.exec(grade)?.[1] ?? "?")] ?? "unknown"

const rank = (severity: Severity.Severity): number => Severity.all.indexOf(severity)

/**
 * The vendor's letter wins over the band of its score, unless they are so far apart that they contradict each other, as an A of
 * 12 points: then the worse one counts. Null where there is neither a grade nor a score.
 */
const severityOf = (grade: string | null, score: number | null): Severity.Severity | null => {
  const band = score === null ? null : Severity.fromScore(score)
  if (grade === null || band === null) return grade === null ? band : severityOfGrade(grade)
  const letter = severityOfGrade(grade)
  return letter !== "unknown" && rank(band) - rank(letter) > 1 ? band : letter
}

/** `isTold`: the result says a score or a grade. */
const assess = (payload: AppVetSchema.AppVetPayload, { link, warn }: About) => {
  const { grade = null, report_url, score = null } = payload.result ?? {}
  if (score !== null && !(score >= 0 && score <= 100)) {
    return Vendor.unusable("score-out-of-range", "result.score is not from 0 to 100")
  }
  const report = link(report_url, "report_url")
  const severity = severityOf(grade, score)
  if (severity === null) return { isTold: false, verdict: { payload, report, assessment: Vendor.assessment({}) } }
  if (severity === "unknown") warn(`the grade ${JSON.stringify(grade)} is not a documented one`)
  else if (grade !== null && severity !== severityOfGrade(grade)) {
    warn(`the grade ${JSON.stringify(grade)} and a score of ${String(score)} contradict each other: the worse counts`)
  }
  const told = { severity, vendorSeverity: grade }
  const assessment = score === null ? Vendor.assessment(told) : Vendor.scored(score, { ...told, grade })
  return { isTold: true, verdict: { payload, report, assessment } }
}

const target = ({ url }: Pick<AppVetSchema.AppVetRequest, "url">): string => Vendor.sameUrl(url) ?? url

/** The address that an answer names, in its normal form. */
const answered = (answer: unknown) => {
  const url = WireFields.nonEmptyText.read(Wire.get(answer, ["url"]))
  if (url === null) return null
  const text = WireFields.cut(Vendor.sameUrl(url) ?? url, 2048)
  return { kind: "url", id: text, name: text }
}

/** Why a report is about something else than its scan; null where nothing says so. */
const otherThan = (outcome: Gathered["outcome"], { type, url }: findings.Report): string | null => {
  const { scanType = null, subject } = outcome
  const said = answered({ url })
  const told = {
    ...outcome,
    ...(said === null ? {} : { subject: said }),
    ...(type === undefined ? {} : { scanType: type })
  }
  return subject === undefined ? null : Contradiction.between({ subject, scanType }, told)
}

const faultsOf = ({ callbackUrl, url }: AppVetSchema.AppVetRequest) => {
  const address = Vendor.urlFault(url, { public: true })
  const isHook = callbackUrl === undefined || (Vendor.urlFault(callbackUrl) === null && /^https:/i.test(callbackUrl))
  return [
    ...(address === null ? [] : [{ path: ["url"], message: address }]),
    ...(isHook ? [] : [{ path: ["callbackUrl"], message: "must be an https:// address" }])
  ]
}

const isNamed = /^\s*(?:url|type|callbackUrl)\s*=/

const named = Vendor.pairs({ url: "url", type: "type", callbackUrl: "callbackUrl" }, "appvet:url=URL,type=TYPE")

const openScans = 10

/** From the vendor's one sample. */
const typicalDuration = Duration.seconds(75)

/**
 * The vendor asks for a poll every 3 to 5 seconds and for at most 60 requests a minute. With ten open scans the two do not
 * agree, so every pace grows with the open scans: ten at 14 seconds make 43 polls a minute, and the 8 scans a minute that ten
 * slots can finish need 16 more requests, to be submitted and to fetch their reports: 59 of 60. More than ten cannot be open.
 */
const secondsPerOpenScan = 1.4

const fairSeconds = (open: number): number => Waits.clamp(open, 1, openScans) * secondsPerOpenScan

const everyAtLeast = (seconds: number): PollPolicy.PollPolicy =>
  PollPolicy.make({
    first: Duration.seconds(seconds),
    pace: PollPolicy.paceNamed(`every ${seconds}s, ${secondsPerOpenScan}s per open scan where that is longer`, (tick) =>
      Duration.millis(Math.ceil(Math.max(seconds, fairSeconds(tick.open)) * 1000))
    ),
    floor: Duration.seconds(3),
    deadline: "5 minutes"
  })

/** With the usual spread of a tenth it stays within the vendor's 3 to 5 seconds. */
const usualSeconds = 4.5

const times = { created_at: Schema.optionalKey(Wire.text()), completed_at: Schema.optionalKey(Wire.text()) }

/** Of a failed scan the word alone decides: a result beside it is not used. */
const Failure = Schema.Struct({
  ...times,
  error: Schema.optionalKey(Wire.words(1000)),
  result: Schema.optionalKey(Schema.Unknown)
})

const denied = (advice: string): ErrorRow => ({ poll: "Denied", submit: "Denied", advice })

const quotaAdvice = "the scans of this billing period are used up: buy credits or wait for the next period"

// The type of `vendor` is named: spelled out, one with unknown fields is refused by a compiler without
// `exactOptionalPropertyTypes`.

/**
 * AppVet.
 *
 * @category constructors
 * @since 0.2.0
 */
export const vendor: Vendor.Vendor<AppVetSchema.AppVetRequest, AppVetSchema.AppVetPayload> = Vendor.define({
  name: "appvet",
  title: "AppVet",
  scans: "security, performance, accessibility and seo scans of web sites",
  docs: "https://appvet.dev/docs",
  asOf: "2026-11-22",
  terms: [
    "each submission is a new scan, and counts against the quota of the plan",
    "AppVet visits the address, and everybody in the key's organization sees the scan"
  ],
  baseUrl: "https://appvet.dev",
  key: { variable: "APPVET_API_KEY", form: /^avk_live_/, words: "begins with avk_live_" },
  ids: /^[\w.~-]{1,200}$/,
  probe: "scan_doctor000000",
  target: AppVetSchema.AppVetRequest,
  sample: { url: "https://example.com", type: "security" },
  line: (text) =>
    Result.map(isNamed.test(text) ? named(text) : Result.succeed({ url: text.trim() }), (fields) => ({
      type: "security",
      ...fields
    })),
  check: faultsOf,
  subject: (wanted) => ({ kind: "url", id: target(wanted), name: target(wanted) }),
  // Where AppVet posts its callback does not matter: the scan is the same.
  fingerprint: (wanted) => `${wanted.type} ${target(wanted)}`,

  submit: {
    path: "/v1/scan",
    body: ({ callbackUrl, type, url }) => ({
      url,
      type,
      ...(callbackUrl === undefined ? {} : { callback_url: callbackUrl })
    }),
    id: ["id"]
  },

  answer: AppVetSchema.AppVetPayload,
  payload: AppVetSchema.AppVetPayload,
  status: {
    path: "/v1/scan/{id}",
    id: ["id"],
    word: ["status"],
    created: ["created_at"],
    completed: ["completed_at"],
    subject: answered,
    type: ["type"],
    messages: { rows: ["events"], line: ["time", "message"] },
    words: {
      queued: "queued",
      scanning: { running: ["progress"] },
      completed: {
        completed: (payload, about) => {
          const told = assess(payload, about)
          if ("_tag" in told) return told
          if (!told.isTold) return Vendor.unusable("completed-without-result", "completed without a score or a grade")
          if (payload.error !== undefined) about.warn("the scan completed and the answer still has an error text")
          return told.verdict
        }
      },
      partial: {
        partial: (payload, about) => {
          const told = assess(payload, about)
          if ("_tag" in told) return told
          const { error } = payload
          if (told.isTold) return error === undefined ? told.verdict : { ...told.verdict, reason: error }
          return { ...told.verdict, reason: { code: "no-result", message: error ?? "no result in the status answer" } }
        }
      },
      failed: Vendor.when(Failure, {
        failed: ({ error, result = null }, { warn }) => {
          if (result !== null) warn("the scan failed and the answer still has a result: not used")
          return error
        }
      })
    }
  },

  findings: {
    path: "/v1/report/{id}",
    answer: findings.Report,
    // The vendor documents the scan's id here, and elsewhere says that reports have ids of their own.
    isAbout: ({ id }, scanId) => id === scanId || id.startsWith("rpt_"),
    read: ([report], { leftOut, outcome }) => {
      if (report === undefined) return Vendor.unusable("invalid-answer", "there is no report")
      const scan = WireFields.isRecord(outcome.payload) ? outcome.payload : {}
      const url = report.url ?? WireFields.text.read(scan["url"])
      const other = otherThan(outcome, report)
      if (other !== null) return Vendor.unusable("id-mismatch", other)
      if (!findings.hasChecks(report, leftOut)) return Vendor.unusable("no-checks", "the report has no checks")
      const grade = WireFields.nonEmptyText.read(report.grade)
      const own = severityOf(grade, report.score ?? null)
      const { severity } = outcome.assessment
      return findings.fromReport(report, {
        worse: own === null || Severity.worse(severity, own) === severity ? null : own,
        partial: outcome._tag === "Partial",
        type: report.type ?? WireFields.text.read(scan["type"]),
        url: url === null ? null : (Vendor.sameUrl(url) ?? url),
        unreadable: leftOut
      })
    }
  },

  list: {
    path: "/v1/scans",
    query: ({ type }, { received }) => ({ type, limit: 100, offset: received }),
    rows: ["scans"],
    total: ["total"],
    row: Schema.Struct({ id: Schema.String, type: Schema.String, url: Schema.String, created_at: Wire.time }),
    scan: ({ created_at, id }) => ({ id, createdAt: WireFields.timestamp(created_at) }),
    same: (row, wanted) => row.type === wanted.type && Vendor.sameUrl(row.url) === target(wanted),
    pages: 20
  },

  errors: {
    code: ["code"],
    message: ["error"],
    doubt: "the scan may have been bought: look for it in AppVet's list before it is submitted again",
    rows: {
      "400 INVALID_URL": { submit: "Refused!", advice: "give an http or https address whose host name resolves" },
      "400 INVALID_TYPE": { submit: "Refused!", advice: "the types are security, performance, accessibility and seo" },
      "400 URL_NOT_REACHABLE": {
        submit: "Refused",
        advice: "AppVet could not reach the target when the scan was submitted: see that it is up, then run again"
      },
      "400 INVALID_PARAMS": { poll: "Broken!", on: ["list"] },
      "401 UNAUTHORIZED": denied("check the API key (APPVET_API_KEY)"),
      "401 KEY_REVOKED": denied("this API key was revoked: make a new one at AppVet"),
      // Speaks of the target and not of the key.
      "403 DOMAIN_BLOCKED": { submit: "Refused!", advice: "AppVet does not scan local, private or blocked hosts" },
      "404 SCAN_NOT_FOUND": {
        poll: "Missing",
        on: ["status", "findings"],
        advice: "the id may be wrong, or the scan may belong to another organization than the API key"
      },
      "409 SCAN_NOT_COMPLETE": { poll: "Transient", on: ["findings"] },
      "429 RATE_LIMITED": { poll: "Throttled", submit: "Throttled" },
      "429 QUOTA_EXCEEDED": { submit: "Refused!", advice: quotaAdvice }
    },
    // The vendor's own header says that requests are left, so this 429 is not the limit per minute.
    odd: ({ quota, status }, code) =>
      status === 429 && code === null && Option.isSome(quota) && (quota.value.remaining ?? 0) > 0
        ? { submit: "Refused", advice: quotaAdvice }
        : null
  },

  pacing: {
    limits: { floor: "3 seconds" },
    every: {
      interactive: everyAtLeast(3),
      default: everyAtLeast(usualSeconds),
      background: everyAtLeast(10),
      bulk: everyAtLeast(15)
    },
    // The free plan has 10 requests a minute and 5 scans a month: what leaves before a first answer teaches that is less than 10.
    budget: {
      requests: 60,
      openScans,
      typicalDuration,
      pollsPerScan: (open) => Math.ceil(Duration.toSeconds(typicalDuration) / Math.max(usualSeconds, fairSeconds(open)))
    },
    durations: { prior: { low: Duration.seconds(30), high: Duration.minutes(3) }, kind: ({ type }) => type }
  }
})

/**
 * Parts of the definition under names of their own, as `AppVetAdapter` and `AppVetPolicy` had them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const { budget, check, fingerprint, limits, policies, subject } = vendor

/**
 * AppVet for one account, as a service. Its variables are `APPVET_API_KEY` and `APPVET_BASE_URL`.
 *
 * @category services
 * @since 0.1.0
 */
export class AppVet extends Vendor.Service<AppVet>()(
  "@scanpoll/appvet/AppVetVendor/AppVet",
  vendor,
  (own: Vendor.KeyedOptions) => own
) {}
