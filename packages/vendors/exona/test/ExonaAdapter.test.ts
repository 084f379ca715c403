import type { Already, Submitted } from "@scanpoll/core/engine/ScanAdapter"
import { TransportFault, type VendorResponse } from "@scanpoll/core/http/VendorHttp"
import { CredentialError } from "@scanpoll/core/http/Credential"
import type { Observation } from "@scanpoll/core/model/Observation"
import type { PollFault } from "@scanpoll/core/model/PollFault"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { Exona } from "@scanpoll/exona"
import type { KeyedOptions } from "@scanpoll/core/vendor/Vendor"
import type { ExonaRequest, ExonaResult } from "@scanpoll/exona/ExonaSchema"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as TestClock from "effect/testing/TestClock"
import { type Asked, fakeVendor, fixture, json, origin, request, seconds, secret, unreadable } from "./fakeVendor.ts"

const id = "scn_01hx7m2d3e4f5g6h7j8k9l0mn"

const ticketOf = (scanId: string) =>
  ScanTicket.make({ vendor: "exona", origin, account: "default", scanId, submittedAt: 0 })

const credential = Redacted.make(secret)

const adapterOf = (options: Partial<KeyedOptions>, ...script: ReadonlyArray<VendorResponse | TransportFault>) => {
  const vendor = fakeVendor(...script)
  return Effect.map(Effect.provide(Exona.make({ credential, ...options }), vendor.layer), (adapter) => ({
    adapter,
    asked: vendor.asked,
    made: vendor.made
  }))
}

const ready = (...script: ReadonlyArray<VendorResponse | TransportFault>) => Effect.orDie(adapterOf({}, ...script))

const pollOf = (response: VendorResponse | TransportFault, scanId = id) =>
  Effect.flatMap(ready(response), ({ adapter }) => adapter.poll(ticketOf(scanId)))

const faultOf = (response: VendorResponse | TransportFault, scanId = id) => Effect.flip(pollOf(response, scanId))

const submitOf = (response: VendorResponse | TransportFault, given: ExonaRequest = request) =>
  Effect.flatMap(ready(response), ({ adapter }) => adapter.submit(given))

const settled = (
  observation: Observation<ScanOutcome.ScanOutcome<ExonaResult>>
): ScanOutcome.ScanOutcome<ExonaResult> => {
  if (observation._tag !== "Settled") throw new Error(`expected an outcome, got ${observation._tag}`)
  return observation.value
}

const completedOf = (outcome: ScanOutcome.ScanOutcome<ExonaResult>): ScanOutcome.Completed<ExonaResult> => {
  if (outcome._tag !== "Completed") throw new Error(`expected a completed scan, got ${outcome._tag}`)
  return outcome
}

const settle = (body: unknown, more: Partial<VendorResponse> = {}) =>
  Effect.map(pollOf(json(200, body, more)), (answer) => settled(answer.observation))

const already = (answer: Submitted | Already<ExonaResult>): ScanOutcome.ScanOutcome<ExonaResult> => {
  if (answer._tag !== "Already") throw new Error("expected an outcome from the submission")
  return answer.outcome
}

const submitted = (answer: Submitted | Already<ExonaResult>): Submitted => {
  if (answer._tag !== "Submitted") throw new Error("expected a ticket from the submission")
  return answer
}

const withResult = (result: unknown) => ({ ...fixture("completed"), result })

const withLevel = (level: unknown) =>
  withResult({ risk_assessment: { overall_risk_level: level }, matched_incidents: [] })

