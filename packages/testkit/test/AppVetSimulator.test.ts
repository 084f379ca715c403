import { assert, describe, it } from "@effect/vitest"
import { AppVetSimulator } from "@scanpoll/testkit"
import { Effect } from "effect"
import { at, clockAt, get, post, text } from "./support.ts"

const target = { url: "https://example.com", type: "security" }

const items = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

describe("AppVetSimulator, page by page", () => {
  it.live("a submission is a 201 that is queued", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make({
        clock: clockAt("2026-03-30T12:00:00Z").clock,
        fate: () => ({ id: "scan_abc123" })
      })
      const created = yield* post(appvet, "/v1/scan", target)
      assert.strictEqual(created.status, 201)
      assert.deepStrictEqual(created.json, {
        id: "scan_abc123",
        status: "queued",
        type: "security",
        url: "https://example.com",
        created_at: "2026-03-30T12:00:00Z"
      })
    })
  )

  it.live("a scanning scan has exactly the documented fields", () =>
    Effect.gen(function* () {
      const events = [
        { time: "12:00:05", message: "Starting HSTS check" },
        { time: "12:00:08", message: "Starting CSP check" },
        { time: "12:00:12", message: "Starting cookie analysis" }
      ]
      const time = clockAt("2026-03-30T12:00:00Z")
      const appvet = yield* AppVetSimulator.make({
        clock: time.clock,
        fate: () => ({ id: "scan_abc123", duration: "75 seconds", progress: 45, events })
      })
      yield* post(appvet, "/v1/scan", target)
      time.pass(15)
      const answer = yield* get(appvet, "/v1/scan/scan_abc123")
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(answer.json, {
        id: "scan_abc123",
        status: "scanning",
        type: "security",
        url: "https://example.com",
        progress: 45,
        events,
        created_at: "2026-03-30T12:00:00Z"
      })
    })
  )

  it.live.each(["completed", "partial"] as const)("a %s scan has its result and its end", (outcome) =>
    Effect.gen(function* () {
      const time = clockAt("2026-03-30T12:00:00Z")
      const appvet = yield* AppVetSimulator.make({
        clock: time.clock,
        fate: () => ({ id: "scan_abc123", duration: "75 seconds", score: 72, outcome })
      })
      yield* post(appvet, "/v1/scan", target)
      time.pass(75)
      assert.deepStrictEqual((yield* get(appvet, "/v1/scan/scan_abc123")).json, {
        id: "scan_abc123",
        status: outcome,
        type: "security",
        url: "https://example.com",
        progress: 100,
        result: { score: 72, grade: "C", report_url: "/report/scan_abc123" },
        created_at: "2026-03-30T12:00:00Z",
        completed_at: "2026-03-30T12:01:15Z"
      })
    })
  )

  it.live("a failed scan is a 200 with a text, without progress and end", () =>
    Effect.gen(function* () {
      const error = "Target URL returned HTTP 503 — site appears to be down."
      const appvet = yield* AppVetSimulator.make({
        clock: clockAt("2026-03-30T12:00:00Z").clock,
        fate: () => ({ id: "scan_abc123", settleAfterPolls: 0, outcome: "failed", error })
      })
      yield* post(appvet, "/v1/scan", target)
      const answer = yield* get(appvet, "/v1/scan/scan_abc123")
      assert.strictEqual(answer.status, 200)
      assert.deepStrictEqual(answer.json, {
        id: "scan_abc123",
        status: "failed",
        type: "security",
        url: "https://example.com",
        error,
        created_at: "2026-03-30T12:00:00Z"
      })
    })
  )

  it.live("401: no key, a wrong key and a revoked key", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make()
      for (const key of [null, "avk_live_wrong"]) {
        const answer = yield* get(appvet, "/v1/scan/scan_abc123", { key })
        assert.strictEqual(answer.status, 401)
        assert.strictEqual(at(answer.json, "code"), "UNAUTHORIZED")
        assert.isString(at(answer.json, "error"))
      }
      yield* appvet.setCredential({ token: appvet.key, state: "revoked" })
      const revoked = yield* post(appvet, "/v1/scan", target)
      assert.strictEqual(revoked.status, 401)
      assert.strictEqual(at(revoked.json, "code"), "KEY_REVOKED")
    })
  )

  it.live("404 SCAN_NOT_FOUND: an unknown scan, and another organization's", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make({ credentials: ["avk_live_a", { token: "avk_live_b", account: "b" }] })
      const { json } = yield* post(appvet, "/v1/scan", target)
      for (const [path, key] of [
        ["/v1/scan/scan_unknown", "avk_live_a"],
        [`/v1/scan/${text(json, "id")}`, "avk_live_b"],
        [`/v1/report/${text(json, "id")}`, "avk_live_b"]
      ] as const) {
        const answer = yield* get(appvet, path, { key })
        assert.strictEqual(answer.status, 404)
        assert.strictEqual(at(answer.json, "code"), "SCAN_NOT_FOUND")
      }
    })
  )

  it.live.each([
    ["no URL", { type: "security" }, 400, "INVALID_URL"],
    ["a text that is no URL", { ...target, url: "example" }, 400, "INVALID_URL"],
    ["ftp", { ...target, url: "ftp://example.com" }, 400, "INVALID_URL"],
    ["a callback over http", { ...target, callback_url: "http://example.com/hook" }, 400, "INVALID_URL"],
    ["no type", { url: target.url }, 400, "INVALID_TYPE"],
    ["an unknown type", { ...target, type: "Security" }, 400, "INVALID_TYPE"],
    ["localhost", { ...target, url: "http://localhost:3000" }, 403, "DOMAIN_BLOCKED"],
    ["a private address", { ...target, url: "https://192.168.0.1/" }, 403, "DOMAIN_BLOCKED"],
    ["the loopback of IPv6", { ...target, url: "http://[::1]/" }, 403, "DOMAIN_BLOCKED"],
    ["a blocked host", { ...target, url: "https://blocked.shop.example" }, 403, "DOMAIN_BLOCKED"],
    ["a host that is down", { ...target, url: "https://unreachable.shop.example" }, 400, "URL_NOT_REACHABLE"]
  ] as const)("a submission is refused for %s", ([, body, status, code]) =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make()
      const answer = yield* post(appvet, "/v1/scan", body)
      assert.strictEqual(answer.status, status)
      assert.strictEqual(at(answer.json, "code"), code)
      assert.deepStrictEqual(appvet.ledger.accepted(), [])
    })
  )

  it.live("the URL comes back normalised", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make()
      const url = (sent: string) =>
        Effect.map(post(appvet, "/v1/scan", { ...target, url: sent }), ({ json }) => at(json, "url"))
      assert.strictEqual(yield* url("HTTPS://Example.com:443/"), "https://example.com")
      assert.strictEqual(yield* url("https://example.com/Shop?a=1#top"), "https://example.com/Shop?a=1")
    })
  )

  it.live("429 RATE_LIMITED is told by X-RateLimit-Reset alone", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-05-11T09:00:00Z")
      const appvet = yield* AppVetSimulator.make({ clock: time.clock, tier: "free" })
      const path = "/v1/scan/scan_x"
      for (let left = 9; left >= 0; left--) {
        const answer = yield* get(appvet, path)
        assert.strictEqual(answer.headers["x-ratelimit-limit"], "10")
        assert.strictEqual(answer.headers["x-ratelimit-remaining"], String(left))
      }
      const limited = yield* get(appvet, path)
      assert.strictEqual(limited.status, 429)
      assert.strictEqual(at(limited.json, "code"), "RATE_LIMITED")
      assert.strictEqual(limited.headers["x-ratelimit-remaining"], "0")
      assert.strictEqual(Number(limited.headers["x-ratelimit-reset"]), Date.parse("2026-05-11T09:01:00Z") / 1000)
      assert.isUndefined(limited.headers["retry-after"])
      time.pass(60)
      assert.strictEqual((yield* get(appvet, path)).status, 404)
    })
  )

  it.live("429 QUOTA_EXCEEDED once the month's scans are used up, and nothing is bought", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make({ quota: { limit: 5, used: 4 } })
      assert.strictEqual((yield* post(appvet, "/v1/scan", target)).status, 201)
      const answer = yield* post(appvet, "/v1/scan", target)
      assert.strictEqual(answer.status, 429)
      assert.strictEqual(at(answer.json, "code"), "QUOTA_EXCEEDED")
      assert.strictEqual(appvet.ledger.accepted().length, 1)
    })
  )
})

