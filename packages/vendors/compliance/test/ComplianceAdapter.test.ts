import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { TransportFault, VendorConfigError, type VendorResponse } from "@scanpoll/core/http/VendorHttp"
import { CredentialError } from "@scanpoll/core/http/Credential"
import type { Observation } from "@scanpoll/core/model/Observation"
import * as PollFault from "@scanpoll/core/model/PollFault"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { Compliance, ComplianceAdapter } from "@scanpoll/compliance"
import * as ComplianceSchema from "@scanpoll/compliance/ComplianceSchema"
import { answer, fake, fixture, origin, readPoll, secret, unreadable, withFields, without } from "./FakeVendor.ts"

const request: ComplianceSchema.ComplianceRequest = {
  policyId: "48f992f7-6692-47f1-983a-bc1c21c802b9",
  uploadId: "b2fe6812-d820-47d4-8cd3-e7cd622457cb",
  mappingId: "4193da9a-6476-4eac-bcfe-134b77f90026",
  auditId: "e68615d5-06b8-4514-9607-52dbd84911f5",
  auditName: "Q1 2026"
}

const withoutAudit: ComplianceSchema.ComplianceRequest = {
  policyId: request.policyId,
  uploadId: request.uploadId,
  mappingId: request.mappingId
}

const options: ComplianceAdapter.Options = { baseUrl: "https://compliance.example", credential: Redacted.make(secret) }

const pageId = "abc12345-def6-7890-ghij-klmnopqrstuv"

const serverId = "43aa3662-f555-453a-94da-7f86e996c464"

const ticketOf = (scanId: string) =>
  ScanTicket.make({ vendor: "compliance", origin, account: "default", scanId, submittedAt: 0 })

const read = (scanId: string, response: VendorResponse) => readPoll(ticketOf(scanId), response)

const observe = (
  scanId: string,
  body: unknown
): Observation<ScanOutcome.ScanOutcome<ComplianceSchema.CompliancePayload>> => {
  const result = read(scanId, answer(200, body))
  if (Result.isFailure(result)) return assert.fail(`${result.failure.code}: ${result.failure.message}`)
  return result.success.observation
}

const faultOf = (scanId: string, response: VendorResponse): PollFault.PollFault => {
  const result = read(scanId, response)
  return Result.isFailure(result) ? result.failure : assert.fail("an answer was read")
}

const outcomeOf = (scanId: string, body: unknown): ScanOutcome.ScanOutcome<ComplianceSchema.CompliancePayload> => {
  const observation = observe(scanId, body)
  return observation._tag === "Settled" ? observation.value : assert.fail(observation._tag)
}

const completedOf = (scanId: string, body: unknown): ScanOutcome.Completed<ComplianceSchema.CompliancePayload> => {
  const outcome = outcomeOf(scanId, body)
  return outcome._tag === "Completed" ? outcome : assert.fail(outcome._tag)
}

const pageCompleted = fixture("status-completed")
const pageRunning = fixture("status-running")
const serverCompleted = fixture("server-completed")
const serverRunning = fixture("server-running")
const runningId = "42770ca4-13c4-49f5-8c56-6ad530fbfe4c"