describe("a poll", () => {
  it.effect("asks for the scan of the ticket, once", () =>
    Effect.gen(function* () {
      const { adapter, asked } = yield* ready(json(200, fixture("processing")))
      yield* adapter.poll(ticketOf(id))
      assert.deepStrictEqual<ReadonlyArray<Asked>>(asked, [
        { method: "GET", path: `/scans/${id}`, body: null, timeout: null }
      ])
    })
  )

  it.effect("`processing` is pending and running, and Retry-After is the hint", () =>
    Effect.gen(function* () {
      const quota = Option.some({ limit: 100, remaining: 7, resetAt: 5000 })
      const answer = yield* pollOf(json(200, fixture("processing"), { hint: seconds(10), quota }))
      assert.deepStrictEqual<unknown>(answer.observation, {
        _tag: "Pending",
        phase: "running",
        progress: Option.none()
      })
      assert.deepStrictEqual(answer.hint, seconds(10))
      assert.deepStrictEqual(answer.quota, quota)
      const silent = yield* pollOf(json(200, fixture("processing")))
      assert.isTrue(Option.isNone(silent.hint))
    })
  )

  it.effect("an answer names its company by the website, by the name without one, or not at all (V-10)", () =>
    Effect.gen(function* () {
      const subjectOf = (company: unknown) =>
        Effect.map(settle({ ...fixture("completed"), company }), (outcome) => outcome.subject)
      assert.deepStrictEqual(yield* subjectOf({ name: "Acme AI", website: "https://Acme.example/" }), {
        kind: "company",
        id: "https://acme.example",
        name: "Acme AI"
      })
      assert.deepStrictEqual(yield* subjectOf({ name: "Acme AI" }), { kind: "company", id: "Acme AI", name: "Acme AI" })
      for (const company of [{}, { name: " " }, null, "Acme"]) assert.isUndefined(yield* subjectOf(company))
    })
  )

  it.effect("`completed` is completed, with the vendor's severity, its result as served and its times", () =>
    Effect.gen(function* () {
      const outcome = completedOf(yield* settle(fixture("completed")))
      assert.deepStrictEqual(outcome.assessment, {
        severity: "high",
        vendorSeverity: "High",
        compliance: null,
        score: null
      })
      assert.deepStrictEqual<unknown>(outcome.payload, fixture("completed")["result"])
      assert.strictEqual(outcome.createdAt, Date.UTC(2026, 3, 3, 9))
      assert.strictEqual(outcome.completedAt, Date.UTC(2026, 3, 3, 9, 1, 12))
      assert.strictEqual(outcome.vendorStatus, "completed")
      assert.deepStrictEqual(outcome.ticket, ticketOf(id))
      assert.strictEqual(outcome.requestId, "req_header")
      assert.deepStrictEqual([outcome.cached, outcome.ageMs, outcome.delta], [false, null, null])
      assert.deepStrictEqual(outcome.warnings, [])
    })
  )

  it.effect("a completed scan's Retry-After is of no interest any more (HD-08)", () =>
    Effect.gen(function* () {
      const answer = yield* pollOf(json(200, fixture("completed"), { hint: seconds(600) }))
      assert.strictEqual(answer.observation._tag, "Settled")
      assert.isTrue(Option.isNone(answer.hint))
    })
  )

  it.effect("`failed` is an outcome with the vendor's code, message, advice and request id (EX-02)", () =>
    Effect.gen(function* () {
      const outcome = yield* settle(fixture("failed"))
      assert.strictEqual(outcome._tag, "Failed")
      if (outcome._tag !== "Failed") return
      assert.strictEqual(outcome.reason.code, "ENRICHMENT_INSUFFICIENT_DATA")
      assert.match(outcome.reason.message, /^Not enough public information/)
      assert.match(outcome.reason.advice ?? "", /^Check that the website URL is correct/)
      assert.strictEqual(outcome.reason.requestId, "req_abc123xyz")
      assert.strictEqual(outcome.completedAt, Date.UTC(2026, 3, 3, 9, 3))
    })
  )

  it.effect.each([
    ["Low", "low"],
    ["Medium", "medium"],
    ["High", "high"],
    ["Very High", "critical"]
  ] as const)("an overall risk of %s is the severity %s", ([level, severity]) =>
    Effect.gen(function* () {
      const outcome = completedOf(yield* settle(withLevel(level)))
      assert.strictEqual(outcome.assessment.severity, severity)
      assert.strictEqual(outcome.assessment.vendorSeverity, level)
      assert.deepStrictEqual(outcome.warnings, [])
    })
  )

  it.effect.each(["low", "HIGH", "Very high", "VeryHigh", " Low", "Critical", "", 3, null])(
    "an overall risk of %j is unknown, with a warning, and never guessed",
    (level) =>
      Effect.gen(function* () {
        const outcome = completedOf(yield* settle(withLevel(level)))
        assert.strictEqual(outcome.assessment.severity, "unknown")
        assert.isAbove(outcome.warnings.length, 0)
        assert.isNull(outcome.assessment.score)
      })
  )

  it.effect("a completed scan whose verdict and incidents are empty is completed, but never clean", () =>
    Effect.gen(function* () {
      const outcome = completedOf(yield* settle(fixture("completed-bare")))
      assert.strictEqual(ScanOutcome.severity(outcome), "unknown")
      assert.deepStrictEqual(outcome.findings, { coverage: "full", total: 0, items: [] })
    })
  )

  it.effect.each([undefined, null, {}, [], "done", 7])(
    "`completed` with %j for a result cannot be understood, and settles nothing",
    (result) =>
      Effect.gen(function* () {
        const fault = yield* faultOf(json(200, withResult(result)))
        assert.deepStrictEqual([fault.kind, fault.permanent, fault.code], ["Broken", false, "completed-without-result"])
      })
  )

  it.effect.each([undefined, null, {}, "broke", { code: 1, message: null }])(
    "`failed` with %j for an error is failed, reason none given (EX-05)",
    (error) =>
      Effect.gen(function* () {
        const outcome = yield* settle({ ...fixture("failed"), error })
        assert.strictEqual(outcome._tag, "Failed")
        if (outcome._tag !== "Failed") return
        assert.deepStrictEqual(outcome.reason, {
          code: null,
          message: "none given",
          advice: null,
          requestId: "req_header"
        })
      })
  )

  it.effect.each(["archived", "Completed", "completed ", "complete", "FAILED", "partial", "queued", "constructor"])(
    "the undocumented status %j is unrecognised, whatever else the answer holds",
    (status) =>
      Effect.gen(function* () {
        const answer = yield* pollOf(json(200, { ...fixture("completed"), status }, { hint: seconds(10) }))
        assert.deepStrictEqual<unknown>(answer.observation, { _tag: "Unrecognised", word: status })
        assert.deepStrictEqual(answer.hint, seconds(10))
      })
  )

  it.effect("a result beside `processing` decides nothing", () =>
    Effect.gen(function* () {
      const answer = yield* pollOf(json(200, { ...fixture("completed"), status: "processing" }))
      assert.strictEqual(answer.observation._tag, "Pending")
    })
  )

  it.effect("an answer about another scan is a fault, and nothing is kept of it (EX-06)", () =>
    Effect.gen(function* () {
      const fault = yield* faultOf(json(200, fixture("completed")), "scn_another")
      assert.deepStrictEqual([fault.kind, fault.code], ["Broken", "id-mismatch"])
      assert.include(fault.message, "another scan than the asked one")
    })
  )

  it.effect.each([
    ["an answer that is no object", [], "invalid-answer"],
    ["an answer without an id", { ...fixture("processing"), id: undefined }, "invalid-answer"],
    ["a number for an id", { ...fixture("processing"), id: 5 }, "invalid-answer"],
    ["an answer without a status", { ...fixture("processing"), status: null }, "invalid-answer"],
    ["a number for a status", { ...fixture("processing"), status: 1 }, "invalid-answer"],
    ["an error under status 200", fixture("error"), "invalid-answer"]
  ] as const)("%s cannot be understood", ([, body, code]) =>
    Effect.gen(function* () {
      const fault = yield* faultOf(json(200, body))
      assert.deepStrictEqual([fault.kind, fault.permanent, fault.code], ["Broken", false, code])
      assert.strictEqual(fault.requestId, "req_header")
    })
  )

  it.effect("a body that is not JSON is a fault that names status and type, not the body", () =>
    Effect.gen(function* () {
      const fault = yield* faultOf(unreadable(200, "not-json"))
      assert.deepStrictEqual(
        [fault.kind, fault.code, fault.message],
        ["Broken", "not-json", "200 text/html, 812 bytes"]
      )
      assert.strictEqual((yield* faultOf(unreadable(200, "empty"))).code, "empty")
    })
  )

  it.effect.each([201, 202, 203, 206, 299])("only status 200 carries a scan, %i does not", (status) =>
    Effect.gen(function* () {
      const fault = yield* faultOf(json(status, fixture("completed")))
      assert.strictEqual(fault.kind, "Broken")
    })
  )

  it.effect.each([
    [404, "Missing"],
    [429, "Throttled"],
    [401, "Denied"],
    [503, "Transient"]
  ] as const)("status %i is the fault %s, with the hint and the quota of the answer", ([status, kind]) =>
    Effect.gen(function* () {
      const quota = Option.some({ limit: 100, remaining: 0, resetAt: null })
      const fault = yield* faultOf(json(status, {}, { hint: seconds(30), quota }))
      assert.strictEqual(fault.kind, kind)
      assert.deepStrictEqual(fault.hint, seconds(30))
      assert.deepStrictEqual(fault.quota, quota)
    })
  )

  it.effect("no answer is a passing fault", () =>
    Effect.gen(function* () {
      const lost = new TransportFault({ sent: true, permanent: false, code: "timeout", message: "no answer" })
      const fault: PollFault = yield* faultOf(lost)
      assert.deepStrictEqual([fault.kind, fault.code], ["Transient", "timeout"])
    })
  )

  it.effect.each(["..", ".", "a/b", "a?x=1", "%2e%2e", "a\nb", ""])("an id like %j is never asked for", (scanId) =>
    Effect.gen(function* () {
      const { adapter, asked } = yield* ready(json(200, fixture("processing")))
      const fault = yield* Effect.flip(adapter.poll({ ...ticketOf(id), scanId }))
      assert.deepStrictEqual([fault.kind, fault.permanent, fault.code], ["Broken", true, "invalid-id"])
      assert.deepStrictEqual(asked, [])
    })
  )

  it.effect.each(["completed_at", "created_at", "company", "cached"])(
    "an absent or null %s is nothing to speak of, a wrong type is left out with a warning",
    (name) =>
      Effect.gen(function* () {
        for (const nothing of [undefined, null]) {
          const outcome = yield* settle({ ...fixture("completed"), [name]: nothing })
          assert.strictEqual(outcome._tag, "Completed")
          assert.deepStrictEqual(outcome.warnings, [])
        }
        const outcome = completedOf(yield* settle({ ...fixture("completed"), [name]: 7 }))
        assert.strictEqual(outcome.assessment.severity, "high")
        assert.strictEqual(outcome.warnings.filter((warning) => warning.startsWith(`${name} is not`)).length, 1)
      })
  )

  it.effect.each(["2026-02-30T00:00:00Z", "0", "abc 1", "12:00:05", "2026-04-03T09:01:12", "+275760-09-13T00:00:00Z"])(
    "an end at %s is unknown with a warning, and the verdict stands",
    (completed_at) =>
      Effect.gen(function* () {
        const outcome = completedOf(yield* settle({ ...fixture("completed"), completed_at }))
        assert.isNull(outcome.completedAt)
        assert.strictEqual(outcome.assessment.severity, "high")
        assert.strictEqual(outcome.warnings.length, 1)
      })
  )

  it.effect("what was odd about the answer itself becomes a warning of the outcome", () =>
    Effect.gen(function* () {
      const outcome = yield* settle(fixture("completed"), { warnings: ["the body is not UTF-8"] })
      assert.deepStrictEqual(outcome.warnings, ["the body is not UTF-8"])
    })
  )

  it.effect("a scan that was cached once is no cache hit when it is polled", () =>
    Effect.gen(function* () {
      const outcome = yield* settle({ ...fixture("completed"), cached: true })
      assert.deepStrictEqual([outcome.cached, outcome.ageMs], [false, null])
    })
  )

  it.effect("the key is nowhere in what comes of an answer that repeats it (SE-05)", () =>
    Effect.gen(function* () {
      const hostile = {
        ...fixture("failed"),
        error: { code: secret, message: `${"x".repeat(985)}${secret}`, hint: secret }
      }
      assert.notInclude(JSON.stringify(yield* settle(hostile)), secret.slice(0, 12))
      const completed = withResult({
        risk_assessment: { overall_risk_level: secret },
        matched_incidents: [
          { description: secret, risk_domain: secret, reference_urls: [`https://x.example/${secret}`] }
        ]
      })
      const outcome = completedOf(yield* settle(completed))
      // The payload is the body itself, which the HTTP module has scrubbed before.
      assert.notInclude(JSON.stringify({ ...outcome, payload: null }), secret)
      const odd = yield* pollOf(json(200, { ...fixture("processing"), status: secret }))
      assert.notInclude(JSON.stringify(odd), secret)
    })
  )
})

