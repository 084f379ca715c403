/** What Harbourmaster says: its requests and answers, as its documentation would show them. */
import type { Vendor } from "@scanpoll/core"
import type { Samples } from "@scanpoll/testkit"
import type harbourmaster from "./harbourmaster.ts"

const id = "hm-1001"
const key = { authorization: "Bearer {key}" }
const scan = (fields: object) => ({ body: { id, ...fields } })
const error = (status: number, code: string) => ({ status, body: { code, message: "in the vendor's words" } })

export const samples: Samples.Samples<Vendor.TargetOf<typeof harbourmaster>> = {
  requests: {
    equal: [[{ dataset: "moorings" }, { dataset: "moorings" }]],
    different: [[{ dataset: "moorings" }, { dataset: "Moorings" }]],
    invalid: [{ request: { dataset: "" }, path: ["dataset"] }]
  },
  submit: {
    sends: { method: "POST", path: "/v1/scans", headers: key, body: { dataset: "moorings" } },
    accepted: [{ status: 202, body: { id, state: "waiting" } }]
  },
  poll: {
    sends: { method: "GET", path: "/v1/scans/{id}", headers: key },
    otherId: "hm-2002",
    scans: [
      { means: "queued", answer: scan({ state: "waiting" }) },
      { means: "running", answer: scan({ state: "running" }) },
      { means: "Completed", answer: scan({ state: "done", result: { score: 81 } }), result: [["result"]] },
      { means: "Failed", answer: scan({ state: "failed", why: "the tide went out" }), reason: [["why"]] }
    ]
  },
  errors: [
    { answer: error(422, "no-such-dataset"), submit: "Refused" },
    { answer: error(401, "bad-key"), submit: "Denied", poll: "Denied" },
    { answer: error(404, "no-such-scan"), poll: "Missing" },
    { answer: error(429, "slow-down"), submit: "Throttled", poll: "Throttled" }
  ]
}