describe("the mapping of status words", () => {
  it("pending is queued", () => {
    assert.deepStrictEqual(observe(pageId, withFields(pageRunning, { status: "pending" })), {
      _tag: "Pending",
      phase: "queued",
      progress: Option.none()
    })
  })

  it("running is running, with 8 of 15 rules as progress", () => {
    assert.deepStrictEqual(observe(pageId, pageRunning), {
      _tag: "Pending",
      phase: "running",
      progress: Option.some({ fraction: 8 / 15, done: 8, total: 15 })
    })
  })

  it("the zeros of a running scan at the server are no progress and no result (CO-01)", () => {
    assert.deepStrictEqual(observe(runningId, serverRunning), {
      _tag: "Pending",
      phase: "running",
      progress: Option.none()
    })
  })

  it("completed, as the vendor's page shows it, is completed with score, verdict, count and delta (CO-03)", () => {
    const outcome = completedOf(pageId, pageCompleted)
    assert.strictEqual(outcome.vendorStatus, "completed")
    assert.deepStrictEqual(outcome.assessment, {
      severity: "low",
      vendorSeverity: null,
      compliance: "fail",
      score: { value: 87.5, min: 0, max: 100, direction: "higher-is-better", grade: null, basis: "vendor" }
    })
    assert.deepStrictEqual(outcome.delta, {
      source: "vendor",
      new: 5,
      resolved: 12,
      unchanged: 18,
      previousScanId: "prev1234-5678-90ab-cdef-ghijklmnopqr",
      previousTotal: 30,
      consistent: true,
      comparable: true
    })
    assert.strictEqual(outcome.findings.coverage, "counts-only")
    assert.strictEqual(outcome.findings.total, 23)
    assert.strictEqual(outcome.findings.items.length, 1)
    assert.strictEqual(outcome.findings.items[0]?.title, "23 violations")
    assert.strictEqual(outcome.findings.items[0]?.severity, "low")
    assert.strictEqual(outcome.findings.items[0]?.status, "new")
    assert.strictEqual(outcome.createdAt, Date.UTC(2024, 0, 15, 10, 30, 0))
    assert.strictEqual(outcome.completedAt, Date.UTC(2024, 0, 15, 10, 30, 4))
    assert.deepStrictEqual(outcome.warnings, [])
    assert.deepStrictEqual<unknown>(
      outcome.payload,
      withFields(pageCompleted, { data_source: null, file_name: null, review_summary: null })
    )
    assert.strictEqual(outcome.payload.score_history[0]?.action, "scan_completed")
    assert.strictEqual(ScanOutcome.severity(outcome), "low")
  })

  it("completed, as the server sends it, is read alike: offsets, numbers, nulls and unknown fields", () => {
    const outcome = completedOf(serverId, serverCompleted)
    assert.strictEqual(outcome.assessment.score?.value, 95.63)
    assert.strictEqual(outcome.assessment.severity, "low")
    assert.strictEqual(outcome.payload.temporal_scale, 24)
    assert.strictEqual(outcome.payload.data_source, "csv")
    assert.strictEqual(outcome.createdAt, Date.UTC(2026, 4, 11, 9, 33, 39, 525))
    assert.strictEqual(outcome.completedAt, Date.UTC(2026, 4, 11, 9, 34, 41, 967))
    assert.deepStrictEqual<unknown>(outcome.payload, serverCompleted)
  })

  it("failed is an outcome whose reason is 'none given' (CO-04)", () => {
    const outcome = outcomeOf(runningId, fixture("server-failed"))
    assert.strictEqual(outcome._tag, "Failed")
    if (outcome._tag !== "Failed") return
    assert.strictEqual(outcome.reason.code, null)
    assert.strictEqual(outcome.reason.message, "none given")
    assert.strictEqual(outcome.completedAt, Date.UTC(2026, 4, 11, 9, 33, 41, 100))
    assert.strictEqual(outcome.payload, null)
  })

  it.each(["Completed", "COMPLETED", "complete", "completed ", "failed!", "cancelled", "partial", "archived"])(
    "any other word (%j) is unrecognised, however close",
    (status) => {
      assert.deepStrictEqual(observe(pageId, withFields(pageCompleted, { status })), {
        _tag: "Unrecognised",
        word: status
      })
    }
  )
})

