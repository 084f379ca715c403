import { assert, describe, it } from "@effect/vitest"
import { ExonaSimulator } from "@scanpoll/testkit"
import { Effect } from "effect"
import { at, clockAt, get, post, text } from "./support.ts"

const acme = { company_name: "Acme AI Ltd", company_website: "https://acme.ai" }
const company = { name: "Acme AI Ltd", website: "https://acme.ai" }

describe("ExonaSimulator, page by page", () => {
  it.live("a processing scan has exactly the documented fields, and the wait in a header", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-04-03T09:00:00Z")
      const exona = yield* ExonaSimulator.make({
        clock: time.clock,
        fate: () => ({ id: "scn_01hx7m2d3e4f5g6h7j8k9l0mn", duration: "72 seconds" })
      })
      const created = yield* post(exona, "/scans", acme)
      assert.strictEqual(created.status, 201)
      assert.deepStrictEqual(created.json, {
        id: "scn_01hx7m2d3e4f5g6h7j8k9l0mn",
        status: "processing",
        created_at: "2026-04-03T09:00:00Z"
      })
      const answer = yield* get(exona, "/scans/scn_01hx7m2d3e4f5g6h7j8k9l0mn")
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(answer.json, {
        id: "scn_01hx7m2d3e4f5g6h7j8k9l0mn",
        status: "processing",
        created_at: "2026-04-03T09:00:00Z",
        company
      })
      assert.strictEqual(answer.headers["retry-after"], "10")
    })
  )

  it.live("a completed scan has its end, its result and no Retry-After", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-04-03T09:00:00Z")
      const exona = yield* ExonaSimulator.make({
        clock: time.clock,
        fate: () => ({ id: "scn_01hx7m2d3e4f5g6h7j8k9l0mn", duration: "72 seconds", level: "High" })
      })
      yield* post(exona, "/scans", acme)
      time.pass(72)
      const answer = yield* get(exona, "/scans/scn_01hx7m2d3e4f5g6h7j8k9l0mn")
      assert.deepStrictEqual(Object.keys(Object(answer.json)), [
        "id",
        "status",
        "created_at",
        "completed_at",
        "company",
        "result"
      ])
      assert.strictEqual(at(answer.json, "status"), "completed")
      assert.strictEqual(at(answer.json, "completed_at"), "2026-04-03T09:01:12Z")
      assert.deepStrictEqual(Object.keys(Object(at(answer.json, "result"))), [
        "enrichment",
        "risk_assessment",
        "matched_incidents",
        "data_freshness"
      ])
      assert.strictEqual(at(answer.json, "result", "data_freshness", "sources_last_checked"), "2026-04-03T09:01:00Z")
      assert.strictEqual(at(answer.json, "result", "risk_assessment", "overall_risk_level"), "High")
      assert.isUndefined(answer.headers["retry-after"])
    })
  )

  it.live("a failed scan is a 200 with its error, hint and request id", () =>
    Effect.gen(function* () {
      const error = {
        code: "ENRICHMENT_INSUFFICIENT_DATA",
        message: "Not enough public information was found to generate a reliable risk profile for this company.",
        hint: "Check that the website URL is correct and publicly accessible. Very new companies or those with minimal web presence may not yield sufficient data.",
        request_id: "req_abc123xyz"
      }
      const time = clockAt("2026-04-03T09:00:00Z")
      const exona = yield* ExonaSimulator.make({
        clock: time.clock,
        fate: () => ({
          id: "scn_01hx7m2d3e4f5g6h7j8k9l0mn",
          duration: "3 minutes",
          outcome: "failed",
          error
        })
      })
      yield* post(exona, "/scans", acme)
      time.pass(180)
      const answer = yield* get(exona, "/scans/scn_01hx7m2d3e4f5g6h7j8k9l0mn")
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(answer.json, {
        id: "scn_01hx7m2d3e4f5g6h7j8k9l0mn",
        status: "failed",
        created_at: "2026-04-03T09:00:00Z",
        completed_at: "2026-04-03T09:03:00Z",
        company,
        error
      })
      assert.isUndefined(answer.headers["retry-after"])
    })
  )

  it.live("a failure nobody described has the documented code, and a request id of its own", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ fate: () => ({ outcome: "failed", settleAfterPolls: 0 }) })
      const created = yield* post(exona, "/scans", acme)
      const answer = yield* get(exona, `/scans/${text(created.json, "id")}`)
      assert.strictEqual(at(answer.json, "error", "code"), "ENRICHMENT_INSUFFICIENT_DATA")
      assert.match(text(answer.json, "error", "request_id"), /^req_/)
    })
  )

  it.live("401: no key and a wrong key have codes of their own", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make()
      const none = yield* get(exona, "/scans/scn_01", { key: null })
      assert.strictEqual(none.status, 401)
      assert.strictEqual(at(none.json, "error", "code"), "AUTHENTICATION_REQUIRED")
      const wrong = yield* post(exona, "/scans", acme, { key: "exo_live_wrong" })
      assert.strictEqual(wrong.status, 401)
      assert.strictEqual(at(wrong.json, "error", "code"), "INVALID_API_KEY")
      assert.strictEqual(exona.ledger.accepted().length, 0)
    })
  )

  it.live("a revoked key is refused with 401, one used from a foreign address with 403", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make()
      yield* exona.setCredential({ token: exona.key, state: "revoked" })
      assert.strictEqual(at((yield* get(exona, "/scans/x")).json, "error", "code"), "INVALID_API_KEY")
      yield* exona.setCredential({ token: exona.key, state: "forbidden-ip" })
      const away = yield* get(exona, "/scans/x")
      assert.strictEqual(away.status, 403)
      assert.strictEqual(at(away.json, "error", "code"), "FORBIDDEN_IP")
    })
  )

  it.live("404 SCAN_NOT_FOUND: an unknown id, another account's scan, a live key on a test scan", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({
        credentials: ["exo_live_a", { token: "exo_live_b", account: "b" }, "exo_test_a", "exo_live_a2"]
      })
      const created = yield* post(exona, "/scans", acme)
      const path = `/scans/${text(created.json, "id")}`
      assert.strictEqual((yield* get(exona, path)).status, 200)
      assert.strictEqual((yield* get(exona, path, { key: "exo_live_a2" })).status, 200)
      for (const [where, key] of [
        ["/scans/scn_unknown", "exo_live_a"],
        [path, "exo_live_b"],
        [path, "exo_test_a"]
      ] as const) {
        const answer = yield* get(exona, where, { key })
        assert.strictEqual(answer.status, 404)
        assert.strictEqual(at(answer.json, "error", "code"), "SCAN_NOT_FOUND")
      }
    })
  )

  it.live("ids have the vendor's form, and a test key buys a test scan for nothing", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ credentials: ["exo_live_a", "exo_test_a"] })
      const live = yield* post(exona, "/scans", acme)
      const test = yield* post(exona, "/scans", acme, { key: "exo_test_a" })
      assert.match(text(live.json, "id"), /^scn_[0-9a-z]{26}$/)
      assert.match(text(test.json, "id"), /^scn_test_[0-9a-z]{26}$/)
      assert.deepStrictEqual(
        exona.ledger.accepted().map((one) => one.credits),
        [1, 0]
      )
    })
  )

  it.live("every response carries a request id and the state of the limit; errors repeat the id", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ rateLimit: { limit: 3, window: "1 hour" } })
      const created = yield* post(exona, "/scans", acme)
      assert.match(text(created.headers, "x-request-id"), /^req_/)
      assert.strictEqual(created.headers["x-ratelimit-limit"], "3")
      assert.strictEqual(created.headers["x-ratelimit-remaining"], "2")
      const missing = yield* get(exona, "/scans/scn_unknown")
      assert.strictEqual(at(missing.json, "error", "request_id"), missing.headers["x-request-id"])
      assert.notStrictEqual(missing.headers["x-request-id"], created.headers["x-request-id"])
      assert.strictEqual(missing.headers["x-ratelimit-remaining"], "1")
    })
  )

  it.live("429 RATE_LIMIT_EXCEEDED says when to come back, and the next window is open", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-05-11T09:00:00Z")
      const exona = yield* ExonaSimulator.make({ clock: time.clock, rateLimit: { limit: 1, window: "1 hour" } })
      yield* post(exona, "/scans", acme)
      time.pass(3553)
      const answer = yield* post(exona, "/scans", acme)
      assert.strictEqual(answer.status, 429)
      assert.strictEqual(at(answer.json, "error", "code"), "RATE_LIMIT_EXCEEDED")
      assert.strictEqual(answer.headers["retry-after"], "47")
      assert.strictEqual(answer.headers["x-ratelimit-remaining"], "0")
      assert.strictEqual(Number(answer.headers["x-ratelimit-reset"]), Date.parse("2026-05-11T10:00:00Z") / 1000)
      assert.strictEqual(answer.headers["date"], "Mon, 11 May 2026 09:59:13 GMT")
      assert.strictEqual(exona.ledger.accepted().length, 1)
      time.pass(47)
      assert.strictEqual((yield* post(exona, "/scans", acme)).status, 201)
    })
  )

  it.live("each key has a window of its own, and strangers use up nobody's", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({
        credentials: ["exo_live_a", "exo_live_b"],
        rateLimit: { limit: 1, window: "1 hour" }
      })
      const status = (key: string | null) => Effect.map(get(exona, "/scans/x", { key }), (answer) => answer.status)
      assert.deepStrictEqual([yield* status("wrong"), yield* status("wrong"), yield* status(null)], [401, 401, 401])
      assert.deepStrictEqual([yield* status("exo_live_a"), yield* status("exo_live_a")], [404, 429])
      assert.strictEqual(yield* status("exo_live_b"), 404)
    })
  )

  it.live("the documented limit is 100 an hour, and polls count", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ clock: clockAt("2026-05-11T09:00:00Z").clock })
      for (let i = 0; i < 100; i++) assert.strictEqual((yield* get(exona, "/scans/scn_x")).status, 404)
      assert.strictEqual((yield* get(exona, "/scans/scn_x")).status, 429)
    })
  )

  const item = (answer: string) => ({ question: "Which models?", answer })
  it.live.each([
    ["no body", "", "MISSING_REQUIRED_FIELD", "company_name"],
    ["a body that is no JSON", "{", "MISSING_REQUIRED_FIELD", "company_name"],
    ["no name", { company_website: "https://acme.ai" }, "MISSING_REQUIRED_FIELD", "company_name"],
    ["an empty name", { ...acme, company_name: " " }, "MISSING_REQUIRED_FIELD", "company_name"],
    ["no website", { company_name: "Acme" }, "MISSING_REQUIRED_FIELD", "company_website"],
    [
      "a website without a scheme",
      { ...acme, company_website: "acme.ai" },
      "INVALID_COMPANY_WEBSITE",
      "company_website"
    ],
    ["http", { ...acme, company_website: "http://acme.ai" }, "INVALID_COMPANY_WEBSITE", "company_website"],
    ["an age of 366", { ...acme, max_age_days: 366 }, "INVALID_MAX_AGE_DAYS", "max_age_days"],
    ["an age of -1", { ...acme, max_age_days: -1 }, "INVALID_MAX_AGE_DAYS", "max_age_days"],
    ["an age of 1.5", { ...acme, max_age_days: 1.5 }, "INVALID_MAX_AGE_DAYS", "max_age_days"],
    ["an age in words", { ...acme, max_age_days: "30" }, "INVALID_MAX_AGE_DAYS", "max_age_days"],
    [
      "51 questions",
      { ...acme, questionnaire: Array.from({ length: 51 }, () => item("a")) },
      "QUESTIONNAIRE_TOO_LARGE",
      "questionnaire"
    ],
    [
      "an answer of 5001 characters",
      { ...acme, questionnaire: [item("a".repeat(5001))] },
      "QUESTIONNAIRE_TOO_LARGE",
      "questionnaire[0].answer"
    ],
    [
      "20001 characters in total",
      { ...acme, questionnaire: Array.from({ length: 5 }, () => item("a".repeat(4000))) },
      "QUESTIONNAIRE_TOO_LARGE",
      "questionnaire"
    ],
    [
      "an item without an answer",
      { ...acme, questionnaire: [{ question: "Which models?" }] },
      "MISSING_REQUIRED_FIELD",
      "questionnaire[0].answer"
    ]
  ] as const)("400 for %s", ([, body, code, param]) =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make()
      const answer = yield* post(exona, "/scans", body)
      assert.strictEqual(answer.status, 400)
      assert.strictEqual(at(answer.json, "error", "code"), code)
      assert.strictEqual(at(answer.json, "error", "param"), param)
      assert.deepStrictEqual(exona.ledger.accepted(), [])
    })
  )

  it.live("the limits themselves are allowed", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make()
      const questionnaire = Array.from({ length: 50 }, () => item("a".repeat(300)))
      assert.strictEqual((yield* post(exona, "/scans", { ...acme, questionnaire, max_age_days: 365 })).status, 201)
      assert.strictEqual(
        (yield* post(exona, "/scans", { ...acme, questionnaire: [item("a".repeat(5000))] })).status,
        201
      )
    })
  )
})

