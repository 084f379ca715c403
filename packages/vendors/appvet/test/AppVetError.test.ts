import { assert, describe, it } from "@effect/vitest"
import { AppVetVendor } from "@scanpoll/appvet"
import * as StatusClass from "@scanpoll/core/unstable/http/StatusClass"
import type { Question } from "@scanpoll/core/vendor/Definition"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Fake from "./Fake.ts"

const scrub = (text: string): string => text.replaceAll(Fake.key, Fake.mark)
const { errors, faults } = AppVetVendor.vendor
const lost = (fault: ReturnType<typeof Fake.transportFault>) =>
  StatusClass.submitTransport(fault, scrub, typeof errors.doubt === "string" ? errors.doubt : null)
const questions = ["status", "findings", "list"] as const
const error = (code: string, text: string | null = "why") => ({ code, ...(text === null ? {} : { error: text }) })

const onPoll = (question: Question, step: ReturnType<typeof Fake.response>) => {
  const { code, kind, permanent } = faults.poll(question, step, scrub)
  return { kind, permanent, code }
}
const onSubmit = (step: ReturnType<typeof Fake.response>) => {
  const { code, kind, permanent } = faults.submit(step, scrub)
  return { kind, permanent, code }
}

describe("every documented code", () => {
  // Written out a second time on purpose: a slip in the table must not be able to prove itself.
  const documented = [
    ["INVALID_URL", 400, { submit: "Refused!" }],
    ["INVALID_TYPE", 400, { submit: "Refused!" }],
    ["URL_NOT_REACHABLE", 400, { submit: "Refused" }],
    ["INVALID_PARAMS", 400, { list: "Broken!" }],
    ["UNAUTHORIZED", 401, { submit: "Denied", status: "Denied", findings: "Denied", list: "Denied" }],
    ["KEY_REVOKED", 401, { submit: "Denied", status: "Denied", findings: "Denied", list: "Denied" }],
    ["DOMAIN_BLOCKED", 403, { submit: "Refused!" }],
    ["SCAN_NOT_FOUND", 404, { status: "Missing", findings: "Missing" }],
    ["SCAN_NOT_COMPLETE", 409, { findings: "Transient" }],
    ["RATE_LIMITED", 429, { submit: "Throttled", status: "Throttled", findings: "Throttled", list: "Throttled" }],
    ["QUOTA_EXCEEDED", 429, { submit: "Refused!" }]
  ] as const

  it("has one row", () => {
    assert.sameMembers(
      Object.keys(AppVetVendor.vendor.errors.rows).map((row) => row.split(" ")[1]),
      documented.map(([code]) => code)
    )
  })

  it.each(documented)("%s (%d) means what the table says", (code, status, meanings) => {
    const step = Fake.response(status, error(code))
    for (const [operation, meaning] of Object.entries(meanings)) {
      const expected = [meaning.replace("!", ""), meaning.endsWith("!"), code]
      const question = questions.find((question) => question === operation)
      const seen = question === undefined ? onSubmit(step) : onPoll(question, step)
      assert.deepStrictEqual([seen.kind, seen.permanent, seen.code], expected, operation)
    }
  })

  it("has words for people", () => {
    const refused = faults.submit(Fake.response(403, error("DOMAIN_BLOCKED", "blocked")), scrub)
    assert.strictEqual(refused.message, "blocked")
    assert.isNotNull(refused.advice)
    const missing = faults.poll("status", Fake.response(404, error("SCAN_NOT_FOUND", "No scan")), scrub)
    assert.match(missing.message, /^No scan \(HTTP 404\); the id may be wrong, or .* another organization/)
  })
})