describe("a completed scan", () => {
  it("settles with null for every field that may be missing, or without it (CO-03, BD-06)", () => {
    const names = ["completed_at", "audit_name", "policy_id", "upload_id", "mapping_id", "audit_id", "mapping_config"]
    const more = [...names, "temporal_scale", "score_history", "delta"]
    const nulls = completedOf(pageId, withFields(pageCompleted, Object.fromEntries(more.map((name) => [name, null]))))
    const gone = completedOf(pageId, without(pageCompleted, ...more))
    assert.deepStrictEqual(nulls, gone)
    assert.deepStrictEqual(nulls.warnings, [])
    assert.strictEqual(nulls.completedAt, null)
    assert.strictEqual(nulls.delta, null)
    assert.strictEqual(nulls.findings.items[0]?.status, "unknown")
  })

  it.each([
    ["completed_at", 5],
    ["audit_name", 5],
    ["audit_id", {}],
    ["policy_id", true],
    ["mapping_config", "amount"],
    ["temporal_scale", []],
    ["score_history", {}],
    ["delta", "none"],
    ["delta", { new_count: "5", resolved_count: 12, unchanged_count: 18 }],
    ["delta", { new_count: -5, resolved_count: 12, unchanged_count: 18 }],
    ["review_summary", 3]
  ])("drops %s of a wrong type (%j) with a warning and keeps the verdict", (name, value) => {
    const outcome = completedOf(pageId, withFields(pageCompleted, { [name]: value }))
    assert.strictEqual(outcome.assessment.score?.value, 87.5)
    assert.strictEqual(outcome.warnings.length, 1)
    assert.include(outcome.warnings[0] ?? "", name)
  })

  it.each(["2026-02-30T00:00:00Z", "0", "abc 1", "12:00:05", "2024-01-15T10:30:00", "+275760-09-13T00:00:00Z"])(
    "does not guess a time from %j: unknown, with a warning (BD-09)",
    (time) => {
      const outcome = completedOf(pageId, withFields(pageCompleted, { created_at: time, completed_at: time }))
      assert.strictEqual(outcome.createdAt, null)
      assert.strictEqual(outcome.completedAt, null)
      assert.strictEqual(outcome.warnings.length, 2)
      assert.strictEqual(outcome.assessment.compliance, "fail")
    }
  )

  it.each([[101], [-1], [100.01], [Infinity], [-Infinity], [NaN], [null], ["87.5"], ["NaN"], [true], [{}]])(
    "is refused as score-out-of-range when the score is %j (CO-05, BD-07)",
    (compliance_score) => {
      const fault = faultOf(pageId, answer(200, withFields(pageCompleted, { compliance_score })))
      assert.strictEqual(fault.kind, "Broken")
      assert.strictEqual(fault.permanent, false)
      assert.strictEqual(fault.code, "score-out-of-range")
    }
  )

  it("is refused without a score or a violation count (CO-05)", () => {
    assert.strictEqual(
      faultOf(pageId, answer(200, without(pageCompleted, "compliance_score"))).code,
      "score-out-of-range"
    )
    assert.strictEqual(faultOf(pageId, answer(200, without(pageCompleted, "violation_count"))).code, "invalid-answer")
  })

  it.each([
    ["violation_count", "23"],
    ["violation_count", null],
    ["violation_count", true],
    ["rules_processed", "15"],
    ["rules_total", []],
    ["record_count", "42000"],
    ["created_at", 1705314600]
  ])("is refused when the documented field %s is %j", (name, value) => {
    const fault = faultOf(pageId, answer(200, withFields(pageCompleted, { [name]: value })))
    assert.strictEqual(fault.kind, "Broken")
    assert.include(fault.message, name)
  })

  it.each([
    ["rules_total", null],
    ["record_count", undefined],
    ["created_at", null]
  ])("keeps its verdict without %s, with a warning", (name, value) => {
    const outcome = completedOf(pageId, withFields(pageCompleted, { [name]: value }))
    assert.deepStrictEqual(outcome.warnings, [`${name} is missing`])
    assert.strictEqual(outcome.assessment.compliance, "fail")
  })

  it.each([-1, 2.5, 1e300])("drops a violation count of %d with a warning: neither clean nor failed", (count) => {
    const outcome = completedOf(pageId, withFields(without(pageCompleted, "delta"), { violation_count: count }))
    assert.strictEqual(outcome.assessment.compliance, null)
    assert.strictEqual(outcome.findings.coverage, "none")
    assert.strictEqual(outcome.findings.total, null)
    assert.strictEqual(outcome.warnings.length, 1)
  })

  it("keeps record counts up to the documented 50 000, and the mapping and the scale as they were used", () => {
    for (const record_count of [0, 42_000, 50_000]) {
      const { payload } = completedOf(pageId, withFields(pageCompleted, { record_count, temporal_scale: "monthly" }))
      assert.deepStrictEqual([payload.record_count, payload.temporal_scale], [record_count, "monthly"])
      assert.deepStrictEqual<unknown>(payload.mapping_config, {
        amount: "Transaction Amount",
        account: "Account ID",
        timestamp: "Date"
      })
    }
  })

  it("passes exactly when there are no violations", () => {
    const clean = completedOf(pageId, withFields(pageCompleted, { violation_count: 0, delta: null }))
    assert.strictEqual(clean.assessment.compliance, "pass")
    assert.deepStrictEqual(clean.findings, { coverage: "counts-only", total: 0, items: [] })
    const one = completedOf(pageId, withFields(pageCompleted, { violation_count: 1, delta: null }))
    assert.strictEqual(one.assessment.compliance, "fail")
    assert.strictEqual(one.findings.items[0]?.title, "1 violation")
  })

  it.each([
    [100, 0, "none"],
    [100, 1, "low"],
    [95, 0, "info"],
    [90, 3, "low"],
    [80, 3, "low"],
    [79.99, 3, "medium"],
    [70, 3, "medium"],
    [60, 3, "high"],
    [59.9, 0, "critical"],
    [0, 3, "critical"]
  ])("with score %d and %d violations has severity %s", (compliance_score, violation_count, severity) => {
    const outcome = completedOf(pageId, withFields(pageCompleted, { compliance_score, violation_count, delta: null }))
    assert.strictEqual(outcome.assessment.severity, severity)
    assert.strictEqual(outcome.assessment.score?.value, compliance_score)
    assert.strictEqual(ScanOutcome.severity(outcome), severity)
  })

  it("with 8 of 15 rules processed completes with a warning, is never clean and calls nothing resolved (CO-06)", () => {
    const outcome = completedOf(
      pageId,
      withFields(pageCompleted, { rules_processed: 8, compliance_score: 100, violation_count: 0 })
    )
    assert.include(outcome.warnings.join("\n"), "8 of 15 rules")
    assert.strictEqual(outcome.assessment.severity, "info")
    assert.strictEqual(outcome.delta?.comparable, false)
  })

  it("keeps fields it does not know, as plain data (BD-05, BD-08)", () => {
    const body: unknown = JSON.parse(
      JSON.stringify(pageCompleted).replace(
        /\}$/,
        ',"__proto__":{"polluted":true},"constructor":{"prototype":{"polluted":true}},"new_thing":[1,{"a":null}]}'
      )
    )
    const outcome = completedOf(pageId, body)
    assert.deepStrictEqual(outcome.payload["new_thing"], [1, { a: null }])
    assert.include(Object.keys(outcome.payload), "__proto__")
    assert.deepStrictEqual(outcome.warnings, [])
    const codec = Schema.toCodecJson(ScanOutcome.schema(ComplianceSchema.CompliancePayload))
    const stored = JSON.parse(JSON.stringify(Schema.encodeSync(codec)(outcome)))
    assert.deepStrictEqual<unknown>(Schema.decodeUnknownSync(codec)(stored), outcome)
    assert.isFalse("polluted" in {})
  })

  it("has null where a number is too large for any JSON, and says so", () => {
    const outcome = completedOf(pageId, withFields(pageCompleted, { odd: [Infinity] }))
    assert.deepStrictEqual(outcome.payload["odd"], [null])
    assert.deepStrictEqual(outcome.warnings, ["a number is too large for JSON: null in its place"])
  })

  it("keeps no credential the vendor repeats, wherever it stands (SE-05)", () => {
    const outcome = completedOf(
      pageId,
      withFields(pageCompleted, { audit_name: `for ${secret}`, echo: { [secret]: [`Bearer ${secret}`] } })
    )
    assert.notInclude(JSON.stringify(outcome), secret)
    assert.strictEqual(outcome.payload.audit_name, "for <redacted>")
  })

  it("finds under the same id in a later scan of the same dataset, whatever was counted", () => {
    const first = completedOf(pageId, pageCompleted)
    const second = completedOf(pageId, withFields(pageCompleted, { violation_count: 9, compliance_score: 40 }))
    const other = completedOf(pageId, withFields(pageCompleted, { policy_id: request.policyId }))
    assert.strictEqual(first.findings.items[0]?.findingId, second.findings.items[0]?.findingId)
    assert.notStrictEqual(first.findings.items[0]?.findingId, other.findings.items[0]?.findingId)
  })

  it("with an end before its beginning has no end, and says so", () => {
    const outcome = completedOf(pageId, withFields(pageCompleted, { completed_at: "2024-01-15T10:29:59Z" }))
    assert.deepStrictEqual(outcome.warnings, ["completed_at is before created_at: left out"])
    assert.isNotNull(outcome.createdAt)
    assert.isNull(outcome.completedAt)
  })

  it("carries what was odd about the answer itself", () => {
    const result = read(pageId, answer(200, pageCompleted, { warnings: ["not UTF-8"], requestId: "req_1" }))
    assert.isTrue(Result.isSuccess(result))
    if (Result.isFailure(result) || result.success.observation._tag !== "Settled") return
    assert.deepStrictEqual(result.success.observation.value.warnings, ["not UTF-8"])
    assert.strictEqual(result.success.observation.value.requestId, "req_1")
  })
})

