/** What urlscan.io says, after the examples of its documentation. */
import type { Vendor } from "@scanpoll/core"
import type { Samples } from "@scanpoll/testkit"
import type urlscan from "./urlscan-short.ts"

const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
const site = { url: "https://shop.example/" }
const key = { "API-Key": "{key}" }
const told = (status: number, message: string) => ({ status, body: { message, status } })
const result = (overall: object, page: object, ips: ReadonlyArray<string>) => ({
  body: {
    task: { uuid, ...site, time: "2026-11-29T20:50:07.120Z", visibility: "unlisted" },
    page: { domain: "shop.example", ...page },
    verdicts: { overall },
    lists: { ips }
  }
})
const loaded = (overall: object) => ({
  means: "Completed" as const,
  answer: result(overall, { ip: "203.0.113.9", status: "200" }, ["203.0.113.9"]),
  result: [["verdicts"]] as const
})

export const samples: Samples.Samples<Vendor.TargetOf<typeof urlscan>> = {
  requests: {
    equal: [[site, { url: "HTTPS://SHOP.example:443/" }]],
    different: [[site, { url: "https://other.example/" }]],
    invalid: [{ request: { url: "http://127.0.0.1/" }, path: ["url"] }]
  },
  submit: {
    sends: { method: "POST", path: "/api/v1/scan/", headers: key, body: { ...site, visibility: "unlisted" } },
    accepted: [{ body: { message: "Submission successful", uuid, visibility: "unlisted" } }]
  },
  poll: {
    sends: { method: "GET", path: "/api/v1/result/{id}/", headers: key },
    otherId: "01990c1e-7d35-7bb1-9c0e-000000000000",
    decides: [
      ["page", "ip"],
      ["page", "status"],
      ["lists", "ips"]
    ],
    scans: [
      { means: "running", answer: told(404, "Scan is not finished yet") },
      { means: "running", answer: told(404, "Scan has not finished yet") },
      loaded({ score: 0, malicious: false, hasVerdicts: true }),
      loaded({ score: 0, malicious: false, hasVerdicts: false }),
      loaded({ score: 100, malicious: true, hasVerdicts: true }),
      { means: "Failed", answer: result({ score: 0, malicious: false }, {}, []) }
    ]
  },
  errors: [
    { answer: told(404, "No such scan submission"), poll: "Missing" },
    { answer: told(410, "Scan has been deleted"), poll: "Missing", permanent: true },
    { answer: told(400, "DNS Error - Could not resolve domain"), submit: "Refused" },
    { answer: told(400, "Invalid API key format"), submit: "Denied", poll: "Denied" },
    { answer: told(401, "API key supplied but not found in database!"), submit: "Denied", poll: "Denied" },
    { answer: told(403, "You're not logged in!"), submit: "Denied", poll: "Denied" },
    { answer: told(429, "Rate limit exceeded"), submit: "Throttled", poll: "Throttled" }
  ]
}
