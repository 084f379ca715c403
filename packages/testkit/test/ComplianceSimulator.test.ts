import { assert, describe, it } from "@effect/vitest"
import { ComplianceSimulator } from "@scanpoll/testkit"
import { Effect, Fiber } from "effect"
import { at, clockAt, get, post, request, text } from "./support.ts"

const ids = {
  policy_id: "550e8400-e29b-41d4-a716-446655440000",
  upload_id: "123e4567-e89b-12d3-a456-426614174000",
  mapping_id: "789e0123-e45b-67c8-d901-234567890123"
}
const earlierIds = { policyId: ids.policy_id, uploadId: ids.upload_id, mappingId: ids.mapping_id }
const audit = "e68615d5-06b8-4514-9607-52dbd84911f5"
const id = "abc12345-def6-7890-ghij-klmnopqrstuv"
const mappingConfig = { amount: "Transaction Amount", account: "Account ID", timestamp: "Date" }

const items = (value: unknown): ReadonlyArray<unknown> => (Array.isArray(value) ? value : [])

describe("ComplianceSimulator, page by page", () => {
  it.live("a running scan has exactly the documented fields", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({
        clock: clockAt("2024-01-15T10:30:00Z").clock,
        fate: () => ({ id, inline: false, rulesProcessed: 8, rulesTotal: 15, recordCount: 42000, mappingConfig })
      })
      const created = yield* post(compliance, "/api/scan/run", { ...ids, audit_name: "Q1 2024 Compliance Audit" })
      assert.strictEqual(created.status, 200)
      assert.deepStrictEqual(created.json, { scan_id: id, status: "running" })
      assert.deepStrictEqual((yield* get(compliance, `/api/scan/${id}`)).json, {
        id,
        status: "running",
        violation_count: 0,
        compliance_score: 0,
        rules_processed: 8,
        rules_total: 15,
        created_at: "2024-01-15T10:30:00Z",
        completed_at: null,
        audit_name: "Q1 2024 Compliance Audit",
        record_count: 42000,
        ...ids,
        audit_id: null,
        mapping_config: mappingConfig,
        temporal_scale: "daily",
        score_history: [],
        delta: null
      })
    })
  )

  it.live("a completed scan has its score, its history and its delta, as documented", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({
        clock: clockAt("2024-01-15T10:30:00Z").clock,
        earlier: [
          {
            ...earlierIds,
            createdAt: Date.parse("2024-01-08T10:30:00Z"),
            fate: { id: "prev1234-5678-90ab-cdef-ghijklmnopqr", violations: 30 }
          }
        ],
        fate: () => ({
          id,
          duration: "4 seconds",
          violations: 23,
          unchanged: 18,
          score: 87.5,
          rulesTotal: 15,
          recordCount: 42000,
          mappingConfig
        })
      })
      const created = yield* post(compliance, "/api/scan/run", { ...ids, audit_name: "Q1 2024 Compliance Audit" })
      assert.deepStrictEqual(created.json, { scan_id: id, status: "completed" })
      assert.deepStrictEqual((yield* get(compliance, `/api/scan/${id}`)).json, {
        id,
        status: "completed",
        violation_count: 23,
        compliance_score: 87.5,
        rules_processed: 15,
        rules_total: 15,
        created_at: "2024-01-15T10:30:00Z",
        completed_at: "2024-01-15T10:30:04Z",
        audit_name: "Q1 2024 Compliance Audit",
        record_count: 42000,
        ...ids,
        audit_id: null,
        mapping_config: mappingConfig,
        temporal_scale: "daily",
        score_history: [
          { score: 87.5, timestamp: "2024-01-15T10:30:04Z", action: "scan_completed", violation_id: null }
        ],
        delta: {
          new_count: 5,
          resolved_count: 12,
          unchanged_count: 18,
          previous_scan_id: "prev1234-5678-90ab-cdef-ghijklmnopqr",
          previous_violation_count: 30
        }
      })
    })
  )

  it.live("404 NOT_FOUND for an unknown scan, for an id that is no UUID, and for another user's", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({
        clock: clockAt("2024-01-15T10:30:00Z").clock,
        credentials: ["token-a", { token: "token-b", account: "b" }]
      })
      const scan = text((yield* post(compliance, "/api/scan/run", ids)).json, "scan_id")
      for (const [path, key] of [
        [`/api/scan/${ids.policy_id}`, "token-a"],
        ["/api/scan/nonsense", "token-a"],
        [`/api/scan/${scan}`, "token-b"]
      ] as const) {
        const answer = yield* get(compliance, path, { key })
        assert.strictEqual(answer.status, 404)
        assert.deepStrictEqual(answer.json, { error: "NOT_FOUND", message: "Scan not found" })
      }
    })
  )

  it.live("status: no token is a 500, an expired or foreign one a 404", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({ clock: clockAt("2024-01-15T10:30:00Z").clock })
      const path = `/api/scan/${text((yield* post(compliance, "/api/scan/run", ids)).json, "scan_id")}`
      const none = yield* get(compliance, path, { key: null })
      assert.strictEqual(none.status, 500)
      assert.strictEqual(at(none.json, "error"), "INTERNAL_ERROR")
      assert.strictEqual((yield* get(compliance, path, { key: "another" })).status, 404)
      yield* compliance.setCredential({ token: compliance.key, state: "expired" })
      const expired = yield* get(compliance, path)
      assert.strictEqual(expired.status, 404)
      assert.deepStrictEqual(expired.json, { error: "NOT_FOUND", message: "Scan not found" })
      yield* compliance.setCredential({ token: "renewed" })
      assert.strictEqual((yield* get(compliance, path, { key: "renewed" })).status, 200)
    })
  )

  it.live("run: validated before it is authenticated, and the token must be good", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make()
      const invalid = yield* post(compliance, "/api/scan/run", {}, { key: null })
      assert.strictEqual(invalid.status, 400)
      for (const key of [null, "expired"]) {
        const answer = yield* post(compliance, "/api/scan/run", ids, { key })
        assert.strictEqual(answer.status, 401)
        assert.deepStrictEqual(answer.json, { error: "UNAUTHORIZED", message: "Not authenticated" })
      }
      assert.deepStrictEqual(compliance.ledger.accepted(), [])
    })
  )

  it.live("a foreign organization is refused", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({
        clock: clockAt("2024-01-15T10:30:00Z").clock,
        organizationId: audit
      })
      const run = (organization: string) =>
        Effect.map(
          post(compliance, "/api/scan/run", ids, { headers: { "x-organization-id": organization } }),
          ({ status }) => status
        )
      assert.strictEqual(yield* run(audit), 200)
      assert.strictEqual(yield* run(ids.policy_id), 401)
    })
  )

  it.live("400 VALIDATION_ERROR lists every fault of the body", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make()
      const answer = yield* post(compliance, "/api/scan/run", { policy_id: "P", upload_id: 7 })
      assert.strictEqual(answer.status, 400)
      assert.strictEqual(at(answer.json, "error"), "VALIDATION_ERROR")
      assert.deepStrictEqual(
        items(at(answer.json, "details")).map((issue) => [at(issue, "code"), at(issue, "path")]),
        [
          ["invalid_format", ["policy_id"]],
          ["invalid_type", ["upload_id"]],
          ["invalid_type", ["mapping_id"]]
        ]
      )
    })
  )

  it.live("only the server's shape wants an audit", () =>
    Effect.gen(function* () {
      const clock = clockAt("2024-01-15T10:30:00Z").clock
      const docs = yield* ComplianceSimulator.make({ clock })
      assert.strictEqual((yield* post(docs, "/api/scan/run", ids)).status, 200)
      const server = yield* ComplianceSimulator.make({ clock, shape: "server" })
      const answer = yield* post(server, "/api/scan/run", ids)
      assert.strictEqual(answer.status, 400)
      assert.deepStrictEqual(at(answer.json, "details", 0, "path"), ["audit_id"])
      assert.strictEqual((yield* post(server, "/api/scan/run", { ...ids, audit_id: audit })).status, 200)
    })
  )

  it.live("a body that is no JSON is a 500 without a scan", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make()
      const answer = yield* post(compliance, "/api/scan/run", "{")
      assert.strictEqual(answer.status, 500)
      assert.strictEqual(at(answer.json, "error"), "INTERNAL_ERROR")
      assert.strictEqual(at(answer.json, "status"), "failed")
      assert.isUndefined(at(answer.json, "scan_id"))
    })
  )

  it.live("a mapping that does not fit, a missing part, and a record that could not be made", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make()
      const run = (audit_name: string) => post(compliance, "/api/scan/run", { ...ids, audit_name })
      const incomplete = yield* run("incomplete: Q1")
      assert.strictEqual(incomplete.status, 400)
      assert.strictEqual(at(incomplete.json, "error"), "MAPPING_INCOMPLETE")
      assert.deepStrictEqual(at(incomplete.json, "details"), { missing_required: ["account"], invalid_columns: [] })
      const unknown = yield* run("unknown: Q1")
      assert.strictEqual(unknown.status, 404)
      assert.strictEqual(at(unknown.json, "error"), "NOT_FOUND")
      const broken = yield* ComplianceSimulator.make({ fate: () => ({ refusal: { code: "INTERNAL_ERROR" } }) })
      const record = yield* post(broken, "/api/scan/run", ids)
      assert.deepStrictEqual([record.status, at(record.json, "error")], [500, "INTERNAL_ERROR"])
      assert.strictEqual(compliance.ledger.accepted().length + broken.ledger.accepted().length, 0)
    })
  )

  it.live(
    "a scan that fails answers the submit with a 500 that names it, and its status is failed without a reason",
    () =>
      Effect.gen(function* () {
        const compliance = yield* ComplianceSimulator.make({
          clock: clockAt("2024-01-15T10:30:00Z").clock,
          fate: () => ({ outcome: "failed" })
        })
        const answer = yield* post(compliance, "/api/scan/run", ids)
        assert.strictEqual(answer.status, 500)
        assert.strictEqual(at(answer.json, "error"), "PARTIAL_INSERT")
        assert.strictEqual(at(answer.json, "status"), "failed")
        const { json } = yield* get(compliance, `/api/scan/${text(answer.json, "scan_id")}`)
        assert.strictEqual(at(json, "status"), "failed")
        assert.strictEqual(at(json, "compliance_score"), 0)
        assert.isString(at(json, "completed_at"))
        assert.isUndefined(at(json, "error"))
      })
  )

  it.live("no rate-limit headers and no Retry-After anywhere; a wrong method is an empty 405", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({ clock: clockAt("2024-01-15T10:30:00Z").clock })
      const answer = yield* post(compliance, "/api/scan/run", ids)
      assert.deepStrictEqual(
        Object.keys(answer.headers).filter((name) => /ratelimit|retry/.test(name)),
        []
      )
      const wrong = yield* get(compliance, "/api/scan/run")
      assert.deepStrictEqual([wrong.status, wrong.text], [405, ""])
    })
  )
})

