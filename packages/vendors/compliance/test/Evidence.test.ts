/** What an answer says of violations beside its score takes part in the verdict. */
import { assert, describe, it } from "@effect/vitest"
import type { VendorResponse } from "@scanpoll/core/http/VendorHttp"
import * as Contradiction from "@scanpoll/core/unstable/model/Contradiction"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import { vendor } from "../src/ComplianceVendor.ts"
import { readPoll } from "./FakeVendor.ts"

const scanId = "42770ca4-13c4-49f5-8c56-6ad530fbfe4c"
const ticket = ScanTicket.make({
  vendor: "compliance",
  origin: "https://c.example",
  account: "default",
  scanId,
  submittedAt: 0
})

const completed = (fields: Readonly<Record<string, unknown>>) => {
  const value = {
    id: scanId,
    status: "completed",
    violation_count: 3,
    compliance_score: 99.31,
    rules_processed: 11,
    rules_total: 11,
    record_count: 35,
    created_at: "2026-05-11T09:33:39Z",
    completed_at: "2026-05-11T09:34:41Z",
    score_history: [],
    delta: null,
    ...fields
  }
  const response: VendorResponse = {
    status: 200,
    body: { _tag: "Json", value },
    requestId: null,
    hint: Option.none(),
    quota: Option.none(),
    warnings: []
  }
  const read = readPoll(ticket, response)
  if (Result.isFailure(read)) return assert.fail(read.failure.message)
  const { observation } = read.success
  if (observation._tag !== "Settled" || observation.value._tag !== "Completed") return assert.fail(observation._tag)
  return observation.value
}

const counted = (by_severity: unknown) => completed({ review_summary: { by_severity } })