describe("AppVetSimulator's report", () => {
  it.live("it explains the score: categories, checks, summary, grade", () =>
    Effect.gen(function* () {
      const scores = [0, 1, 19, 38, 59, 60, 72, 81, 96, 97, 100]
      const appvet = yield* AppVetSimulator.make({ rateLimit: null })
      for (const type of ["security", "performance", "accessibility", "seo"] as const) {
        for (const [i, score] of scores.entries()) {
          const outcome = i % 2 === 0 ? "completed" : "partial"
          const id = yield* appvet.plant({ url: "https://example.com", type, fate: { score, outcome } })
          const short = (yield* get(appvet, `/v1/scan/${id}`)).json
          const { status, json } = yield* get(appvet, `/v1/report/${id}`)
          assert.strictEqual(status, 200)
          assert.deepStrictEqual(Object.keys(Object(json)), [
            "id",
            "type",
            "url",
            "score",
            "grade",
            "created_at",
            "completed_at",
            "categories",
            "summary"
          ])
          assert.strictEqual(at(json, "score"), score)
          assert.strictEqual(at(json, "grade"), at(short, "result", "grade"))
          const categories = items(at(json, "categories"))
          const mean = categories.reduce<number>((sum, one) => sum + Number(at(one, "score")), 0) / categories.length
          assert.closeTo(mean, score, 1e-9)
          assert.isTrue(categories.every((one) => Number(at(one, "score")) >= 0))
          const checks = categories.flatMap((one) => items(at(one, "checks")))
          const having = (field: string, value: string) => checks.filter((check) => at(check, field) === value).length
          assert.deepStrictEqual(at(json, "summary"), {
            total_checks: checks.length,
            passed: having("status", "pass"),
            failed: having("status", "fail"),
            warnings: having("status", "warn"),
            critical: having("severity", "critical"),
            high: having("severity", "high"),
            medium: having("severity", "medium"),
            low: having("severity", "low")
          })
          const cost = { critical: 20, high: 10, medium: 5, low: 2 }
          const lost = checks.reduce<number>((sum, check) => {
            if (at(check, "status") === "warn") return sum + 1
            return sum + (at(check, "severity") === null ? 0 : Number(at(cost, text(check, "severity"))))
          }, 0)
          assert.strictEqual(lost, 100 - score)
        }
      }
    })
  )

  it.live("409 SCAN_NOT_COMPLETE before the end, for a failed scan, and as long as the report lags", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-03-30T12:00:00Z")
      const appvet = yield* AppVetSimulator.make({
        clock: time.clock,
        fate: ({ url }) => ({ outcome: url.includes("down") ? "failed" : "completed", reportLag: 1 })
      })
      const good = text((yield* post(appvet, "/v1/scan", target)).json, "id")
      const bad = text((yield* post(appvet, "/v1/scan", { ...target, url: "https://down.example" })).json, "id")
      const early = yield* get(appvet, `/v1/report/${good}`)
      assert.strictEqual(early.status, 409)
      assert.strictEqual(at(early.json, "code"), "SCAN_NOT_COMPLETE")
      time.pass(180)
      assert.strictEqual((yield* get(appvet, `/v1/report/${good}`)).status, 409)
      assert.strictEqual((yield* get(appvet, `/v1/report/${good}`)).status, 200)
      assert.strictEqual((yield* get(appvet, `/v1/report/${bad}`)).status, 409)
    })
  )
})

