import type { VendorResponse } from "@scanpoll/core/http/VendorHttp"
import type { PollFaultKind } from "@scanpoll/core/model/PollFault"
import type { SubmitErrorKind } from "@scanpoll/core/model/SubmitError"
import { ExonaVendor } from "@scanpoll/exona"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { fixture, json, secret, unreadable } from "./fakeVendor.ts"

const scrub = (text: string): string => text.replaceAll(secret, "<redacted>")

const { errors, faults } = ExonaVendor.vendor

const pollFault = (response: VendorResponse) => faults.poll("status", response, scrub)

const submitError = (response: VendorResponse) => faults.submit(response, scrub)

const envelope = (code: string, more: Record<string, unknown> = {}) => ({
  error: { code, message: "said so", request_id: "req_body", ...more }
})

// status, code in the body ("" = the vendor's shape without a documented code, null = not the vendor's shape)
const rows: ReadonlyArray<readonly [number, string | null, PollFaultKind, boolean, SubmitErrorKind]> = [
  [401, "AUTHENTICATION_REQUIRED", "Denied", false, "Denied"],
  [401, "INVALID_API_KEY", "Denied", false, "Denied"],
  [401, "OTHER", "Denied", false, "Denied"],
  [401, null, "Denied", false, "Denied"],
  [403, "FORBIDDEN_IP", "Denied", false, "Denied"],
  [403, "SCAN_NOT_FOUND", "Denied", false, "Denied"],
  [403, null, "Denied", false, "Denied"],
  [400, "MISSING_REQUIRED_FIELD", "Broken", true, "Refused"],
  [400, "INVALID_COMPANY_WEBSITE", "Broken", true, "Refused"],
  [400, "INVALID_MAX_AGE_DAYS", "Broken", true, "Refused"],
  [400, "QUESTIONNAIRE_TOO_LARGE", "Broken", true, "Refused"],
  [400, "RATE_LIMIT_EXCEEDED", "Broken", true, "Refused"],
  [400, null, "Broken", true, "InDoubt"],
  [402, "OUT_OF_CREDITS", "Broken", true, "Refused"],
  [402, null, "Broken", true, "InDoubt"],
  [404, "SCAN_NOT_FOUND", "Missing", false, "Refused"],
  [404, "OTHER", "Missing", false, "Refused"],
  [404, null, "Missing", false, "InDoubt"],
  [409, "OTHER", "Broken", true, "Refused"],
  [410, "OTHER", "Broken", true, "Refused"],
  [422, "OTHER", "Broken", true, "Refused"],
  [429, "RATE_LIMIT_EXCEEDED", "Throttled", false, "Throttled"],
  [429, "OTHER", "Throttled", false, "Throttled"],
  [429, null, "Throttled", false, "Throttled"],
  [408, "OTHER", "Transient", false, "InDoubt"],
  [425, null, "Transient", false, "InDoubt"],
  [500, "INTERNAL", "Transient", false, "InDoubt"],
  [500, "RATE_LIMIT_EXCEEDED", "Transient", false, "InDoubt"],
  [500, null, "Transient", false, "InDoubt"],
  [502, null, "Transient", false, "InDoubt"],
  [503, null, "Transient", false, "InDoubt"],
  [504, null, "Transient", false, "InDoubt"],
  [501, null, "Broken", true, "InDoubt"],
  [301, null, "Broken", true, "InDoubt"],
  [302, null, "Broken", true, "InDoubt"],
  [204, null, "Broken", false, "InDoubt"],
  [202, null, "Broken", false, "InDoubt"]
]

describe("an answer without a scan", () => {
  it.each(rows)(
    "of status %i with code %s is %s (permanent: %s) for a poll and %s for a submission",
    (status, code, poll, permanent, submit) => {
      const response = code === null ? unreadable(status, "not-json") : json(status, envelope(code))
      const fault = pollFault(response)
      assert.deepStrictEqual([fault.kind, fault.permanent], [poll, permanent])
      assert.strictEqual(fault.code, code ?? `http-${status}`)
      assert.strictEqual(fault.requestId, code === null ? "req_header" : "req_body")
      const error = submitError(response)
      assert.strictEqual(error.kind, submit)
      const isAccepted = status >= 200 && status < 300
      assert.strictEqual(error.code, code ?? (isAccepted ? "no-scan-id" : `http-${status}`))
    }
  )

  it("has each documented code once, with advice, and agrees with the rules for the undocumented rest", () => {
    const table = Object.entries(errors.rows).flatMap(([key, given]) =>
      ("length" in given ? given : [given]).map((row) => ({ key, row }))
    )
    assert.strictEqual(table.length, 10)
    for (const { key, row } of table) {
      assert.isAbove(row.advice?.length ?? 0, 10)
      const [status, code = "OUT_OF_CREDITS"] = key.split(" ")
      const poll = row.poll?.replace("!", "")
      assert.include(
        rows.map(([status, code, poll, permanent, submit]) => JSON.stringify([status, code, poll, permanent, submit])),
        JSON.stringify([Number(status), code, poll, row.poll !== poll, row.submit])
      )
    }
  })

  it("keeps the vendor's message, field, hint and request id", () => {
    const error = submitError(json(400, fixture("error")))
    assert.strictEqual(error.kind, "Refused")
    assert.strictEqual(error.code, "INVALID_COMPANY_WEBSITE")
    assert.match(error.message, /^company_website must be a valid URL .*; field company_website$/)
    assert.match(error.advice ?? "", /^Ensure the URL starts with https/)
    assert.strictEqual(error.requestId, "req_01hx7m2d3e4f5g6")
  })

  it("falls back to advice of our own where the vendor gives no hint", () => {
    assert.match(submitError(json(401, envelope("INVALID_API_KEY"))).advice ?? "", /EXONA_API_KEY/)
    assert.match(pollFault(json(401, envelope("INVALID_API_KEY"))).message, /^said so \(HTTP 401\); .*EXONA_API_KEY/)
  })

  it("never repeats the key, and cuts what is long", () => {
    const hostile = json(400, envelope("X", { message: `${"m".repeat(990)} ${secret}`, hint: secret, param: secret }))
    for (const value of [pollFault(hostile), submitError(hostile)]) {
      assert.notInclude(JSON.stringify([value.message, value.code, value]), secret.slice(0, 12))
      assert.isAtMost(value.message.length, 1000)
    }
    const odd = submitError(json(201, { id: 5, key: secret }))
    assert.include(odd.message, '"id":5')
    assert.notInclude(odd.message, secret)
  })

  it("that leaves a submission in doubt says what a person can do", () => {
    assert.match(submitError(unreadable(503, "not-json")).advice ?? "", /maxAgeDays 1/)
  })

  it.prop(
    "is classified without a defect, whatever its body",
    [Schema.Json, Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 599 }))],
    ([value, status]) => {
      for (const body of [value, { error: value }, { error: { code: value, message: value } }]) {
        const submit = submitError(json(status, body))
        assert.isTrue(status < 500 || submit.kind === "InDoubt")
        assert.isTrue(status < 200 || status >= 300 || submit.kind === "InDoubt")
        assert.isAbove(pollFault(json(status, body)).message.length, 0)
      }
    }
  )
})
