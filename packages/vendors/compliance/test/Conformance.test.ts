/** The facts of the compliance API for the conformance suite, from its documentation and its server. */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { describe, it } from "@effect/vitest"
import { Compliance } from "@scanpoll/compliance"
import type { CompliancePayload, ComplianceRequest } from "@scanpoll/compliance/ComplianceSchema"
import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import { Conformance, Script } from "@scanpoll/testkit"
import * as Layer from "effect/Layer"
import { fixture, withFields } from "./FakeVendor.ts"

const request: ComplianceRequest = {
  policyId: "48f992f7-6692-47f1-983a-bc1c21c802b9",
  uploadId: "b2fe6812-d820-47d4-8cd3-e7cd622457cb",
  mappingId: "4193da9a-6476-4eac-bcfe-134b77f90026"
}
const other = "11111111-2222-4333-8444-555555555555"
const inAudit: ComplianceRequest = { ...request, auditId: "e68615d5-06b8-4514-9607-52dbd84911f5" }

const error = (status: number, code: string): Conformance.Answer =>
  Script.respond(status, { error: code, message: "in the vendor's words" })

const kit: Conformance.Kit<ComplianceRequest, CompliancePayload> = {
  vendor: "compliance",
  http: Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici),
  make: Compliance.make,
  requests: {
    valid: [request, inAudit, { ...inAudit, auditName: "Q1 2026" }],
    equal: [
      [request, { ...request, policyId: request.policyId.toUpperCase() }],
      [inAudit, { ...inAudit, auditName: "Q1 2026" }]
    ],
    different: [
      [request, inAudit],
      [request, { ...request, policyId: other }],
      [request, { ...request, uploadId: other }],
      [request, { ...request, mappingId: other }],
      [inAudit, { ...inAudit, auditId: other }]
    ],
    invalid: [
      { request: { ...request, policyId: "" }, path: ["policyId"] },
      { request: { ...request, uploadId: "../keys" }, path: ["uploadId"] },
      { request: { ...request, mappingId: `${other}0` }, path: ["mappingId"] },
      { request: { ...request, auditId: "Q1" }, path: ["auditId"] },
      { request: { ...inAudit, auditName: " " }, path: ["auditName"] }
    ]
  },
  submit: {
    id: ["scan_id"],
    accepted: [
      Script.respond(200, withFields(fixture("run-completed"), { status: "running" })),
      Script.respond(200, fixture("run-completed"))
    ],
    settled: [{ answer: Script.respond(500, fixture("run-partial-insert")), outcome: "Failed" }]
  },
  poll: {
    id: ["id"],
    status: ["status"],
    otherId: other,
    pending: [
      { answer: Script.respond(200, withFields(fixture("status-running"), { status: "pending" })), phase: "queued" },
      { answer: Script.respond(200, fixture("status-running")), phase: "running" },
      { answer: Script.respond(200, fixture("server-running")), phase: "running" }
    ],
    settled: [
      {
        answer: Script.respond(200, fixture("status-completed")),
        outcome: "Completed",
        result: [["compliance_score"]]
      },
      {
        answer: Script.respond(200, fixture("server-completed")),
        outcome: "Completed",
        result: [["compliance_score"]]
      },
      { answer: Script.respond(200, fixture("server-failed")), outcome: "Failed" }
    ]
  },
  errors: [
    { answer: Script.respond(404, fixture("not-found")), submit: "Refused", poll: "Missing" },
    {
      answer: Script.respond(400, fixture("run-validation-error")),
      submit: "Refused",
      poll: "Broken",
      permanent: true
    },
    { answer: Script.respond(400, fixture("run-mapping-incomplete")), submit: "Refused" },
    { answer: error(401, "UNAUTHORIZED"), submit: "Denied", poll: "Denied" },
    { answer: error(500, "INTERNAL_ERROR"), submit: "InDoubt", poll: "Transient" },
    { answer: error(500, "PARTIAL_INSERT"), submit: "InDoubt" },
    { answer: error(501, "NOT_AVAILABLE"), poll: "Broken", permanent: true }
  ],
  reconcile: {
    request: inAudit,
    since: Date.parse("2026-05-11T09:34:00Z"),
    scripts: [
      {
        match: { path: "/api/audits/e68615d5-06b8-4514-9607-52dbd84911f5/scans" },
        steps: [{ ...Script.respond(200, fixture("audit-scans")), times: Infinity }]
      },
      {
        match: { path: "/api/scan/43aa3662-f555-453a-94da-7f86e996c464" },
        steps: [{ ...Script.respond(200, fixture("server-completed")), times: Infinity }]
      }
    ],
    finds: ["43aa3662-f555-453a-94da-7f86e996c464"]
  }
}

Conformance.suite(kit, { describe, it })
