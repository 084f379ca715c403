import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import { assert, describe, it } from "@effect/vitest"
import { AppVetSchema } from "@scanpoll/appvet"
import * as Vendor from "@scanpoll/core/vendor/Vendor"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Fake from "./Fake.ts"

const poll = (step: Fake.Step) =>
  Effect.flatMap(Fake.adapter(step), ({ adapter }) =>
    Effect.map(adapter.poll(Fake.ticket), (answer) => answer.observation)
  )

const outcome = (step: Fake.Step) =>
  Effect.flatMap(poll(step), (observation) =>
    observation._tag === "Settled" ? Effect.succeed(observation.value) : Effect.die(new Error(observation._tag))
  )

const fault = (step: Fake.Step) => Effect.flip(poll(step))

const body = (name: string, changes: Record<string, unknown> = {}) =>
  Fake.response(200, { ...Fake.fixture(name), ...changes })

const without = (name: string, ...fields: ReadonlyArray<string>) =>
  Fake.response(
    200,
    Object.fromEntries(Object.entries(Fake.fixture(name)).filter(([field]) => !fields.includes(field)))
  )

const messages = ["12:00:05 Starting HSTS check", "12:00:08 Starting CSP check", "12:00:12 Starting cookie analysis"]

const created = Date.UTC(2026, 2, 30, 12, 0, 0)

describe("queued and scanning", () => {
  it.effect("queued waits in the queue", () =>
    Effect.gen(function* () {
      const seen = yield* poll(body("queued"))
      assert.deepStrictEqual(seen, { _tag: "Pending", phase: "queued", progress: Option.none() })
    })
  )

  it.effect("scanning runs, with the vendor's progress", () =>
    Effect.gen(function* () {
      const seen = yield* poll(body("scanning"))
      assert.deepStrictEqual(seen, {
        _tag: "Pending",
        phase: "running",
        progress: Option.some({ fraction: 0.45, done: null, total: null }),
        messages
      })
    })
  )

  it.effect(
    "scanning tells the last 20 events as lines, oldest first, and leaves out what is none (AV-06, AV-08)",
    () =>
      Effect.gen(function* () {
        const events = [
          ...Array.from({ length: 500 }, (_, index) => ({ time: "23:59:58", message: `check ${index}` })),
          { time: "00:00:02", message: "x".repeat(10_000) },
          { message: "no time" },
          "a text",
          null,
          7,
          { time: null, message: ["odd"] }
        ]
        const seen = yield* poll(body("scanning", { events }))
        const told = seen._tag === "Pending" ? (seen.messages ?? []) : []
        assert.strictEqual(told.length, 17)
        assert.strictEqual(told[0], "23:59:58 check 486")
        assert.match(told[14] ?? "", /^00:00:02 x+/)
        assert.isAtMost(told[14]?.length ?? 0, 300)
        assert.deepStrictEqual(told.slice(15), ["no time", "a text"])
        for (const none of [[], "none", null, { 0: "x" }, 1]) {
          const silent = yield* poll(body("scanning", { events: none }))
          assert.isTrue(silent._tag === "Pending" && silent.messages === undefined)
        }
        const queued = yield* poll(body("queued", { events: [{ time: "12:00:00", message: "waits" }] }))
        assert.deepStrictEqual(queued._tag === "Pending" && queued.messages, ["12:00:00 waits"])
      })
  )

  it.effect.each([30, 0, 100])("progress %d never decides anything (AV-05)", (progress) =>
    Effect.gen(function* () {
      const seen = yield* poll(body("scanning", { progress, result: { score: 100, grade: "A" } }))
      assert.strictEqual(seen._tag, "Pending")
    })
  )

  it.effect.each([101, -1, 45.5, "50%", "45", null, true, Number.POSITIVE_INFINITY, {}])(
    "an odd progress is dropped: %j (AV-05)",
    (progress) =>
      Effect.gen(function* () {
        const seen = yield* poll(body("scanning", { progress }))
        assert.deepStrictEqual(seen, { _tag: "Pending", phase: "running", progress: Option.none(), messages })
      })
  )

  it.effect("a status word the vendor does not document settles nothing, whatever comes with it", () =>
    Effect.gen(function* () {
      for (const word of ["archived", "Completed", "completed ", "COMPLETED", "cancelled", "complete"]) {
        assert.deepStrictEqual(yield* poll(body("completed", { status: word })), { _tag: "Unrecognised", word })
      }
      for (const blank of ["", " "]) {
        const fault = yield* Effect.flip(poll(body("completed", { status: blank })))
        assert.strictEqual(fault.message, "status is empty")
      }
    })
  )

  it.effect("an endless status word is cut", () =>
    Effect.gen(function* () {
      const seen = yield* poll(body("scanning", { status: "x".repeat(5_000_000) }))
      assert.isTrue(seen._tag === "Unrecognised" && seen.word.length === 100)
    })
  )

  it.effect("the hint and the quota of an answer are passed on", () =>
    Effect.gen(function* () {
      const hint = Option.some(Duration.seconds(7))
      const quota = Fake.quota(10, 4, 1_000)
      const { adapter } = yield* Fake.adapter({ ...body("scanning"), hint, quota })
      const answer = yield* adapter.poll(Fake.ticket)
      assert.deepStrictEqual([answer.hint, answer.quota], [hint, quota])
    })
  )

  it.effect("a poll is one GET of the scan", () =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* Fake.adapter(body("scanning"))
      yield* adapter.poll(Fake.ticket)
      assert.deepStrictEqual(sent, [{ method: "GET", path: "/v1/scan/scan_abc123" }])
    })
  )
})