describe("the delta", () => {
  it("of the server, which counts pairs, is kept, marked inconsistent and explained", () => {
    const outcome = completedOf(serverId, serverCompleted)
    assert.deepStrictEqual(outcome.delta, {
      source: "vendor",
      new: 20,
      resolved: 43,
      unchanged: 0,
      previousScanId: "42770ca4-13c4-49f5-8c56-6ad530fbfe4c",
      previousTotal: 65,
      consistent: false,
      comparable: true
    })
    assert.strictEqual(outcome.warnings.length, 1)
    assert.include(outcome.warnings[0] ?? "", "43 resolved and 0 unchanged are not the 65 violations")
  })

  it("with a wrong sum of this scan's violations is inconsistent", () => {
    const outcome = completedOf(pageId, withFields(pageCompleted, { violation_count: 24 }))
    assert.strictEqual(outcome.delta?.consistent, false)
    assert.include(outcome.warnings[0] ?? "", "5 new and 18 unchanged are not the 24 violations of this scan")
  })

  it("without the previous total is checked by the sum that is left", () => {
    const delta = { new_count: 5, resolved_count: 12, unchanged_count: 18 }
    const outcome = completedOf(pageId, withFields(pageCompleted, { delta }))
    assert.strictEqual(outcome.delta?.consistent, true)
    assert.strictEqual(outcome.delta?.previousTotal, null)
    assert.strictEqual(outcome.delta?.previousScanId, null)
  })

  it("against the scan itself is not comparable", () => {
    const delta = { new_count: 5, resolved_count: 12, unchanged_count: 18, previous_scan_id: pageId }
    const outcome = completedOf(pageId, withFields(pageCompleted, { delta }))
    assert.strictEqual(outcome.delta?.comparable, false)
    assert.strictEqual(outcome.findings.items[0]?.status, "unknown")
  })

  it("without new violations says that all of them were there before", () => {
    const delta = { new_count: 0, resolved_count: 12, unchanged_count: 23, previous_violation_count: 35 }
    assert.strictEqual(completedOf(pageId, withFields(pageCompleted, { delta })).findings.items[0]?.status, "unchanged")
  })
})