describe("a code on a status or a call it is not documented for", () => {
  it("says nothing: the status alone decides", () => {
    assert.deepStrictEqual(onPoll("status", Fake.response(500, error("UNAUTHORIZED"))), {
      kind: "Transient",
      permanent: false,
      code: "UNAUTHORIZED"
    })
    assert.deepStrictEqual(onPoll("status", Fake.response(409, error("SCAN_NOT_COMPLETE"))), {
      kind: "Broken",
      permanent: true,
      code: "SCAN_NOT_COMPLETE"
    })
    assert.deepStrictEqual(onPoll("status", Fake.response(403, error("DOMAIN_BLOCKED"))), {
      kind: "Denied",
      permanent: false,
      code: "DOMAIN_BLOCKED"
    })
    assert.strictEqual(onSubmit(Fake.response(403, error("FORBIDDEN"))).kind, "Denied")
    assert.strictEqual(onSubmit(Fake.response(500, error("QUOTA_EXCEEDED"))).kind, "InDoubt")
  })
})

describe("HTTP 429 has two meanings", () => {
  it("a question is throttled whatever the code, for it buys nothing", () => {
    for (const question of questions) {
      for (const step of [
        Fake.response(429, error("RATE_LIMITED")),
        Fake.response(429, error("QUOTA_EXCEEDED")),
        Fake.response(429, error("TOO_MANY_SCANS")),
        Fake.unreadable(429)
      ]) {
        assert.strictEqual(onPoll(question, step).kind, "Throttled")
      }
    }
  })

  it("a submission with a used-up month is refused for good, with whatever quota headers", () => {
    for (const quota of [Option.none(), Fake.quota(60, 0, 5_000), Fake.quota(60, 30, 5_000)]) {
      const seen = faults.submit(
        Fake.response(429, error("QUOTA_EXCEEDED"), { quota, hint: Option.some(Duration.seconds(5)) }),
        scrub
      )
      assert.deepStrictEqual([seen.kind, seen.permanent, seen.hint], ["Refused", true, Option.none()])
    }
  })

  it.each([
    ["none left", 0, "Throttled"],
    ["some left", 3, "Refused"],
    ["nothing said", null, "Throttled"]
  ] as const)("a submission whose 429 cannot be read goes by the requests left: %s", (_, remaining, kind) => {
    const quota = remaining === null ? Option.none() : Fake.quota(10, remaining, 30_000)
    assert.strictEqual(onSubmit(Fake.unreadable(429, "not-json", { quota })).kind, kind)
    assert.strictEqual(onSubmit(Fake.response(429, { error: "slow down" }, { quota })).kind, kind)
  })

  it("another code, such as for too many open scans, is throttling even with requests left", () => {
    const step = Fake.response(429, error("TOO_MANY_SCANS"), { quota: Fake.quota(60, 50, 30_000) })
    assert.strictEqual(onSubmit(step).kind, "Throttled")
  })
})

describe("the wait after a 429", () => {
  const rest = { hint: Option.some(Duration.seconds(42)) }

  it("is the one the answer asks for", () => {
    const step = Fake.response(429, error("RATE_LIMITED"), rest)
    assert.deepStrictEqual(faults.poll("status", step, scrub).hint, rest.hint)
    assert.deepStrictEqual(faults.submit(step, scrub).hint, rest.hint)
  })

  it("is left to the default when the answer asks for none", () => {
    const step = Fake.response(429, error("RATE_LIMITED"), { quota: Fake.quota(10, 0, null) })
    assert.deepStrictEqual(faults.poll("status", step, scrub).hint, Option.none())
    assert.deepStrictEqual(faults.submit(step, scrub).hint, Option.none())
  })
})

