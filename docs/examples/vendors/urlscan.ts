/**
 * urlscan.io: one visit of a page by a browser, with a verdict.
 *
 * There is no status word: while the page is visited its result is a 404 that says so, a 200 is the end. An answer
 * without a loaded page looks clean and is not. The default is `unlisted`: urlscan's own would publish the address.
 *
 * @see {@link https://docs.urlscan.io/apis/urlscan-openapi}
 */
import { type Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Overall = Schema.Struct({
  score: Schema.Finite.check(Schema.isBetween({ minimum: -100, maximum: 100 })),
  malicious: Schema.optionalKey(Schema.Boolean),
  hasVerdicts: Schema.optionalKey(Schema.Boolean),
  categories: Schema.optionalKey(Wire.sieve(Wire.words(200)))
})

const Answer = Schema.Struct({
  task: Schema.Struct({ time: Schema.optionalKey(Wire.text()) }),
  verdicts: Schema.Struct({ overall: Overall })
})

const severityOf = ({ malicious = false, score }: typeof Overall.Type): Severity.Severity =>
  malicious ? "critical" : score >= 50 ? "high" : score > 0 ? "medium" : score < 0 ? "none" : "info"

/** A page that was never loaded has neither an address nor a status: its "clean" verdict is about nothing. */
const wordOf = (body: unknown): string | null => {
  if (Wire.get(body, ["verdicts"]) === null) return null
  return (Wire.get(body, ["page", "ip"]) ?? Wire.get(body, ["page", "status"])) ? "done" : "not-loaded"
}

const keyAdvice = "check the key (URLSCAN_API_KEY)"

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
  sample: { url: "https://shop.example/" },
  line: "url",
  subject: ({ url }) => Vendor.urlSubject(url),
  fingerprint: ({ url, visibility = "unlisted" }) => `${visibility} ${Vendor.sameUrl(url)}`,
  submit: { path: "/api/v1/scan/", body: (target) => ({ visibility: "unlisted", ...target }), id: ["uuid"] },
  answer: Answer,
  payload: Overall,
  status: {
    path: "/api/v1/result/{id}/",
    id: ["task", "uuid"],
    pending: [{ status: 404, phase: "running", says: /(is|has) not finished/i, within: "10 minutes" }],
    word: wordOf,
    words: {
      "not-loaded": { failed: () => ({ code: "not-loaded", message: "urlscan could not load the page" }) },
      done: {
        completed: ({ verdicts: { overall } }, { link, scanId, warn }) => {
          if (overall.hasVerdicts !== true) warn("urlscan has no verdict about this page")
          return {
            payload: overall,
            assessment: Vendor.scored(overall.score, {
              min: -100,
              direction: "lower-is-better",
              severity: severityOf(overall),
              vendorSeverity: overall.malicious === true ? "malicious" : null
            }),
            report: link(`/result/${scanId}/`, "report")
          }
        }
      }
    },
    created: ["task", "time"]
  },
  errors: {
    message: ["message"],
    rows: {
      "401": { poll: "Denied", submit: "Denied", advice: keyAdvice },
      "403": { poll: "Denied", submit: "Denied", advice: keyAdvice },
      "410": { poll: "Missing!", advice: "urlscan.io has deleted this scan" }
    },
    doubt: "look for the scan at urlscan.io/user/, or search for its address"
  },
  pacing: {
    limits: { floor: "2 seconds", submitTimeout: "30 seconds" },
    every: { interactive: "2 seconds", default: "3 seconds", background: "10 seconds", bulk: "20 seconds" },
    deadline: "3 minutes",
    budget: { requests: 60, openScans: 10, typicalDuration: Duration.seconds(20) }
  }
})
