/**
 * VirusTotal v3 as a definition: the opinions of some 90 engines of one address.
 *
 * Only `completed` counts: the counts of a running analysis grow and look like a result. "undetected" is no opinion, so an
 * analysis in which no engine said "harmless" is not clean, and one without any engine is of an unknown severity. The free
 * key allows 4 requests a minute, 500 a day, and no use for business.
 *
 * @see {@link https://docs.virustotal.com/reference/overview}
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import type * as Layer from "effect/Layer"
import type { ScanAdapter } from "@scanpoll/core/engine/ScanAdapter"
import type { CredentialError } from "@scanpoll/core/http/Credential"
import type { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import * as WireFields from "@scanpoll/core/unstable/http/WireFields"
import * as Severity from "@scanpoll/core/model/Severity"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as PollPolicy from "@scanpoll/core/policy/PollPolicy"
import type { About } from "@scanpoll/core/vendor/Definition"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Wire from "@scanpoll/core/vendor/Wire"
import * as VirusTotalSchema from "./VirusTotalSchema.ts"

/**
 * The severity of an analysis, unless another rule is given.
 *
 * **Details**
 *
 * - 5 engines or more call it malicious: `critical`, no longer a false positive. 2 to 4: `high`. One: `medium`, because one
 *   voice is often wrong: it is seen, and breaks no gate at `high`.
 * - none, and some suspicious: `low`.
 * - none of these, and some harmless: `none`, somebody cleared it.
 * - `undetected` alone: `info`, nobody has an opinion. No answer at all, or time-outs alone: `unknown`, which no gate passes.
 *
 * @category destructors
 * @since 0.2.0
 */
export const severityOf = ({
  harmless,
  malicious,
  suspicious,
  undetected
}: VirusTotalSchema.VirusTotalStats): Severity.Severity => {
  if (malicious > 0) return malicious >= 5 ? "critical" : malicious > 1 ? "high" : "medium"
  if (suspicious > 0) return "low"
  return harmless > 0 ? "none" : undetected > 0 ? "info" : "unknown"
}

/**
 * - `severity`: what the counts are worth. Default `severityOf`.
 * - `requestsPerMinute`, `requestsPerDay`: what the contract allows. Default 4 and 500, those of the free key. With more than
 *   4 a minute a scan may be polled every 5 seconds in place of 15.
 *
 * @category models
 * @since 0.2.0
 */
export interface Options {
  readonly severity?: (stats: VirusTotalSchema.VirusTotalStats) => Severity.Severity
  readonly requestsPerMinute?: number
  readonly requestsPerDay?: number
}

const severities = new Map<string, Severity.Severity>([
  ["malicious", "high"],
  ["suspicious", "low"]
])

// What the vendor documents beside these says nothing against an address.
const neutral: ReadonlySet<string> = new Set([
  "harmless",
  "undetected",
  "timeout",
  "confirmed-timeout",
  "failure",
  "type-unsupported"
])

type Engine = typeof VirusTotalSchema.VirusTotalEngine.Type

/**
 * What engines say. One whose word cannot be read has one that nobody documents, and so counts as unknown. What has neither a
 * word nor a name is no engine.
 */
const enginesOf = (results: Readonly<Record<string, unknown>>): Readonly<Record<string, Engine>> =>
  Object.fromEntries(
    Object.entries(results).flatMap(([name, said]): ReadonlyArray<readonly [string, Engine]> => {
      if (!WireFields.isRecord(said) || !("category" in said || "engine_name" in said)) return []
      const result = WireFields.nonEmptyText.read(said["result"])
      const category = WireFields.nonEmptyText.read(said["category"]) ?? "unreadable"
      const word = WireFields.cut(category, 64)
      return [[name, result === null ? { category: word } : { category: word, result: WireFields.cut(result, 200) }]]
    })
  )

/** The counts, and never less than the engines that are listed: what contradicts itself is as bad as its worse half. */
const atLeastListed = (
  stats: VirusTotalSchema.VirusTotalStats,
  results: Readonly<Record<string, Engine>>,
  warn: About["warn"]
): VirusTotalSchema.VirusTotalStats => {
  const listed = (word: string): number => Object.values(results).filter(({ category }) => category === word).length
  const [malicious, suspicious] = [listed("malicious"), listed("suspicious")]
  if (malicious <= stats.malicious && suspicious <= stats.suspicious) return stats
  warn(`the engines that are listed are worse than the counts: ${malicious} malicious, ${suspicious} suspicious`)
  return {
    ...stats,
    malicious: Math.max(stats.malicious, malicious),
    suspicious: Math.max(stats.suspicious, suspicious)
  }
}