describe("ExonaSimulator's cache", () => {
  const setup = Effect.gen(function* () {
    const time = clockAt("2026-03-10T14:22:00Z")
    const exona = yield* ExonaSimulator.make({
      clock: time.clock,
      earlier: [
        {
          companyName: "Acme AI Ltd",
          companyWebsite: "https://acme.ai",
          createdAt: Date.parse("2026-03-10T14:20:00Z"),
          fate: { id: "scn_01hx0000000000000000000000", duration: "105 seconds" }
        }
      ]
    })
    return { exona, time }
  })

  it.live("a hit is a 200 with the original scan, the time of the hit and the whole result, free of charge", () =>
    Effect.gen(function* () {
      const { exona } = yield* setup
      const answer = yield* post(exona, "/scans", { ...acme, company_name: "ACME", max_age_days: 30 })
      assert.strictEqual(answer.status, 200)
      const { result, ...rest } = Object(answer.json)
      assert.deepStrictEqual(rest, {
        id: "scn_01hx0000000000000000000000",
        status: "completed",
        cached: true,
        cached_at: "2026-03-10T14:22:00Z",
        created_at: "2026-03-10T14:20:00Z",
        completed_at: "2026-03-10T14:21:45Z",
        company
      })
      const original = yield* get(exona, "/scans/scn_01hx0000000000000000000000")
      assert.deepStrictEqual(result, at(original.json, "result"))
      assert.deepStrictEqual(exona.ledger.accepted(), [])
      assert.strictEqual(exona.ledger.cacheHits().length, 1)
      assert.strictEqual(exona.ledger.totals().credits, 0)
    })
  )

  it.live("websites are compared in lower case and without trailing slashes", () =>
    Effect.gen(function* () {
      const { exona } = yield* setup
      for (const company_website of ["https://ACME.ai", "https://acme.ai/", "https://acme.ai///"]) {
        assert.strictEqual((yield* post(exona, "/scans", { ...acme, company_website, max_age_days: 1 })).status, 200)
      }
      const other = { ...acme, company_website: "https://acme.ai/about", max_age_days: 1 }
      assert.strictEqual((yield* post(exona, "/scans", other)).status, 201)
    })
  )

  it.live.each([
    ["without max_age_days", {}],
    ["with max_age_days 0", { max_age_days: 0 }],
    ["with force_refresh, whatever max_age_days says", { max_age_days: 30, force_refresh: true }],
    ["with a questionnaire", { max_age_days: 30, questionnaire: [{ question: "q", answer: "a" }] }]
  ] as const)("a new scan is made %s", ([, extra]) =>
    Effect.gen(function* () {
      const { exona } = yield* setup
      assert.strictEqual((yield* post(exona, "/scans", { ...acme, ...extra })).status, 201)
      assert.strictEqual(exona.ledger.totals().credits, 1)
    })
  )

  it.live("an empty questionnaire is none", () =>
    Effect.gen(function* () {
      const { exona } = yield* setup
      assert.strictEqual((yield* post(exona, "/scans", { ...acme, max_age_days: 30, questionnaire: [] })).status, 200)
    })
  )

  it.live("a scan is found until it ended max_age_days ago, and not after", () =>
    Effect.gen(function* () {
      const { exona, time } = yield* setup
      time.pass(7 * 86400 - 15)
      assert.strictEqual((yield* post(exona, "/scans", { ...acme, max_age_days: 7 })).status, 200)
      time.pass(1)
      assert.strictEqual((yield* post(exona, "/scans", { ...acme, max_age_days: 7 })).status, 201)
    })
  )

  it.live("neither a failed nor a running scan is ever found; the latest completed one is", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-03-10T14:22:00Z")
      const exona = yield* ExonaSimulator.make({
        clock: time.clock,
        fate: ({ nth }) => ({ outcome: nth === 0 ? "failed" : "completed", duration: "60 seconds" })
      })
      const submit = post(exona, "/scans", { ...acme, max_age_days: 30 })
      assert.strictEqual((yield* submit).status, 201)
      time.pass(60)
      assert.strictEqual((yield* submit).status, 201)
      time.pass(10)
      const third = yield* submit
      assert.strictEqual(third.status, 201)
      time.pass(60)
      const hit = yield* submit
      assert.strictEqual(hit.status, 200)
      assert.strictEqual(at(hit.json, "id"), at(third.json, "id"))
    })
  )
})

