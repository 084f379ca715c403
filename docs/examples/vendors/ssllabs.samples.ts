/** What SSL Labs says, after its documentation of v4 and its own client. */
import type { Vendor } from "@scanpoll/core"
import type { Samples } from "@scanpoll/testkit"
import type ssllabs from "./ssllabs.ts"

const key = { email: "{key}" }
const target = { host: "shop.example" }

// In the year 2100: a day after its start a scan is not asked for any more.
const startTime = 4_102_444_800_000
const about = {
  ...target,
  port: 443,
  protocol: "http",
  isPublic: false,
  engineVersion: "2.3.0",
  criteriaVersion: "2009q"
}

const answer = (status: string, fields: object = {}) => ({ body: { ...about, status, startTime, ...fields } })

const endpoint = (ipAddress: string, fields: object) => ({ ipAddress, delegation: 2, ...fields })
const graded = (ipAddress: string, grade: string, details: object = {}) =>
  endpoint(ipAddress, {
    serverName: "a.shop.example",
    statusMessage: "Ready",
    grade,
    gradeTrustIgnored: grade,
    futureGrade: null,
    hasWarnings: false,
    isExceptional: grade === "A+",
    progress: 100,
    details: {
      hostStartTime: startTime,
      protocols: [
        { id: 771, name: "TLS", version: "1.2" },
        { id: 772, name: "TLS", version: "1.3" }
      ],
      heartbleed: false,
      poodle: false,
      poodleTls: 1,
      openSslCcs: 1,
      openSSLLuckyMinus20: 1,
      ticketbleed: 1,
      bleichenbacher: 1,
      zombiePoodle: 1,
      goldenDoodle: 1,
      zeroLengthPaddingOracle: 1,
      sleepingPoodle: 1,
      freak: false,
      logjam: false,
      drownVulnerable: false,
      supportsRc4: false,
      vulnBeast: false,
      forwardSecrecy: 4,
      renegSupport: 2,
      ...details
    }
  })
const unreachable = endpoint("2001:db8:0:0:0:0:0:9", {
  statusMessage: "Unable to connect to the server",
  statusDetailsMessage: "",
  progress: -1,
  eta: -1
})
const certs = [
  { id: "c1", subject: "CN=shop.example", notAfter: 1_772_150_400_000, issues: 0, keyAlg: "EC", keySize: 256 }
]
const ready = (...endpoints: ReadonlyArray<object>) =>
  answer("READY", { testTime: startTime + 135_190, endpoints, certs })

const error = (status: number, message: string, field?: string) => ({
  status,
  body: { errors: [{ ...(field === undefined ? {} : { field }), message }] }
})

export const samples: Samples.Samples<Vendor.TargetOf<typeof ssllabs>> = {
  keys: ["security@shop.example", "operations@shop.example"],
  requests: {
    valid: [target, { host: "SHOP.example" }, { host: "blog.shop.example", ignoreMismatch: true }],
    equal: [
      [target, { host: "Shop.Example." }],
      [target, { ...target, maxAgeHours: 12 }]
    ],
    different: [
      [target, { host: "www.shop.example" }],
      [target, { ...target, ignoreMismatch: true }]
    ],
    anew: [{ ...target, maxAgeHours: 0 }],
    invalid: [
      { request: { host: "https://shop.example/" }, path: ["host"] },
      { request: { host: "203.0.113.9" }, path: ["host"] },
      { request: { host: "shop.example:8443" }, path: ["host"] },
      { request: { host: "localhost" }, path: ["host"] },
      { request: { ...target, maxAgeHours: -1 }, path: ["maxAgeHours"] }
    ]
  },
  submit: {
    sends: { method: "GET", path: "/api/v4/analyze?host=shop.example&all=done&startNew=on", headers: key },
    id: ["host"],
    scanId: `{id}~${startTime}`,
    accepted: [answer("DNS", { statusMessage: "Resolving domain names" })],
    settled: [{ means: "Completed", answer: ready(graded("203.0.113.9", "A+")), result: [["endpoints"]] }]
  },
  poll: {
    sends: { method: "GET", path: "/api/v4/analyze?host=shop.example&all=done", headers: key },
    otherId: `other.example~${startTime}`,
    decides: [["host"], ["startTime"], ["status"]],
    scans: [
      { means: "queued", answer: answer("DNS", { statusMessage: "Resolving domain names" }) },
      {
        means: "running",
        answer: answer("IN_PROGRESS", {
          endpoints: [
            graded("203.0.113.9", "A"),
            endpoint("203.0.113.10", { statusMessage: "In progress", progress: 40, eta: 55 }),
            endpoint("2001:db8:0:0:0:0:0:9", { statusMessage: "Pending", progress: -1, eta: -1 })
          ]
        })
      },
      { means: "Completed", answer: ready(graded("203.0.113.9", "A+")), result: [["endpoints"]] },
      {
        means: "Completed",
        answer: ready(graded("203.0.113.9", "A+"), graded("203.0.113.10", "F", { heartbleed: true, openSslCcs: -1 })),
        result: [["endpoints"]]
      },
      { means: "Partial", answer: ready(graded("203.0.113.9", "B"), unreachable), result: [["endpoints"]] },
      { means: "Failed", answer: ready(unreachable) },
      {
        means: "Failed",
        answer: answer("ERROR", {
          statusMessage: "Unable to resolve domain name",
          testTime: startTime + 868,
          cacheExpiryTime: startTime + 60_868
        }),
        reason: [["statusMessage"]]
      }
    ]
  },
  list: {
    request: target,
    since: startTime - 1_000,
    scripts: [{ steps: [answer("IN_PROGRESS")] }],
    finds: [`shop.example~${startTime}`]
  },
  errors: [
    { answer: error(400, "qp.mandatory", "host"), submit: "Refused", poll: "Broken", permanent: true },
    {
      answer: error(400, "Email not yet registered with us. Please use register api to register first.", "email"),
      submit: "Denied",
      poll: "Denied"
    },
    {
      answer: error(429, "Too many new assessments too fast. Please slow down."),
      submit: "Throttled",
      poll: "Throttled"
    },
    { answer: { status: 529, body: "" }, submit: "Throttled", poll: "Throttled" }
  ]
}
