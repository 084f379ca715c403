/**
 * urlscan.io in a page: a real vendor, as you would write it yourself. The shipped `urlscan` has more options and findings.
 *
 * There is no status word: a 404 that says so is a visit that goes on, another 404 is an unknown scan, and a 200 is
 * the end. A page that was never loaded has a verdict that reads "clean" and is about nothing: it failed.
 *
 * @see {@link https://docs.urlscan.io/apis/urlscan-openapi}
 */
import { Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Verdict = Schema.Struct({
  score: Schema.Finite.check(Schema.isBetween({ minimum: -100, maximum: 100 })),
  malicious: Wire.decides(Schema.optionalKey(Schema.Boolean)),
  hasVerdicts: Schema.optionalKey(Schema.Boolean)
})
const places = [
  ["page", "ip"],
  ["page", "status"],
  ["lists", "ips", 0]
] as const
const denied = { poll: "Denied", submit: "Denied", advice: "check the key (URLSCAN_SHORT_KEY)" } as const
const uuid = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i
const normal = (url: string): string => URL.parse(url)?.href ?? url

/** The text at a place; empty where there is none. */
const text = (body: unknown, place: (typeof places)[number] | readonly ["task", "url"]): string => {
  const said = Wire.get(body, place)
  return typeof said === "string" ? said.trim() : ""
}

export default Vendor.define({
  name: "urlscan-short",
  title: "urlscan.io, in short",
  scans: "visits of web pages, with a verdict",
  docs: "https://docs.urlscan.io/apis/urlscan-openapi",
  terms: ["the page is visited by urlscan.io's browser; anyone who has the scan's id can read the result"],
  baseUrl: "https://urlscan.io",
  auth: { header: "API-Key" },
  key: { variable: "URLSCAN_SHORT_KEY" },
  ids: uuid,
  sameId: (asked, answered) => asked.toLowerCase() === answered.toLowerCase(),
  probe: "00000000-0000-4000-8000-000000000000",
  target: Schema.Struct({ url: Vendor.publicUrl }),
  sample: { url: "https://shop.example/" },
  line: "url",
  subject: ({ url }) => Vendor.urlSubject(url),
  fingerprint: ({ url }) => normal(url),
  submit: { path: "/api/v1/scan/", body: ({ url }) => ({ url, visibility: "unlisted" }), id: ["uuid"] },
  answer: Schema.Struct({ verdicts: Schema.Struct({ overall: Verdict }) }),
  payload: Verdict,
  status: {
    path: "/api/v1/result/{id}/",
    id: ["task", "uuid"],
    subject: (body) => {
      const url = text(body, ["task", "url"])
      return URL.canParse(url) ? Vendor.urlSubject(url) : null
    },
    pending: [{ status: 404, phase: "running", says: /\b(?:is|has) not finished\b/i, within: "10 minutes" }],
    word: (body) => (places.some((place) => text(body, place) !== "") ? "done" : "not-loaded"),
    words: {
      "not-loaded": { failed: () => "the page could not be loaded, so the verdict is about nothing" },
      done: {
        completed: ({ verdicts: { overall } }, { link, scanId, warn }) => {
          if (overall.hasVerdicts !== true && overall.malicious !== true)
            warn("urlscan.io has no verdict about this page")
          const { malicious = false, score } = overall
          // 0 is "nothing found", which is not "rated legitimate".
          const doubtful = score >= 50 ? "high" : score > 0 ? "medium" : score < 0 ? "none" : "info"
          const severity = malicious ? "critical" : doubtful
          return {
            payload: overall,
            assessment: Vendor.scored(score, { min: -100, direction: "lower-is-better", severity }),
            report: link(`/result/${scanId}/`, "report")
          }
        }
      }
    }
  },
  errors: {
    message: ["message"],
    rows: {
      "400": [{ ...denied, says: /\bAPI key\b/i }, { submit: "Refused" }],
      "401": denied,
      "403": denied,
      "410": { poll: "Missing!", advice: "urlscan.io has deleted this scan" }
    },
    doubt: "look at urlscan.io/user/: submitting again visits the page twice"
  },
  pacing: {
    limits: { floor: "2 seconds" },
    every: { interactive: "2 seconds", default: "3 seconds", background: "10 seconds", bulk: "20 seconds" },
    budget: { requests: 60, openScans: 10, typicalDuration: Duration.seconds(20) }
  }
})