describe("ExonaSimulator's scans", () => {
  it.live("a scan takes 30 to 120 seconds of vendor time, and polls see it end", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-03-10T14:22:00Z")
      const exona = yield* ExonaSimulator.make({ clock: time.clock, rateLimit: null })
      const lengths: Array<number> = []
      for (let i = 0; i < 40; i++) {
        const created = yield* post(exona, "/scans", { ...acme, company_website: `https://c${i}.ai` })
        const path = `/scans/${text(created.json, "id")}`
        assert.strictEqual(at((yield* get(exona, path)).json, "status"), "processing")
        time.pass(120)
        const ended = yield* get(exona, path)
        assert.strictEqual(at(ended.json, "status"), "completed")
        lengths.push(Date.parse(text(ended.json, "completed_at")) - Date.parse(text(ended.json, "created_at")))
      }
      assert.isTrue(lengths.every((length) => length >= 29_000 && length <= 121_000))
      assert.isAbove(new Set(lengths).size, 10)
    })
  )

  it.live("settleAfterPolls counts polls in place of time, and words name them", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({
        clock: clockAt("2026-03-10T14:22:00Z").clock,
        fate: () => ({ settleAfterPolls: 3, duration: "75 seconds", words: ["processing", "archived"] })
      })
      const path = `/scans/${text((yield* post(exona, "/scans", acme)).json, "id")}`
      const seen: Array<unknown> = []
      for (let i = 0; i < 4; i++) seen.push(at((yield* get(exona, path)).json, "status"))
      assert.deepStrictEqual(seen, ["processing", "archived", "archived", "completed"])
      assert.strictEqual(at((yield* get(exona, path)).json, "completed_at"), "2026-03-10T14:23:15Z")
    })
  )

  it.live("the wait it asks for can be changed or left out", () =>
    Effect.gen(function* () {
      for (const [retryAfter, header] of [
        [1, "1"],
        [null, undefined]
      ] as const) {
        const exona = yield* ExonaSimulator.make({ retryAfter })
        const path = `/scans/${text((yield* post(exona, "/scans", acme)).json, "id")}`
        assert.strictEqual((yield* get(exona, path)).headers["retry-after"], header)
      }
    })
  )

  it.live("a result's risk dimensions stay within their documented scales", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ rateLimit: null, fate: () => ({ settleAfterPolls: 0 }) })
      for (let i = 0; i < 40; i++) {
        const created = yield* post(exona, "/scans", { ...acme, company_website: `https://c${i}.ai` })
        const { json } = yield* get(exona, `/scans/${text(created.json, "id")}`)
        const risk = at(json, "result", "risk_assessment")
        assert.include(["Low", "Medium", "High", "Very High"], at(risk, "overall_risk_level"))
        for (const name of ["autonomy", "domain_risk", "blast_radius", "data_content_ip_risk", "control_governance"]) {
          assert.include([0, 1, 2, 3], at(risk, name, "score"))
        }
        assert.include([0, 1, 2, 3, 4], at(risk, "ai_intensity", "score"))
        for (const incident of Object(at(json, "result", "matched_incidents"))) {
          const score = Number(at(incident, "similarity_score"))
          assert.isTrue(score > 0 && score <= 1)
        }
      }
    })
  )

  it.live("citations are added when asked for", () =>
    Effect.gen(function* () {
      const exona = yield* ExonaSimulator.make({ fate: () => ({ settleAfterPolls: 0 }) })
      const created = yield* post(exona, "/scans", { ...acme, include_field_citations: true })
      const { json } = yield* get(exona, `/scans/${text(created.json, "id")}`)
      assert.deepStrictEqual(at(json, "result", "enrichment", "citations", "revenue_band"), ["https://acme.ai/about"])
    })
  )

  it.live("reserved hosts pick a fate", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-03-10T14:22:00Z")
      const exona = yield* ExonaSimulator.make({ clock: time.clock, rateLimit: null })
      const submit = (word: string, extra = {}) =>
        post(exona, "/scans", { company_name: word, company_website: `https://${word}.acme.example`, ...extra })
      const polls = (word: string, times: number) =>
        Effect.gen(function* () {
          const path = `/scans/${text((yield* submit(word)).json, "id")}`
          const seen: Array<string> = []
          for (let i = 0; i < times; i++) {
            const answer = yield* get(exona, path)
            seen.push(`${answer.status} ${answer.headers["retry-after"] ?? ""} ${text(answer.json, "status")}`)
            time.pass(120)
          }
          return seen
        })
      assert.deepStrictEqual(yield* polls("failed", 2), ["200 10 processing", "200  failed"])
      assert.deepStrictEqual(
        yield* polls("never", 4),
        Array.from({ length: 4 }, () => "200 10 processing")
      )
      assert.deepStrictEqual(yield* polls("slow", 6), [
        ...Array.from({ length: 5 }, () => "200 10 processing"),
        "200  completed"
      ])
      assert.deepStrictEqual(yield* polls("busy", 3), ["200 10 processing", "429 30 undefined", "200  completed"])
      assert.deepStrictEqual(yield* polls("flaky", 2), ["503  undefined", "200  completed"])
      assert.strictEqual((yield* submit("cached")).status, 201)
      assert.strictEqual((yield* submit("cached", { max_age_days: 30 })).status, 200)
      assert.strictEqual((yield* submit("cached", { max_age_days: 0 })).status, 201)
      const level = (word: string) =>
        Effect.gen(function* () {
          const path = `/scans/${text((yield* submit(word)).json, "id")}`
          time.pass(120)
          return at((yield* get(exona, path)).json, "result", "risk_assessment", "overall_risk_level")
        })
      assert.strictEqual(yield* level("risky"), "Very High")
      assert.strictEqual(yield* level("clean"), "Low")
    })
  )
})