describe("AppVetSimulator's list and usage", () => {
  it.live("newest first, paged, filtered, with null for what is not there yet", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-03-30T12:00:00Z")
      const appvet = yield* AppVetSimulator.make({
        clock: time.clock,
        quota: { limit: 500 },
        fate: ({ type }) => ({ outcome: type === "seo" ? "failed" : "completed", duration: "60 seconds", score: 72 })
      })
      const ids: Array<string> = []
      for (const type of ["security", "seo", "performance"]) {
        ids.unshift(text((yield* post(appvet, "/v1/scan", { ...target, type })).json, "id"))
        time.pass(30)
      }
      const { json } = yield* get(appvet, "/v1/scans")
      assert.deepStrictEqual(
        items(at(json, "scans")).map((one) => at(one, "id")),
        ids
      )
      assert.deepStrictEqual(at(json, "quota"), { used: 3, limit: 500, remaining: 497, tier: "paid" })
      assert.deepStrictEqual([at(json, "total"), at(json, "limit"), at(json, "offset")], [3, 20, 0])
      assert.deepStrictEqual(at(json, "scans", 2), {
        id: ids[2],
        type: "security",
        url: "https://example.com",
        status: "completed",
        score: 72,
        grade: "C",
        created_at: "2026-03-30T12:00:00Z",
        completed_at: "2026-03-30T12:01:00Z"
      })
      assert.strictEqual(at(json, "scans", 0, "status"), "scanning")
      assert.isNull(at(json, "scans", 0, "score"))
      assert.isNull(at(json, "scans", 0, "completed_at"))
      assert.strictEqual(at(json, "scans", 1, "status"), "failed")
      const page = (yield* get(appvet, "/v1/scans?limit=1&offset=1")).json
      assert.deepStrictEqual(
        [at(page, "scans", 0, "id"), at(page, "scans", 1), at(page, "total")],
        [ids[1], undefined, 3]
      )
      const done = (yield* get(appvet, "/v1/scans?status=completed&type=security")).json
      assert.deepStrictEqual([at(done, "scans", 0, "id"), at(done, "total")], [ids[2], 1])
    })
  )

  it.live.each(["limit=0", "limit=101", "limit=x", "offset=-1", "status=done", "type=mobile"])(
    "400 INVALID_PARAMS for %s",
    (query) =>
      Effect.gen(function* () {
        const appvet = yield* AppVetSimulator.make()
        const answer = yield* get(appvet, `/v1/scans?${query}`)
        assert.strictEqual(answer.status, 400)
        assert.strictEqual(at(answer.json, "code"), "INVALID_PARAMS")
      })
  )

  it.live("an organization lists its own scans only", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make({ credentials: ["avk_live_a", { token: "avk_live_b", account: "b" }] })
      yield* post(appvet, "/v1/scan", target)
      assert.strictEqual(at((yield* get(appvet, "/v1/scans")).json, "total"), 1)
      assert.strictEqual(at((yield* get(appvet, "/v1/scans", { key: "avk_live_b" })).json, "total"), 0)
    })
  )

  it.live("usage comes in both documented bodies", () =>
    Effect.gen(function* () {
      const clock = clockAt("2026-03-30T12:00:00Z").clock
      const sample = yield* AppVetSimulator.make({ clock, quota: { limit: 100, used: 7 } })
      assert.deepStrictEqual((yield* get(sample, "/v1/usage")).json, {
        tier: "paid",
        billing_period: { start: "2026-03-01T00:00:00Z", end: "2026-04-01T00:00:00Z" },
        scans: { used: 7, limit: 100, remaining: 93 },
        rate_limit: { requests_per_minute: 60, concurrent_scans: 10 }
      })
      const table = yield* AppVetSimulator.make({ clock, tier: "free", usage: "table", quota: { limit: 5, used: 1 } })
      assert.deepStrictEqual((yield* get(table, "/v1/usage")).json, {
        billing_mode: "free",
        free_scans: { used: 1, limit: 5, remaining: 4 },
        credits_balance: 4,
        rate_limit: { requests_per_minute: 10 },
        metered: null
      })
    })
  )
})