/** What an engine says by itself, and no more than all of them together are worth: one voice is often wrong. */
const worthOf = (category: string, whole: Severity.Severity): Severity.Severity => {
  const alone = severities.get(category)
  if (alone === undefined) return "unknown"
  return Severity.worse(alone, whole) === alone ? whole : alone
}

/** How many there are of each severity, where no engine is listed. */
const countedAs = (
  { malicious, suspicious }: VirusTotalSchema.VirusTotalStats,
  whole: Severity.Severity
): Partial<Record<Severity.Severity, number>> => {
  const [bad, odd] = [worthOf("malicious", whole), worthOf("suspicious", whole)]
  return bad === odd ? { [bad]: malicious + suspicious } : { [bad]: malicious, [odd]: suspicious }
}

const completed =
  (severity: (stats: VirusTotalSchema.VirusTotalStats) => Severity.Severity) =>
  ({ data }: typeof VirusTotalSchema.VirusTotalAnswer.Type, { link, scanId, warn }: About) => {
    const results = enginesOf(data.attributes.results ?? {})
    const stats = atLeastListed(data.attributes.stats, results, warn)
    const { harmless, malicious, suspicious, timeout = 0, undetected } = stats
    const total = harmless + malicious + suspicious + undetected + timeout
    if (timeout > 0) warn("some engines did not answer in time")
    if (malicious + suspicious + harmless === 0) warn("no engine has an opinion of this address")
    const opinions = Object.entries(results).filter(([, { category }]) => !neutral.has(category))
    const strange = opinions.filter(([, { category }]) => !severities.has(category))
    if (strange.length > 0) {
      warn(
        `engines use words that are not documented, which count as unknown: ${strange.map(([name]) => name).join(", ")}`
      )
    }
    const whole = severity(stats)
    const items = opinions.map(([engine, { category, result = category }]) =>
      Vendor.finding({
        findingId: engine,
        ruleId: `virustotal/${engine}`,
        title: `${engine}: ${result}`,
        severity: worthOf(category, whole),
        vendorSeverity: category
      })
    )
    // The counts may come without the engines, and a list that is shorter must not let the rest be called resolved.
    const bad = malicious + suspicious
    if (bad > items.length) warn(`${bad - items.length} of ${bad} bad opinions are counted and not listed`)
    const isWhole = timeout === 0 && items.length >= bad
    const counted = { total: Math.max(bad, items.length), items }
    return {
      payload: { stats, opinions: Object.fromEntries(opinions) },
      assessment: Vendor.assessment({ severity: whole, vendorSeverity: `${malicious}/${total}` }),
      findings:
        items.length === 0 && bad > 0
          ? { ...counted, coverage: "counts-only" as const, bySeverity: countedAs(stats, whole) }
          : { ...counted, coverage: isWhole ? ("full" as const) : ("partial" as const) },
      report: link(`/gui/url/${scanId.split("-")[1] ?? ""}`, "report")
    }
  }

/** The vendor's name of an address: unpadded base64 of any of its spellings, which is ASCII alone. */
const idOf = (url: string): string =>
  btoa(URL.parse(url)?.href ?? "")
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "")

/** The address that an analysis is of, in the vendor's spelling. */
const urlAt = (answer: unknown): Subject | null => {
  const url = Wire.get(answer, ["meta", "url_info", "url"])
  return typeof url === "string" && URL.canParse(url) ? Vendor.urlSubject(url) : null
}

const quota = {
  poll: "Throttled",
  submit: "Throttled",
  advice: "the quota of the minute, the day or the month is used up: VirusTotal does not say which"
} as const
const denied = { poll: "Denied", submit: "Denied", advice: "check the key (VT_API_KEY)" } as const

const every = (seconds: number, floor: number): PollPolicy.PollPolicy =>
  PollPolicy.make({
    first: Duration.seconds(Math.max(20, seconds)),
    // All scans of an account share its few requests a minute.
    pace: PollPolicy.paceNamed(`every ${seconds}s, ${floor}s per open scan where that is longer`, ({ open }) =>
      Duration.seconds(Math.max(seconds, floor * Math.min(Math.max(1, open), 20)))
    ),
    floor: Duration.seconds(floor),
    deadline: "15 minutes"
  })

/**
 * The definition, with a rule of your own for what counts are worth, or the limits of a contract.
 *
 * @category constructors
 * @since 0.2.0
 */