describe("matched incidents", () => {
  const findingsOf = (incidents: unknown, more: Record<string, unknown> = {}) =>
    Effect.map(
      settle({
        ...withResult({ risk_assessment: { overall_risk_level: "Low" }, matched_incidents: incidents }),
        ...more
      }),
      completedOf
    )

  it.effect("are findings that inform and do not outvote the vendor's verdict", () =>
    Effect.gen(function* () {
      const outcome = yield* findingsOf([
        {
          description: "A claims model turned down valid claims.",
          year: 2024,
          risk_domain: "Automated decisions",
          similarity_score: 0.99,
          reference_urls: ["https://news.example/claims", "javascript:alert(1)", "not a url"]
        }
      ])
      assert.strictEqual(outcome.findings.coverage, "full")
      assert.strictEqual(outcome.findings.total, 1)
      const { findingId, ...finding } = outcome.findings.items[0] ?? { findingId: "" }
      assert.match(findingId, /^exona-[0-9a-f]{32}$/)
      assert.deepStrictEqual<unknown>(finding, {
        ruleId: "matched-incident/automated-decisions",
        title: "A claims model turned down valid claims.",
        description: "A claims model turned down valid claims.",
        severity: "info",
        vendorSeverity: null,
        status: "unknown",
        resource: "https://acme.ai",
        remediation: null,
        references: ["https://news.example/claims"]
      })
      assert.strictEqual(ScanOutcome.severity(outcome), "low")
    })
  )

  it.effect("keep their id when text, score, order and the spelling of the website change", () =>
    Effect.gen(function* () {
      const a = { year: 2024, risk_domain: "Privacy", reference_urls: ["https://a.example", "https://b.example"] }
      const b = { year: 2023, risk_domain: "Privacy", reference_urls: ["https://c.example"] }
      const first = yield* findingsOf([{ ...a, description: "x", similarity_score: 0.1 }, b])
      const second = yield* findingsOf(
        [b, { ...a, description: "y", similarity_score: 0.9, reference_urls: [...a.reference_urls].reverse() }],
        { company: { name: "Acme", website: "https://Acme.ai/" }, created_at: "2026-05-03T09:00:00Z" }
      )
      const ids = (outcome: typeof first) => outcome.findings.items.map((item) => item.findingId)
      assert.deepStrictEqual(ids(second), ids(first).toReversed())
      const elsewhere = yield* findingsOf([a], { company: { name: "Acme", website: "https://other.ai" } })
      assert.notInclude(ids(first), ids(elsewhere)[0])
    })
  )

  it.effect("keep the ids that 0.1.0 gave them, so that baselines and acceptances still name them", () =>
    Effect.gen(function* () {
      const a = { year: 2024, risk_domain: "Privacy", reference_urls: ["https://ä.example/\u{1f50d}"] }
      const outcome = yield* findingsOf([{ ...a, description: "first" }, { ...a, description: "second" }, {}])
      assert.deepStrictEqual(
        outcome.findings.items.map((item) => item.findingId),
        [
          "exona-a24d490b3299ec136f1af2d31f442c63",
          "exona-a24d490b3299ec136f1af2d31f442c63-2",
          "exona-7cf8c675348353d9252e96d518bd8fa7"
        ]
      )
    })
  )

  it.effect("never share an id within one scan", () =>
    Effect.gen(function* () {
      const outcome = yield* findingsOf([{}, {}, { year: 2024 }, { year: 2024 }])
      assert.strictEqual(new Set(outcome.findings.items.map((item) => item.findingId)).size, 4)
      assert.strictEqual(outcome.findings.items[0]?.title, "Similar past incident")
    })
  )

  it.effect("that cannot be read are counted, not hidden", () =>
    Effect.gen(function* () {
      const outcome = yield* findingsOf([{ year: 2024 }, "x", null])
      assert.strictEqual(outcome.findings.coverage, "partial")
      assert.strictEqual(outcome.findings.total, 3)
      assert.strictEqual(outcome.findings.items.length, 1)
      assert.isTrue(outcome.warnings.some((warning) => warning.startsWith("2 of 3 matched_incidents")))
    })
  )

  it.effect("that are missing leave the findings unknown, not empty", () =>
    Effect.gen(function* () {
      for (const missing of [undefined, null, "none"]) {
        const outcome = yield* findingsOf(missing)
        assert.deepStrictEqual(outcome.findings, ScanOutcome.noFindings)
        assert.isAbove(outcome.warnings.length, 0)
      }
    })
  )

  it.effect("by the thousand do not bring a thousand warnings", () =>
    Effect.gen(function* () {
      const outcome = yield* findingsOf(Array.from({ length: 1000 }, () => ({ year: "2024", description: 1 })))
      assert.strictEqual(outcome.findings.items.length, 1000)
      assert.strictEqual(outcome.warnings.length, 51)
      assert.strictEqual(outcome.warnings.at(-1), "and 1950 more warnings")
    })
  )
})