describe("a poll", () => {
  it("refuses an answer about another scan", () => {
    const fault = faultOf("43aa3662-f555-453a-94da-7f86e996c464", answer(200, pageCompleted))
    assert.strictEqual(fault.kind, "Broken")
    assert.strictEqual(fault.code, "id-mismatch")
  })

  it("takes a UUID in upper case for the one the server answers in lower case", () => {
    assert.strictEqual(outcomeOf(serverId.toUpperCase(), serverCompleted)._tag, "Completed")
  })

  it.each([
    [[]],
    [null],
    ["completed"],
    [{}],
    [{ id: pageId }],
    [{ id: 5, status: "completed" }],
    [{ id: pageId, status: 1 }]
  ])("cannot read %j", (body) => {
    const fault = faultOf(pageId, answer(200, body))
    assert.strictEqual(fault.kind, "Broken")
    assert.strictEqual(fault.permanent, false)
    assert.strictEqual(fault.code, "invalid-answer")
  })

  it("names why a body is no JSON", () => {
    const fault = faultOf(pageId, { ...answer(200, null), body: unreadable })
    assert.strictEqual(fault.kind, "Broken")
    assert.strictEqual(fault.code, "not-json")
    assert.include(fault.message, "text/html")
  })

  it("reads a scan from status 200 only", () => {
    const fault = faultOf(pageId, answer(203, pageCompleted))
    assert.strictEqual(fault.kind, "Broken")
    assert.strictEqual(fault.permanent, false)
  })

  it("passes hint and quota on while the scan is open, and no hint once it is over", () => {
    const hint = Option.some(Duration.seconds(30))
    const quota = Option.some({ limit: 10, remaining: 3, resetAt: null })
    const open = read(pageId, answer(200, pageRunning, { hint, quota }))
    const over = read(pageId, answer(200, pageCompleted, { hint, quota }))
    assert.isTrue(Result.isSuccess(open) && Result.isSuccess(over))
    if (Result.isFailure(open) || Result.isFailure(over)) return
    assert.deepStrictEqual(open.success.hint, hint)
    assert.deepStrictEqual(open.success.quota, quota)
    assert.deepStrictEqual(over.success.hint, Option.none())
    assert.deepStrictEqual(over.success.quota, quota)
  })

  it.effect("is one GET of the scan's own path", () => {
    const vendor = fake(answer(200, pageRunning))
    return Effect.gen(function* () {
      const adapter = yield* Compliance
      yield* adapter.poll(ticketOf(pageId))
      assert.deepStrictEqual(
        vendor.sent.map(({ method, path }) => `${method} ${path}`),
        [`GET /api/scan/${pageId}`]
      )
    }).pipe(Effect.provide(Compliance.layer(options).pipe(Layer.provide(vendor.layer))))
  })

  it.effect("is not sent for an id that would change the path", () => {
    const vendor = fake(answer(200, pageRunning))
    return Effect.gen(function* () {
      const adapter = yield* Compliance
      for (const scanId of ["..", "../keys", "a/b", "a?x=1", "%2e%2e", ""]) {
        const fault = yield* Effect.flip(adapter.poll(ticketOf(scanId)))
        assert.isTrue(fault.permanent)
      }
      assert.deepStrictEqual(vendor.sent, [])
    }).pipe(Effect.provide(Compliance.layer(options).pipe(Layer.provide(vendor.layer))))
  })

  it.effect("without an answer is transient, and denied when there is no credential", () =>
    Effect.gen(function* () {
      const lost = new TransportFault({ sent: true, permanent: false, code: "timeout", message: `no answer ${secret}` })
      const bare = new TransportFault({ sent: false, permanent: false, code: "no-credential", message: "no token" })
      const vendor = fake(lost, bare)
      const adapter = yield* Effect.provide(Compliance.make(options), vendor.layer)
      const first = yield* Effect.flip(adapter.poll(ticketOf(pageId)))
      assert.strictEqual(first.kind, "Transient")
      assert.strictEqual(first.code, "timeout")
      assert.notInclude(first.message, secret)
      assert.strictEqual((yield* Effect.flip(adapter.poll(ticketOf(pageId)))).kind, "Denied")
    })
  )
})

const submitted = (asked: ComplianceSchema.ComplianceRequest, response: VendorResponse | TransportFault) => {
  const vendor = fake(response)
  return Effect.gen(function* () {
    const adapter = yield* Effect.provide(Compliance.make(options), vendor.layer)
    const result = yield* Effect.result(adapter.submit(asked))
    return { result, sent: vendor.sent }
  })
}

