/** What sqlmap's API server says, as Debian's package answered it on a machine of ours. */
import type { Vendor } from "@scanpoll/core"
import type { Samples } from "@scanpoll/testkit"
import type sqlmap from "./sqlmap.ts"

const key = { authorization: "Basic {key}" }
const page = { url: "http://127.0.0.1:8080/?id=1", authorized: true }
const task = "fba0ba89756b3ac5"

const status = (status: string, returncode: number | null = null) => ({ body: { success: true, status, returncode } })
const log = (...lines: ReadonlyArray<readonly [level: string, message: string]>) => ({
  body: { success: true, log: lines.map(([level, message]) => ({ message, level, time: "20:54:50" })) }
})
const testing = ["INFO", "testing connection to the target URL"] as const
const found = ["INFO", "GET parameter 'id' appears to be 'AND boolean-based blind' injectable"] as const
const clean = ["CRITICAL", "all tested parameters do not appear to be injectable. Try to increase '--level'"] as const
const dead = ["CRITICAL", "unable to connect to the target URL ('Connection refused')"] as const
const verdict = [["log"]] as const
const lines = [0, 1].flatMap((line) => [["log", line], ...["level", "message"].map((field) => ["log", line, field])])

export const samples: Samples.Samples<Vendor.TargetOf<typeof sqlmap>> = {
  keys: ["scan:s3cret-and-long", "other:hidden-and-long"],
  requests: {
    equal: [[page, { url: "HTTP://127.0.0.1:8080/?id=1#top", authorized: true, level: 1 }]],
    different: [
      [page, { ...page, url: "http://127.0.0.1:8080/?id=2" }],
      [page, { ...page, technique: "B" }],
      [page, { ...page, data: "name=ann" }],
      [page, { ...page, risk: 3 }]
    ],
    invalid: [
      { request: { url: "127.0.0.1", authorized: true }, path: ["url"] },
      { request: { url: page.url }, path: ["authorized"] },
      { request: { ...page, technique: "X" }, path: ["technique"] }
    ]
  },
  prepare: [
    { sends: { method: "GET", path: "/task/new", headers: key }, answer: { body: { success: true, taskid: task } } }
  ],
  recover: {
    sends: { method: "GET", path: `/scan/${task}/status`, headers: key },
    found: { answer: status("running"), id: task },
    none: [status("not running")],
    unsure: [{ body: { success: false, message: "Invalid task ID" } }]
  },
  submit: {
    sends: { method: "POST", path: "/scan/{id}/start", headers: key, body: { url: page.url, flushSession: true } },
    id: { prepared: "task", says: [["success"]] },
    accepted: [{ body: { success: true, engineid: 4711 } }]
  },
  poll: {
    sends: { method: "GET", path: "/scan/{id}/status", headers: key },
    otherId: "0123456789abcdef",
    decides: [["success"], ["status"], ["returncode"]],
    scans: [
      { means: "queued", answer: status("not running") },
      { means: "running", answer: status("running") },
      { means: "ended", answer: status("terminated", 0) }
    ]
  },
  result: {
    sends: { method: "GET", path: "/scan/{id}/log", headers: key },
    word: "terminated 0",
    decides: [...verdict, ...lines],
    scans: [
      { means: "Completed", answer: log(testing, found), result: verdict },
      { means: "Completed", answer: log(testing, clean), result: verdict },
      { means: "Failed", answer: log(testing, dead) },
      { means: "Partial", word: "terminated -9", answer: log(testing, found), result: verdict }
    ]
  },
  findings: {
    pages: [
      {
        body: {
          success: true,
          data: [
            { status: 1, type: 0, value: { url: page.url, query: "id=1", data: null } },
            {
              status: 1,
              type: 1,
              value: [
                {
                  place: "GET",
                  parameter: "id",
                  data: {
                    "1": { title: "AND boolean-based blind - WHERE or HAVING clause", payload: "id=1 AND 2494=2494" },
                    "6": { title: "Generic UNION query (NULL) - 2 columns", payload: "id=1 UNION ALL SELECT NULL" }
                  }
                }
              ]
            }
          ],
          error: []
        }
      }
    ],
    count: 2
  },
  cancel: {
    sends: { method: "GET", path: "/scan/{id}/kill", headers: key },
    answer: { body: { success: true } },
    after: status("terminated", -9)
  },
  errors: [
    { answer: { status: 401, body: "Access denied" }, submit: "Denied", poll: "Denied" },
    { answer: { body: { success: false, message: "Invalid task ID" } }, poll: "Missing", on: ["status"] }
  ]
}