describe("a submission", () => {
  it.effect("posts the documented body once and gives the ticket of the new scan", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1000)
      const quota = Option.some({ limit: 100, remaining: 99, resetAt: null })
      const { adapter, asked } = yield* adapterOf(
        { account: "eu" },
        json(201, fixture("created"), { hint: seconds(10), quota })
      )
      const answer = submitted(yield* adapter.submit({ ...request, maxAgeDays: 30 }))
      assert.deepStrictEqual<ReadonlyArray<Asked>>(asked, [
        {
          method: "POST",
          path: "/scans",
          body: { company_name: "Acme AI Ltd", company_website: "https://acme.ai", max_age_days: 30 },
          timeout: 15_000
        }
      ])
      assert.deepStrictEqual(answer, {
        _tag: "Submitted",
        ticket: { v: 1, vendor: "exona", origin, account: "eu", scanId: id, submittedAt: 1000 },
        hint: seconds(10),
        quota
      })
    })
  )

  it.effect.each([200, 201, 202, 400, 401, 409, 429, 500, 503])(
    "is accepted by an id under status %i (EX-09)",
    (status) =>
      Effect.gen(function* () {
        const answer = submitted(yield* submitOf(json(status, fixture("created"))))
        assert.strictEqual(answer.ticket.scanId, id)
      })
  )

  it.effect("with nothing but an id in the answer is accepted, and so is one with an unknown status", () =>
    Effect.gen(function* () {
      assert.strictEqual(submitted(yield* submitOf(json(201, { id }))).ticket.scanId, id)
      assert.strictEqual(submitted(yield* submitOf(json(201, { id, status: "accepted" }))).ticket.scanId, id)
    })
  )

  it.effect("that the cache answers is completed without a poll, and shows whose scan it is and how old (EX-08)", () =>
    Effect.gen(function* () {
      const completedAt = Date.UTC(2026, 2, 10, 14, 21, 45)
      yield* TestClock.setTime(completedAt + 3_600_000)
      const { adapter, asked } = yield* ready(json(200, fixture("cache-hit")))
      const outcome = completedOf(already(yield* adapter.submit({ ...request, maxAgeDays: 30 })))
      assert.strictEqual(asked.length, 1)
      assert.deepStrictEqual([outcome.cached, outcome.ageMs], [true, 3_600_000])
      assert.strictEqual(outcome.ticket.scanId, "scn_01hx...")
      assert.strictEqual(outcome.completedAt, completedAt)
      assert.strictEqual(outcome.createdAt, Date.UTC(2026, 2, 10, 14, 20))
      assert.strictEqual(outcome.assessment.severity, "low")
      assert.deepStrictEqual(outcome.warnings, [])
    })
  )

  it.effect("answered by the cache is never of a negative age, and of none when the end cannot be read", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(0)
      assert.strictEqual(already(yield* submitOf(json(200, fixture("cache-hit")))).ageMs, 0)
      const unknown = already(yield* submitOf(json(200, { ...fixture("cache-hit"), completed_at: "yesterday" })))
      assert.deepStrictEqual([unknown.cached, unknown.ageMs], [true, null])
    })
  )

  it.effect("answered by the scan of another company name says so", () =>
    Effect.gen(function* () {
      const other = { company: { name: "Acme Artificial Ltd", website: "https://acme.ai/" } }
      const outcome = already(yield* submitOf(json(200, fixture("cache-hit")), other))
      assert.deepStrictEqual(outcome.warnings, [
        'the cached scan was run for "Acme AI Ltd", not for "Acme Artificial Ltd"'
      ])
    })
  )

  it.effect(
    "answered from the cache against the request says so: too old, new asked for, a questionnaire sent (V-12)",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(Date.UTC(2026, 2, 10, 14, 21, 45) + 264 * 86_400_000)
        const warnings = (asked: Partial<ExonaRequest>) =>
          Effect.gen(function* () {
            const { adapter } = yield* ready(json(200, fixture("cache-hit")))
            return already(yield* adapter.submit({ ...request, ...asked })).warnings
          })
        assert.deepStrictEqual(yield* warnings({ maxAgeDays: 30 }), [
          "the cached answer is 264 days old, and at most 30 were asked for"
        ])
        assert.deepStrictEqual(yield* warnings({ forceRefresh: true }), [
          "a new scan was asked for, and the answer is from Exona's cache"
        ])
        const questionnaire = [{ question: "Who trains the model?", answer: "We do." }]
        assert.deepStrictEqual(yield* warnings({ questionnaire }), [
          "a questionnaire was sent, and the answer is from Exona's cache: it may not know the questionnaire"
        ])
      })
  )

  it.effect("that is completed with an error, or failed with a result, says so (V-12)", () =>
    Effect.gen(function* () {
      const both = { error: { code: "X", message: "odd" }, result: fixture("completed")["result"] }
      const completed = already(yield* submitOf(json(201, { ...fixture("completed"), ...both })))
      assert.include(completed.warnings, "the scan is completed and has an error as well")
      const failed = already(yield* submitOf(json(201, { ...fixture("completed"), ...both, status: "failed" })))
      assert.include(failed.warnings, "the scan failed and has a result as well, which does not count")
    })
  )

  it.effect("that is completed but not from the cache is not called cached", () =>
    Effect.gen(function* () {
      const outcome = already(yield* submitOf(json(201, fixture("completed"))))
      assert.deepStrictEqual([outcome.cached, outcome.ageMs], [false, null])
    })
  )

  it.effect("that is completed without a result is polled for it", () =>
    Effect.gen(function* () {
      const answer = yield* submitOf(json(200, { ...fixture("cache-hit"), result: undefined }))
      assert.strictEqual(submitted(answer).ticket.scanId, "scn_01hx...")
    })
  )

  it.effect("that failed at once is an outcome", () =>
    Effect.gen(function* () {
      assert.strictEqual(already(yield* submitOf(json(200, fixture("failed"))))._tag, "Failed")
    })
  )

  it.effect.each([
    ["no id", { status: "processing" }],
    ["an empty id", { ...fixture("created"), id: "" }],
    ["a number for an id", { ...fixture("created"), id: 5 }],
    ["an id that would change a path", { ...fixture("created"), id: "../../keys" }],
    ["a list", []],
    ["an error under status 201", fixture("error")]
  ] as const)("answered 201 with %s is in doubt: it may have been paid (EX-13)", ([, body]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(submitOf(json(201, body)))
      assert.strictEqual(error.kind, "InDoubt")
      assert.isNotNull(error.advice)
    })
  )

  it.effect("answered 201 with HTML is in doubt (EX-13)", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(submitOf(unreadable(201, "not-json")))).kind, "InDoubt")
    })
  )

  it.effect.each([500, 502, 503, 504, 302])("answered %i is in doubt (EX-11)", (status) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(submitOf(json(status, fixture("error"))))).kind, "InDoubt")
    })
  )

  it.effect.each([
    [400, "Refused"],
    [401, "Denied"],
    [402, "Refused"],
    [403, "Denied"],
    [422, "Refused"],
    [429, "Throttled"]
  ] as const)("turned down with %i in the vendor's shape is %s, no scan exists (EX-16)", ([status, kind]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(submitOf(json(status, fixture("error"), { hint: seconds(5) })))
      assert.strictEqual(error.kind, kind)
      // Only a 429 passes by itself: a wait means nothing beside the vendor's no.
      assert.deepStrictEqual(error.hint, kind === "Throttled" ? seconds(5) : Option.none())
    })
  )

  it.effect("of which a byte may have left is in doubt, of which none has was not sent", () =>
    Effect.gen(function* () {
      const lost = (sent: boolean) => new TransportFault({ sent, permanent: false, code: "x", message: "gone" })
      assert.strictEqual((yield* Effect.flip(submitOf(lost(true)))).kind, "InDoubt")
      assert.strictEqual((yield* Effect.flip(submitOf(lost(false)))).kind, "NotSent")
    })
  )

  it.effect("that breaks a documented limit is refused before anything is sent, with every fault named", () =>
    Effect.gen(function* () {
      const { adapter, asked } = yield* ready(json(201, fixture("created")))
      const wrong = { company: { name: "", website: "acme.ai" }, maxAgeDays: 366 }
      const error = yield* Effect.flip(adapter.submit(wrong))
      assert.deepStrictEqual([error.kind, error.code], ["Refused", "invalid-request"])
      for (const path of ["company.name", "company.website", "maxAgeDays"]) assert.include(error.message, path)
      assert.deepStrictEqual(asked, [])
      assert.strictEqual(adapter.check(wrong).length, 3)
      assert.deepStrictEqual(adapter.check(request), [])
    })
  )
})