describe("a submission", () => {
  it.effect("is one POST in the vendor's names, awaited for two minutes", () =>
    Effect.gen(function* () {
      const { sent } = yield* submitted(request, answer(200, fixture("run-completed")))
      assert.strictEqual(sent.length, 1)
      assert.strictEqual(`${sent[0]?.method} ${sent[0]?.path}`, "POST /api/scan/run")
      assert.deepStrictEqual(sent[0]?.body, {
        policy_id: request.policyId,
        upload_id: request.uploadId,
        mapping_id: request.mappingId,
        audit_id: request.auditId,
        audit_name: "Q1 2026"
      })
      const timeout = sent[0]?.timeout
      assert.strictEqual(timeout === undefined ? null : Duration.toMillis(Duration.fromInputUnsafe(timeout)), 120_000)
    })
  )

  it.effect("leaves out what was not given", () =>
    Effect.gen(function* () {
      const { sent } = yield* submitted(withoutAudit, answer(200, fixture("run-completed")))
      assert.deepStrictEqual(Object.keys(Object(sent[0]?.body)), ["policy_id", "upload_id", "mapping_id"])
    })
  )

  it.effect("answered 'completed' is accepted, to be polled at once: its answer holds no score (CO-02)", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(5_000)
      const hint = Option.some(Duration.minutes(10))
      const { result } = yield* submitted(request, answer(200, fixture("run-completed"), { hint }))
      assert.deepStrictEqual(
        result,
        Result.succeed({
          _tag: "Submitted" as const,
          ticket: ScanTicket.make({
            vendor: "compliance",
            origin,
            account: "default",
            scanId: serverId,
            submittedAt: yield* Clock.currentTimeMillis
          }),
          hint: Option.none(),
          quota: Option.none()
        })
      )
    })
  )

  it.effect.each([200, 201, 202, 500, 503])("with a scan_id is accepted at status %d (CO-08)", (status) =>
    Effect.gen(function* () {
      const hint = Option.some(Duration.seconds(3))
      const body = { scan_id: serverId, status: "running" }
      const { result } = yield* submitted(request, answer(status, body, { hint }))
      assert.isTrue(Result.isSuccess(result))
      if (Result.isFailure(result) || result.success._tag !== "Submitted") return assert.fail("not accepted")
      assert.strictEqual(result.success.ticket.scanId, serverId)
      assert.deepStrictEqual(result.success.hint, hint)
    })
  )

  it.effect("answered 500 with a scan_id and 'failed' is that scan's failure, with the vendor's code", () =>
    Effect.gen(function* () {
      const { result } = yield* submitted(request, answer(500, fixture("run-partial-insert"), { requestId: "req_7" }))
      if (Result.isFailure(result) || result.success._tag !== "Already") return assert.fail("not an outcome")
      const { outcome } = result.success
      assert.strictEqual(outcome._tag, "Failed")
      if (outcome._tag !== "Failed") return
      assert.strictEqual(outcome.ticket.scanId, "58e7f1ea-696d-48a6-a7a4-9b6e08d1f4af")
      assert.strictEqual(outcome.reason.code, "PARTIAL_INSERT")
      assert.strictEqual(outcome.reason.message, "Some violation batches failed to persist. Scan marked as failed.")
      assert.strictEqual(outcome.reason.requestId, "req_7")
    })
  )

  it.effect.each([
    {},
    { scan_id: "" },
    { scan_id: 5 },
    { scan_id: "../x" },
    { scan_id: null, status: "completed" },
    { id: serverId },
    [],
    null
  ])("answered 200 with %j may have been accepted: in doubt, the answer kept", (body) =>
    Effect.gen(function* () {
      const { result } = yield* submitted(request, answer(200, body))
      if (Result.isSuccess(result)) return assert.fail("accepted")
      assert.strictEqual(result.failure.kind, "InDoubt")
      assert.strictEqual(result.failure.code, "no-scan-id")
      assert.include(result.failure.message, JSON.stringify(body))
    })
  )

  it.effect("that is wrong is refused with every fault, before anything is sent", () =>
    Effect.gen(function* () {
      const { result, sent } = yield* submitted(
        { policyId: "p", uploadId: "", mappingId: `${request.mappingId}\n`, auditId: "x", auditName: " " },
        answer(200, fixture("run-completed"))
      )
      assert.deepStrictEqual(sent, [])
      if (Result.isSuccess(result)) return assert.fail("accepted")
      assert.strictEqual(result.failure.kind, "Refused")
      assert.strictEqual(result.failure.code, "invalid-request")
      for (const name of ["policyId", "uploadId", "mappingId", "auditId", "auditName"]) {
        assert.include(result.failure.message, name)
      }
    })
  )

  it.effect("without an answer is in doubt once a byte left, and says where to look", () =>
    Effect.gen(function* () {
      const lost = new TransportFault({ sent: true, permanent: false, code: "timeout", message: "no answer" })
      const inAudit = yield* submitted(request, lost)
      const outside = yield* submitted(withoutAudit, lost)
      if (Result.isSuccess(inAudit.result) || Result.isSuccess(outside.result)) return assert.fail("accepted")
      assert.strictEqual(inAudit.result.failure.kind, "InDoubt")
      assert.include(inAudit.result.failure.advice ?? "", "audit")
      assert.include(outside.result.failure.advice ?? "", "history")
    })
  )

  it.effect("of which no byte left is not sent, or denied when there is no credential", () =>
    Effect.gen(function* () {
      const make = (code: string, permanent: boolean) =>
        new TransportFault({ sent: false, permanent, code, message: "no connection" })
      const closed = yield* submitted(request, make("econnrefused", false))
      const untrusted = yield* submitted(request, make("cert_has_expired", true))
      const bare = yield* submitted(request, make("no-credential", false))
      if (Result.isSuccess(closed.result) || Result.isSuccess(untrusted.result) || Result.isSuccess(bare.result)) {
        return assert.fail("accepted")
      }
      assert.strictEqual(closed.result.failure.kind, "NotSent")
      assert.isFalse(closed.result.failure.permanent)
      assert.isTrue(untrusted.result.failure.permanent)
      assert.strictEqual(bare.result.failure.kind, "Denied")
    })
  )
})