describe("completed", () => {
  it.effect("the vendor's own example is a Completed with its score, grade and times", () =>
    Effect.gen(function* () {
      const seen = yield* outcome({ ...body("completed"), requestId: "req_1" })
      assert.deepStrictEqual(seen, {
        _tag: "Completed",
        subject: { kind: "url", id: "https://example.com/", name: "https://example.com/" },
        scanType: "security",
        evidence: {
          assessment: { status: "there", reason: null },
          findings: { status: "not-offered", reason: null },
          delta: { status: "not-offered", reason: null }
        },
        ticket: Fake.ticket,
        vendorStatus: "completed",
        createdAt: created,
        completedAt: created + 75_000,
        cached: false,
        ageMs: null,
        warnings: [],
        links: { report: "https://appvet.dev/report/scan_abc123" },
        requestId: "req_1",
        assessment: {
          severity: "medium",
          vendorSeverity: "C",
          compliance: null,
          score: { value: 72, min: 0, max: 100, direction: "higher-is-better", grade: "C", basis: "vendor" }
        },
        findings: ScanOutcome.noFindings,
        delta: null,
        payload: {
          id: Fake.scanId,
          status: "completed",
          type: "security",
          url: "https://example.com",
          progress: 100,
          result: { score: 72, grade: "C", report_url: "/report/scan_abc123" },
          created_at: "2026-03-30T12:00:00Z",
          completed_at: "2026-03-30T12:01:15Z"
        }
      })
    })
  )

  it.effect.each([
    ["A+", "info", 80],
    ["A", "info", 80],
    ["A-", "info", 80],
    ["B", "low", 70],
    ["C", "medium", 60],
    ["D+", "high", 0],
    ["E", "critical", 0],
    ["F", "critical", 0]
  ] as const)("the vendor's letter %s means %s, whatever the score from %i on", ([grade, severity, least]) =>
    Effect.gen(function* () {
      for (const score of [least, 90, 100]) {
        const seen = yield* outcome(body("completed", { result: { score, grade } }))
        assert.isTrue(seen._tag === "Completed")
        if (seen._tag !== "Completed") return
        assert.deepStrictEqual(
          [seen.assessment.severity, seen.assessment.vendorSeverity, seen.assessment.score?.value, seen.warnings],
          [severity, grade, score, []]
        )
      }
    })
  )

  it.effect.each([
    ["A", 79, "medium"],
    ["A+", 0, "critical"],
    ["B-", 69, "high"],
    ["C", 59, "critical"]
  ] as const)(
    "the letter %s beside a score of %i is %s: they contradict each other, and the worse counts (V-11)",
    (row) =>
      Effect.gen(function* () {
        const [grade, score, severity] = row
        const seen = yield* outcome(body("completed", { result: { score, grade } }))
        if (seen._tag !== "Completed") return assert.fail(seen._tag)
        assert.deepStrictEqual([seen.assessment.severity, seen.assessment.vendorSeverity], [severity, grade])
        assert.match(seen.warnings.join(), /contradict each other: the worse counts/)
      })
  )

  it.effect.each(["G", "a", "A++", "AB", " A", "pass", "constructor"])(
    "a grade that is not documented is unknown, with a warning: %s",
    (grade) =>
      Effect.gen(function* () {
        const seen = yield* outcome(body("completed", { result: { score: 95, grade } }))
        assert.isTrue(seen._tag === "Completed" && seen.assessment.severity === "unknown")
        assert.strictEqual(seen.warnings.length, 1)
      })
  )

  it.effect.each([
    [95, "info"],
    [85, "low"],
    [72, "medium"],
    [60, "high"],
    [0, "critical"]
  ] as const)("without a grade the score of %d falls into the band %s", ([score, severity]) =>
    Effect.gen(function* () {
      const seen = yield* outcome(body("completed", { result: { score } }))
      assert.isTrue(seen._tag === "Completed" && seen.assessment.severity === severity)
    })
  )

  it.effect("an error text beside the word completed brings a warning, and the word decides", () =>
    Effect.gen(function* () {
      const seen = yield* outcome(body("completed", { error: "one worker was restarted" }))
      assert.strictEqual(seen._tag, "Completed")
      assert.deepStrictEqual(seen.warnings, ["the scan completed and the answer still has an error text"])
    })
  )

  it.effect("a null score beside a grade leaves the score out", () =>
    Effect.gen(function* () {
      for (const result of [{ score: null, grade: "B" }, { grade: "B" }]) {
        const seen = yield* outcome(body("completed", { result }))
        assert.deepStrictEqual(seen._tag === "Completed" ? seen.assessment : null, {
          severity: "low",
          vendorSeverity: "B",
          compliance: null,
          score: null
        })
      }
    })
  )

  it.effect("a result that says nothing is not a completed scan", () =>
    Effect.gen(function* () {
      const steps = [
        without("completed", "result"),
        body("completed", { result: null }),
        body("completed", { result: {} }),
        body("completed", { result: "A" }),
        body("completed", { result: [] }),
        body("completed", { result: { score: null, grade: null, report_url: "/report/scan_abc123" } })
      ]
      for (const step of steps) {
        const seen = yield* fault(step)
        assert.deepStrictEqual([seen.kind, seen.permanent, seen.code], ["Broken", false, "completed-without-result"])
      }
    })
  )

  it.effect.each([101, -1, 100.001, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN])(
    "a score of %d is out of range and never clamped (BD-07)",
    (score) =>
      Effect.gen(function* () {
        for (const name of ["completed", "partial"]) {
          const seen = yield* fault(body(name, { result: { score, grade: "A" } }))
          // An endless number is no JSON at all.
          const code = Number.isFinite(score) ? "score-out-of-range" : "invalid-answer"
          assert.deepStrictEqual([seen.kind, seen.code], ["Broken", code])
        }
      })
  )

  it.effect.each(["NaN", "87.5", "", true, {}, [90]])("a score is never made from %j (BD-07)", (score) =>
    Effect.gen(function* () {
      const seen = yield* fault(body("completed", { result: { score, grade: "A" } }))
      assert.deepStrictEqual([seen.kind, seen.code], ["Broken", "invalid-answer"])
    })
  )

  it.effect("optional fields of a wrong type are left out with a warning and change no verdict (BD-06)", () =>
    Effect.gen(function* () {
      const seen = yield* outcome(
        body("completed", {
          type: 7,
          url: false,
          progress: "100%",
          events: "none",
          created_at: "2026-02-30T00:00:00Z",
          completed_at: 0,
          error: { message: "x" },
          result: { score: 72, grade: 3, report_url: [] }
        })
      )
      assert.isTrue(seen._tag === "Completed" && seen.assessment.score?.value === 72)
      assert.deepStrictEqual([seen.createdAt, seen.completedAt, seen.links.report], [null, null, null])
      assert.sameMembers(
        seen.warnings.map((warning) => warning.split(" ")[0]),
        [
          "completed_at",
          "created_at",
          "error",
          "events",
          "progress",
          "result.grade",
          "result.report_url",
          "type",
          "url"
        ]
      )
      assert.deepStrictEqual(seen.payload, {
        id: Fake.scanId,
        status: "completed",
        created_at: "2026-02-30T00:00:00Z",
        result: { score: 72 }
      })
    })
  )

  it.effect("null and absent are the same, and no reason for a warning (BD-06)", () =>
    Effect.gen(function* () {
      const nulls = { type: null, url: null, progress: null, events: null, error: null }
      const [left, right] = [
        yield* outcome(body("completed", { ...nulls, created_at: null, completed_at: null })),
        yield* outcome(without("completed", "type", "url", "progress", "created_at", "completed_at"))
      ]
      assert.deepStrictEqual(left, right)
      assert.deepStrictEqual(left.warnings, [])
    })
  )

  it.effect("an end before the beginning is left out", () =>
    Effect.gen(function* () {
      const seen = yield* outcome(body("completed", { completed_at: "2026-03-30T11:59:59Z" }))
      assert.deepStrictEqual([seen.createdAt, seen.completedAt, seen.warnings.length], [created, null, 1])
    })
  )

  it.effect("what was odd about the answer itself is among the warnings", () =>
    Effect.gen(function* () {
      const seen = yield* outcome({ ...body("completed", { error: "x" }), warnings: ["not UTF-8"] })
      assert.strictEqual(seen.warnings[0], "not UTF-8")
      assert.strictEqual(seen.warnings.length, 2)
    })
  )
})