describe("AppVetSimulator's scans", () => {
  it.live("a scan is queued, then scanning with progress that never falls, then ended", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-03-30T12:00:00Z")
      const appvet = yield* AppVetSimulator.make({ clock: time.clock, fate: () => ({ duration: "100 seconds" }) })
      const path = `/v1/scan/${text((yield* post(appvet, "/v1/scan", target)).json, "id")}`
      const queued = yield* get(appvet, path)
      assert.strictEqual(at(queued.json, "status"), "queued")
      assert.strictEqual(at(queued.json, "progress"), 0)
      const seen: Array<number> = []
      const told = new Map<string, string>()
      for (let passed = 0; passed < 90; passed += 10) {
        time.pass(10)
        const { json } = yield* get(appvet, path)
        assert.strictEqual(at(json, "status"), "scanning")
        assert.isAbove(items(at(json, "events")).length, 0)
        assert.match(text(json, "events", 0, "time"), /^12:0\d:\d\d$/)
        seen.push(Number(at(json, "progress")))
        // What has been told once is told with the same time again.
        for (const [index, event] of items(at(json, "events")).entries()) {
          const line = `${text(event, "time")} ${text(event, "message")}`
          assert.strictEqual(told.get(`${index}`) ?? line, line)
          told.set(`${index}`, line)
        }
      }
      assert.deepStrictEqual(seen, [10, 20, 30, 40, 50, 60, 70, 80, 90])
      time.pass(10)
      assert.strictEqual(at((yield* get(appvet, path)).json, "status"), "completed")
    })
  )

  it.live("settleAfterPolls counts polls in place of time", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make({
        fate: () => ({ settleAfterPolls: 2, words: ["queued", "scanning"] })
      })
      const path = `/v1/scan/${text((yield* post(appvet, "/v1/scan", target)).json, "id")}`
      const seen: Array<unknown> = []
      for (let i = 0; i < 4; i++) seen.push(at((yield* get(appvet, path)).json, "status"))
      assert.deepStrictEqual(seen, ["queued", "scanning", "completed", "completed"])
    })
  )

  it.live("merge lays odd fields over every status answer", () =>
    Effect.gen(function* () {
      const appvet = yield* AppVetSimulator.make({
        fate: () => ({ settleAfterPolls: 0, outcome: "partial", merge: { result: null, extra: 1 } })
      })
      const path = `/v1/scan/${text((yield* post(appvet, "/v1/scan", target)).json, "id")}`
      const { json } = yield* get(appvet, path)
      assert.deepStrictEqual([at(json, "status"), at(json, "result"), at(json, "extra")], ["partial", null, 1])
    })
  )

  it.live("reserved hosts pick a fate", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-03-30T12:00:00Z")
      const appvet = yield* AppVetSimulator.make({ clock: time.clock, rateLimit: null })
      const polls = (word: string, times: number) =>
        Effect.gen(function* () {
          const created = yield* post(appvet, "/v1/scan", { ...target, url: `https://${word}.shop.test/` })
          const seen: Array<string> = []
          for (let i = 0; i < times; i++) {
            time.pass(i === 0 ? 5 : 180)
            const answer = yield* get(appvet, `/v1/scan/${text(created.json, "id")}`)
            seen.push(`${answer.status} ${text(answer.json, "status")} ${text(answer.json, "result", "score")}`)
          }
          return seen
        })
      assert.deepStrictEqual((yield* polls("failed", 2))[1], "200 failed undefined")
      assert.match(String((yield* polls("partial", 2))[1]), /^200 partial \d+$/)
      assert.deepStrictEqual(yield* polls("never", 4), [
        "200 queued undefined",
        ...Array.from({ length: 3 }, () => "200 scanning undefined")
      ])
      assert.deepStrictEqual((yield* polls("slow", 5)).slice(2, 4), [
        "200 scanning undefined",
        "200 scanning undefined"
      ])
      assert.deepStrictEqual((yield* polls("busy", 3))[1], "429 undefined undefined")
      assert.deepStrictEqual((yield* polls("flaky", 2))[0], "503 undefined undefined")
      assert.deepStrictEqual((yield* polls("risky", 2))[1], "200 completed 38")
      assert.deepStrictEqual((yield* polls("clean", 2))[1], "200 completed 98")
    })
  )
})
