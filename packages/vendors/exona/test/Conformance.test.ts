/** Exona's facts for the conformance suite, in the words of its documentation. */
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import { Exona } from "@scanpoll/exona"
import type { ExonaRequest, ExonaResult } from "@scanpoll/exona/ExonaSchema"
import { Conformance, Script } from "@scanpoll/testkit"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, it } from "@effect/vitest"
import * as Layer from "effect/Layer"
import { fixture } from "./fakeVendor.ts"

const company = { name: "Acme AI Ltd", website: "https://acme.ai" }
const questionnaire = [{ question: "Do you use AI?", answer: "Yes." }]

const error = (status: number, code: string): Conformance.Answer =>
  Script.respond(status, { error: { ...Object(fixture("error")["error"]), code } })

const refused = (code: string): Conformance.ErrorAnswer => ({
  answer: error(400, code),
  submit: "Refused",
  poll: "Broken",
  permanent: true
})

const denied = (status: number, code: string): Conformance.ErrorAnswer => ({
  answer: error(status, code),
  submit: "Denied",
  poll: "Denied"
})

const kit: Conformance.Kit<ExonaRequest, ExonaResult> = {
  vendor: "exona",
  http: Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici),
  make: Exona.make,
  basePath: "/api/v1",
  keys: ["exo_live_conformance0123456789", "exo_live_conformance9876543210"],
  requests: {
    valid: [
      { company },
      { company, maxAgeDays: 365 },
      { company, forceRefresh: true, questionnaire, includeFieldCitations: true }
    ],
    equal: [
      [{ company }, { company: { name: "Acme", website: "https://ACME.ai/" } }],
      [{ company }, { company, maxAgeDays: 0, forceRefresh: false, questionnaire: [], includeFieldCitations: false }],
      [
        { company, forceRefresh: true },
        { company, forceRefresh: true, maxAgeDays: 30 }
      ]
    ],
    different: [
      [{ company }, { company: { name: "Acme AI Ltd", website: "https://acme.com" } }],
      [{ company }, { company, maxAgeDays: 30 }],
      [{ company }, { company, forceRefresh: true }],
      [{ company }, { company, questionnaire }],
      [{ company }, { company, includeFieldCitations: true }]
    ],
    anew: [
      { company, forceRefresh: true, maxAgeDays: 30 },
      { company, maxAgeDays: 0 },
      { company, questionnaire: [{ question: "Do you train on customer data?", answer: "No" }] }
    ],
    invalid: [
      { request: { company: { ...company, name: " " } }, path: ["company", "name"] },
      { request: { company: { ...company, website: "http://acme.ai" } }, path: ["company", "website"] },
      { request: { company: { ...company, website: "acme.ai" } }, path: ["company", "website"] },
      { request: { company, maxAgeDays: 366 }, path: ["maxAgeDays"] },
      { request: { company, maxAgeDays: 1.5 }, path: ["maxAgeDays"] },
      {
        request: { company, questionnaire: [...questionnaire, { question: "Why?", answer: "x".repeat(5001) }] },
        path: ["questionnaire", 1, "answer"]
      },
      {
        request: { company, questionnaire: Array.from({ length: 51 }, () => questionnaire).flat() },
        path: ["questionnaire"]
      }
    ]
  },
  submit: {
    id: ["id"],
    accepted: [Script.respond(201, fixture("created"))],
    settled: [{ answer: Script.respond(200, fixture("cache-hit")), outcome: "Completed" }]
  },
  poll: {
    id: ["id"],
    status: ["status"],
    otherId: "scn_01hx7m2d3e4f5g6h7j8k9l0zz",
    pending: [{ answer: Script.respond(200, fixture("processing")), phase: "running" }],
    settled: [
      { answer: Script.respond(200, fixture("completed")), outcome: "Completed", result: [["result"]] },
      { answer: Script.respond(200, fixture("completed-bare")), outcome: "Completed", result: [["result"]] },
      { answer: Script.respond(200, fixture("failed")), outcome: "Failed", reason: [["error"]] }
    ]
  },
  errors: [
    denied(401, "AUTHENTICATION_REQUIRED"),
    denied(401, "INVALID_API_KEY"),
    denied(403, "FORBIDDEN_IP"),
    refused("MISSING_REQUIRED_FIELD"),
    refused("INVALID_COMPANY_WEBSITE"),
    refused("INVALID_MAX_AGE_DAYS"),
    refused("QUESTIONNAIRE_TOO_LARGE"),
    { answer: error(404, "SCAN_NOT_FOUND"), poll: "Missing" },
    { answer: error(429, "RATE_LIMIT_EXCEEDED"), submit: "Throttled", poll: "Throttled" }
  ]
}

Conformance.suite(kit, { describe, it })