export const define = ({
  requestsPerDay = 500,
  requestsPerMinute = 4,
  severity = severityOf
}: Options = {}): Vendor.Vendor<VirusTotalSchema.VirusTotalRequest, VirusTotalSchema.VirusTotalPayload> => {
  const isFree = requestsPerMinute <= 4
  const floor = isFree ? 15 : 5
  return Vendor.define({
    name: "virustotal",
    title: "VirusTotal",
    scans: "scans of addresses by some 90 engines",
    docs: "https://docs.virustotal.com/reference/overview",
    asOf: "2026-11-29",
    terms: [
      "a free key is not for commercial products, services or business workflows: VirusTotal bans accounts that use it for them",
      "an address that is submitted becomes visible to VirusTotal's partners and paying users, with what its query holds"
    ],
    baseUrl: "https://www.virustotal.com",
    auth: { header: "x-apikey" },
    key: { variable: "VT_API_KEY", form: /^[0-9a-f]{64}$/i, words: "is 64 hexadecimal digits" },
    ids: /^u-[0-9a-f]{1,64}-\d{1,12}$/i,
    probe: "u-0-0",
    target: VirusTotalSchema.VirusTotalRequest,
    sample: { url: "https://shop.example/" },
    line: "url",
    subject: ({ url }) => Vendor.urlSubject(url),
    fingerprint: ({ url }) => Vendor.sameUrl(url) ?? url,
    submit: { path: "/api/v3/urls", as: "form", id: ["data", "id"] },
    answer: VirusTotalSchema.VirusTotalAnswer,
    payload: VirusTotalSchema.VirusTotalPayload,
    status: {
      path: "/api/v3/analyses/{id}",
      id: ["data", "id"],
      word: ["data", "attributes", "status"],
      subject: (answer) => urlAt(answer),
      words: { queued: "queued", "in-progress": "running", completed: { completed: completed(severity) } }
    },
    list: {
      path: ({ url }) => `/api/v3/urls/${idOf(url)}`,
      rows: (body) => {
        const found = Wire.get(body, ["data"])
        return found === null ? null : [found]
      },
      row: VirusTotalSchema.VirusTotalObject,
      // The id of an analysis is that of its address and the second of its submission.
      scan: ({ attributes: { last_submission_date: at }, id }) => ({
        id: `u-${id}-${at ?? 0}`,
        createdAt: at === undefined ? null : at * 1000
      }),
      look: { same: () => true }
    },
    errors: {
      code: ["error", "code"],
      message: ["error", "message"],
      rows: {
        "400 NotAvailableYet": { poll: "Transient" },
        "401": denied,
        "403": denied,
        "404 NotFoundError": { poll: "Missing" },
        "409 AlreadyExistsError": { submit: "InDoubt" },
        "424 FailedDependencyError": { poll: "Transient", submit: "InDoubt" },
        "429 QuotaExceededError": quota
      },
      doubt:
        "if the request arrived, the address is in VirusTotal's corpus already; submitting it again costs one request of the quota"
    },
    pacing: {
      limits: {
        floor: Duration.seconds(floor),
        submitTimeout: "30 seconds",
        throttledWait: "1 minute",
        pauseCap: "25 hours"
      },
      every: {
        interactive: every(floor, floor),
        default: every(20, floor),
        background: every(60, floor),
        bulk: every(120, floor)
      },
      budget: {
        requests: requestsPerMinute,
        windows: [{ requests: requestsPerDay, window: Duration.days(1) }],
        openScans: isFree ? 2 : null,
        typicalDuration: Duration.seconds(60)
      },
      durations: { prior: { low: Duration.seconds(15), high: Duration.minutes(5) }, kind: () => "" }
    }
  })
}

/**
 * The definition as it comes with the command and the promise client, for a free key.
 *
 * @category constructors
 * @since 0.2.0
 */
export const vendor: Vendor.Vendor<VirusTotalSchema.VirusTotalRequest, VirusTotalSchema.VirusTotalPayload> = define()

/**
 * VirusTotal for one account, as a service.
 *
 * @category services
 * @since 0.2.0
 */
export class VirusTotal extends Context.Service<
  VirusTotal,
  ScanAdapter<VirusTotalSchema.VirusTotalRequest, VirusTotalSchema.VirusTotalPayload>
>()("@scanpoll/virustotal/VirusTotalVendor/VirusTotal") {
  /**
   * The adapter as a layer, from options.
   *
   * @since 0.2.0
   */
  static readonly layer = (
    options: Vendor.Options
  ): Layer.Layer<VirusTotal, VendorConfigError | CredentialError, VendorHttp> =>
    Vendor.layer(VirusTotal, vendor, options)

  /**
   * The adapter as a layer, from `VT_API_KEY`, `VIRUSTOTAL_BASE_URL` and `SCANPOLL_ALLOW_INSECURE_HOSTS`.
   *
   * @since 0.2.0
   */
  static readonly layerConfig: Layer.Layer<VirusTotal, VendorConfigError | CredentialError, VendorHttp> =
    Vendor.layerConfig(VirusTotal, vendor)
}
