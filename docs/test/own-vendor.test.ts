/** The vendor's facts, and the suite that holds the adapter of `docs/examples/own-vendor.ts` to every rule. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { type Vendor, VendorHttp } from "@scanpoll/core"
import { Conformance, Script } from "@scanpoll/testkit"
import { Effect, Layer } from "effect"
import { describe, it } from "vitest"
import harbourmaster from "../examples/own-vendor.ts"

const scan = (fields: object) => Script.respond(200, { id: "hm-1001", ...fields })
const error = (status: number, code: string) => Script.respond(status, { code, message: "in the vendor's words" })

const kit: Conformance.Kit<Vendor.TargetOf<typeof harbourmaster>, Vendor.PayloadOf<typeof harbourmaster>> = {
  vendor: "harbourmaster",
  http: Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici),
  make: (place) => Effect.catchTag(harbourmaster.make(place), "CredentialError", Effect.die),
  requests: {
    valid: [{ dataset: "harbour-7" }],
    equal: [[{ dataset: "harbour-7" }, { dataset: "harbour-7" }]],
    different: [[{ dataset: "harbour-7" }, { dataset: "Harbour-7" }]],
    invalid: [{ request: { dataset: "" }, path: ["dataset"] }]
  },
  submit: { id: ["id"], accepted: [Script.respond(202, { id: "hm-1001", state: "waiting" })] },
  poll: {
    id: ["id"],
    status: ["state"],
    otherId: "hm-2002",
    pending: [
      { answer: scan({ state: "waiting" }), phase: "queued" },
      { answer: scan({ state: "running" }), phase: "running" }
    ],
    settled: [
      { answer: scan({ state: "done", result: { score: 81 } }), outcome: "Completed", result: [["result"]] },
      { answer: scan({ state: "failed", why: "the tide went out" }), outcome: "Failed", reason: [["why"]] }
    ]
  },
  errors: [
    { answer: error(422, "no-such-dataset"), submit: "Refused" },
    { answer: error(401, "bad-key"), submit: "Denied", poll: "Denied" },
    { answer: error(404, "no-such-scan"), poll: "Missing" },
    { answer: error(429, "slow-down"), submit: "Throttled", poll: "Throttled" }
  ]
}

Conformance.suite(kit, { describe, it })
