/** What Probely says, after its client libraries. */
import type { Vendor } from "@scanpoll/core"
import type { Samples } from "@scanpoll/testkit"
import type probely from "./probely.ts"

const target = { target: "RzXFSNHH3qUY", authorized: true }
const key = { authorization: "JWT {key}" }

const scan = (status: string, counts: object = { lows: 0, mediums: 0, highs: 0 }) => ({
  body: {
    id: "2yvCKSRn4mZx",
    target: { id: target.target, name: "shop" },
    status,
    created: "2026-05-11T09:00:00Z",
    ...counts
  }
})
const result = [["lows"], ["mediums"], ["highs"]]
const error = (status: number, detail: string) => ({ status, body: { detail } })

export const samples: Samples.Samples<Vendor.TargetOf<typeof probely>> = {
  requests: {
    equal: [[target, { ...target }]],
    different: [[target, { ...target, target: "another0ne" }]],
    invalid: [
      { request: { ...target, target: "a/b" }, path: ["target"] },
      { request: { target: target.target }, path: ["authorized"] }
    ]
  },
  submit: {
    sends: { method: "POST", path: "/targets/RzXFSNHH3qUY/scan_now/", headers: key },
    id: ["id"],
    scanId: "RzXFSNHH3qUY/{id}",
    accepted: [scan("queued")]
  },
  poll: {
    sends: { method: "GET", path: "/targets/RzXFSNHH3qUY/scans/2yvCKSRn4mZx/", headers: key },
    otherId: "RzXFSNHH3qUY/another0ne",
    decides: [["status"], ["id"], ["target", "id"]],
    scans: [
      { means: "queued", answer: scan("queued") },
      { means: "running", answer: scan("started") },
      { means: "running", answer: scan("under_review") },
      { means: "running", answer: scan("canceling") },
      { means: "Completed", answer: scan("completed", { lows: 2, mediums: 1, highs: 0 }), result },
      { means: "Completed", answer: scan("completed"), result },
      { means: "Partial", answer: scan("completed_with_errors"), result },
      { means: "Failed", answer: scan("failed") },
      { means: "cancelled", answer: scan("canceled") }
    ]
  },
  cancel: {
    sends: { method: "POST", path: "/targets/RzXFSNHH3qUY/scans/2yvCKSRn4mZx/cancel/", headers: key },
    answer: scan("canceling"),
    after: scan("canceled")
  },
  errors: [
    { answer: error(400, "there is a scan already"), submit: "Refused" },
    { answer: error(401, "Invalid token."), submit: "Denied", poll: "Denied" },
    { answer: error(404, "Not found."), submit: "Refused", poll: "Missing" }
  ]
}
