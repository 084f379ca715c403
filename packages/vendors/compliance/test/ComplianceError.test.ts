import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { ComplianceVendor } from "@scanpoll/compliance"
import type { VendorResponse } from "@scanpoll/core/http/VendorHttp"
import type { Question } from "@scanpoll/core/vendor/Definition"
import { answer, fixture, scrub, secret, unreadable } from "./FakeVendor.ts"

const auditId = "e68615d5-06b8-4514-9607-52dbd84911f5"

const { faults, sample } = ComplianceVendor.vendor

const pollFault = (question: Question, response: VendorResponse) => faults.poll(question, response, scrub)

const submitError = (response: VendorResponse, audit: string | null = auditId) =>
  faults.submit(response, scrub, audit === null ? sample : { ...sample, auditId: audit })

// Written out a second time on purpose: a slip in the table must not be able to prove itself.
const documented = [
  ["VALIDATION_ERROR", 400, { status: "Broken!", list: "Broken!", submit: "Refused" }],
  ["MAPPING_INCOMPLETE", 400, { submit: "Refused" }],
  ["UNAUTHORIZED", 401, { status: "Denied", list: "Denied", submit: "Denied" }],
  ["NOT_FOUND", 404, { status: "Missing", list: "Missing", submit: "Refused" }],
  ["INTERNAL_ERROR", 500, { status: "Transient", list: "Transient", submit: "InDoubt" }],
  ["PARTIAL_INSERT", 500, { submit: "InDoubt" }],
  ["NOT_AVAILABLE", 501, { status: "Broken!", list: "Broken!" }]
] as const

describe("the table of errors", () => {
  it.each(documented)("gives %s (%d) its meaning", (code, status, meanings) => {
    const response = answer(status, { error: code, message: "said so" }, { requestId: "req_1" })
    for (const [question, meaning] of Object.entries(meanings)) {
      const seen =
        question === "submit" ? submitError(response) : pollFault(question === "list" ? "list" : "status", response)
      assert.strictEqual(`${seen.kind}${seen.permanent ? "!" : ""} ${seen.code}`, `${meaning} ${code}`, question)
      assert.include(seen.message, "said so")
      assert.strictEqual(seen.requestId, "req_1")
    }
  })

  it("has one entry for one status and code", () => {
    assert.sameMembers(
      Object.keys(ComplianceVendor.vendor.errors.rows),
      documented.map(([code, status]) => `${status} ${code}`)
    )
  })

  it("advises people by what was asked: a scan that is missing, and an audit that is (CO-07)", () => {
    const missing = answer(404, { error: "NOT_FOUND", message: "Not here." })
    assert.match(pollFault("status", missing).message, /^Not here \(HTTP 404\); .*the token has expired/)
    assert.match(pollFault("list", missing).message, /^Not here \(HTTP 404\); no audit with that auditId/)
    assert.match(submitError(missing).advice ?? "", /the mapping, the upload or the policy/)
  })

  it("reads the vendor's 404 with its code and words (CO-07)", () => {
    const fault = pollFault("status", answer(404, fixture("not-found")))
    assert.strictEqual(fault.kind, "Missing")
    assert.strictEqual(fault.code, "NOT_FOUND")
    assert.include(fault.message, "Scan not found")
    assert.include(fault.message, "token")
  })

  it.each([
    [400, "Broken", true],
    [401, "Denied", false],
    [403, "Denied", false],
    [302, "Broken", true],
    [404, "Missing", false],
    [405, "Broken", true],
    [408, "Transient", false],
    [410, "Broken", true],
    [413, "Broken", true],
    [422, "Broken", true],
    [425, "Transient", false],
    [429, "Throttled", false],
    [500, "Transient", false],
    [502, "Transient", false],
    [503, "Transient", false],
    [504, "Transient", false],
    [204, "Broken", false]
  ] as const)("an undocumented %d is %s, with a body of any kind", (status, kind, permanent) => {
    const bodies = [
      answer(status, { error: "SOMETHING_ELSE", message: "no" }),
      answer(status, { error: { code: "502", message: "host" } }),
      { ...answer(status, null), body: unreadable }
    ]
    for (const response of bodies) {
      const fault = pollFault("status", response)
      assert.strictEqual(fault.kind, kind)
      assert.strictEqual(fault.permanent, permanent)
    }
    assert.deepStrictEqual(
      bodies.map((response) => pollFault("status", response).code),
      ["SOMETHING_ELSE", `http-${status}`, `http-${status}`]
    )
  })

  it("takes a code at another status by the status", () => {
    assert.strictEqual(pollFault("status", answer(503, { error: "NOT_FOUND", message: "x" })).kind, "Transient")
    assert.strictEqual(pollFault("status", answer(404, { error: "INTERNAL_ERROR", message: "x" })).kind, "Missing")
  })

  it("passes hint and quota on, and no credential", () => {
    const hint = Option.some(Duration.seconds(9))
    const quota = Option.some({ limit: 5, remaining: 0, resetAt: 7 })
    const fault = pollFault(
      "status",
      answer(429, { error: `E ${secret}`, message: `you sent ${secret} ${"x".repeat(5000)}` }, { hint, quota })
    )
    assert.deepStrictEqual(fault.hint, hint)
    assert.deepStrictEqual(fault.quota, quota)
    assert.notInclude(fault.message + fault.code, secret)
    assert.isAtMost(fault.message.length, 1000)
  })
})

