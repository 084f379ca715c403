/**
 * OWASP ZAP: its spider, then an active scan of what it found, then the alerts of the site.
 *
 * It attacks the site. Everything is a `GET`, also what starts a scan, so a start is sent once; where its answer was lost, the
 * list of active scans tells whether there is one more than before. The status call says "100" of a scan that somebody
 * stopped; the list of scans has the true number. Alerts belong to the session and not to the scan: only those of the site are
 * read. Ids are counters that begin anew with each session, so a site without a single alert is not called clean. A wrong key
 * is no answer at all: ZAP drops the connection.
 *
 * @see {@link https://www.zaproxy.org/docs/api/}
 */
import { Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const severities = new Map<string, Severity.Severity>([
  ["High", "high"],
  ["Medium", "medium"],
  ["Low", "low"],
  ["Informational", "info"]
])

/**
 * What a risk is worth, unless another rule is given: High `high`, because ZAP has no word for critical; Medium `medium`; Low
 * `low`; Informational `info`. Any other is `unknown`. How sure ZAP is of an alert lowers nothing.
 */
export const severityOf = (risk: string): Severity.Severity => severities.get(risk) ?? "unknown"

/** `severity`: what a risk is worth. Default `severityOf`. */
export interface Options {
  readonly severity?: (risk: string) => Severity.Severity
}

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

/** The ids of its active scans, which are counters; null where the answer is no such list. */
const idsOf = (body: unknown): ReadonlyArray<number> | null => {
  const scans = Wire.get(body, ["scans"])
  if (!Array.isArray(scans)) return null
  const ids = scans.map((scan: unknown) => Wire.get(scan, ["id"]))
  return ids.every((id) => typeof id === "string" && /^\d{1,9}$/.test(id)) ? ids.map(Number) : null
}

/** A word of our own for what the list says of the scan. */
const wordOf = (body: unknown, scanId: string): string | null => {
  if (idsOf(body) === null) return null
  const scan = scanOf(body, scanId)
  if (scan === undefined) return "not in the list"
  const state = Wire.get(scan, ["state"])
  const requests = Wire.get(scan, ["reqCount"])
  if (typeof state !== "string") return null
  if (state !== "FINISHED") return state
  if (typeof requests !== "string" || !/^\d+$/.test(requests)) return null
  if (Number(requests) === 0) return "FINISHED without a request"
  return Wire.get(scan, ["progress"]) === "100" ? "FINISHED" : "FINISHED early"
}

const risks = ["High", "Medium", "Low", "Informational"] as const

const Summary = Schema.Struct({ alertsSummary: Counts })
const size = 5000

const verdict =
  (severity: (risk: string) => Severity.Severity) =>
  (counts: typeof Counts.Type, { warn }: { readonly warn: (message: string) => void }) => {
    const found = risks.filter((risk) => counts[risk] > 0)
    if (found.length === 0) warn("ZAP has no alert at all for the site: it may have begun a new session")
    return {
      payload: counts,
      assessment: Vendor.assessment({
        severity: found.length === 0 ? "unknown" : Severity.worst(found.map(severity)),
        vendorSeverity: found[0] ?? null
      })
    }
  }

/** The definition, with a rule of your own for what a risk is worth. */
export const define = ({ severity = severityOf }: Options = {}) =>
  Vendor.define({
    name: "zap",
    title: "OWASP ZAP",
    scans: "spiders and active scans of web sites, which attack them",
    docs: "https://www.zaproxy.org/docs/api/",
    asOf: "2026-11-29",
    terms: ["it attacks the site: scan what you own, or what you may test by a written permission"],
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
    // The active scan tries what the spider has found; both are of one claim. A spider may be started again.
    prepare: {
      spider: { method: "GET", path: "/JSON/spider/action/scan/", query: ({ url }) => ({ url }), take: ["scan"] },
      crawled: {
        method: "GET",
        path: "/JSON/spider/view/status/",
        query: (_, { spider = "" }) => ({ scanId: spider }),
        take: (body) => (Wire.get(body, ["status"]) === "100" ? "100" : null),
        pending: {
          says: (body) => /^\d{1,2}$/.test(String(Wire.get(body, ["status"]))),
          every: "5 seconds",
          within: "1 hour"
        }
      },
      // Passive rules read what the spider brought, and nothing that the active scan sends: it is waited for until their alerts
      // are all there.
      passive: {
        method: "GET",
        path: "/JSON/pscan/view/recordsToScan/",
        take: (body) => (Wire.get(body, ["recordsToScan"]) === "0" ? "0" : null),
        pending: {
          says: (body) => /^[1-9]\d{0,8}$/.test(String(Wire.get(body, ["recordsToScan"]))),
          every: "2 seconds",
          within: "1 hour"
        }
      },
      // By it a start whose answer was lost is found again.
      newest: {
        method: "GET",
        path: "/JSON/ascan/view/scans/",
        take: (body) => idsOf(body)?.reduce((most, id) => Math.max(most, id), -1)
      }
    },
    submit: {
      method: "GET",
      path: "/JSON/ascan/action/scan/",
      query: ({ url }) => ({ url, recurse: "true" }),
      id: ["scan"]
    },
    recover: {
      path: () => "/JSON/ascan/view/scans/",
      scan: (body, { newest }) => {
        const more = idsOf(body)?.filter((id) => id > Number(newest)) ?? null
        if (more === null || more.length > 1) {
          return Vendor.unusable("several-scans", "several active scans were started meanwhile: ours cannot be told")
        }
        return more.map(String)[0] ?? null
      }
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
        // A new session or another ZAP: both forget what was there.
        "not in the list": "missing",
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
          ? { completed: ({ alertsSummary }, about) => verdict(severity)(alertsSummary, about) }
          : {
              partial: ({ alertsSummary }, about) => ({
                ...verdict(severity)(alertsSummary, about),
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
        const items = Array.from(
          alerts.values(),
          ({ alertRef, description, method = "", name, param = "", ...alert }) =>
            Vendor.finding({
              findingId: `${alertRef} ${method} ${Vendor.sameUrl(alert.url) ?? alert.url} ${param}`,
              ruleId: alertRef,
              title: name,
              severity: severity(alert.risk),
              vendorSeverity: alert.risk,
              description: description ?? null,
              remediation: alert.solution ?? null,
              resource: alert.url
            })
        )
        // The same alert with another attack: the worse one counts.
        const unique = new Map<string, (typeof items)[number]>()
        for (const item of items) {
          const known = unique.get(item.findingId)
          if (known === undefined || Severity.worse(item.severity, known.severity) !== known.severity) {
            unique.set(item.findingId, item)
          }
        }
        if (whole && leftOut === 0) return { coverage: "full", total: unique.size, items: Array.from(unique.values()) }
        // What was not read may be anything.
        const rest = Vendor.finding({
          findingId: "not-read",
          ruleId: "not-read",
          title: "alerts that were not read",
          severity: "unknown"
        })
        return { coverage: "partial", total: null, items: [...unique.values(), rest] }
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
      unanswered:
        "ZAP drops the connection where the key (ZAP_API_KEY) is wrong, where its API is disabled, or where this machine is not permitted",
      doubt: "look at its list of active scans before starting another one, which would attack the site twice"
    },
    pacing: {
      limits: { floor: "2 seconds" },
      every: { interactive: "2 seconds", default: "5 seconds", background: "30 seconds", bulk: "1 minute" },
      deadline: "6 hours",
      budget: { requests: 120, openScans: 2, typicalDuration: Duration.minutes(30) }
    }
  })

export default define()
