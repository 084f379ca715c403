/**
 * What VirusTotal says, after its documentation and the bodies that its own clients read: for simulated vendors and the
 * conformance kit.
 *
 * @since 0.2.0
 */

/** The id of the address that all answers are about. */
const hash = "3f0c9b5de2a1478899aabbccddeeff00112233445566778899aabbccddeeff01"
const id = `u-${hash}-1764449407`
const site = { url: "https://shop.example/" }

const analysis = (status: string, stats: object, results: object | null = {}) => ({
  body: {
    data: { id, type: "analysis", attributes: { date: 1_764_449_407, status, stats, results } },
    meta: { url_info: { id: hash, ...site } }
  }
})

const counts = { harmless: 0, malicious: 0, suspicious: 0, undetected: 0, timeout: 0 }
const engine = (name: string, category: string, result: string | null) => ({
  [name]: { category, engine_name: name, method: "blacklist", result }
})
const result = [["data", "attributes", "stats"]] as const

const error = (status: number, code: string) => ({
  status,
  body: { error: { code, message: "in VirusTotal's words" } }
})

/**
 * Requests and answers of VirusTotal.
 *
 * @category constants
 * @since 0.2.0
 */
export const samples = {
  keys: ["a1".repeat(32), "b2".repeat(32)],
  requests: {
    equal: [[site, { url: "https://shop.example:443/#top" }]],
    different: [[site, { url: "https://shop.example/?page=2" }]],
    invalid: [
      { request: { url: "ftp://shop.example/" }, path: ["url"] },
      { request: { url: "http://10.0.0.1/" }, path: ["url"] }
    ]
  },
  submit: {
    sends: { method: "POST", path: "/api/v3/urls", headers: { "x-apikey": "{key}" }, as: "form", body: site },
    accepted: [
      { body: { data: { type: "analysis", id, links: { self: `https://www.virustotal.com/api/v3/analyses/${id}` } } } }
    ]
  },
  poll: {
    sends: { method: "GET", path: "/api/v3/analyses/{id}", headers: { "x-apikey": "{key}" } },
    otherId: `u-${hash}-1764449408`,
    scans: [
      { means: "queued", answer: analysis("queued", counts) },
      {
        means: "running",
        answer: analysis(
          "in-progress",
          { ...counts, harmless: 31, malicious: 9 },
          engine("EngineA", "malicious", "phishing")
        )
      },
      {
        means: "Completed",
        answer: analysis(
          "completed",
          { harmless: 66, malicious: 2, suspicious: 1, undetected: 24, timeout: 1 },
          {
            ...engine("EngineA", "malicious", "phishing"),
            ...engine("EngineB", "malicious", "malware"),
            ...engine("EngineC", "suspicious", "suspicious"),
            ...engine("EngineD", "undetected", "unrated"),
            ...engine("EngineE", "timeout", null)
          }
        ),
        result
      },
      { means: "Completed", answer: analysis("completed", { ...counts, harmless: 70, undetected: 20 }), result },
      { means: "Completed", answer: analysis("completed", counts, null), result }
    ]
  },
  list: {
    request: site,
    since: 1_764_449_400_000,
    scripts: [
      {
        steps: [
          { body: { data: { id: hash, type: "url", attributes: { ...site, last_submission_date: 1_764_449_407 } } } },
          { ...analysis("queued", counts), times: Infinity }
        ]
      }
    ],
    finds: [id]
  },
  errors: [
    { answer: error(400, "InvalidArgumentError"), submit: "Refused" },
    { answer: error(401, "WrongCredentialsError"), submit: "Denied", poll: "Denied" },
    { answer: error(403, "ForbiddenError"), submit: "Denied", poll: "Denied" },
    { answer: error(404, "NotFoundError"), poll: "Missing" },
    { answer: error(429, "TooManyRequestsError"), submit: "Throttled", poll: "Throttled" },
    { answer: error(503, "TransientError"), submit: "InDoubt", poll: "Transient" }
  ]
} as const