describe("a lost submission", () => {
  const since = Date.UTC(2026, 4, 11, 9, 34, 0)
  const lost = withFields(serverRunning, { id: serverId })

  const reconcile = (
    asked: ComplianceSchema.ComplianceRequest,
    from: number,
    known: ReadonlyArray<string>,
    ...script: ReadonlyArray<VendorResponse | TransportFault>
  ) => {
    const vendor = fake(...script)
    return Effect.gen(function* () {
      const adapter = yield* Effect.provide(Compliance.make(options), vendor.layer)
      if (adapter.reconcile === undefined) return assert.fail("no reconcile")
      const result = yield* Effect.result(adapter.reconcile(asked, from, new Set(known)))
      return { result, paths: vendor.sent.map(({ method, path }) => `${method} ${path}`) }
    })
  }

  it.effect("is found in the audit's list, and only the scan made from the same ids since then", () =>
    Effect.gen(function* () {
      const { paths, result } = yield* reconcile(
        request,
        since,
        [],
        answer(200, fixture("audit-scans")),
        answer(200, lost)
      )
      assert.deepStrictEqual(paths, [`GET /api/audits/${request.auditId}/scans`, `GET /api/scan/${serverId}`])
      assert.deepStrictEqual(
        result,
        Result.succeed([
          ScanTicket.make({
            vendor: "compliance",
            origin,
            account: "default",
            scanId: serverId,
            submittedAt: Date.UTC(2026, 4, 11, 9, 34, 39, 525)
          })
        ])
      )
    })
  )

  it.effect("bears a vendor's clock that is up to a minute behind ours", () =>
    Effect.gen(function* () {
      const found = yield* reconcile(
        request,
        Date.UTC(2026, 4, 11, 9, 35, 39),
        [],
        answer(200, fixture("audit-scans")),
        answer(200, lost)
      )
      assert.strictEqual(Result.isSuccess(found.result) ? found.result.success.length : null, 1)
      const late = yield* reconcile(request, since + 3_600_000, [], answer(200, fixture("audit-scans")))
      assert.deepStrictEqual(late.result, Result.succeed([]))
      assert.strictEqual(late.paths.length, 1)
    })
  )

  it.effect("is not one that is known already", () =>
    Effect.gen(function* () {
      const { paths, result } = yield* reconcile(request, since, [serverId], answer(200, fixture("audit-scans")))
      assert.deepStrictEqual(result, Result.succeed([]))
      assert.strictEqual(paths.length, 1)
    })
  )

  it.effect("is not a scan of another upload, and not one that is gone", () =>
    Effect.gen(function* () {
      const other = yield* reconcile(
        { ...request, uploadId: request.policyId },
        since,
        [],
        answer(200, fixture("audit-scans")),
        answer(200, lost)
      )
      assert.deepStrictEqual(other.result, Result.succeed([]))
      const gone = yield* reconcile(
        request,
        since,
        [],
        answer(200, fixture("audit-scans")),
        answer(404, fixture("not-found"))
      )
      assert.deepStrictEqual(gone.result, Result.succeed([]))
    })
  )

  it.effect("outside an audit cannot be looked for, and says so instead of finding nothing", () =>
    Effect.gen(function* () {
      const { paths, result } = yield* reconcile(withoutAudit, since, [], answer(200, fixture("audit-scans")))
      assert.deepStrictEqual(paths, [])
      if (Result.isSuccess(result)) return assert.fail("read as: nothing was bought")
      assert.strictEqual(result.failure.code, "no-audit")
      assert.isTrue(result.failure.permanent)
    })
  )

  it.effect.each([
    [answer(500, { error: "INTERNAL_ERROR" }), "Transient"],
    [answer(401, { error: "UNAUTHORIZED", message: "Not authenticated" }), "Denied"],
    [answer(404, { error: "NOT_FOUND", message: "Audit not found" }), "Missing"],
    [answer(200, { audit_id: request.auditId }), "Broken"],
    [answer(200, { audit_id: request.policyId, scans: [] }), "Broken"],
    [answer(200, []), "Broken"],
    [{ ...answer(200, null), body: unreadable }, "Broken"]
  ] as const)("is not looked for in a list that did not come (%#)", ([response, kind]) =>
    Effect.gen(function* () {
      const { result } = yield* reconcile(request, since, [], response)
      assert.strictEqual(Result.isFailure(result) ? result.failure.kind : null, kind)
    })
  )

  it.effect("is not decided when a candidate cannot be looked at", () =>
    Effect.gen(function* () {
      const { result } = yield* reconcile(
        request,
        since,
        [],
        answer(200, fixture("audit-scans")),
        answer(503, { error: "x" })
      )
      assert.strictEqual(Result.isFailure(result) ? result.failure.kind : null, "Transient")
      const odd = yield* reconcile(request, since, [], answer(200, fixture("audit-scans")), answer(200, { id: 1 }))
      assert.strictEqual(Result.isFailure(odd.result) ? odd.result.failure.kind : null, "Broken")
    })
  )

  it.effect("is not looked for among more scans than can be told apart with good manners", () =>
    Effect.gen(function* () {
      const scans = Array.from({ length: 51 }, (_, index) => ({ id: `scan-${index}`, created_at: null }))
      const { paths, result } = yield* reconcile(request, since, [], answer(200, { scans }))
      assert.strictEqual(Result.isFailure(result) ? result.failure.code : null, "too-many-scans")
      assert.strictEqual(paths.length, 1)
    })
  )
})