describe("the fingerprint", () => {
  const print = (given: Partial<ExonaRequest>, name = "Acme AI Ltd", website = "https://acme.ai") =>
    Effect.map(ready(json(200, {})), ({ adapter }) => adapter.fingerprint({ company: { name, website }, ...given }))
  const questionnaire = [{ question: "Q", answer: "confidential" }]

  it.effect("is equal for what Exona takes for the same purchase", () =>
    Effect.gen(function* () {
      const plain = yield* print({})
      assert.strictEqual(yield* print({}, "ACME", "https://Acme.ai/"), plain)
      assert.strictEqual(yield* print({ maxAgeDays: 0, forceRefresh: false, questionnaire: [] }), plain)
      assert.strictEqual(
        yield* print({ forceRefresh: true, maxAgeDays: 30 }),
        yield* print({ forceRefresh: true, maxAgeDays: 7 })
      )
      assert.strictEqual(yield* print({ questionnaire, maxAgeDays: 30 }), yield* print({ questionnaire }))
    })
  )

  it.effect("differs for everything that changes what is bought or answered", () =>
    Effect.gen(function* () {
      const prints = yield* Effect.all([
        print({}),
        print({}, "Acme AI Ltd", "https://www.acme.ai"),
        print({ maxAgeDays: 7 }),
        print({ maxAgeDays: 30 }),
        print({ forceRefresh: true }),
        print({ includeFieldCitations: true }),
        print({ questionnaire }),
        print({ questionnaire }, "ACME"),
        print({ questionnaire: [...questionnaire, ...questionnaire] }),
        print({ questionnaire: [{ question: "Qconf", answer: "idential" }] })
      ])
      assert.strictEqual(new Set(prints).size, prints.length)
    })
  )

  it.effect("stays what it was in 0.1.0, so that an equal request of then is found in the journal", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        yield* print({ questionnaire }),
        `{"website":"https://acme.ai","questionnaire":"f66b89be2dd091553553e2eebbd81b1f8f222292dcd667f8a129549a05d2ad89"}`
      )
    })
  )

  it.effect("does not spell out what a company answered", () =>
    Effect.gen(function* () {
      assert.notInclude(yield* print({ questionnaire }), "confidential")
    })
  )
})