describe("partial", () => {
  it.effect("a partial scan with a result is Partial, with its assessment and a reason (AV-02)", () =>
    Effect.gen(function* () {
      const seen = yield* outcome(body("partial"))
      assert.isTrue(seen._tag === "Partial")
      if (seen._tag !== "Partial") return
      assert.strictEqual(seen.assessment.severity, "high")
      assert.deepStrictEqual(seen.reason, {
        code: "partial",
        message: "some checks did not finish",
        advice: null,
        requestId: null
      })
      assert.strictEqual(seen.links.report, "https://appvet.dev/report/scan_abc123")
      assert.strictEqual(seen.payload.status, "partial")
    })
  )

  it.effect("a partial scan without a result is Partial all the same, and has no score (AV-03)", () =>
    Effect.gen(function* () {
      const steps = [without("partial", "result"), body("partial", { result: null }), body("partial", { result: {} })]
      for (const step of steps) {
        const seen = yield* outcome(step)
        assert.isTrue(seen._tag === "Partial")
        if (seen._tag !== "Partial") return
        assert.deepStrictEqual(seen.assessment, {
          severity: "unknown",
          vendorSeverity: null,
          compliance: null,
          score: null
        })
        assert.strictEqual(seen.reason.message, "no result in the status answer")
      }
    })
  )

  it.effect("a partial scan needs none of progress, result, completed_at and error", () =>
    Effect.gen(function* () {
      const optional = ["progress", "result", "completed_at", "error"]
      for (let pick = 0; pick < 16; pick++) {
        const left = optional.filter((_, index) => (pick & (1 << index)) !== 0)
        const seen = yield* outcome(without("partial", ...left))
        assert.deepStrictEqual([seen._tag, seen.warnings], ["Partial", []])
      }
    })
  )

  it.effect("the vendor's own words are the reason where it has any", () =>
    Effect.gen(function* () {
      for (const step of [
        body("partial", { error: "3 checks timed out" }),
        Fake.response(200, { id: Fake.scanId, status: "partial", error: "3 checks timed out" })
      ]) {
        const seen = yield* outcome(step)
        assert.strictEqual(seen._tag === "Partial" ? seen.reason.message : "", "3 checks timed out")
      }
    })
  )
})

