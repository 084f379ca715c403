/**
 * Probely (Snyk API & Web): scans of web applications that are known to it as targets.
 *
 * A scan lives below its target, so its id here is `TARGET/SCAN`. `completed_with_errors` did not test everything, and no
 * count of zero makes it clean: it is partial. The findings of a target are those of all its scans.
 *
 * @see {@link https://developers.probely.com/}
 * @see {@link https://www.npmjs.com/package/@datafire/probely} the key as `Authorization: JWT`, and the calls
 * @see {@link https://github.com/speakeasy-api/openapi-directory/tree/main/SDKs/probely.com/1.2.0} the words and fields
 */
import { type Severity, Vendor, Wire } from "@scanpoll/core"
import { Duration, Schema } from "effect"

const Counts = Schema.Struct({ lows: Wire.count, mediums: Wire.count, highs: Wire.count })

const verdict = ({ highs, lows, mediums }: typeof Counts.Type) => {
  const severity: Severity.Severity = highs > 0 ? "high" : mediums > 0 ? "medium" : lows > 0 ? "low" : "none"
  return {
    payload: { highs, lows, mediums },
    assessment: Vendor.assessment({ severity }),
    findings: {
      coverage: "counts-only",
      total: highs + mediums + lows,
      bySeverity: { high: highs, medium: mediums, low: lows },
      items: []
    } as const
  }
}

const part = /^[A-Za-z0-9]{1,64}$/

export default Vendor.define({
  name: "probely",
  title: "Probely",
  scans: "scans of web applications, which test them",
  docs: "https://developers.probely.com/",
  baseUrl: "https://api.probely.com",
  auth: { header: "Authorization", scheme: "JWT" },
  key: { variable: "PROBELY_API_KEY" },
  ids: /^[A-Za-z0-9]{1,64}\/[A-Za-z0-9]{1,64}$/,
  probe: "none/none",
  active: true,
  target: Schema.Struct({
    target: Schema.String.check(Schema.isPattern(part)),
    authorized: Schema.optionalKey(Schema.Boolean)
  }),
  sample: { target: "RzXFSNHH3qUY", authorized: true },
  line: "target",
  subject: ({ target }) => ({ kind: "application", id: target, name: target }),
  fingerprint: ({ target }) => target,
  submit: {
    path: ({ target }) => `/targets/${target}/scan_now/`,
    as: "none",
    id: (body, _, { target }) => {
      const scan = Wire.get(body, ["id"])
      return typeof scan === "string" ? `${target}/${scan}` : null
    }
  },
  answer: Counts,
  payload: Counts,
  status: {
    path: (id) => `/targets/${id.replace("%2F", "/scans/")}/`,
    id: null,
    // The answer has the two halves of the id at two places.
    word: (body, scanId) => {
      const status = Wire.get(body, ["status"])
      const isAbout = [Wire.get(body, ["target", "id"]), Wire.get(body, ["id"])].join("/") === scanId
      return isAbout && typeof status === "string" ? status : null
    },
    words: {
      queued: "queued",
      started: "running",
      under_review: "running",
      canceling: "running",
      completed: { completed: verdict },
      completed_with_errors: {
        partial: (counts) => ({ ...verdict(counts), reason: "some parts of the application were not tested" })
      },
      failed: { failed: () => null },
      canceled: "cancelled"
    }
  },
  cancel: { path: (id) => `/targets/${id.replace("%2F", "/scans/")}/cancel/` },
  errors: {
    message: ["detail"],
    rows: {
      "401": { poll: "Denied", submit: "Denied", advice: "check the key (PROBELY_API_KEY)" },
      "404": { poll: "Missing", submit: "Refused", advice: "there is no such target, or the key may not use it" }
    },
    doubt: "look at the scans of the target in Probely before starting another one"
  },
  pacing: {
    limits: { floor: "5 seconds" },
    every: { interactive: "10 seconds", default: "30 seconds", background: "1 minute", bulk: "5 minutes" },
    deadline: "12 hours",
    budget: { requests: 60, typicalDuration: Duration.hours(1) }
  }
})
