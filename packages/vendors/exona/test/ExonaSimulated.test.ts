import * as VendorHttp from "@scanpoll/core/http/VendorHttp"
import * as ScanTicket from "@scanpoll/core/model/ScanTicket"
import { Exona } from "@scanpoll/exona"
import type { ExonaRequest } from "@scanpoll/exona/ExonaSchema"
import { ExonaSimulator, Script } from "@scanpoll/testkit"
import { assert, describe, it } from "@effect/vitest"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

const http = Layer.provide(VendorHttp.layer, NodeHttpClient.layerUndici)

const start = Effect.fnUntraced(function* (options: ExonaSimulator.Options = {}, key?: string) {
  const exona = yield* ExonaSimulator.make(options)
  const adapter = yield* Exona.make({
    credential: Redacted.make(key ?? exona.key),
    baseUrl: exona.baseUrl,
    insecureHosts: [`127.0.0.1:${exona.port}`]
  })
  return { exona, adapter }
})

const acme: ExonaRequest = { company: { name: "Acme AI Ltd", website: "https://acme.ai" } }

const named = (label: string): ExonaRequest => ({ company: { name: label, website: `https://${label}.example` } })

const ticketFor = (adapter: Effect.Success<ReturnType<typeof start>>["adapter"], scanId: string) =>
  ScanTicket.make({ vendor: "exona", origin: adapter.origin, account: "default", scanId, submittedAt: null })

