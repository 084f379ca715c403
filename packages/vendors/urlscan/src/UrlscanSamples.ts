/**
 * What urlscan.io says, after the examples of its documentation: for simulated vendors and the conformance kit.
 *
 * @since 0.2.0
 */

/** The scan that all answers are about. */
const uuid = "01990c1e-7d35-7bb1-9c0e-5a6f2f0d8e11"
const site = { url: "https://shop.example/" }
const sent = { ...site, visibility: "unlisted", tags: ["scanpoll"] }

const result = (overall: object, page: object = { domain: "shop.example", ip: "203.0.113.9", status: "200" }) => ({
  body: {
    task: {
      uuid,
      time: "2026-11-29T20:50:07.120Z",
      ...site,
      visibility: "unlisted",
      method: "api",
      tags: ["scanpoll"]
    },
    page: { ...page, country: "DE", title: "Shop" },
    verdicts: { overall },
    stats: { malicious: 0, uniqCountries: 1 },
    lists: { ips: ["203.0.113.9"], urls: [site.url] }
  }
})

const clean = { score: 0, malicious: false, hasVerdicts: true, categories: [], brands: [] }
const phishing = { score: 100, malicious: true, hasVerdicts: true, categories: ["phishing"], brands: ["bigbank"] }
const verdict = [["verdicts"]] as const

const told = (status: number, message: string, more: object = {}) => ({ status, body: { message, status, ...more } })

const hit = (id: string, time: string) => ({
  _id: id,
  sort: [1_764_449_407_120, id],
  task: { uuid: id, ...site, time, tags: ["scanpoll"], method: "api", visibility: "unlisted" },
  page: { ...site, status: "200" },
  stats: { requests: 6, uniqIPs: 1 }
})

/**
 * Requests and answers of urlscan.io.
 *
 * @category constants
 * @since 0.2.0
 */
export const samples = {
  keys: ["5a1d0000-0000-4000-8000-00000000000a", "5a1d0000-0000-4000-8000-00000000000b"],
  requests: {
    valid: [site, { url: "https://shop.example/cart#top", country: "de", tags: ["weekly"] }],
    equal: [
      [site, { url: "HTTPS://SHOP.example:443/" }],
      [site, { ...site, tags: ["weekly"] }],
      [site, { ...site, visibility: "unlisted" }]
    ],
    different: [
      [site, { url: "https://other.example/" }],
      [site, { ...site, visibility: "public" }],
      [site, { ...site, country: "de" }],
      [site, { url: "https://shop.example/#checkout" }]
    ],
    invalid: [
      { request: { url: "shop.example" }, path: ["url"] },
      { request: { url: "https://me:secret@shop.example/" }, path: ["url"] },
      { request: { url: "http://127.0.0.1/" }, path: ["url"] }
    ]
  },
  submit: {
    sends: { method: "POST", path: "/api/v1/scan/", headers: { "API-Key": "{key}" }, body: sent },
    accepted: [
      {
        body: {
          message: "Submission successful",
          uuid,
          result: `https://urlscan.io/result/${uuid}/`,
          api: `https://urlscan.io/api/v1/result/${uuid}/`,
          visibility: "unlisted",
          options: {},
          ...site,
          country: "de"
        }
      }
    ]
  },
  poll: {
    sends: { method: "GET", path: "/api/v1/result/{id}/", headers: { "API-Key": "{key}" } },
    decides: [
      ["page", "ip"],
      ["page", "status"],
      ["lists", "ips"]
    ],
    otherId: "01990c1e-7d35-7bb1-9c0e-000000000000",
    scans: [
      { means: "running", answer: told(404, "Scan is not finished yet", { description: "The scan is still running" }) },
      { means: "running", answer: told(404, "Scan has not finished yet") },
      { means: "Completed", answer: result(clean), result: verdict },
      { means: "Completed", answer: result({ ...clean, hasVerdicts: false }), result: verdict },
      { means: "Completed", answer: result(phishing), result: verdict },
      {
        means: "Failed",
        answer: {
          body: {
            task: { uuid, time: "2026-11-29T20:50:07.120Z", url: "https://down.example/" },
            page: { domain: "down.example", url: "https://down.example/" },
            verdicts: { overall: { score: 0, malicious: false } },
            stats: {},
            lists: { ips: [], urls: ["https://down.example/"] }
          }
        }
      }
    ]
  },
  list: {
    request: site,
    since: Date.parse("2026-11-29T20:50:00Z"),
    scripts: [
      {
        steps: [
          {
            body: {
              results: [
                hit(uuid, "2026-11-29T20:50:07.120Z"),
                hit("01990c1e-0000-7bb1-9c0e-5a6f2f0d8e12", "2026-11-28T09:00:00.000Z")
              ],
              total: 2,
              took: 9,
              has_more: false
            }
          }
        ]
      }
    ],
    finds: [uuid]
  },
  errors: [
    { answer: told(404, "No such scan submission"), poll: "Missing" },
    { answer: told(410, "Scan has been deleted"), poll: "Missing", permanent: true },
    {
      answer: told(400, "DNS Error - Could not resolve domain", { description: "no address for nosuch.example" }),
      submit: "Refused"
    },
    { answer: told(400, "Invalid API key format"), submit: "Denied", poll: "Denied" },
    { answer: told(401, "API key supplied but not found in database!"), submit: "Denied", poll: "Denied" },
    { answer: { status: 403, body: { warning: "You're not logged in!" } }, submit: "Denied", poll: "Denied" },
    { answer: told(429, "Rate limit exceeded"), submit: "Throttled", poll: "Throttled" }
  ]
} as const
