/**
 * VirusTotal v3, addresses: the opinions of some 90 engines.
 *
 * Only `completed` counts: the counts of a running analysis grow and look like a result. "undetected" is no opinion, so
 * an analysis in which no engine said "harmless" is not clean. The free key allows 4 requests a minute, 500 a day, and
 * no use for business; what is submitted becomes visible to VirusTotal's partners.
 *
 * @see {@link https://docs.virustotal.com/reference/scan-url}
 */
import { type Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Stats = Schema.Struct({
  malicious: Wire.count,
  suspicious: Wire.count,
  harmless: Wire.count,
  undetected: Wire.count,
  timeout: Schema.optionalKey(Wire.count)
})

const Engine = Schema.Struct({ category: Wire.words(64), result: Schema.optionalKey(Wire.words(200)) })

const Analysis = Schema.Struct({
  data: Schema.Struct({
    attributes: Schema.Struct({
      stats: Stats,
      results: Schema.optionalKey(Schema.Record(Schema.String, Engine))
    })
  })
})

const severityOf = ({ harmless, malicious, suspicious, undetected }: typeof Stats.Type): Severity.Severity => {
  if (malicious > 0) return malicious >= 5 ? "critical" : malicious > 1 ? "high" : "medium"
  if (suspicious > 0) return "low"
  return harmless > 0 ? "none" : undetected > 0 ? "info" : "unknown"
}

const severities = new Map<string, Severity.Severity>([
  ["malicious", "high"],
  ["suspicious", "low"]
])

export default Vendor.define({
  name: "virustotal",
  title: "VirusTotal",
  scans: "scans of addresses by some 90 engines",
  docs: "https://docs.virustotal.com/reference/overview",
  baseUrl: "https://www.virustotal.com",
  auth: { header: "x-apikey" },
  key: { variable: "VT_API_KEY", form: /^[0-9a-f]{64}$/, words: "is 64 hexadecimal digits" },
  probe: "u-0-0",
  target: Schema.Struct({ url: Vendor.url }),
  sample: { url: "https://shop.example/" },
  line: "url",
  subject: ({ url }) => Vendor.urlSubject(url),
  fingerprint: ({ url }) => Vendor.sameUrl(url) ?? url,
  submit: { path: "/api/v3/urls", as: "form", id: ["data", "id"] },
  answer: Analysis,
  payload: Stats,
  status: {
    path: "/api/v3/analyses/{id}",
    id: ["data", "id"],
    word: ["data", "attributes", "status"],
    words: {
      queued: "queued",
      "in-progress": "running",
      completed: {
        completed: ({ data }, { link, scanId, warn }) => {
          const { results = {}, stats } = data.attributes
          const silent = stats.timeout ?? 0
          if (silent > 0) warn(`${silent} engines did not answer in time`)
          const severity = severityOf(stats)
          if (severity === "info" || severity === "unknown") warn("no engine has an opinion of this address")
          const items = Object.entries(results).flatMap(([engine, { category, result = category }]) => {
            const severity = severities.get(category)
            if (severity === undefined) return []
            const title = `${engine}: ${result}`
            return [
              Vendor.finding({
                findingId: engine,
                ruleId: `virustotal/${engine}`,
                title,
                severity,
                vendorSeverity: category
              })
            ]
          })
          // The counts may come without the engines, and a list that is shorter must not let the rest be called resolved.
          const bad = stats.malicious + stats.suspicious
          if (bad > items.length) warn(`${bad - items.length} of ${bad} bad opinions are counted and not listed`)
          const whole = silent === 0 && items.length >= bad
          const total = Math.max(bad, items.length)
          const bySeverity = { high: stats.malicious, low: stats.suspicious }
          return {
            payload: stats,
            assessment: Vendor.assessment({ severity }),
            findings:
              items.length === 0 && bad > 0
                ? { coverage: "counts-only", total, bySeverity, items }
                : { coverage: whole ? "full" : "partial", total, items },
            report: link(`/gui/url/${scanId.split("-")[1] ?? ""}`, "report")
          }
        }
      }
    }
  },
  errors: {
    code: ["error", "code"],
    message: ["error", "message"],
    rows: {
      "400 NotAvailableYet": { poll: "Transient" },
      "409 AlreadyExistsError": { submit: "InDoubt" },
      "424 FailedDependencyError": { poll: "Transient", submit: "InDoubt" },
      "429 QuotaExceededError": {
        poll: "Throttled",
        submit: "Throttled",
        advice: "the quota of the minute, the day or the month is used up: VirusTotal does not say which"
      }
    },
    doubt: "the address is public at VirusTotal if the request arrived; submitting it again costs one request"
  },
  pacing: {
    limits: { floor: "15 seconds", submitTimeout: "30 seconds" },
    every: { interactive: "15 seconds", default: "20 seconds", background: "1 minute", bulk: "2 minutes" },
    deadline: "15 minutes",
    budget: { requests: 4, openScans: 2, typicalDuration: Duration.seconds(60) }
  }
})
