/**
 * OWASP ZAP: an active scan of a site that ZAP knows already, by its spider, its proxy or a seed.
 *
 * It attacks the site. Everything is a `GET`, also what starts a scan, so a start is sent once. The status call says "100" of
 * a scan that somebody stopped; the list of scans has the true number. Alerts belong to the session and not to the scan: only
 * those of the site are read. Ids are counters that begin anew with each session, so a site without a single alert is not
 * called clean. A wrong key is no answer at all: ZAP drops the connection.
 *
 * @see {@link https://www.zaproxy.org/docs/api/}
 */
import { type Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const severities = new Map<string, Severity.Severity>([
  ["High", "high"],
  ["Medium", "medium"],
  ["Low", "low"],
  ["Informational", "info"]
])

const Counts = Schema.Struct({ High: Wire.count, Medium: Wire.count, Low: Wire.count, Informational: Wire.count })

const Alerts = Schema.Struct({
  alerts: Wire.sieve(
    Schema.Struct({
      id: Wire.words(32),
      alertRef: Wire.words(64),
      name: Wire.words(255),
      risk: Wire.words(32),
      url: Wire.words(2000),
      method: Schema.optionalKey(Wire.text(16)),
      param: Schema.optionalKey(Wire.text(200)),
      description: Schema.optionalKey(Wire.text()),
      solution: Schema.optionalKey(Wire.text())
    })
  )
})

/** ZAP compares the start of addresses: without the slash, `https://shop.example` also takes `https://shop.example.evil`. */
const siteOf = (url: string): string => `${URL.parse(url)?.origin ?? "unknown:"}/`

const scanOf = (body: unknown, scanId: string): unknown => {
  const scans = Wire.get(body, ["scans"])
  return Array.isArray(scans) ? scans.find((scan: unknown) => Wire.get(scan, ["id"]) === scanId) : undefined
}

const seeded = (body: unknown): string | null => (Array.isArray(Wire.get(body, ["accessUrl"])) ? "seeded" : null)

/** A word of our own for what the list says of the scan; a row that is not there is no answer. */
const wordOf = (body: unknown, scanId: string): string | null => {
  const scan = scanOf(body, scanId)
  const state = Wire.get(scan, ["state"])
  const requests = Wire.get(scan, ["reqCount"])
  if (typeof state !== "string") return null
  if (state !== "FINISHED") return state
  if (typeof requests !== "string" || !/^\d+$/.test(requests)) return null
  if (Number(requests) === 0) return "FINISHED without a request"
  return Wire.get(scan, ["progress"]) === "100" ? "FINISHED" : "FINISHED early"
}

const verdict = (counts: typeof Counts.Type, { warn }: { readonly warn: (message: string) => void }) => {
  const worst = (["High", "Medium", "Low", "Informational"] as const).find((risk) => counts[risk] > 0)
  if (worst === undefined) warn("ZAP has no alert at all for the site: it may have begun a new session")
  return {
    payload: counts,
    assessment: Vendor.assessment({
      severity: worst === undefined ? "unknown" : (severities.get(worst) ?? "unknown"),
      vendorSeverity: worst ?? null
    })
  }
}

const Summary = Schema.Struct({ alertsSummary: Counts })
const size = 5000

export default Vendor.define({
  name: "zap",
  title: "OWASP ZAP",
  scans: "active scans of web sites, which attack them",
  docs: "https://www.zaproxy.org/docs/api/",
  baseUrl: null,
  auth: { header: "X-ZAP-API-Key" },
  key: { variable: "ZAP_API_KEY" },
  ids: /^\d{1,9}$/,
  probe: "999999999",
  active: true,
  target: Schema.Struct({ url: Vendor.url, authorized: Schema.optionalKey(Schema.Boolean) }),
  sample: { url: "https://shop.example/", authorized: true },
  line: "url",
  subject: ({ url }) => Vendor.urlSubject(url),
  fingerprint: ({ url }) => Vendor.sameUrl(url) ?? url,
  prepare: {
    // An active scan of a site that ZAP has not seen is refused; one request puts it into the tree, and may be repeated.
    seed: { method: "GET", path: "/JSON/core/action/accessUrl/", query: ({ url }) => ({ url }), take: seeded }
  },
  submit: {
    method: "GET",
    path: "/JSON/ascan/action/scan/",
    query: ({ url }) => ({ url, recurse: "true" }),
    id: ["scan"]
  },
  answer: Summary,
  payload: Counts,
  status: {
    path: "/JSON/ascan/view/scans/",
    query: () => ({}),
    id: null,
    word: wordOf,
    words: {
      NOT_STARTED: "queued",
      RUNNING: "running",
      PAUSED: "running",
      FINISHED: "ended",
      "FINISHED early": "ended",
      "FINISHED without a request": Vendor.when(Schema.Struct({}), {
        failed: () => ({ code: "nothing-sent", message: "ZAP sent no request: it found nothing to scan" })
      })
    }
  },
  result: {
    path: "/JSON/alert/view/alertsSummary/",
    query: (_, __, subject) => ({ baseurl: siteOf(subject?.id ?? "") }),
    id: null,
    means: (word) =>
      word === "FINISHED"
        ? { completed: ({ alertsSummary }, about) => verdict(alertsSummary, about) }
        : {
            partial: ({ alertsSummary }, about) => ({
              ...verdict(alertsSummary, about),
              reason: { code: "stopped", message: "the scan was stopped before it had tried every rule" }
            })
          }
  },
  findings: {
    path: "/JSON/alert/view/alerts/",
    // From 1: a page that starts at 0 repeats its last alert on the next.
    page: (index, before, _, subject) =>
      subject === null || (before !== null && before.alerts.length < size)
        ? null
        : { baseurl: siteOf(subject.id), start: index * size + 1, count: size },
    answer: Alerts,
    read: (pages, { leftOut, whole }) => {
      if (pages.length === 0) return Vendor.unusable("unknown-site", "the site of the scan is not known")
      const alerts = new Map(pages.flatMap((page) => page.alerts.map((alert) => [alert.id, alert])))
      const items = Array.from(alerts.values(), ({ alertRef, description, method = "", name, param = "", ...alert }) =>
        Vendor.finding({
          findingId: `${alertRef} ${method} ${Vendor.sameUrl(alert.url) ?? alert.url} ${param}`,
          ruleId: alertRef,
          title: name,
          severity: severities.get(alert.risk) ?? "unknown",
          vendorSeverity: alert.risk,
          description: description ?? null,
          remediation: alert.solution ?? null,
          resource: alert.url
        })
      )
      const unique = new Map(items.map((item) => [item.findingId, item]))
      return {
        coverage: whole && leftOut === 0 ? "full" : "partial",
        total: unique.size,
        items: Array.from(unique.values())
      }
    }
  },
  cancel: { method: "GET", path: "/JSON/ascan/action/stop/", query: (scanId) => ({ scanId }) },
  errors: {
    code: ["code"],
    message: ["message"],
    rows: {
      "400 does_not_exist": { poll: "Missing", advice: "ZAP was started anew, or the scan was removed" },
      "400 bad_api_key": { poll: "Denied", submit: "Denied", advice: "check the key (ZAP_API_KEY)" },
      "400 mode_violation": { poll: "Denied", submit: "Denied", advice: "ZAP is in safe or protected mode" },
      "400 url_not_found": { submit: "Refused", advice: "let ZAP crawl the site first" },
      "400 illegal_parameter": { submit: "Refused!" },
      "400 scan_in_progress": { poll: "Transient", submit: "Throttled" }
    },
    doubt:
      "ZAP drops the connection where the key is wrong, where its API is disabled, or where this machine is not permitted; " +
      "look at its list of active scans before starting another one, which would attack the site twice"
  },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "30 seconds", bulk: "1 minute" },
    deadline: "6 hours",
    budget: { requests: 120, openScans: 2, typicalDuration: Duration.minutes(30) }
  }
})