describe("failed", () => {
  it.effect("the vendor's own example is a Failed with its text, and no end time (AV-04)", () =>
    Effect.gen(function* () {
      const seen = yield* outcome(body("failed"))
      assert.deepStrictEqual(seen, {
        _tag: "Failed",
        subject: { kind: "url", id: "https://example.com/", name: "https://example.com/" },
        scanType: "security",
        ticket: Fake.ticket,
        vendorStatus: "failed",
        createdAt: created,
        completedAt: null,
        cached: false,
        ageMs: null,
        warnings: [],
        links: { report: null },
        requestId: null,
        reason: {
          code: null,
          message: "Target URL returned HTTP 503 — site appears to be down.",
          advice: null,
          requestId: null
        },
        payload: null
      })
    })
  )

  it.effect("a failed scan without a text says that none was given", () =>
    Effect.gen(function* () {
      const [absent, empty, odd] = [
        yield* outcome(without("failed", "error")),
        yield* outcome(body("failed", { error: " " })),
        yield* outcome(body("failed", { error: {} }))
      ]
      for (const seen of [absent, empty, odd]) {
        assert.strictEqual(seen._tag === "Failed" ? seen.reason.message : "", "none given")
      }
      assert.deepStrictEqual([absent.warnings.length, empty.warnings.length, odd.warnings.length], [0, 1, 1])
    })
  )

  it.effect("a result beside the word failed changes nothing", () =>
    Effect.gen(function* () {
      const seen = yield* outcome(body("failed", { result: { score: 100, grade: "A" }, progress: 100 }))
      assert.deepStrictEqual([seen._tag, seen.payload, seen.warnings.length], ["Failed", null, 1])
    })
  )
})

