import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Compliance, ComplianceAdapter, ComplianceSchema } from "@scanpoll/compliance"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { answer, fake, fixture, origin, readPoll, secret, withFields } from "./FakeVendor.ts"

const base = fixture("status-completed")

const id = "abc12345-def6-7890-ghij-klmnopqrstuv"

const ticket = ScanTicket.make({
  vendor: "compliance",
  origin: "https://compliance.example",
  account: "default",
  scanId: id,
  submittedAt: null
})

const names = [
  "violation_count",
  "compliance_score",
  "rules_processed",
  "rules_total",
  "record_count",
  "created_at",
  "completed_at",
  "audit_name",
  "policy_id",
  "mapping_config",
  "temporal_scale",
  "score_history",
  "delta",
  "review_summary",
  "surprise",
  "__proto__"
] as const

const request = {
  policyId: "48f992f7-6692-47f1-983a-bc1c21c802b9",
  uploadId: "b2fe6812-d820-47d4-8cd3-e7cd622457cb",
  mappingId: "4193da9a-6476-4eac-bcfe-134b77f90026",
  auditId: "e68615d5-06b8-4514-9607-52dbd84911f5"
}

/** The adapter in front of one answer. */
const adapter = (body: unknown) =>
  Effect.provide(
    Effect.orDie(Compliance.make({ baseUrl: origin, credential: Redacted.make(secret) })),
    fake(answer(200, body)).layer
  )

const codec = Schema.toCodecJson(ScanOutcome.schema(ComplianceSchema.CompliancePayload))

// A body as it comes: written as text, in which no zero has a sign.
const sent = (value: Schema.Json): unknown => JSON.parse(JSON.stringify(value))

const isStored = (outcome: ScanOutcome.ScanOutcome<ComplianceSchema.CompliancePayload>): void => {
  const stored: unknown = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(outcome)))
  assert.deepStrictEqual(Schema.decodeUnknownSync(codec)(stored), outcome)
}

describe("an answer of any content", () => {
  it.prop("never throws, and settles nothing without the word", [Schema.Json], ([body]) => {
    const result = readPoll(ticket, answer(200, body))
    assert.isTrue(Result.isFailure(result))
  })

  it.prop(
    "with one field of another content never gives a wrong verdict, and can be stored",
    [Schema.Literals(names), Schema.Json],
    ([name, value]) => {
      const result = readPoll(ticket, answer(200, withFields(base, { [name]: sent(value) })))
      if (Result.isFailure(result)) {
        assert.strictEqual(result.failure.kind, "Broken")
        assert.isFalse(result.failure.permanent)
        return
      }
      const { observation } = result.success
      if (observation._tag !== "Settled" || observation.value._tag !== "Completed") return assert.fail("not completed")
      const outcome = observation.value
      assert.isTrue(
        outcome.assessment.score !== null &&
          outcome.assessment.score.value >= 0 &&
          outcome.assessment.score.value <= 100
      )
      const count = outcome.findings.total
      assert.strictEqual(outcome.assessment.compliance, count === null ? null : count > 0 ? "fail" : "pass")
      if (name !== "violation_count") assert.strictEqual(count, 23)
      if (name !== "compliance_score") assert.strictEqual(outcome.assessment.score?.value, 87.5)
      isStored(outcome)
    }
  )

  it.prop(
    "with any numbers of JSON is completed with exactly those, or refused",
    [Schema.Finite, Schema.Finite],
    ([compliance_score, violation_count]) => {
      const body = withFields(base, { compliance_score, violation_count, delta: null })
      const result = readPoll(ticket, answer(200, body))
      const inRange = compliance_score >= 0 && compliance_score <= 100
      assert.strictEqual(Result.isSuccess(result), inRange)
      if (Result.isFailure(result) || result.success.observation._tag !== "Settled") return
      const outcome = result.success.observation.value
      if (outcome._tag !== "Completed") return assert.fail(outcome._tag)
      assert.strictEqual(outcome.assessment.score?.value, compliance_score)
      const isCount = Number.isSafeInteger(violation_count) && violation_count >= 0
      assert.strictEqual(outcome.findings.total, isCount ? violation_count : null)
    }
  )

  it.prop("with any status word is that word, compared exactly", [Schema.String], ([status]) => {
    const result = readPoll(ticket, answer(200, withFields(base, { status })))
    if (Result.isFailure(result)) return assert.strictEqual(status.trim(), "")
    const expected = ["pending", "running"].includes(status)
      ? "Pending"
      : ["completed", "failed"].includes(status)
        ? "Settled"
        : "Unrecognised"
    assert.strictEqual(result.success.observation._tag, expected)
  })

  it.effect.prop(
    "to a submission names a scan only where it can be asked for",
    [Schema.Json, Schema.Json],
    Effect.fnUntraced(function* ([body, scanId]) {
      for (const value of [body, { scan_id: scanId }]) {
        const read = yield* Effect.result((yield* adapter(value)).submit(request))
        if (Result.isFailure(read)) assert.strictEqual(read.failure.kind, "InDoubt")
        else assert.isTrue(read.success._tag === "Submitted" && ScanTicket.isScanId(read.success.ticket.scanId))
      }
    })
  )

  it.effect.prop(
    "to the audit's list is read or refused, never thrown at",
    [Schema.Json, Schema.Array(Schema.Json)],
    Effect.fnUntraced(function* ([body, scans]) {
      for (const value of [body, { audit_id: request.auditId, scans }]) {
        const { reconcile } = yield* adapter(value)
        if (reconcile === undefined) return assert.fail("no list")
        assert.isFalse(Exit.hasDies(yield* Effect.exit(reconcile(request, 0, new Set()))))
      }
    })
  )
})

