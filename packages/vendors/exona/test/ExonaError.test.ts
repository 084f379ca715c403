import { TransportFault } from "@scanpoll/core/http/VendorHttp"
import type { PollFaultKind } from "@scanpoll/core/model/PollFault"
import type { SubmitErrorKind } from "@scanpoll/core/model/SubmitError"
import * as ExonaError from "@scanpoll/exona/ExonaError"
import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { fixture, json, secret, unreadable } from "./fakeVendor.ts"

const scrub = (text: string): string => text.replaceAll(secret, "<redacted>")

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
      const fault = ExonaError.pollFault(response, scrub)
      assert.deepStrictEqual([fault.kind, fault.permanent], [poll, permanent])
      assert.strictEqual(fault.code, code ?? `http-${status}`)
      assert.strictEqual(fault.requestId, code === null ? "req_header" : "req_body")
      const error = ExonaError.submitError(response, scrub)
      assert.strictEqual(error.kind, submit)
      assert.strictEqual(error.code, code ?? `http-${status}`)
    }
  )

  it("has each documented code once, with advice, and agrees with the rules for the undocumented rest", () => {
    const documented = ExonaError.table.filter((row) => row.code !== null)
    assert.strictEqual(new Set(documented.map((row) => row.code)).size, documented.length)
    for (const row of documented) {
      assert.isAbove(row.advice.length, 10)
      assert.deepInclude(
        rows.map(([status, code, poll, permanent, submit]) => ({ status, code, poll, permanent, submit })),
        {
          status: row.status,
          code: row.code,
          poll: row.poll,
          permanent: row.permanent,
          submit: row.submit
        }
      )
    }
  })

  it("keeps the vendor's message, field, hint and request id", () => {
    const error = ExonaError.submitError(json(400, fixture("error")), scrub)
    assert.strictEqual(error.kind, "Refused")
    assert.strictEqual(error.code, "INVALID_COMPANY_WEBSITE")
    assert.match(error.message, /^company_website must be a valid URL .* \(company_website\)$/)
    assert.match(error.advice ?? "", /^Ensure the URL starts with https/)
    assert.strictEqual(error.requestId, "req_01hx7m2d3e4f5g6")
  })

  it("falls back to advice of our own where the vendor gives no hint", () => {
    assert.match(ExonaError.submitError(json(401, envelope("INVALID_API_KEY")), scrub).advice ?? "", /EXONA_API_KEY/)
    assert.match(
      ExonaError.pollFault(json(401, envelope("INVALID_API_KEY")), scrub).message,
      /said so; .*EXONA_API_KEY/
    )
  })

  it("never repeats the key, and cuts what is long", () => {
    const hostile = json(400, envelope("X", { message: `${"m".repeat(990)} ${secret}`, hint: secret, param: secret }))
    for (const value of [ExonaError.pollFault(hostile, scrub), ExonaError.submitError(hostile, scrub)]) {
      assert.notInclude(JSON.stringify([value.message, value.code, value]), secret.slice(0, 12))
      assert.isAtMost(value.message.length, 1000)
    }
    const odd = ExonaError.submitError(json(201, { id: 5, key: secret }), scrub)
    assert.include(odd.message, '"id":5')
    assert.notInclude(odd.message, secret)
  })

  it("that leaves a submission in doubt says what a person can do", () => {
    assert.match(ExonaError.submitError(unreadable(503, "not-json"), scrub).advice ?? "", /maxAgeDays 1/)
  })

  it.prop(
    "is classified without a defect, whatever its body",
    [Schema.Json, Schema.Int.check(Schema.isBetween({ minimum: 100, maximum: 599 }))],
    ([value, status]) => {
      for (const body of [value, { error: value }, { error: { code: value, message: value } }]) {
        const submit = ExonaError.submitError(json(status, body), scrub)
        assert.isTrue(status < 500 || submit.kind === "InDoubt")
        assert.isTrue(status < 200 || status >= 300 || submit.kind === "InDoubt")
        assert.isAbove(ExonaError.pollFault(json(status, body), scrub).message.length, 0)
      }
    }
  )
})

describe("no answer at all", () => {
  const fault = (sent: boolean, code: string, permanent = false) =>
    new TransportFault({ sent, permanent, code, message: `no luck with ${secret}` })

  it("is a passing fault of a poll, for good when it is permanent", () => {
    const passing = ExonaError.pollTransport(fault(true, "timeout"), scrub)
    assert.deepStrictEqual([passing.kind, passing.permanent, passing.code], ["Transient", false, "timeout"])
    assert.isTrue(ExonaError.pollTransport(fault(false, "cert_has_expired", true), scrub).permanent)
    assert.notInclude(passing.message, secret)
  })

  it("leaves a submission in doubt once a byte may have left, and surely unsent before", () => {
    const lost = ExonaError.submitTransport(fault(true, "econnreset"), scrub)
    assert.deepStrictEqual([lost.kind, lost.code], ["InDoubt", "econnreset"])
    assert.isNotNull(lost.advice)
    const unsent = ExonaError.submitTransport(fault(false, "econnrefused"), scrub)
    assert.deepStrictEqual([unsent.kind, unsent.permanent, unsent.advice], ["NotSent", false, null])
    assert.notInclude(lost.message, secret)
  })

  it("for want of a credential is denied, as a refused one is", () => {
    assert.strictEqual(ExonaError.pollTransport(fault(false, "no-credential"), scrub).kind, "Denied")
    assert.strictEqual(ExonaError.submitTransport(fault(false, "no-credential"), scrub).kind, "Denied")
  })
})