describe("answers that are no answers", () => {
  it.effect("an answer about another scan is an id mismatch", () =>
    Effect.gen(function* () {
      for (const name of ["queued", "scanning", "completed", "partial", "failed"]) {
        const seen = yield* fault(body(name, { id: "scan_other" }))
        assert.deepStrictEqual([seen.kind, seen.permanent, seen.code], ["Broken", false, "id-mismatch"])
      }
    })
  )

  it.effect.each([
    [],
    null,
    "completed",
    7,
    {},
    { id: Fake.scanId },
    { status: "completed" },
    { id: 5, status: "completed" },
    { id: Fake.scanId, status: 1 },
    { id: Fake.scanId, status: null }
  ])("a 200 that is not a scan is not understood: %j", (value) =>
    Effect.gen(function* () {
      const seen = yield* fault(Fake.response(200, value))
      assert.deepStrictEqual([seen.kind, seen.permanent, seen.code], ["Broken", false, "invalid-answer"])
    })
  )

  it.effect("an unreadable 200 is not understood, and says why", () =>
    Effect.gen(function* () {
      const seen = yield* fault(Fake.unreadable(200, "empty"))
      assert.deepStrictEqual([seen.kind, seen.code, seen.message], ["Broken", "empty", "HTTP 200 text/html, 512 bytes"])
    })
  )

  it.effect.each([201, 202, 204, 206])("HTTP %d carries no scan, even with one in its body", (status) =>
    Effect.gen(function* () {
      const seen = yield* fault(Fake.response(status, Fake.fixture("completed")))
      assert.deepStrictEqual([seen.kind, seen.code], ["Broken", `http-${status}`])
    })
  )

  it.effect.each(["..", ".", "", "a/b", "a?x=1", "a#b", "%2e%2e", "a\nb", "x".repeat(201)])(
    "an id that could change the path of a request is never sent: %j",
    (scanId) =>
      Effect.gen(function* () {
        const { adapter, sent } = yield* Fake.adapter()
        const seen = yield* Effect.flip(adapter.poll({ ...Fake.ticket, scanId }))
        assert.deepStrictEqual([seen.kind, seen.permanent, seen.code], ["Broken", true, "invalid-id"])
        assert.deepStrictEqual(sent, [])
      })
  )
})

describe("the address of the web report", () => {
  const https = (address: string) => Vendor.linkOn("https://appvet.dev", address)

  it("is resolved against the vendor's origin (AV-07)", () => {
    assert.strictEqual(https("/report/scan_abc123"), "https://appvet.dev/report/scan_abc123")
    assert.strictEqual(https("https://appvet.dev/report/x"), "https://appvet.dev/report/x")
    assert.strictEqual(https("report/x?y=<b>"), "https://appvet.dev/report/x?y=%3Cb%3E")
    assert.strictEqual(Vendor.linkOn("http://127.0.0.1:8080", "/report/x"), "http://127.0.0.1:8080/report/x")
  })

  it.each([
    "javascript:alert(1)",
    "java\tscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "blob:https://appvet.dev/8f3a",
    "//evil.example/report",
    "/\\evil.example/report",
    "\\\\evil.example",
    "https://appvet.dev@evil.example/",
    "https://user@appvet.dev/report/x",
    "https://user:pw@appvet.dev/report/x",
    "https://:pw@appvet.dev/report/x",
    "https://appvet.dev.evil.example/",
    "https://appvet.dev:8443/report/x",
    "http://appvet.dev/report/x",
    "ftp://appvet.dev/report/x",
    "https://",
    `/${"x".repeat(3000)}`
  ])("is left out when it leads anywhere else: %s", (address) => {
    assert.isNull(https(address))
  })

  it.effect("that is left out is warned of, and the verdict stays", () =>
    Effect.gen(function* () {
      const seen = yield* outcome(
        body("completed", { result: { score: 72, grade: "C", report_url: "javascript:alert(1)" } })
      )
      assert.deepStrictEqual([seen._tag, seen.links.report, seen.warnings.length], ["Completed", null, 1])
    })
  )

  it.effect("is never fetched (AV-07)", () =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* Fake.adapter(body("completed"))
      yield* adapter.poll(Fake.ticket)
      assert.strictEqual(sent.length, 1)
    })
  )
})

