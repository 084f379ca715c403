/** What urlscan.io says, after the examples of its documentation. */
import type { Vendor } from "@scanpoll/core"
import type { Samples } from "@scanpoll/testkit"
import type urlscan from "./urlscan.ts"

const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
const site = { url: "https://shop.example/" }

const result = (overall: object, page: object = { domain: "shop.example", ip: "203.0.113.9", status: "200" }) => ({
  body: {
    task: { uuid, time: "2026-11-29T20:50:07.120Z", ...site, visibility: "unlisted", method: "api" },
    page,
    verdicts: { overall },
    stats: { malicious: 0, uniqCountries: 1 },
    lists: { ips: ["203.0.113.9"], urls: [site.url] }
  }
})

const notFinished = (message: string) => ({ status: 404, body: { message, status: 404, errors: [{ title: message }] } })

export const samples: Samples.Samples<Vendor.TargetOf<typeof urlscan>> = {
  requests: {
    equal: [[site, { url: "HTTPS://SHOP.example:443/" }]],
    different: [
      [site, { url: "https://other.example/" }],
      [site, { ...site, visibility: "public" }]
    ],
    invalid: [{ request: { url: "shop.example" }, path: ["url"] }]
  },
  submit: {
    sends: {
      method: "POST",
      path: "/api/v1/scan/",
      headers: { "API-Key": "{key}" },
      body: { ...site, visibility: "unlisted" }
    },
    accepted: [
      {
        body: {
          message: "Submission successful",
          uuid,
          result: `https://urlscan.io/result/${uuid}/`,
          api: `https://urlscan.io/api/v1/result/${uuid}/`,
          visibility: "unlisted",
          options: {},
          ...site
        }
      }
    ]
  },
  poll: {
    sends: { method: "GET", path: "/api/v1/result/{id}/", headers: { "API-Key": "{key}" } },
    decides: [
      ["page", "ip"],
      ["page", "status"]
    ],
    otherId: "01990c1e-7d35-7bb1-9c0e-000000000000",
    scans: [
      { means: "running", answer: notFinished("Scan is not finished yet") },
      { means: "running", answer: notFinished("Scan has not finished yet") },
      {
        means: "Completed",
        answer: result({ score: 0, malicious: false, hasVerdicts: false, categories: [] }),
        result: [["verdicts"]]
      },
      {
        means: "Completed",
        answer: result({ score: 100, malicious: true, hasVerdicts: true, categories: ["phishing"] }),
        result: [["verdicts"]]
      },
      {
        means: "Failed",
        answer: result({ score: 0, malicious: false }, { domain: "down.example", url: "https://down.example/" })
      }
    ]
  },
  errors: [
    { answer: { status: 404, body: { message: "No such scan submission", status: 404 } }, poll: "Missing" },
    {
      answer: { status: 400, body: { message: "DNS Error - Could not resolve domain", status: 400 } },
      submit: "Refused"
    },
    { answer: { status: 403, body: { warning: "You're not logged in!" } }, poll: "Denied", submit: "Denied" },
    {
      answer: { status: 429, body: { message: "Rate limit exceeded", status: 429 } },
      poll: "Throttled",
      submit: "Throttled"
    }
  ]
}