describe("requests", () => {
  it("with the ids of the vendor's own example are sent", () => {
    assert.deepStrictEqual(
      ComplianceAdapter.check({
        policyId: "550e8400-e29b-41d4-a716-446655440000",
        uploadId: "123e4567-e89b-12d3-a456-426614174000",
        mappingId: "789e0123-e45b-67c8-d901-234567890123"
      }),
      []
    )
  })

  it("are one purchase exactly when the four ids are the same, in upper or lower case", () => {
    const { fingerprint } = ComplianceAdapter
    assert.strictEqual(fingerprint(request), fingerprint({ ...request, policyId: request.policyId.toUpperCase() }))
    assert.strictEqual(fingerprint(request), fingerprint({ ...request, auditName: "Q2 2026" }))
    assert.notStrictEqual(fingerprint(request), fingerprint(withoutAudit))
    assert.notStrictEqual(
      fingerprint(request),
      fingerprint({ ...request, policyId: request.uploadId, uploadId: request.policyId })
    )
  })

  it("are about a dataset, named by its audit where it has a name", () => {
    assert.deepStrictEqual(ComplianceAdapter.subject(request), {
      kind: "dataset",
      id: `policy=${request.policyId},upload=${request.uploadId},mapping=${request.mappingId}`,
      name: "Q1 2026",
      series: `policy=${request.policyId},mapping=${request.mappingId}`
    })
    assert.strictEqual(
      ComplianceAdapter.subject(withoutAudit).name,
      ComplianceAdapter.subject({ ...withoutAudit, policyId: request.policyId.toUpperCase() }).id
    )
  })
})

describe("a new upload of a dataset", () => {
  it("belongs to the series of its policy and mapping (V-22)", () => {
    const again = { ...request, uploadId: request.policyId }
    assert.strictEqual(ComplianceAdapter.subject(again).series, ComplianceAdapter.subject(request).series)
    assert.notStrictEqual(ComplianceAdapter.subject(again).id, ComplianceAdapter.subject(request).id)
  })
})

describe("the configuration", () => {
  const fails = (given: ComplianceAdapter.Options) =>
    Effect.flip(Compliance.make(given)).pipe(Effect.provide(fake(answer(200, {})).layer))

  it.effect("needs a base URL: there is no default", () =>
    Effect.gen(function* () {
      const error = yield* fails({ ...options, baseUrl: " " })
      assert.instanceOf(error, VendorConfigError)
      assert.include(error.message, "COMPLIANCE_BASE_URL")
    })
  )

  it.effect("lists every fault of base URL and organization at once", () =>
    Effect.gen(function* () {
      const error = yield* fails({ ...options, baseUrl: "http://compliance.example", organizationId: "acme" })
      if (error._tag !== "VendorConfigError") return assert.fail(error._tag)
      assert.strictEqual(error.faults.length, 2)
    })
  )

  it.effect.each(["", "  ", `${secret}\nX-Evil: 1`, `${secret}é`])(
    "refuses an unusable token without showing it",
    (given) =>
      Effect.gen(function* () {
        const error = yield* fails({ ...options, credential: Redacted.make(given) })
        assert.instanceOf(error, CredentialError)
        assert.notInclude(JSON.stringify(error) + String(error), secret)
      })
  )

  it.effect("trims the token and sends the organization as a header", () => {
    const vendor = fake(answer(200, {}))
    return Effect.gen(function* () {
      const organizationId = "0b9c3a52-6f6e-4b58-9a39-0a3a8f0f3c11"
      yield* Compliance.make({
        ...options,
        credential: Redacted.make(`${secret}\r\n`),
        organizationId,
        insecureHosts: ["localhost"]
      })
      const given = vendor.options[0]
      assert.strictEqual(given === undefined ? null : Redacted.value(yield* given.credential), secret)
      assert.deepStrictEqual(given?.headers, { "X-Organization-Id": organizationId })
      assert.deepStrictEqual(given?.insecureHosts, ["localhost"])
    }).pipe(Effect.provide(vendor.layer))
  })

  const fromEnvironment = (env: Record<string, string>) => {
    const vendor = fake(answer(200, pageRunning))
    return {
      vendor,
      adapter: Effect.gen(function* () {
        return yield* Compliance
      }).pipe(
        Effect.provide(Compliance.layerConfig.pipe(Layer.provide(vendor.layer))),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env))
      )
    }
  }

  it.effect("comes from the environment", () =>
    Effect.gen(function* () {
      const { adapter, vendor } = fromEnvironment({
        COMPLIANCE_TOKEN: `${secret}\n`,
        COMPLIANCE_BASE_URL: "https://compliance.example",
        COMPLIANCE_ORGANIZATION_ID: "",
        SCANPOLL_ALLOW_INSECURE_HOSTS: "127.0.0.1:8080, localhost,"
      })
      assert.strictEqual((yield* adapter).account, "default")
      const given = vendor.options[0]
      assert.strictEqual(given?.baseUrl, "https://compliance.example")
      assert.deepStrictEqual(given?.insecureHosts, ["127.0.0.1:8080", "localhost"])
      assert.deepStrictEqual(given?.headers, {})
      assert.strictEqual(given === undefined ? null : Redacted.value(yield* given.credential), secret)
    })
  )

  it.effect("from the environment names the variable that is missing", () =>
    Effect.gen(function* () {
      const noToken = yield* Effect.flip(fromEnvironment({ COMPLIANCE_BASE_URL: "https://compliance.example" }).adapter)
      assert.strictEqual(noToken._tag === "CredentialError" ? noToken.variable : null, "COMPLIANCE_TOKEN")
      const noBase = yield* Effect.flip(fromEnvironment({ COMPLIANCE_TOKEN: secret }).adapter)
      assert.include(noBase.message, "COMPLIANCE_BASE_URL")
    })
  )
})
