/** What ZAP says, after its source and its own clients: every value of a view is a text, but those of the summary. */
import type { Vendor } from "@scanpoll/core"
import type { Samples } from "@scanpoll/testkit"
import type zap from "./zap.ts"

const key = { "X-ZAP-API-Key": "{key}" }
const site = { url: "https://shop.example/", authorized: true }

const other = { id: "0", progress: "100", state: "FINISHED", reqCount: "17", alertCount: "0", newAlertCount: "0" }
const scans = (fields: object) => ({ body: { scans: [other, { ...other, id: "1", ...fields }] } })

const summary = (counts: object) => ({
  body: { alertsSummary: { High: 0, Medium: 0, Low: 0, Informational: 0, ...counts } }
})

const alert = (id: string, fields: object) => ({
  id,
  pluginId: "10038",
  alertRef: "10038-1",
  alert: "CSP Header Not Set",
  name: "CSP Header Not Set",
  description: "Content Security Policy (CSP) is an added layer of security.",
  risk: "Medium",
  confidence: "High",
  url: "https://shop.example/",
  method: "GET",
  param: "",
  solution: "Ensure that your web server is configured to set the header.",
  sourceMessageId: 2,
  tags: {},
  ...fields
})

const error = (code: string, message: string) => ({ status: 400, body: { code, message } })

export const samples: Samples.Samples<Vendor.TargetOf<typeof zap>> = {
  requests: {
    equal: [[site, { url: "HTTPS://SHOP.example:443/", authorized: true }]],
    different: [[site, { url: "https://shop.example/app", authorized: true }]],
    invalid: [
      { request: { url: "shop.example", authorized: true }, path: ["url"] },
      { request: { url: "https://shop.example/" }, path: ["authorized"] },
      { request: { url: "https://shop.example/", authorized: false }, path: ["authorized"] }
    ]
  },
  prepare: [
    {
      sends: { method: "GET", path: "/JSON/spider/action/scan/?url=https%3A%2F%2Fshop.example%2F", headers: key },
      answer: { body: { scan: "0" } }
    },
    {
      sends: { method: "GET", path: "/JSON/spider/view/status/?scanId=0", headers: key },
      answer: { body: { status: "100" } }
    },
    {
      sends: { method: "GET", path: "/JSON/pscan/view/recordsToScan/", headers: key },
      answer: { body: { recordsToScan: "0" } }
    },
    {
      sends: { method: "GET", path: "/JSON/ascan/view/scans/", headers: key },
      answer: { body: { scans: [other] } }
    }
  ],
  recover: {
    sends: { method: "GET", path: "/JSON/ascan/view/scans/", headers: key },
    found: { answer: scans({ state: "RUNNING", progress: "2" }), id: "1" },
    none: [{ body: { scans: [other] } }],
    unsure: [{ body: { scans: [other, { ...other, id: "1" }, { ...other, id: "2" }] } }]
  },
  submit: {
    sends: {
      method: "GET",
      path: "/JSON/ascan/action/scan/?url=https%3A%2F%2Fshop.example%2F&recurse=true",
      headers: key
    },
    accepted: [{ body: { scan: "1" } }]
  },
  poll: {
    sends: { method: "GET", path: "/JSON/ascan/view/scans/", headers: key },
    otherId: "7",
    decides: [
      ["scans", 1, "state"],
      ["scans", 1, "progress"],
      ["scans", 1, "reqCount"]
    ],
    scans: [
      { means: "queued", answer: scans({ state: "NOT_STARTED", progress: "0" }) },
      { means: "running", answer: scans({ state: "RUNNING", progress: "37" }) },
      { means: "running", answer: scans({ state: "PAUSED", progress: "37" }) },
      { means: "ended", answer: scans({ progress: "100", reqCount: "4122" }) },
      { means: "ended", answer: scans({ progress: "88", reqCount: "3017" }) },
      { means: "Failed", answer: scans({ progress: "100", reqCount: "0" }) }
    ]
  },
  result: {
    sends: {
      method: "GET",
      path: "/JSON/alert/view/alertsSummary/?baseurl=https%3A%2F%2Fshop.example%2F",
      headers: key
    },
    word: "FINISHED",
    scans: [
      { means: "Completed", answer: summary({ Medium: 2, Informational: 9 }), result: [["alertsSummary"]] },
      { means: "Completed", answer: summary({}), result: [["alertsSummary"]] },
      { means: "Partial", word: "FINISHED early", answer: summary({ Low: 1 }), result: [["alertsSummary"]] }
    ]
  },
  cancel: {
    sends: { method: "GET", path: "/JSON/ascan/action/stop/?scanId={id}", headers: key },
    answer: { body: { Result: "OK" } },
    after: scans({ progress: "37", reqCount: "811" })
  },
  findings: {
    pages: [
      {
        body: {
          alerts: [
            alert("12", {}),
            alert("13", { alertRef: "40018", name: "SQL Injection", risk: "High", param: "id" }),
            alert("13", { alertRef: "40018", name: "SQL Injection", risk: "High", param: "id" })
          ]
        }
      }
    ],
    count: 2
  },
  errors: [
    { answer: { status: 500, body: { code: "internal_error", message: "Internal Error" } }, poll: "Transient" },
    { answer: error("url_not_in_context", "URL is not in the context"), submit: "Refused" }
  ]
}