describe("a submission", () => {
  it("names the fields and columns the vendor complains about", () => {
    const mapping = submitError(answer(400, fixture("run-mapping-incomplete")), auditId)
    assert.strictEqual(mapping.kind, "Refused")
    assert.include(mapping.message, "missing: timestamp")
    assert.include(mapping.message, '"nope"')
    const invalid = submitError(answer(400, fixture("run-validation-error")), auditId)
    assert.include(invalid.message, "audit_id: Invalid input")
  })

  it("explains the 400 of a server that needs an audit", () => {
    const error = submitError(answer(400, fixture("run-validation-error")), null)
    assert.strictEqual(error.kind, "Refused")
    assert.include(error.advice ?? "", "auditId")
    const other = submitError(
      answer(400, { error: "VALIDATION_ERROR", message: "no", details: [{ path: ["policy_id"], message: "bad" }] }),
      null
    )
    assert.notInclude(other.advice ?? "", "auditId")
  })

  it.each([
    [500, { error: "INTERNAL_ERROR", message: "Failed to create scan record" }],
    [500, { error: "INTERNAL_ERROR", message: "An unexpected error occurred", status: "failed" }],
    [502, null],
    [503, { error: "DOWN", message: "later" }],
    [504, null],
    [408, { error: "TIMEOUT", message: "slow" }],
    [302, null],
    [400, null],
    [404, "<html>"],
    [409, { error: "bare code of a gateway" }],
    [201, { error: "ODD", message: "no id" }]
  ])("%d with %j may have been accepted: in doubt, never sent again by itself", (status, body) => {
    const error = submitError(answer(status, body), auditId)
    assert.strictEqual(error.kind, "InDoubt")
    assert.isNotNull(error.advice)
  })

  it.each([
    [401, null, "Denied"],
    [403, { error: "FORBIDDEN", message: "no" }, "Denied"],
    [429, null, "Throttled"],
    [422, { error: "TOO_MANY_ROWS", message: "no" }, "Refused"],
    [413, { error: "TOO_LARGE", message: "no" }, "Refused"]
  ] as const)("an undocumented %d with %j is %s", (status, body, kind) => {
    assert.strictEqual(submitError(answer(status, body), auditId).kind, kind)
  })

  it("keeps no credential of an answer it keeps", () => {
    const error = submitError(answer(200, { echo: `Bearer ${secret}` }), null)
    assert.include(error.message, "<redacted>")
    assert.notInclude(JSON.stringify(error), secret)
  })
})
