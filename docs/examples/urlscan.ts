/**
 * urlscan.io: no status word. While a page is scanned its result is a 404 that says so; a 200 is the end. The key goes
 * in a header of its own.
 *
 * @see {@link https://docs.urlscan.io/apis/urlscan-openapi}
 */
import { type Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Overall = Schema.Struct({
  score: Schema.Finite.check(Schema.isBetween({ minimum: -100, maximum: 100 })),
  malicious: Schema.Boolean,
  categories: Schema.optionalKey(Wire.sieve(Wire.text(200)))
})

const severityOf = ({ malicious, score }: typeof Overall.Type): Severity.Severity =>
  malicious ? "critical" : score > 0 ? "medium" : "none"

export default Vendor.define({
  name: "urlscan",
  title: "urlscan.io",
  scans: "scans of pages, with a verdict",
  docs: "https://docs.urlscan.io/apis/urlscan-openapi",
  baseUrl: "https://urlscan.io",
  auth: { header: "API-Key" },
  key: { variable: "URLSCAN_API_KEY" },
  probe: "00000000-0000-4000-8000-000000000000",
  target: Schema.Struct({
    url: Vendor.url,
    visibility: Schema.optionalKey(Schema.Literals(["public", "unlisted", "private"]))
  }),
  sample: { url: "https://example.com" },
  line: "url",
  subject: ({ url }) => Vendor.urlSubject(url),
  fingerprint: ({ url, visibility = "public" }) => `${visibility} ${Vendor.sameUrl(url)}`,
  submit: { path: "/api/v1/scan/", body: (target) => ({ visibility: "public", ...target }), id: ["uuid"] },
  answer: Schema.Struct({
    task: Schema.Struct({ time: Schema.optionalKey(Wire.text()) }),
    verdicts: Schema.Struct({ overall: Overall })
  }),
  payload: Overall,
  status: {
    path: "/api/v1/result/{id}/",
    id: ["task", "uuid"],
    pending: [{ status: 404, phase: "running", says: /not finished/i, within: "10 minutes" }],
    word: () => "done",
    words: {
      done: {
        completed: ({ verdicts: { overall } }, { link, scanId }) => ({
          payload: overall,
          assessment: Vendor.scored(overall.score, {
            min: -100,
            direction: "lower-is-better",
            severity: severityOf(overall),
            vendorSeverity: overall.malicious ? "malicious" : null
          }),
          report: link(`/result/${scanId}/`, "report")
        })
      }
    },
    created: ["task", "time"]
  },
  errors: {
    message: ["message"],
    rows: { "410": { poll: "Broken!", advice: "urlscan.io has deleted this scan" } },
    doubt: "look for the scan at urlscan.io/user/, or search for its address"
  },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "5 seconds", background: "15 seconds", bulk: "1 minute" },
    budget: { requests: 60, typicalDuration: Duration.seconds(20) }
  }
})