describe("the severity of a compliance scan", () => {
  it("is the worst of the score's band and of what review_summary counts by severity (V-02)", () => {
    const outcome = counted({ CRITICAL: 2, HIGH: 1 })
    assert.strictEqual(ScanOutcome.severity(outcome), "critical")
    assert.strictEqual(outcome.assessment.severity, "critical")
    assert.deepStrictEqual([outcome.findings.total, outcome.findings.bySeverity], [3, { critical: 2, high: 1 }])
    assert.deepStrictEqual(outcome.warnings, [])
    assert.strictEqual(counted({ MEDIUM: 3 }).assessment.severity, "medium")
    assert.strictEqual(
      completed({ compliance_score: 20, review_summary: { by_severity: { LOW: 3 } } }).assessment.severity,
      "critical"
    )
  })

  it("is unchanged where nothing is counted, and where all counts are zero (V-02)", () => {
    for (const by_severity of [{}, { CRITICAL: 0, HIGH: null }, undefined, null]) {
      const outcome = counted(by_severity)
      assert.strictEqual(outcome.assessment.severity, "low")
      assert.isFalse("bySeverity" in outcome.findings)
    }
  })

  it("is unknown, with a warning, for a word or a count that is not understood (V-02)", () => {
    for (const by_severity of [{ SEVERE: 1 }, { CRITICAL: "2" }, { HIGH: -1 }, { high: 1.5 }]) {
      const outcome = counted(by_severity)
      assert.strictEqual(outcome.assessment.severity, "unknown", JSON.stringify(by_severity))
      assert.match(outcome.warnings.join("\n"), /review_summary\.by_severity counts .*: unknown/)
    }
  })

  it("is never clean where the answer names violations that violation_count does not (V-02)", () => {
    const outcome = completed({
      violation_count: 0,
      compliance_score: 100,
      review_summary: { total: 2, by_severity: { HIGH: 2 } }
    })
    assert.strictEqual(outcome.assessment.severity, "high")
    assert.deepStrictEqual([outcome.assessment.compliance, outcome.findings.total], ["fail", 2])
    assert.match(outcome.warnings.join("\n"), /0 violations and names 2 elsewhere/)
  })

  it("is unknown where what the answer says of severities cannot be read at all (V-02)", () => {
    const clean = { violation_count: 0, compliance_score: 100 }
    const said = [
      { review_summary: { by_severity: ["CRITICAL"] } },
      { review_summary: "2 CRITICAL" },
      { by_severity: "CRITICAL" },
      { by_severity: { SEVERE: "2" } }
    ]
    for (const fields of said) {
      const outcome = completed({ ...clean, ...fields })
      assert.strictEqual(outcome.assessment.severity, "unknown", JSON.stringify(fields))
      assert.match(outcome.warnings.join("\n"), /unknown/)
    }
  })

  it("is never clean where the delta counts more violations than violation_count does (V-02)", () => {
    const delta = { new_count: 40, resolved_count: 0, unchanged_count: 10, previous_scan_id: null }
    const outcome = completed({ violation_count: 0, compliance_score: 100, delta })
    assert.deepStrictEqual(
      [outcome.assessment.compliance, outcome.assessment.severity, outcome.findings.total],
      ["fail", "low", 50]
    )
    assert.match(outcome.warnings.join("\n"), /0 violations and names 50 elsewhere/)
  })

  it("rests on findings that are unavailable where not every rule was processed, or none (V-01)", () => {
    const clean = { violation_count: 0, compliance_score: 100 }
    for (const [rules_processed, rules_total, why] of [
      [8, 15, "8 of 15 rules were processed"],
      [0, 0, "no rule was processed"]
    ] as const) {
      const outcome = completed({ ...clean, rules_processed, rules_total })
      assert.deepStrictEqual(ScanOutcome.evidence(outcome).findings, { status: "unavailable", reason: why })
      assert.strictEqual(outcome.assessment.severity, "info")
      assert.include(outcome.warnings, why)
    }
  })

  it("is not changed by fields that say what was scanned, how and when", () => {
    const clean = { violation_count: 0, compliance_score: 100 }
    const history = [{ score: 3, timestamp: "2026-05-11T09:34:41Z", action: "violation_disputed", violation_id: "v1" }]
    for (const fields of [
      { score_history: history },
      { audit_name: "CRITICAL", audit_id: null },
      { mapping_config: { severity: "CRITICAL" }, temporal_scale: "never" },
      { completed_at: null, created_at: "yesterday" }
    ]) {
      assert.strictEqual(completed({ ...clean, ...fields }).assessment.severity, "none", JSON.stringify(fields))
    }
  })

  it("is not none where the upload has no records, and says so", () => {
    const outcome = completed({ violation_count: 0, compliance_score: 100, record_count: 0 })
    assert.strictEqual(outcome.assessment.severity, "info")
    assert.include(outcome.warnings, "the upload has no records: nothing was checked")
    assert.strictEqual(ScanOutcome.evidence(outcome).findings.status, "unavailable")
  })

  it("rests on findings that are unavailable where violation_count cannot be read (V-01)", () => {
    const outcome = completed({ violation_count: 2.5 })
    assert.strictEqual(ScanOutcome.evidence(outcome).findings.status, "unavailable")
  })
})

describe("what an answer is about", () => {
  const [policy_id, upload_id, mapping_id] = [
    "550e8400-e29b-41d4-a716-446655440000",
    "123e4567-e89b-42d3-a456-426614174000",
    "789e0123-e45b-47c8-9901-234567890123"
  ]
  const other = "00000000-0000-4000-8000-000000000001"
  const subject = vendor.subject({ policyId: policy_id, uploadId: upload_id, mappingId: mapping_id })
  const judged = (fields: Readonly<Record<string, unknown>>) =>
    Contradiction.judge({ subject, scanType: "" }, completed({ policy_id, upload_id, mapping_id, ...fields }))

  it("is no verdict where it names another policy, upload or mapping than was asked for (V-11)", () => {
    for (const fields of [{ policy_id: other }, { upload_id: other }, { mapping_id: other, upload_id: null }]) {
      const outcome = judged(fields)
      assert.strictEqual(ScanOutcome.evidence(outcome).assessment.status, "unavailable")
      assert.match(
        outcome.warnings.join(),
        /the answer is about .*00000000-0000-4000-8000-000000000001.* was asked for/
      )
    }
  })

  it("is not seen in letters of another case, nor in ids that are missing or null (V-11)", () => {
    for (const fields of [{}, { policy_id: policy_id.toUpperCase() }, { upload_id: null, mapping_id: undefined }]) {
      assert.deepStrictEqual(judged(fields).warnings, [])
    }
    assert.deepStrictEqual(completed({ policy_id, upload_id, mapping_id, audit_name: "Q1" }).subject, {
      ...subject,
      name: "Q1"
    })
    assert.isUndefined(completed({}).subject)
  })
})