describe("ComplianceSimulator's scans", () => {
  it.live("the submit is held until the scan is done, and the next status agrees with it", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({ fate: () => ({ duration: "200 millis" }) })
      for (let i = 0; i < 5; i++) {
        const created = yield* post(compliance, "/api/scan/run", ids)
        assert.strictEqual(at(created.json, "status"), "completed")
        const { json } = yield* get(compliance, `/api/scan/${text(created.json, "scan_id")}`)
        assert.strictEqual(at(json, "status"), "completed")
      }
      for (const entry of compliance.ledger.requests({ route: "submit" })) {
        assert.isAtLeast((entry.answeredAt ?? 0) - entry.at, 195)
      }
    })
  )

  it.live("a client that gives up does not stop the scan: its audit lists it, running and then completed", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({ fate: () => ({ duration: "300 millis" }) })
      const fiber = yield* Effect.forkChild(post(compliance, "/api/scan/run", { ...ids, audit_id: audit }))
      yield* compliance.ledger.until((ledger) => ledger.accepted().length === 1)
      const list = Effect.map(get(compliance, `/api/audits/${audit}/scans`), ({ json }) => json)
      const during = yield* list
      assert.strictEqual(at(during, "scans", 0, "status"), "running")
      assert.isNull(at(during, "scans", 0, "score"))
      yield* Fiber.interrupt(fiber)
      yield* compliance.ledger.until((ledger) => ledger.requests({ route: "submit" })[0]?.clientClosedAt !== null)
      const scan = compliance.ledger.accepted()[0]?.scanId
      const ended = Effect.map(get(compliance, `/api/scan/${scan}`), ({ json }) => at(json, "status") === "completed")
      yield* Effect.repeat(ended, { until: (done) => done })
      assert.deepStrictEqual(Object.keys(Object(at(yield* list, "scans", 0))), [
        "id",
        "status",
        "score",
        "violation_count",
        "record_count",
        "data_source",
        "file_name",
        "created_at",
        "completed_at"
      ])
    })
  )

  it.live("an unfinished scan may be shown in any words, by polls or by time", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({
        fate: () => ({ settleAfterPolls: 3, words: ["pending", "running", "pending"] })
      })
      const created = yield* post(compliance, "/api/scan/run", ids)
      assert.strictEqual(at(created.json, "status"), "running")
      const seen: Array<unknown> = []
      for (let i = 0; i < 4; i++) {
        seen.push(at((yield* get(compliance, `/api/scan/${text(created.json, "scan_id")}`)).json, "status"))
      }
      assert.deepStrictEqual(seen, ["pending", "running", "pending", "completed"])
    })
  )

  it.live("a submit may say completed while the status says running, for ever", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({
        clock: clockAt("2024-01-15T10:30:00Z").clock,
        fate: () => ({ inline: true, settleAfterPolls: Infinity })
      })
      const created = yield* post(compliance, "/api/scan/run", ids)
      assert.strictEqual(at(created.json, "status"), "completed")
      for (let i = 0; i < 3; i++) {
        const { json } = yield* get(compliance, `/api/scan/${text(created.json, "scan_id")}`)
        assert.strictEqual(at(json, "status"), "running")
      }
    })
  )

  it.live.each(["docs", "server"] as const)("the sums of a delta hold, scan after scan, in the %s shape", (shape) =>
    Effect.gen(function* () {
      const time = clockAt("2024-01-15T10:30:00Z")
      const compliance = yield* ComplianceSimulator.make({ shape, clock: time.clock })
      let previous: { readonly id: unknown; readonly count: number; readonly pairs: number } | null = null
      for (let i = 0; i < 8; i++) {
        const created = yield* post(compliance, "/api/scan/run", { ...ids, audit_id: audit })
        time.pass(60)
        const { json } = yield* get(compliance, `/api/scan/${text(created.json, "scan_id")}`)
        const delta = at(json, "delta")
        const count = Number(at(json, "violation_count"))
        const pairs = shape === "docs" ? count : Math.ceil(count * 0.66)
        if (previous === null) assert.isNull(delta)
        else {
          const [fresh, resolved, unchanged] = ["new_count", "resolved_count", "unchanged_count"].map((name) =>
            Number(at(delta, name))
          )
          assert.strictEqual(at(delta, "previous_scan_id"), previous.id)
          assert.strictEqual(at(delta, "previous_violation_count"), previous.count)
          assert.strictEqual(Number(fresh) + Number(unchanged), pairs)
          assert.strictEqual(Number(resolved) + Number(unchanged), previous.pairs)
          assert.isAtMost(pairs, count)
        }
        previous = { id: at(json, "id"), count, pairs }
      }
    })
  )

  it.live("neither a failed scan nor another policy's is a previous one", () =>
    Effect.gen(function* () {
      const time = clockAt("2024-01-15T10:30:00Z")
      const compliance = yield* ComplianceSimulator.make({ clock: time.clock })
      const run = (body: object) =>
        Effect.gen(function* () {
          const created = yield* post(compliance, "/api/scan/run", { ...ids, ...body })
          time.pass(60)
          return (yield* get(compliance, `/api/scan/${text(created.json, "scan_id")}`)).json
        })
      yield* run({ audit_name: "failed: Q1" })
      yield* run({ policy_id: audit })
      const first = yield* run({})
      assert.isNull(at(first, "delta"))
      assert.strictEqual(at(yield* run({}), "delta", "previous_scan_id"), at(first, "id"))
    })
  )

  it.live("the server's shape: offsets, a number for the scale, no progress, more fields", () =>
    Effect.gen(function* () {
      const time = clockAt("2026-05-11T09:33:39.525Z")
      const compliance = yield* ComplianceSimulator.make({
        shape: "server",
        clock: time.clock,
        fate: () => ({ inline: false, duration: "20 seconds" })
      })
      const created = yield* post(compliance, "/api/scan/run", { ...ids, audit_id: audit })
      const path = `/api/scan/${text(created.json, "scan_id")}`
      time.pass(10)
      const running = (yield* get(compliance, path)).json
      assert.strictEqual(at(running, "created_at"), "2026-05-11T09:33:39.525000+00:00")
      assert.strictEqual(at(running, "rules_processed"), 0)
      assert.strictEqual(at(running, "temporal_scale"), 24)
      assert.strictEqual(at(running, "data_source"), "csv")
      assert.deepStrictEqual(at(running, "review_summary"), {
        total: 0,
        pending: 0,
        approved: 0,
        false_positive: 0,
        disputed: 0,
        by_severity: {}
      })
      time.pass(10)
      const completed = (yield* get(compliance, path)).json
      assert.strictEqual(at(completed, "rules_processed"), at(completed, "rules_total"))
      assert.strictEqual(at(completed, "score_history", 0, "timestamp"), "2026-05-11T09:33:59Z")
    })
  )

  it.live("reviews change the score afterwards, and history, score and status say the same", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({
        clock: clockAt("2024-01-15T10:30:00Z").clock,
        fate: () => ({ violations: 23 })
      })
      const scan = text((yield* post(compliance, "/api/scan/run", ids)).json, "scan_id")
      assert.strictEqual(at((yield* get(compliance, `/api/scan/${scan}`)).json, "compliance_score"), 87.5)
      yield* compliance.review(scan, 88.04)
      const { json } = yield* get(compliance, `/api/scan/${scan}`)
      assert.strictEqual(at(json, "compliance_score"), 88.04)
      assert.deepStrictEqual(
        items(at(json, "score_history")).map((one) => at(one, "score")),
        [87.5, 88.04]
      )
      const score = (yield* get(compliance, `/api/compliance/score?scan_id=${scan}`)).json
      assert.strictEqual(at(score, "score"), 88.04)
      assert.deepStrictEqual([at(score, "total_violations"), at(score, "open_violations")], [23, 22])
      const history = (yield* get(compliance, "/api/scan/history")).json
      assert.strictEqual(at(history, "scans", 0, "score"), 88.04)
      assert.strictEqual(at(history, "scans", 0, "policy_id"), ids.policy_id)
    })
  )

  it.live("history and audits want a token, score answers 500 without one", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make()
      const status = (path: string) => Effect.map(get(compliance, path, { key: null }), (answer) => answer.status)
      assert.strictEqual(yield* status("/api/scan/history"), 401)
      assert.strictEqual(yield* status(`/api/audits/${audit}/scans`), 401)
      assert.strictEqual(yield* status(`/api/compliance/score?scan_id=${audit}`), 500)
    })
  )

  it.live("a deleted scan is a 404, and deleting what is not there succeeds", () =>
    Effect.gen(function* () {
      const compliance = yield* ComplianceSimulator.make({ clock: clockAt("2024-01-15T10:30:00Z").clock })
      const path = `/api/scan/${text((yield* post(compliance, "/api/scan/run", ids)).json, "scan_id")}`
      for (let i = 0; i < 2; i++) {
        assert.deepStrictEqual((yield* request(compliance, "DELETE", path)).json, { success: true })
        assert.strictEqual((yield* get(compliance, path)).status, 404)
      }
    })
  )

  it.live("reserved words at the head of an audit's name pick a fate", () =>
    Effect.gen(function* () {
      const time = clockAt("2024-01-15T10:30:00Z")
      const compliance = yield* ComplianceSimulator.make({ clock: time.clock })
      const polls = (word: string) =>
        Effect.gen(function* () {
          const created = yield* post(compliance, "/api/scan/run", { ...ids, audit_name: `${word}: Q1 2024` })
          const seen = [text(created.json, "status")]
          for (let i = 0; i < 2; i++) {
            const answer = yield* get(compliance, `/api/scan/${text(created.json, "scan_id")}`)
            seen.push(answer.status === 200 ? text(answer.json, "status") : String(answer.status))
            time.pass(20)
          }
          return seen
        })
      assert.deepStrictEqual(yield* polls("failed"), ["failed", "failed", "failed"])
      assert.deepStrictEqual(yield* polls("running"), ["running", "running", "completed"])
      assert.deepStrictEqual(yield* polls("never"), ["running", "running", "running"])
      assert.deepStrictEqual(yield* polls("busy"), ["running", "429", "completed"])
      assert.deepStrictEqual(yield* polls("flaky"), ["completed", "503", "completed"])
      assert.deepStrictEqual(yield* polls("clean"), ["completed", "completed", "completed"])
    })
  )
})