describe("what no row names", () => {
  it.each([
    [301, "Broken", true],
    [302, "Broken", true],
    [400, "Broken", true],
    [401, "Denied", false],
    [402, "Broken", true],
    [403, "Denied", false],
    [404, "Missing", false],
    [405, "Broken", true],
    [408, "Transient", false],
    [410, "Broken", true],
    [422, "Broken", true],
    [425, "Transient", false],
    [451, "Broken", true],
    [500, "Transient", false],
    [502, "Transient", false],
    [503, "Transient", false],
    [504, "Transient", false]
  ] as const)("HTTP %d on a poll is %s", (status, kind, permanent) => {
    assert.deepStrictEqual(onPoll("status", Fake.unreadable(status)), { kind, permanent, code: `http-${status}` })
  })

  it.each([
    [200, "InDoubt", "InDoubt"],
    [201, "InDoubt", "InDoubt"],
    [204, "InDoubt", "InDoubt"],
    [302, "InDoubt", "InDoubt"],
    [400, "InDoubt", "Refused"],
    [401, "Denied", "Denied"],
    [402, "InDoubt", "Refused"],
    [403, "Denied", "Denied"],
    [404, "InDoubt", "Refused"],
    [408, "InDoubt", "InDoubt"],
    [409, "InDoubt", "Refused"],
    [422, "InDoubt", "Refused"],
    [500, "InDoubt", "InDoubt"],
    [503, "InDoubt", "InDoubt"]
  ] as const)("HTTP %d on a submission is %s, and %s in the vendor's shape", (status, bare, shaped) => {
    assert.strictEqual(onSubmit(Fake.unreadable(status)).kind, bare)
    assert.strictEqual(onSubmit(Fake.response(status, error("SOMETHING_NEW"))).kind, shaped)
    assert.strictEqual(onSubmit(Fake.response(status, error("SOMETHING_NEW", null))).kind, bare)
  })

  it.each([
    { error: { code: "UNAUTHORIZED", message: "x" } },
    { error: "UNAUTHORIZED", message: "x" },
    { code: 400, error: "x" },
    { code: "", error: "x" },
    ["INVALID_URL"],
    "INVALID_URL",
    null
  ])("another vendor's shape is not read as AppVet's: %j", (body) => {
    assert.strictEqual(faults.submit(Fake.response(400, body), scrub).kind, "InDoubt")
  })
})

describe("no answer at all", () => {
  it("to a poll is passing, unless there is no credential", () => {
    const seen = StatusClass.pollTransport(Fake.transportFault(true, "econnreset"), scrub)
    assert.deepStrictEqual([seen.kind, seen.permanent, seen.code], ["Transient", false, "econnreset"])
    const bad = StatusClass.pollTransport(Fake.transportFault(false, "cert_has_expired", true), scrub)
    assert.deepStrictEqual([bad.kind, bad.permanent], ["Transient", true])
    assert.strictEqual(StatusClass.pollTransport(Fake.transportFault(false, "no-credential"), scrub).kind, "Denied")
  })

  it("to a submission is in doubt exactly when something was sent", () => {
    const sent = lost(Fake.transportFault(true, "timeout"))
    assert.deepStrictEqual([sent.kind, sent.code], ["InDoubt", "timeout"])
    assert.isNotNull(sent.advice)
    const refused = lost(Fake.transportFault(false, "econnrefused"))
    assert.deepStrictEqual([refused.kind, refused.permanent], ["NotSent", false])
    const bad = lost(Fake.transportFault(false, "enotfound", true))
    assert.deepStrictEqual([bad.kind, bad.permanent], ["NotSent", true])
    assert.strictEqual(lost(Fake.transportFault(false, "no-credential")).kind, "Denied")
  })
})

describe("the words of an error", () => {
  it.effect("never repeat the key, are cut, and keep the request's id and quota (CO-07)", () =>
    Effect.sync(() => {
      const quota = Fake.quota(10, 0, 61_000)
      const step = Fake.response(400, error(`CODE_${Fake.key}`, `${"x".repeat(990)}${Fake.key}`), {
        requestId: "req_1",
        quota
      })
      for (const seen of [faults.poll("status", step, scrub), faults.submit(step, scrub)]) {
        assert.notInclude(seen.message, "avk_live")
        assert.notInclude(seen.code, "avk_live")
        assert.isAtMost(seen.message.length, 1000)
        assert.deepStrictEqual([seen.requestId, seen.quota], ["req_1", quota])
      }
    })
  )

  it("are those of the answer when there is no text of the vendor's", () => {
    assert.strictEqual(faults.poll("status", Fake.unreadable(502), scrub).message, "HTTP 502 text/html, 512 bytes")
    assert.strictEqual(faults.poll("status", Fake.response(502, {}), scrub).message, "HTTP 502")
  })
})
