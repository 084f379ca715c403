/**
 * urlscan.io as a definition: one visit of a page by a browser, with a verdict.
 *
 * There is no status word. While the page is visited its result is a 404 that says so; another 404 is a scan that nobody
 * knows; a 200 is the end. An answer without a loaded page has a verdict that reads "clean" and is about nothing: it is
 * failed. The default visibility is `unlisted`: urlscan.io's own may publish the address.
 *
 * @see {@link https://docs.urlscan.io/apis/urlscan-openapi}
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Layer from "effect/Layer"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { CredentialError } from "@scanpoll/core/http/Credential"
import type { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import type { Finding } from "@scanpoll/core/model/ScanOutcome"
import * as Severity from "@scanpoll/core/model/Severity"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import type { About } from "@scanpoll/core/vendor/Definition"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as UrlscanSchema from "./UrlscanSchema.ts"

/**
 * The severity of a verdict, unless another rule is given.
 *
 * **Details**
 *
 * - `malicious`: `critical`. It is urlscan.io's one positive word, for active phishing or malware.
 * - a score from 50: `high`, strong suspicion; from 1: `medium`, the vendor asks for attention above 0.
 * - a score below 0: `none`, rated legitimate.
 * - 0: `info`, and not `none`: nothing was found, or nobody has an opinion. The second is warned of.
 *
 * @category destructors
 * @since 0.2.0
 */
export const severityOf = ({ malicious = false, score }: UrlscanSchema.UrlscanVerdict): Severity.Severity =>
  malicious ? "critical" : score >= 50 ? "high" : score > 0 ? "medium" : score < 0 ? "none" : "info"

/**
 * `severity`: what a verdict is worth. Default `severityOf`.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly severity?: (verdict: UrlscanSchema.UrlscanVerdict) => Severity.Severity
}

const isText = (value: unknown): boolean => typeof value === "string" && value.trim() !== ""

/** A page that was never loaded has no address, no status and no server that was spoken to. */
const wasLoaded = (body: unknown): boolean => {
  const ips = Wire.get(body, ["lists", "ips"])
  return (
    isText(Wire.get(body, ["page", "ip"])) ||
    isText(Wire.get(body, ["page", "status"])) ||
    (Array.isArray(ips) && ips.length > 0)
  )
}

const wordOf = (body: unknown): string | null => {
  if (Wire.get(body, ["verdicts"]) === null) return null
  return wasLoaded(body) ? "done" : "not-loaded"
}

const finding = (ruleId: string, title: string, severity: Severity.Severity): Finding =>
  Vendor.finding({ findingId: ruleId, ruleId, title, severity })

/** The parts of the verdict that are worse than the whole, by the same rule. */
const worseParts = (
  { community, engines, overall, urlscan }: (typeof UrlscanSchema.UrlscanAnswer.Type)["verdicts"],
  severity: (verdict: UrlscanSchema.UrlscanVerdict) => Severity.Severity
): ReadonlyArray<Finding> => {
  const whole = severity(overall)
  const { malicious: named = false, maliciousTotal = 0, score = 0 } = engines ?? {}
  const accused = typeof named === "boolean" ? named : named.length > 0
  const parts = [
    { name: "urlscan", ...urlscan },
    { name: "community", ...community },
    { name: "engines", score, malicious: accused || maliciousTotal > 0 }
  ]
  return parts.flatMap(({ malicious = false, name, score = 0 }) => {
    const worth = severity({ score, malicious, hasVerdicts: true })
    const says = malicious ? "malicious" : `a score of ${score}`
    return worth !== whole && Severity.worse(worth, whole) === worth
      ? [
          finding(
            `urlscan/verdict/${name}`,
            `The verdict "${name}" says ${says}, worse than the overall verdict`,
            worth
          )
        ]
      : []
  })
}

const findingsOf = (
  verdict: UrlscanSchema.UrlscanVerdict,
  severity: Severity.Severity,
  flagged: number,
  listed: boolean
): ReadonlyArray<Finding> => {
  const brands = (verdict.brands ?? []).map((brand) => (typeof brand === "string" ? brand : brand.key))
  return [
    ...(verdict.categories ?? []).map((name) => finding(`urlscan/category/${name}`, `Category: ${name}`, severity)),
    ...brands.map((name) => finding(`urlscan/brand/${name}`, `Looks like the brand ${name}`, severity)),
    ...(flagged === 0 ? [] : [finding("urlscan/requests", "Requests of the page are flagged as malicious", "high")]),
    ...(listed ? [finding("urlscan/safe-browsing", "The page is in Google's Safe Browsing lists", "high")] : [])
  ]
}