describe("progress", () => {
  const progress = (rules_processed: unknown, rules_total: unknown) => {
    const body = withFields(base, { status: "running", rules_processed, rules_total })
    const { observation } = Result.getOrThrow(readPoll(ticket, answer(200, body)))
    return observation._tag === "Pending" ? observation.progress : assert.fail(observation._tag)
  }

  it.each([
    [8, 15, { fraction: 8 / 15, done: 8, total: 15 }],
    [15, 15, { fraction: 1, done: 15, total: 15 }],
    [8, null, { fraction: null, done: 8, total: null }],
    [8, "15", { fraction: null, done: 8, total: null }]
  ])("of %j of %j rules is shown", (rules_processed, rules_total, expected) => {
    assert.deepStrictEqual(progress(rules_processed, rules_total), Option.some(expected))
  })

  it.each([
    [0, 15],
    [0, 0],
    [16, 15],
    [-1, 15],
    [1.5, 15],
    ["8", 15],
    [null, 15],
    [Infinity, 15]
  ])("of %j of %j rules is not", (rules_processed, rules_total) => {
    assert.deepStrictEqual(progress(rules_processed, rules_total), Option.none())
  })

  it.prop("is nothing or a fraction from 0 to 1", [Schema.Finite, Schema.Finite], ([rules_processed, rules_total]) => {
    const fraction = Option.getOrNull(progress(rules_processed, rules_total))?.fraction ?? null
    assert.isTrue(fraction === null || (fraction > 0 && fraction <= 1))
  })
})

describe("the score history", () => {
  it("keeps the entries that can be read, with what the vendor added", () => {
    const score_history = [
      { score: 87.5, timestamp: "2024-01-15T10:30:04Z", action: "scan_completed", violation_id: null },
      "odd",
      { score: "90", timestamp: "2024-01-16T08:00:00Z", action: "approved", violation_id: "v1", by: "ada" }
    ]
    const { observation } = Result.getOrThrow(readPoll(ticket, answer(200, withFields(base, { score_history }))))
    const outcome = observation._tag === "Settled" ? observation.value : assert.fail(observation._tag)
    assert.deepStrictEqual(outcome.payload?.score_history, [
      { score: 87.5, timestamp: "2024-01-15T10:30:04Z", action: "scan_completed", violation_id: null },
      { score: null, timestamp: "2024-01-16T08:00:00Z", action: "approved", violation_id: "v1", by: "ada" }
    ])
    assert.strictEqual(outcome.warnings.length, 2)
  })
})

describe("requests", () => {
  it.prop("of any content are checked without a defect", [ComplianceSchema.ComplianceRequest], ([request]) => {
    const faults = ComplianceAdapter.check(request)
    const ids = [request.policyId, request.uploadId, request.mappingId, request.auditId]
    const wrong = ids.filter((value) => value !== undefined && !ComplianceSchema.isUuid(value)).length
    assert.strictEqual(faults.filter(({ path }) => path[0] !== "auditName").length, wrong)
    assert.strictEqual(ComplianceAdapter.fingerprint(request), ComplianceAdapter.fingerprint({ ...request }))
  })

  it.prop(
    "that differ in an id are two purchases",
    [Schema.String, Schema.String, Schema.String, Schema.String],
    ([policyId, uploadId, mappingId, other]) => {
      const request = { policyId, uploadId, mappingId }
      if (other.toLowerCase() === policyId.toLowerCase()) return
      assert.notStrictEqual(
        ComplianceAdapter.fingerprint(request),
        ComplianceAdapter.fingerprint({ ...request, policyId: other })
      )
    }
  )
})
