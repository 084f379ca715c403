/** AppVet's facts for the conformance suite, in the words of its documentation. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, it } from "@effect/vitest"
import { AppVet } from "@scanpoll/appvet"
import type { AppVetPayload, AppVetRequest } from "@scanpoll/appvet/AppVetSchema"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import { Conformance, Script } from "@scanpoll/testkit"
import * as Layer from "effect/Layer"
import { fixture } from "./Fake.ts"

const request: AppVetRequest = { url: "https://example.com", type: "security" }

const error = (status: number, code: string): Conformance.Answer =>
  Script.respond(status, { code, error: "in the vendor's words" })

const kit: Conformance.Kit<AppVetRequest, AppVetPayload> = {
  vendor: "appvet",
  http: Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici),
  make: AppVet.make,
  keys: ["avk_live_conformance0123456789", "avk_live_conformance9876543210"],
  requests: {
    valid: [
      request,
      { ...request, type: "performance", callbackUrl: "https://hooks.example/appvet" },
      { ...request, type: "accessibility" },
      { ...request, type: "seo" }
    ],
    equal: [
      [request, { ...request, url: "HTTPS://EXAMPLE.com:443/#top" }],
      [request, { ...request, callbackUrl: "https://hooks.example/appvet" }]
    ],
    different: [
      [request, { ...request, type: "seo" }],
      [request, { ...request, url: "https://example.com/shop" }],
      [request, { ...request, url: "http://example.com" }],
      [request, { ...request, url: "https://www.example.com" }]
    ],
    invalid: [
      { request: { ...request, url: "" }, path: ["url"] },
      { request: { ...request, url: "example.com" }, path: ["url"] },
      { request: { ...request, url: "ftp://example.com" }, path: ["url"] },
      { request: { ...request, url: "https://me:secret@example.com" }, path: ["url"] },
      { request: { ...request, url: "http://127.0.0.1/" }, path: ["url"] },
      { request: { ...request, callbackUrl: "http://hooks.example" }, path: ["callbackUrl"] }
    ]
  },
  submit: { id: ["id"], accepted: [Script.respond(201, fixture("created"))] },
  poll: {
    id: ["id"],
    status: ["status"],
    otherId: "scan_def456",
    pending: [
      { answer: Script.respond(200, fixture("queued")), phase: "queued" },
      { answer: Script.respond(200, fixture("scanning")), phase: "running" }
    ],
    settled: [
      { answer: Script.respond(200, fixture("completed")), outcome: "Completed", result: [["result"]] },
      { answer: Script.respond(200, fixture("partial")), outcome: "Partial", result: [["result"]] },
      { answer: Script.respond(200, fixture("failed")), outcome: "Failed", reason: [["error"]] }
    ]
  },
  errors: [
    { answer: error(400, "INVALID_URL"), submit: "Refused" },
    { answer: error(400, "INVALID_TYPE"), submit: "Refused" },
    { answer: error(400, "URL_NOT_REACHABLE"), submit: "Refused" },
    { answer: error(401, "UNAUTHORIZED"), submit: "Denied", poll: "Denied" },
    { answer: error(401, "KEY_REVOKED"), submit: "Denied", poll: "Denied" },
    { answer: error(403, "DOMAIN_BLOCKED"), submit: "Refused" },
    { answer: error(404, "SCAN_NOT_FOUND"), poll: "Missing" },
    { answer: error(429, "RATE_LIMITED"), submit: "Throttled", poll: "Throttled" },
    { answer: error(429, "QUOTA_EXCEEDED"), submit: "Refused" }
  ],
  collect: { answer: Script.respond(200, fixture("report")), id: ["id"], findings: 4 },
  reconcile: {
    request,
    since: Date.parse("2026-03-30T12:00:00Z"),
    scripts: [{ steps: [Script.respond(200, fixture("list"))] }],
    finds: ["scan_new"]
  }
}

Conformance.suite(kit, { describe, it })