describe("how old an answer may be", () => {
  const questionnaire = [{ question: "Q", answer: "A" }]
  const ages: ReadonlyArray<readonly [name: string, given: Partial<ExonaRequest>, days: number | null]> = [
    ["a request that says nothing leaves it open", {}, null],
    ["an empty questionnaire says nothing", { questionnaire: [], forceRefresh: false }, null],
    ["forceRefresh asks for a new scan", { forceRefresh: true }, 0],
    ["forceRefresh beats maxAgeDays", { forceRefresh: true, maxAgeDays: 30 }, 0],
    ["maxAgeDays 0 asks for a new scan", { maxAgeDays: 0 }, 0],
    ["a questionnaire without maxAgeDays asks for a new scan", { questionnaire }, 0],
    ["a questionnaire with maxAgeDays allows that age", { questionnaire, maxAgeDays: 7 }, 7],
    ["maxAgeDays allows that age", { maxAgeDays: 30 }, 30]
  ]
  for (const [name, given, days] of ages) {
    it.effect(`${name} (V-04)`, () =>
      Effect.gen(function* () {
        const { adapter } = yield* ready(json(200, {}))
        const age = adapter.maxAge?.({ company: { name: "Acme AI Ltd", website: "https://acme.ai" }, ...given }) ?? null
        assert.strictEqual(age === null ? null : Duration.toDays(age), days)
      })
    )
  }
})

