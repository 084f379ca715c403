import { assert, describe, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { ComplianceError } from "@scanpoll/compliance"
import { answer, fixture, scrub, secret, unreadable } from "./FakeVendor.ts"

const auditId = "e68615d5-06b8-4514-9607-52dbd84911f5"

describe("the table of polls", () => {
  for (const row of ComplianceError.pollRows) {
    for (const on of row.on) {
      it(`${on} ${row.status} ${row.code} is ${row.kind}${row.permanent ? " for good" : ""}`, () => {
        const fault = ComplianceError.pollFault(
          on,
          answer(row.status, { error: row.code, message: "said so" }, { requestId: "req_1" }),
          scrub
        )
        assert.strictEqual(fault.kind, row.kind)
        assert.strictEqual(fault.permanent, row.permanent)
        assert.strictEqual(fault.code, row.code)
        assert.include(fault.message, "said so")
        assert.include(fault.message, row.advice ?? "")
        assert.strictEqual(fault.requestId, "req_1")
      })
    }
  }

  it("has one row for one operation, status and code", () => {
    const keys = ComplianceError.pollRows.flatMap((row) => row.on.map((on) => `${on} ${row.status} ${row.code}`))
    assert.strictEqual(new Set(keys).size, keys.length)
    const submits = ComplianceError.submitRows.map((row) => `${row.status} ${row.code}`)
    assert.strictEqual(new Set(submits).size, submits.length)
  })

  it("reads the vendor's 404 with its code and words (CO-07)", () => {
    const fault = ComplianceError.pollFault("status", answer(404, fixture("not-found")), scrub)
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
      const fault = ComplianceError.pollFault("status", response, scrub)
      assert.strictEqual(fault.kind, kind)
      assert.strictEqual(fault.permanent, permanent)
    }
    assert.deepStrictEqual(
      bodies.map((response) => ComplianceError.pollFault("status", response, scrub).code),
      ["SOMETHING_ELSE", `http-${status}`, `http-${status}`]
    )
  })

  it("takes a code at another status by the status", () => {
    assert.strictEqual(
      ComplianceError.pollFault("status", answer(503, { error: "NOT_FOUND", message: "x" }), scrub).kind,
      "Transient"
    )
    assert.strictEqual(
      ComplianceError.pollFault("status", answer(404, { error: "INTERNAL_ERROR", message: "x" }), scrub).kind,
      "Missing"
    )
  })

  it("passes hint and quota on, and no credential", () => {
    const hint = Option.some(Duration.seconds(9))
    const quota = Option.some({ limit: 5, remaining: 0, resetAt: 7 })
    const fault = ComplianceError.pollFault(
      "status",
      answer(429, { error: `E ${secret}`, message: `you sent ${secret} ${"x".repeat(5000)}` }, { hint, quota }),
      scrub
    )
    assert.deepStrictEqual(fault.hint, hint)
    assert.deepStrictEqual(fault.quota, quota)
    assert.notInclude(fault.message + fault.code, secret)
    assert.isAtMost(fault.message.length, 1000)
  })
})

describe("the table of submissions", () => {
  for (const row of ComplianceError.submitRows) {
    it(`${row.status} ${row.code} is ${row.kind}`, () => {
      const error = ComplianceError.submitError(
        answer(row.status, { error: row.code, message: "said so" }),
        auditId,
        scrub
      )
      assert.strictEqual(error.kind, row.kind)
      assert.strictEqual(error.code, row.code)
      assert.include(error.message, "said so")
      assert.strictEqual(error.advice, row.advice)
    })
  }

  it("names the fields and columns the vendor complains about", () => {
    const mapping = ComplianceError.submitError(answer(400, fixture("run-mapping-incomplete")), auditId, scrub)
    assert.strictEqual(mapping.kind, "Refused")
    assert.include(mapping.message, "missing: timestamp")
    assert.include(mapping.message, '"nope"')
    const invalid = ComplianceError.submitError(answer(400, fixture("run-validation-error")), auditId, scrub)
    assert.include(invalid.message, "audit_id: Invalid input")
  })

  it("explains the 400 of a server that needs an audit", () => {
    const error = ComplianceError.submitError(answer(400, fixture("run-validation-error")), null, scrub)
    assert.strictEqual(error.kind, "Refused")
    assert.include(error.advice ?? "", "auditId")
    const other = ComplianceError.submitError(
      answer(400, { error: "VALIDATION_ERROR", message: "no", details: [{ path: ["policy_id"], message: "bad" }] }),
      null,
      scrub
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
    const error = ComplianceError.submitError(answer(status, body), auditId, scrub)
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
    assert.strictEqual(ComplianceError.submitError(answer(status, body), auditId, scrub).kind, kind)
  })

  it("keeps no credential of an answer it keeps", () => {
    const error = ComplianceError.submitError(answer(200, { echo: `Bearer ${secret}` }), null, scrub)
    assert.include(error.message, "<redacted>")
    assert.notInclude(JSON.stringify(error), secret)
  })
})