describe("the payload", () => {
  const payload = (step: Fake.Step) => Effect.map(outcome(step), (seen) => seen.payload)

  it.effect("keeps what the vendor adds, at every level (BD-05)", () =>
    Effect.gen(function* () {
      const seen = yield* payload(
        body("completed", { engine: { v: [1, null, "x"] }, result: { score: 72, grade: "C", percentile: 40 } })
      )
      assert.deepStrictEqual(seen?.["engine"], { v: [1, null, "x"] })
      assert.strictEqual(seen?.result?.["percentile"], 40)
    })
  )

  it.effect("keeps the last 20 events, as texts (AV-06, AV-08)", () =>
    Effect.gen(function* () {
      const events = [
        ...Array.from({ length: 500 }, (_, index) => ({ time: "23:59:58", message: `check ${index}` })),
        { time: "00:00:02", message: "x".repeat(10_000) },
        { time: 7, message: "odd" },
        "odd"
      ]
      const seen = yield* outcome(body("completed", { events }))
      const kept = seen.payload?.events ?? []
      assert.strictEqual(kept.length, 18)
      assert.deepStrictEqual(kept[0], { time: "23:59:58", message: "check 483" })
      assert.strictEqual(kept[17]?.time, "00:00:02")
      assert.isTrue((kept[17]?.message.length ?? 0) <= 300)
      assert.strictEqual(seen.warnings.length, 1)
    })
  )

  it.effect("holds names that mean something to JavaScript as plain data (BD-08)", () =>
    Effect.gen(function* () {
      const hostile: unknown = JSON.parse(
        '{"id":"scan_abc123","status":"completed","__proto__":{"x":1},"constructor":{"y":2},' +
          '"result":{"score":72,"grade":"C","__proto__":{"x":1}},"n":1e999}'
      )
      const seen = yield* payload(Fake.response(200, hostile))
      assert.isTrue(seen !== null && Object.hasOwn(seen, "__proto__") && Object.hasOwn(seen.result ?? {}, "__proto__"))
      assert.strictEqual(Object.getPrototypeOf(seen), Object.prototype)
      assert.isFalse("x" in {})
      assert.strictEqual(seen?.["n"], null)
    })
  )

  it.effect("is written and read back unchanged", () =>
    Effect.gen(function* () {
      const schema = ScanOutcome.schema(AppVetSchema.AppVetPayload)
      const codec = Schema.fromJsonString(Schema.toCodecJson(schema))
      for (const name of ["completed", "partial", "failed"]) {
        const events = Fake.fixture("scanning")["events"]
        const seen = yield* outcome(body(name, { events, extra: { a: [1, "x", null] } }))
        const text = yield* Schema.encodeEffect(codec)(seen)
        assert.deepStrictEqual(yield* Schema.decodeEffect(codec)(text), seen)
      }
    })
  )

  it.effect("and every other text of an outcome never repeats the key (SE-05)", () =>
    Effect.gen(function* () {
      const echo = `your key ${Fake.key} was used`
      for (const name of ["completed", "partial", "failed"]) {
        const seen = yield* outcome(
          body(name, {
            type: echo,
            url: echo,
            error: echo,
            events: [{ time: echo, message: echo }],
            debug: { deep: [echo] },
            created_at: echo,
            result: { score: 1, grade: echo, report_url: `/report/${Fake.key}`, note: echo }
          })
        )
        assert.notInclude(JSON.stringify(seen), Fake.key)
      }
      const word = yield* poll(body("scanning", { status: echo }))
      assert.notInclude(JSON.stringify(word), Fake.key)
    })
  )
})