describe("the adapter", () => {
  it.effect("knows its subject by the website as Exona compares it", () =>
    Effect.gen(function* () {
      const { adapter } = yield* ready(json(200, {}))
      assert.deepStrictEqual(adapter.subject({ company: { name: "Acme AI Ltd", website: "https://Acme.ai/" } }), {
        kind: "company",
        id: "https://acme.ai",
        name: "Acme AI Ltd"
      })
      assert.deepStrictEqual([adapter.vendor, adapter.origin, adapter.account], ["exona", origin, "default"])
      assert.isUndefined(adapter.reconcile)
      assert.isUndefined(adapter.collect)
    })
  )

  it.effect.each([
    ["exo_live_abc", "live"],
    ["exo_test_abc", "test"],
    [" exo_test_abc\n", "test"],
    ["something-else", ""]
  ] as const)("with the key %j lives in the environment %j", ([key, environment]) =>
    Effect.gen(function* () {
      const { adapter } = yield* adapterOf({ credential: Redacted.make(key) }, json(200, {}))
      assert.strictEqual(adapter.environment, environment)
    })
  )

  it.effect.each(["", " ", "exo_live_a\nb", "exo_live_ä"])(
    "refuses the key %j before anything is asked, without showing it",
    (bad) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(adapterOf({ credential: Redacted.make(bad) }, json(200, {})))
        assert.strictEqual(error._tag, "CredentialError")
        assert.notInclude(error.message, "exo_live")
      })
  )

  it.effect("takes a credential that is asked for, and fails as it fails", () =>
    Effect.gen(function* () {
      const given = Effect.succeed(Redacted.make("exo_test_abc"))
      assert.strictEqual((yield* adapterOf({ credential: given }, json(200, {}))).adapter.environment, "test")
      const none = Effect.fail(new CredentialError({ vendor: "exona", variable: null, message: "no file" }))
      const error = yield* Effect.flip(adapterOf({ credential: none }, json(200, {})))
      assert.strictEqual(error._tag, "CredentialError")
    })
  )

  it.effect("stores its outcomes and reads them back", () =>
    Effect.gen(function* () {
      const { adapter } = yield* ready(json(200, fixture("completed")))
      const outcome = settled((yield* adapter.poll(ticketOf(id))).observation)
      const codec = ScanOutcome.schema(adapter.payload)
      const stored = JSON.stringify(yield* Schema.encodeUnknownEffect(codec)(outcome))
      assert.deepStrictEqual<unknown>(yield* Schema.decodeUnknownEffect(codec)(JSON.parse(stored)), outcome)
    })
  )

  const configured = (env: Record<string, string>) => {
    const vendor = fakeVendor(json(200, fixture("processing")))
    return Effect.gen(function* () {
      return { adapter: yield* Exona, made: vendor.made }
    }).pipe(
      Effect.provide(Exona.layerConfig),
      Effect.provide(vendor.layer),
      Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
    )
  }

  it.effect("is configured by the documented variables", () =>
    Effect.gen(function* () {
      const { adapter, made } = yield* configured({
        EXONA_API_KEY: "exo_test_abc",
        EXONA_BASE_URL: "http://127.0.0.1:8080/api/v1",
        SCANPOLL_ALLOW_INSECURE_HOSTS: "127.0.0.1:8080, localhost"
      })
      assert.strictEqual(adapter.environment, "test")
      assert.strictEqual(adapter.origin, "http://127.0.0.1:8080")
      assert.deepStrictEqual(made, [
        { baseUrl: "http://127.0.0.1:8080/api/v1", insecureHosts: ["127.0.0.1:8080", "localhost"] }
      ])
    })
  )

  it.effect("needs only a key, and speaks to the vendor itself", () =>
    Effect.gen(function* () {
      const { adapter, made } = yield* configured({ EXONA_API_KEY: "exo_live_abc", EXONA_BASE_URL: "" })
      assert.strictEqual(adapter.environment, "live")
      assert.deepStrictEqual(made, [{ baseUrl: "https://platform.exonalab.com/api/v1", insecureHosts: [] }])
    })
  )

  it.effect.each([{}, { EXONA_API_KEY: "" }, { EXONA_API_KEY: " " }])(
    "without a key (%j) names the variable that is missing",
    (env) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(configured(env))
        assert.strictEqual(error._tag, "CredentialError")
        assert.include(error.message, "EXONA_API_KEY")
      })
  )
})