const completed =
  (severity: (verdict: UrlscanSchema.UrlscanVerdict) => Severity.Severity) =>
  (
    { meta, page = {}, stats, task: { visibility }, verdicts }: typeof UrlscanSchema.UrlscanAnswer.Type,
    { link, scanId, warn }: About
  ) => {
    const { overall } = verdicts
    if (overall.hasVerdicts !== true && overall.malicious !== true) warn("urlscan.io has no verdict about this page")
    if (visibility === "public") warn("the result is public: everybody can read it on urlscan.io")
    if (/^[45]\d\d$/.test(page.status ?? "")) warn("the page answered with an error (4xx or 5xx), and that was judged")
    const flagged = stats?.malicious ?? 0
    const worth = severity(overall)
    const parts = worseParts(verdicts, severity)
    if (parts.length > 0) warn("a part of the verdict is worse than the overall verdict: it is listed as a finding")
    const listed = (meta?.processors?.gsb?.data?.matches ?? []).length > 0
    const found = [...findingsOf(overall, worth, flagged, listed), ...parts]
    const items = Array.from(new Map(found.map((item) => [item.findingId, item])).values())
    return {
      payload: {
        verdict: overall,
        page,
        ...(visibility === undefined ? {} : { visibility }),
        flaggedRequests: flagged
      },
      assessment: Vendor.scored(overall.score, {
        min: -100,
        direction: "lower-is-better",
        severity: worth,
        vendorSeverity: overall.malicious === true ? "malicious" : null
      }),
      findings: { coverage: "full" as const, total: items.length, items },
      report: link(`/result/${scanId}/`, "report")
    }
  }

/** The address that was submitted; the page that was reached may be another one. */
const visited = (answer: unknown): Subject | null => {
  const url = Wire.get(answer, ["task", "url"])
  return typeof url === "string" && URL.canParse(url) ? Vendor.urlSubject(url) : null
}

/** In the query language of the search, with what would end the quotation escaped. */
const quoted = (text: string): string => `"${text.replaceAll(/["\\]/g, "\\$&")}"`

const normal = (url: string): string => URL.parse(url)?.href ?? url

/** A result takes ten seconds at least, in the vendor's words. A 200 may come some polls before its verdict is in it. */
const every = (seconds: number): PollPolicy.PollPolicy =>
  PollPolicy.make({
    first: Duration.seconds(Math.max(10, seconds)),
    pace: Duration.seconds(seconds),
    floor: Duration.seconds(2),
    brokenInARow: 10,
    deadline: "3 minutes"
  })

const keyAdvice = "check the key (URLSCAN_API_KEY)"
const denied = { poll: "Denied", submit: "Denied", advice: keyAdvice } as const

/**
 * The definition, with a rule of your own for what verdicts are worth.
 *
 * @category constructors
 * @since 0.2.0
 */
export const define = ({ severity = severityOf }: Options = {}): Vendor.Vendor<
  UrlscanSchema.UrlscanRequest,
  UrlscanSchema.UrlscanPayload