describe("over real sockets", () => {
  it.live("a scan is submitted, polled while it runs and completed with the very result that was served", () =>
    Effect.gen(function* () {
      const result = { risk_assessment: { overall_risk_level: "Very High" }, matched_incidents: [], extra: [1, "two"] }
      const { adapter, exona } = yield* start({ fate: () => ({ settleAfterPolls: 2, result }) })
      const submitted = yield* adapter.submit({ ...acme, includeFieldCitations: true })
      if (submitted._tag !== "Submitted") return assert.fail("a new scan is not settled by its submission")
      const seen = []
      for (let poll = 0; poll < 3; poll++) seen.push(yield* adapter.poll(submitted.ticket))
      assert.deepStrictEqual(
        seen.map(({ observation }) => observation._tag),
        ["Pending", "Pending", "Settled"]
      )
      assert.deepStrictEqual(Option.map(seen[0]?.hint ?? Option.none(), Duration.toSeconds), Option.some(10))
      assert.deepStrictEqual(
        Option.map(seen[2]?.quota ?? Option.none(), ({ limit, remaining }) => [limit, remaining]),
        Option.some([100, 96])
      )
      const last = seen[2]?.observation
      if (last?._tag !== "Settled" || last.value._tag !== "Completed") return assert.fail("not completed")
      assert.strictEqual(last.value.assessment.severity, "critical")
      assert.deepStrictEqual<unknown>(last.value.payload, result)
      assert.strictEqual(exona.ledger.accepted().length, 1)
      assert.strictEqual(exona.ledger.polls(submitted.ticket.scanId).length, 3)
      const [post] = exona.ledger.requests({ method: "POST" })
      assert.deepStrictEqual(JSON.parse(post?.body ?? ""), {
        company_name: "Acme AI Ltd",
        company_website: "https://acme.ai",
        include_field_citations: true
      })
      assert.isTrue(exona.ledger.requests().every((entry) => entry.authorization?.matches === true))
      assert.deepStrictEqual(exona.ledger.mentions(exona.key), [])
    }).pipe(Effect.provide(http))
  )

  it.live("a drawn result brings a severity and readable findings without a warning", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({ fate: () => ({ settleAfterPolls: 0 }) })
      for (const label of ["one", "two", "three", "four"]) {
        const submitted = yield* adapter.submit({ ...named(label), includeFieldCitations: true })
        if (submitted._tag !== "Submitted") return assert.fail("a new scan is not settled by its submission")
        const { observation } = yield* adapter.poll(submitted.ticket)
        if (observation._tag !== "Settled" || observation.value._tag !== "Completed")
          return assert.fail("not completed")
        assert.include(["low", "medium", "high", "critical"], observation.value.assessment.severity)
        assert.strictEqual(observation.value.findings.coverage, "full")
        assert.deepStrictEqual(observation.value.warnings, [])
      }
    }).pipe(Effect.provide(http))
  )

  it.live("a hit in the vendor's cache settles at the submission, costs nothing and shows its age (EX-08)", () =>
    Effect.gen(function* () {
      const { adapter, exona } = yield* start({
        earlier: [{ companyName: "Acme Inc", companyWebsite: "https://ACME.ai/", ageDays: 12 }]
      })
      const answer = yield* adapter.submit({ ...acme, maxAgeDays: 30 })
      if (answer._tag !== "Already" || answer.outcome._tag !== "Completed") return assert.fail("not settled")
      assert.isTrue(answer.outcome.cached)
      assert.approximately((answer.outcome.ageMs ?? 0) / 86_400_000, 12, 0.01)
      assert.strictEqual(answer.outcome.warnings.length, 1)
      assert.strictEqual(answer.outcome.ticket.scanId, exona.ledger.cacheHits()[0]?.scanId)
      assert.strictEqual(exona.ledger.totals().credits, 0)
      assert.strictEqual(exona.ledger.requests().length, 1)
      const anew = yield* Effect.forEach(
        [
          acme,
          { ...acme, maxAgeDays: 5 },
          { ...acme, maxAgeDays: 30, forceRefresh: true },
          { ...acme, maxAgeDays: 30, questionnaire: [{ question: "Q", answer: "A" }] }
        ],
        adapter.submit
      )
      assert.deepStrictEqual(
        anew.map(({ _tag }) => _tag),
        ["Submitted", "Submitted", "Submitted", "Submitted"]
      )
    }).pipe(Effect.provide(http))
  )

  it.live("a failed scan keeps the vendor's reason (EX-02)", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({ fate: () => ({ settleAfterPolls: 0, outcome: "failed" }) })
      const submitted = yield* adapter.submit(acme)
      if (submitted._tag !== "Submitted") return assert.fail("a new scan is not settled by its submission")
      const { observation } = yield* adapter.poll(submitted.ticket)
      if (observation._tag !== "Settled" || observation.value._tag !== "Failed") return assert.fail("not failed")
      assert.strictEqual(observation.value.reason.code, "ENRICHMENT_INSUFFICIENT_DATA")
      assert.match(observation.value.reason.requestId ?? "", /^req_/)
    }).pipe(Effect.provide(http))
  )

  it.live("every request the check lets through is one the vendor takes, at each of its limits", () =>
    Effect.gen(function* () {
      const { adapter, exona } = yield* start()
      const { company } = acme
      const limits: ReadonlyArray<ExonaRequest> = [
        { company, maxAgeDays: 365 },
        { company, questionnaire: Array.from({ length: 50 }, () => ({ question: "?", answer: "" })) },
        { company, questionnaire: Array.from({ length: 4 }, () => ({ question: "?", answer: "x".repeat(4999) })) }
      ]
      for (const request of limits) {
        assert.deepStrictEqual(adapter.check(request), [])
        assert.strictEqual((yield* adapter.submit(request))._tag, "Submitted")
      }
      assert.strictEqual(exona.ledger.accepted().length, 3)
    }).pipe(Effect.provide(http))
  )

  it.live("a refused key denies polls and submissions alike", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({}, "exo_live_wrong")
      const submit = yield* Effect.flip(adapter.submit(acme))
      assert.deepStrictEqual([submit.kind, submit.code], ["Denied", "INVALID_API_KEY"])
      assert.include(submit.advice, "EXONA_API_KEY")
      const poll = yield* Effect.flip(adapter.poll(ticketFor(adapter, "scn_x")))
      assert.deepStrictEqual([poll.kind, poll.code], ["Denied", "INVALID_API_KEY"])
      assert.notInclude(JSON.stringify([submit, poll]), "exo_live_wrong")
    }).pipe(Effect.provide(http))
  )

  it.live("an unknown id is missing", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start()
      const poll = yield* Effect.flip(adapter.poll(ticketFor(adapter, "scn_unknown")))
      assert.deepStrictEqual([poll.kind, poll.permanent, poll.code], ["Missing", false, "SCAN_NOT_FOUND"])
    }).pipe(Effect.provide(http))
  )

  it.live("a spent budget throttles, with the vendor's wait", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({ rateLimit: { limit: 1, window: "1 hour" } })
      yield* adapter.submit(acme)
      const submit = yield* Effect.flip(adapter.submit(named("other")))
      assert.deepStrictEqual([submit.kind, submit.code], ["Throttled", "RATE_LIMIT_EXCEEDED"])
      assert.isTrue(Option.exists(submit.hint, (hint) => Duration.toMinutes(hint) > 59))
      assert.isTrue(Option.exists(submit.quota, (quota) => quota.remaining === 0))
    }).pipe(Effect.provide(http))
  )

  it.live("a submission whose answer is lost is in doubt, though the vendor has it", () =>
    Effect.gen(function* () {
      const { adapter, exona } = yield* start({ fate: () => ({ submit: [Script.acceptedAnswerLost] }) })
      const error = yield* Effect.flip(adapter.submit(acme))
      assert.strictEqual(error.kind, "InDoubt")
      assert.strictEqual(exona.ledger.accepted().length, 1)
    }).pipe(Effect.provide(http))
  )

  it.live("a submission that a gateway answers with 503 is in doubt", () =>
    Effect.gen(function* () {
      const { adapter, exona } = yield* start({ fate: () => ({ submit: [Script.acceptedThen(503)] }) })
      assert.strictEqual((yield* Effect.flip(adapter.submit(acme))).kind, "InDoubt")
      assert.strictEqual(exona.ledger.accepted().length, 1)
    }).pipe(Effect.provide(http))
  )

  it.live("a submission to a closed port was not sent", () =>
    Effect.gen(function* () {
      const { adapter, exona } = yield* start()
      yield* exona.down
      const error = yield* Effect.flip(adapter.submit(acme))
      assert.deepStrictEqual([error.kind, error.permanent], ["NotSent", false])
    }).pipe(Effect.provide(http))
  )

  it.live("a maintenance page, a reset and a redirect are faults of their kind, and the scan goes on", () =>
    Effect.gen(function* () {
      const polls = [Script.html(200), Script.reset(), Script.redirect("http://127.0.0.1:9/"), Script.html(503), null]
      const { adapter } = yield* start({ fate: () => ({ settleAfterPolls: 0, polls }) })
      const submitted = yield* adapter.submit(acme)
      if (submitted._tag !== "Submitted") return assert.fail("a new scan is not settled by its submission")
      const kinds = []
      for (let poll = 0; poll < 4; poll++) {
        const fault = yield* Effect.flip(adapter.poll(submitted.ticket))
        kinds.push([fault.kind, fault.permanent])
      }
      assert.deepStrictEqual(kinds, [
        ["Broken", false],
        ["Transient", false],
        ["Broken", true],
        ["Transient", false]
      ])
      assert.strictEqual((yield* adapter.poll(submitted.ticket)).observation._tag, "Settled")
    }).pipe(Effect.provide(http))
  )

  it.live("a test key lives in its own world", () =>
    Effect.gen(function* () {
      const { adapter } = yield* start({ credentials: ["exo_test_key"] })
      assert.strictEqual(adapter.environment, "test")
      const submitted = yield* adapter.submit(acme)
      if (submitted._tag !== "Submitted") return assert.fail("a new scan is not settled by its submission")
      assert.match(submitted.ticket.scanId, /^scn_test_/)
    }).pipe(Effect.provide(http))
  )

  it.live("the key is scrubbed from a result that repeats it", () =>
    Effect.gen(function* () {
      const key = "exo_live_canary_0123456789"
      const { adapter } = yield* start({
        credentials: [key],
        fate: () => ({
          settleAfterPolls: 0,
          result: { risk_assessment: { overall_risk_level: key }, note: `Bearer ${key}`, matched_incidents: [] }
        })
      })
      const submitted = yield* adapter.submit(acme)
      if (submitted._tag !== "Submitted") return assert.fail("a new scan is not settled by its submission")
      assert.notInclude(JSON.stringify(yield* adapter.poll(submitted.ticket)), key)
    }).pipe(Effect.provide(http))
  )
})