> =>
  Vendor.define({
    name: "urlscan",
    title: "urlscan.io",
    scans: "visits of web pages, with a verdict",
    docs: "https://docs.urlscan.io/apis/urlscan-openapi",
    asOf: "2026-11-29",
    terms: [
      "scans are unlisted unless the target says otherwise; a public one shows its address to everybody at once",
      "the page is visited by urlscan.io's browser, and its operators see the visit"
    ],
    baseUrl: "https://urlscan.io",
    auth: { header: "API-Key" },
    key: {
      variable: "URLSCAN_API_KEY",
      form: /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
      words: "is a UUID"
    },
    ids: /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i,
    sameId: (asked, answered) => asked.toLowerCase() === answered.toLowerCase(),
    probe: "00000000-0000-4000-8000-000000000000",
    target: UrlscanSchema.UrlscanRequest,
    sample: { url: "https://shop.example/" },
    line: "url",
    subject: ({ url }) => Vendor.urlSubject(url),
    fingerprint: ({ country, customagent = "", referer = "", url, visibility = "unlisted" }) =>
      JSON.stringify([normal(url), visibility, country?.toLowerCase() ?? "", customagent, referer]),
    submit: {
      path: "/api/v1/scan/",
      body: ({ tags = [], ...target }) => ({ visibility: "unlisted", ...target, tags: [...tags, "scanpoll"] }),
      id: ["uuid"]
    },
    answer: UrlscanSchema.UrlscanAnswer,
    payload: UrlscanSchema.UrlscanPayload,
    status: {
      path: "/api/v1/result/{id}/",
      id: ["task", "uuid"],
      subject: visited,
      pending: [{ status: 404, phase: "running", says: /\b(?:is|has) not finished\b/i, within: "10 minutes" }],
      word: wordOf,
      words: {
        "not-loaded": {
          failed: () => ({
            code: "not-loaded",
            message: "urlscan.io could not load the page, so its verdict is about nothing",
            advice: "check that the address resolves and answers without a login"
          })
        },
        done: { completed: completed(severity) }
      },
      created: ["task", "time"]
    },
    list: {
      path: "/api/v1/search/",
      query: ({ url }) => ({ q: `task.tags:"scanpoll" AND task.url:${quoted(normal(url))}`, size: 100 }),
      total: ["total"],
      rows: ["results"],
      row: UrlscanSchema.UrlscanHit,
      scan: ({ _id, task }) => ({ id: _id, createdAt: Date.parse(task.time) }),
      same: ({ task }, { url, visibility = "unlisted" }) =>
        normal(task.url) === normal(url) && (task.visibility ?? visibility) === visibility
    },
    errors: {
      message: ["message"],
      details: (body) => {
        const said = Wire.get(body, ["description"])
        return typeof said === "string" ? [said] : []
      },
      rows: {
        // Every call answers a key of another form so, and a target that is turned down with the same status.
        "400": [{ ...denied, says: /\bAPI key\b/i }, { submit: "Refused" }],
        "401": denied,
        "403": [
          { poll: "Broken", on: ["list"], says: /\bplan\b/i, advice: "the plan of this key cannot search so" },
          denied
        ],
        "410": { poll: "Missing!", advice: "urlscan.io has deleted this scan" }
      },
      doubt:
        "a scan that has ended is found by its tag a minute or two later; until then look at urlscan.io/user/. Submitting again " +
        "visits the page twice and costs one scan of the day's quota"
    },
    pacing: {
      limits: { floor: "2 seconds", submitTimeout: "30 seconds", pauseCap: "1 day" },
      every: { interactive: every(2), default: every(3), background: every(10), bulk: every(20) },
      budget: { requests: 60, openScans: 10, typicalDuration: Duration.seconds(20) },
      durations: { prior: { low: Duration.seconds(10), high: Duration.seconds(60) }, kind: () => "" }
    }
  })

/**
 * The definition as it comes with the command and the promise client.
 *
 * @category constructors
 * @since 0.2.0
 */
export const vendor: Vendor.Vendor<UrlscanSchema.UrlscanRequest, UrlscanSchema.UrlscanPayload> = define()

/**
 * urlscan.io for one account, as a service.
 *
 * @category services
 * @since 0.2.0
 */
export class Urlscan extends Context.Service<
  Urlscan,
  ScanAdapter<UrlscanSchema.UrlscanRequest, UrlscanSchema.UrlscanPayload>
>()("@scanpoll/urlscan/UrlscanVendor/Urlscan") {
  /**
   * The adapter as a layer, from options.
   *
   * @since 0.2.0
   */
  static readonly layer = (
    options: Vendor.Options
  ): Layer.Layer<Urlscan, VendorConfigError | CredentialError, VendorHttp> => Vendor.layer(Urlscan, vendor, options)

  /**
   * The adapter as a layer, from `URLSCAN_API_KEY`, `URLSCAN_BASE_URL` and `SCANPOLL_ALLOW_INSECURE_HOSTS`.
   *
   * @since 0.2.0
   */
  static readonly layerConfig: Layer.Layer<Urlscan, VendorConfigError | CredentialError, VendorHttp> =
    Vendor.layerConfig(Urlscan, vendor)
}
