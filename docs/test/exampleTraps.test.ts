/** What the vendors of `docs/examples/vendors` answer that could look clean, or done, and is not: each trap of their sheets. */
import { assert, describe, it } from "@effect/vitest"
import { FastTime, Script } from "@scanpoll/testkit"
import { Clock, Duration, Effect, Result } from "effect"
import github from "../examples/vendors/github-sarif.ts"
import probely from "../examples/vendors/probely.ts"
import * as sqlmapVendor from "../examples/vendors/sqlmap.ts"
import * as ssllabsVendor from "../examples/vendors/ssllabs.ts"
import zap from "../examples/vendors/zap.ts"
import { collected, ok, outcomeOf, seen, severityOf, world } from "./support/traps.ts"

const sqlmap = sqlmapVendor.default
const ssllabs = ssllabsVendor.default

describe("ZAP", () => {
  const scans = (fields: object) =>
    ok({ scans: [{ id: "1", progress: "100", state: "FINISHED", reqCount: "4122", ...fields }] })
  const summary = (counts: object) => ok({ alertsSummary: { High: 0, Medium: 0, Low: 0, Informational: 0, ...counts } })
  const prepared = { spider: "0", crawled: "100", passive: "0", newest: 0 }

  it.live("a scan that was stopped at 88 % is partial, though the status call says 100 (issue 18)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(zap, "1", scans({ progress: "88" }), summary({ Low: 1 }))
      assert.deepInclude(outcome, { _tag: "Partial", vendorStatus: "FINISHED early" })
    }).pipe(Effect.scoped)
  )

  it.live("a scan that sent no request failed, and is not clean (issue 18)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(zap, "1", scans({ reqCount: "0" }))
      assert.strictEqual(outcome._tag === "Failed" ? outcome.reason.code : outcome._tag, "nothing-sent")
    }).pipe(Effect.scoped)
  )

  it.live("a site without any alert is not clean: ids begin anew, and the scan may be another one (issue 18)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(zap, "1", scans({}), summary({}))
      assert.strictEqual(severityOf(outcome), "unknown")
      assert.match(outcome.warnings.join(), /new session/)
    }).pipe(Effect.scoped)
  )

  it.live("an id that a fresh ZAP does not know is a scan that is gone, and no end of one (issue 18)", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* seen(zap, "1", ok({ scans: [] }))).is, "Missing")
      assert.strictEqual((yield* seen(zap, "0", scans({}))).is, "Missing")
      const forgotten = { status: 400, body: { code: "does_not_exist", message: "Does Not Exist" } }
      assert.strictEqual((yield* seen(zap, "1", forgotten)).is, "Missing")
      for (const body of [{}, { scans: null }, { scans: [{ id: "x" }] }]) {
        assert.strictEqual((yield* seen(zap, "1", ok(body))).is, "Broken")
      }
    }).pipe(Effect.scoped)
  )

  it.live("alerts are those of the site alone, from number 1 on, and each once (issue 18)", () =>
    Effect.gen(function* () {
      const alert = (id: number) => ({
        id: `${id}`,
        alertRef: "10038-1",
        name: "x",
        risk: "Low",
        url: `https://shop.example/${id}`
      })
      const page = (from: number, count: number) =>
        ok({ alerts: Array.from({ length: count }, (_, at) => alert(from + at)) })
      const { findings, outcome, paths } = yield* collected(
        zap,
        "1",
        scans({}),
        summary({ Low: 2 }),
        page(1, 5000),
        page(5000, 3)
      )
      if (findings._tag === "Failure") return assert.fail(findings.failure.message)
      assert.deepInclude(findings.success, { coverage: "full", total: 5002 })
      const site = "baseurl=https%3A%2F%2Fshop.example%2F"
      assert.deepStrictEqual(paths.slice(1), [
        `/JSON/alert/view/alertsSummary/?${site}`,
        `/JSON/alert/view/alerts/?${site}&start=1&count=5000`,
        `/JSON/alert/view/alerts/?${site}&start=5001&count=5000`
      ])
      // By its id alone nobody knows of which site.
      const { adapter } = yield* world(zap, page(1, 1))
      assert.strictEqual((yield* Effect.flip(adapter.collect?.(outcome) ?? Effect.die(0))).code, "unknown-site")
    }).pipe(Effect.scoped)
  )

  it.live("a connection that ZAP drops may be a wrong key, and the words say so at every call (issue 18)", () =>
    Effect.gen(function* () {
      const { adapter, ticket } = yield* world(zap, Script.close("read"))
      const submitted = yield* Effect.flip(adapter.submit(zap.sample, prepared))
      assert.strictEqual(submitted.kind, "InDoubt")
      const ready = yield* Effect.flip(adapter.prepare?.(zap.sample) ?? Effect.die(0))
      assert.strictEqual(ready.kind, "NotSent")
      const polled = yield* Effect.flip(adapter.poll(ticket("1")))
      assert.strictEqual(polled.kind, "Transient")
      for (const { message } of [submitted, ready, polled]) assert.include(message, "ZAP_API_KEY")
      const target = { url: "https://shop.example/" }
      assert.strictEqual((yield* Effect.flip(adapter.submit(target, prepared))).kind, "Refused")
    }).pipe(Effect.scoped)
  )

  it.live(
    "the active scan is started once the spider is through and the passive rules have read its pages, and not before (issue 18)",
    () =>
      Effect.gen(function* () {
        const list = ok({ scans: [{ id: "3" }, { id: "7" }] })
        const records = (recordsToScan: string) => ok({ recordsToScan })
        const answers = [
          ok({ scan: "2" }),
          ok({ status: "37" }),
          ok({ status: "100" }),
          records("12"),
          records("0"),
          list
        ]
        const { adapter, paths } = yield* world(zap, ...answers, ok({ scan: "8" }))
        const { clock } = FastTime.make(yield* Clock.Clock, 100)
        const ready = yield* Effect.provideService(adapter.prepare?.(zap.sample) ?? Effect.die(0), Clock.Clock, clock)
        assert.deepStrictEqual(ready, { spider: "2", crawled: "100", passive: "0", newest: 7 })
        const submitted = yield* adapter.submit(zap.sample, ready)
        assert.strictEqual(submitted._tag === "Submitted" ? submitted.ticket.scanId : null, "8")
        assert.deepStrictEqual(paths(), [
          "/JSON/spider/action/scan/?url=https%3A%2F%2Fshop.example%2F",
          "/JSON/spider/view/status/?scanId=2",
          "/JSON/spider/view/status/?scanId=2",
          "/JSON/pscan/view/recordsToScan/",
          "/JSON/pscan/view/recordsToScan/",
          "/JSON/ascan/view/scans/",
          "/JSON/ascan/action/scan/?url=https%3A%2F%2Fshop.example%2F&recurse=true"
        ])
      }).pipe(Effect.scoped)
  )

  it.live("a site that ZAP has not crawled is refused, and a start without an id is in doubt (issue 18)", () =>
    Effect.gen(function* () {
      const kindOf = (answer: Script.Step) =>
        Effect.gen(function* () {
          const { adapter } = yield* world(zap, answer)
          return (yield* Effect.flip(adapter.submit(zap.sample, prepared))).kind
        })
      const error = (code: string) => ({ status: 400, body: { code, message: "in ZAP's words" } })
      assert.strictEqual(yield* kindOf(error("url_not_found")), "Refused")
      assert.strictEqual(yield* kindOf(error("illegal_parameter")), "Refused")
      assert.strictEqual(yield* kindOf(error("bad_api_key")), "Denied")
      // Its add-ons are still being updated: whether it started is told by its list.
      assert.strictEqual(yield* kindOf(ok({})), "InDoubt")
    }).pipe(Effect.scoped)
  )

  it.live("a start whose answer was lost is found by the list, and in doubt where two came (issue 18)", () =>
    Effect.gen(function* () {
      const after = (...ids: ReadonlyArray<number>) =>
        Effect.gen(function* () {
          const { adapter } = yield* world(zap, ok({ scans: ids.map((id) => ({ id: `${id}` })) }))
          return yield* Effect.result(adapter.recover?.({ ...prepared, newest: 3 }) ?? Effect.die(0))
        })
      const found = yield* after(2, 3, 4)
      assert.strictEqual(Result.isSuccess(found) ? found.success?.scanId : null, "4")
      assert.deepStrictEqual(yield* after(2, 3), Result.succeed(null))
      assert.isTrue(Result.isFailure(yield* after(3, 4, 5)))
    }).pipe(Effect.scoped)
  )
})

describe("SSL Labs", () => {
  const now = Date.now()
  const start = now - 60_000
  const id = `shop.example~${start}`
  const told = (status: string, fields: object = {}) =>
    ok({ host: "shop.example", port: 443, status, startTime: start, ...fields })
  const codes = ["openSslCcs", "openSSLLuckyMinus20", "ticketbleed", "bleichenbacher", "poodleTls", "zombiePoodle"]
  const more = ["goldenDoodle", "zeroLengthPaddingOracle", "sleepingPoodle"]
  const flags = ["heartbleed", "drownVulnerable", "freak", "poodle", "logjam", "supportsRc4", "vulnBeast"]
  const safe = {
    ...Object.fromEntries([...codes, ...more].map((name) => [name, 1])),
    ...Object.fromEntries(flags.map((name) => [name, false])),
    forwardSecrecy: 4,
    renegSupport: 2
  }
  const good = { ipAddress: "203.0.113.9", statusMessage: "Ready", grade: "A", progress: 100, details: safe }
  const dead = { ipAddress: "2001:db8::9", statusMessage: "Unable to connect to the server", progress: -1 }

  it.live("a poll that started a test is the end of the wait, and starts no second one (issue 18)", () =>
    Effect.gen(function* () {
      const anew = told("DNS", { startTime: now })
      assert.strictEqual((yield* seen(ssllabs, id, anew)).is, "Missing for good")
      assert.strictEqual(
        (yield* seen(ssllabs, id, told("READY", { startTime: now, endpoints: [good] }))).is,
        "Missing for good"
      )
      const { adapter, paths, ticket } = yield* world(ssllabs, told("IN_PROGRESS"), anew)
      assert.strictEqual((yield* adapter.poll(ticket(id))).observation._tag, "Pending")
      assert.deepInclude(yield* Effect.flip(adapter.poll(ticket(id))), { kind: "Missing", permanent: true })
      assert.deepStrictEqual(new Set(paths()), new Set(["/api/v4/analyze?host=shop.example&all=done"]))
    }).pipe(Effect.scoped)
  )

  it.live("a test of more than a day ago is not asked for: asking would start another one (issue 18)", () =>
    Effect.gen(function* () {
      const { adapter, paths, ticket } = yield* world(ssllabs, told("READY", { endpoints: [good] }))
      const fault = yield* Effect.flip(adapter.poll(ticket(`shop.example~${now - 86_400_001}`)))
      assert.deepStrictEqual([fault.kind, fault.permanent], ["Missing", true])
      assert.deepStrictEqual(paths(), [])
    }).pipe(Effect.scoped)
  )

  it.live("an address that could not be tested leaves a host partial, and of an unknown severity (issue 18)", () =>
    Effect.gen(function* () {
      const { outcome } = yield* outcomeOf(ssllabs, id, told("READY", { endpoints: [good, dead] }))
      if (outcome._tag !== "Partial") return assert.fail(outcome._tag)
      assert.include(outcome.reason.message, "Unable to connect to the server")
      assert.deepInclude(outcome.findings.items[0], { ruleId: "ssllabs/not-tested", severity: "unknown" })
      const { outcome: none } = yield* outcomeOf(ssllabs, id, told("READY", { endpoints: [dead] }))
      assert.strictEqual(none._tag === "Failed" ? none.reason.code : none._tag, "no-endpoint")
      const mismatch = {
        ipAddress: "203.0.113.77",
        statusMessage: "Certificate not valid for domain name",
        progress: -1
      }
      const { outcome: other } = yield* outcomeOf(ssllabs, id, told("READY", { endpoints: [mismatch] }))
      assert.strictEqual(other._tag, "Failed")
      for (const endpoints of [[], null, undefined]) {
        assert.strictEqual((yield* seen(ssllabs, id, told("READY", { endpoints }))).is, "Broken")
      }
    }).pipe(Effect.scoped)
  )

  it.live("the worst grade of all addresses counts, and a grade that is not documented is unknown (issue 18)", () =>
    Effect.gen(function* () {
      const graded = (...grades: ReadonlyArray<string>) =>
        Effect.gen(function* () {
          const endpoints = grades.map((grade, at) => ({ ...good, ipAddress: `203.0.113.${at}`, grade }))
          const { outcome } = yield* outcomeOf(ssllabs, id, told("READY", { endpoints }))
          return outcome._tag === "Failed" ? null : [outcome.assessment.severity, outcome.assessment.vendorSeverity]
        })
      assert.deepStrictEqual(yield* graded("A+", "C", "A"), ["medium", "C"])
      assert.deepStrictEqual(yield* graded("A", "T"), ["high", "T"])
      assert.deepStrictEqual(yield* graded("A", "Z"), ["unknown", "Z"])
      assert.deepStrictEqual(yield* graded("A+", "F"), ["critical", "F"])
    }).pipe(Effect.scoped)
  )

  it.live("a test of SSL Labs without a result is not a good one: the findings are partial (issue 18)", () =>
    Effect.gen(function* () {
      const of = (details: object | null) =>
        Effect.gen(function* () {
          const merged = details === null ? null : { ...safe, ...details }
          const { outcome } = yield* outcomeOf(
            ssllabs,
            id,
            told("READY", { endpoints: [{ ...good, details: merged }] })
          )
          return outcome._tag === "Failed" ? assert.fail() : outcome.findings
        })
      for (const details of [null, { openSslCcs: -1 }, { ticketbleed: 0 }, { freak: undefined }]) {
        assert.strictEqual((yield* of(details)).coverage, "partial", JSON.stringify(details))
      }
      const bad = yield* of({
        heartbleed: true,
        ticketbleed: 3,
        sleepingPoodle: 10,
        poodleTls: 1,
        protocols: [{ id: 768, name: "SSL" }]
      })
      assert.deepStrictEqual(
        bad.items.map(({ ruleId, severity }) => `${ruleId} ${severity}`),
        [
          "ssllabs/heartbleed critical",
          "ssllabs/ticketbleed low",
          "ssllabs/sleepingPoodle high",
          "ssllabs/protocol-768 high"
        ]
      )
      assert.strictEqual(bad.coverage, "full")
    }).pipe(Effect.scoped)
  )

  it.live("a code or a certificate's issue that SSL Labs does not document is unknown, and never safe (V-02)", () =>
    Effect.gen(function* () {
      const found = (details: object, issues: number) =>
        Effect.gen(function* () {
          const endpoints = [{ ...good, details: { ...safe, ...details } }]
          const { outcome } = yield* outcomeOf(ssllabs, id, told("READY", { endpoints, certs: [{ issues }] }))
          if (outcome._tag === "Failed") return assert.fail()
          return outcome.findings.items.map(({ ruleId, severity }) => `${ruleId} ${severity}`)
        })
      assert.deepStrictEqual(yield* found({}, 0), [])
      for (const field of [...codes, ...more, "dhUsesKnownPrimes"]) {
        assert.deepStrictEqual(yield* found({ [field]: 99 }, 0), [`ssllabs/${field} unknown`])
      }
      assert.deepStrictEqual(yield* found({}, 2 + 32 + 1024), [
        "ssllabs/certificate-2 high",
        "ssllabs/certificate-32 high",
        "ssllabs/certificate-other unknown"
      ])
    }).pipe(Effect.scoped)
  )

  it.live(
    "grades of addresses that are done are never told before the end, and progress stays a share (issue 18)",
    () =>
      Effect.gen(function* () {
        const { adapter, ticket } = yield* world(
          ssllabs,
          told("IN_PROGRESS", { endpoints: [good, { ...good, grade: undefined, progress: 140 }, dead] })
        )
        const { observation } = yield* adapter.poll(ticket(id))
        if (observation._tag !== "Pending" || observation.progress._tag === "None") return assert.fail(observation._tag)
        assert.deepStrictEqual(observation.progress.value, { fraction: 2 / 3, done: 2, total: 3 })
      }).pipe(Effect.scoped)
  )

  it.live("an address that is not registered any more is a refused key, under 400 and 441 (issue 18)", () =>
    Effect.gen(function* () {
      const answers = [
        { status: 400, body: { errors: [{ field: "email", message: "Email not yet registered with us." }] } },
        Script.html(441)
      ]
      for (const answer of answers) {
        assert.strictEqual((yield* seen(ssllabs, id, answer)).is, "Denied")
        const { adapter } = yield* world(ssllabs, answer)
        assert.strictEqual((yield* Effect.flip(adapter.submit(ssllabs.sample))).kind, "Denied")
      }
    }).pipe(Effect.scoped)
  )

  it.live("an overloaded service is left alone for 15 to 30 minutes, as it asks (issue 18)", () =>
    Effect.gen(function* () {
      for (const [status, wait] of [
        [503, 900_000],
        [529, 1_800_000]
      ] as const) {
        const { adapter, ticket } = yield* world(ssllabs, Script.html(status))
        const polled = yield* Effect.flip(adapter.poll(ticket(id)))
        const submitted = yield* Effect.flip(adapter.submit(ssllabs.sample))
        // A gateway's 503 does not prove that no test was started.
        assert.deepStrictEqual([polled.kind, submitted.kind], ["Throttled", status === 503 ? "InDoubt" : "Throttled"])
        for (const { hint } of status === 503 ? [polled] : [polled, submitted]) {
          assert.strictEqual(hint._tag === "Some" ? Duration.toMillis(hint.value) : null, wait)
        }
      }
    }).pipe(Effect.scoped)
  )
})

describe("SSL Labs' limits", () => {
  const start = Date.now() - 60_000
  const id = `shop.example~${start}`
  const body = { errors: [{ message: "Too many new assessments too fast. Please slow down." }] }

  it.live("a start within the cool-off is throttled, and headers that are wrong break no poll (issue 18)", () =>
    Effect.gen(function* () {
      const { adapter } = yield* world(ssllabs, { status: 429, body })
      const refused = yield* Effect.flip(adapter.submit(ssllabs.sample))
      // Without a ticket there is nothing to poll, so that no poll starts a test.
      assert.strictEqual(refused.kind, "Throttled")
      const running = ok({ host: "shop.example", port: 443, status: "IN_PROGRESS", startTime: start })
      for (const most of ["0", "-1", "many", ""]) {
        const headers = { "X-Max-Assessments": most, "X-Current-Assessments": "0" }
        assert.strictEqual((yield* seen(ssllabs, id, { ...running, headers })).is, "running")
      }
      const error = ok({ host: "shop.example", port: 443, status: "ERROR", startTime: start, statusMessage: "no name" })
      assert.strictEqual((yield* seen(ssllabs, id, error)).is, "Failed")
    }).pipe(Effect.scoped)
  )
})

describe("sqlmap", () => {
  const id = "fba0ba89756b3ac5"
  const status = (returncode: number | null, word = "terminated") => ok({ success: true, status: word, returncode })
  const log = (...lines: ReadonlyArray<readonly [string, string]>) =>
    ok({ success: true, log: lines.map(([level, message]) => ({ time: "20:54:50", level, message })) })
  const clean = ["CRITICAL", "all tested parameters do not appear to be injectable. Try to increase '--level'"] as const
  const found = ["INFO", "GET parameter 'id' appears to be 'AND boolean-based blind' injectable"] as const
  const dead = ["CRITICAL", "unable to connect to the target URL ('Connection refused')"] as const

  it.live("a dead host failed, though its status and its data are those of a clean page (issue 18)", () =>
    Effect.gen(function* () {
      const remark = ["ERROR", "possible integer casting detected"] as const
      for (const answer of [log(clean), log(remark, clean)]) {
        assert.strictEqual(severityOf((yield* outcomeOf(sqlmap, id, status(0), answer)).outcome), "none")
      }
      for (const line of [
        dead,
        ["CRITICAL", "invalid target URL"] as const,
        ["CRITICAL", "no parameter(s) found for testing in the provided data"] as const,
        ["CRITICAL", "unhandled exception occurred in sqlmap/1.7.2"] as const
      ]) {
        const { outcome: nothing } = yield* outcomeOf(sqlmap, id, status(0), log(line))
        assert.strictEqual(nothing._tag === "Failed" ? nothing.reason.code : nothing._tag, "nothing-tested")
      }
    }).pipe(Effect.scoped)
  )

  it.live("an end that the log does not explain, or that has trouble beside its verdict, is not clean (issue 18)", () =>
    Effect.gen(function* () {
      for (const answer of [log(["INFO", "testing connection to the target URL"]), log(dead, clean)]) {
        const { outcome } = yield* outcomeOf(sqlmap, id, status(0), answer)
        assert.strictEqual(severityOf(outcome), "unknown")
        assert.lengthOf(outcome.warnings, 1)
      }
      for (const nothing of [status(0), status(1)]) {
        const { outcome } = yield* outcomeOf(sqlmap, id, nothing, log())
        assert.strictEqual(outcome._tag === "Failed" ? outcome.reason.code : outcome._tag, "no-log")
      }
    }).pipe(Effect.scoped)
  )

  it.live("an injection counts also where a firewall was noticed, or the scan was stopped after it (issue 18)", () =>
    Effect.gen(function* () {
      const wall = ["CRITICAL", "heuristics detected that the target is protected by some kind of WAF/IPS"] as const
      assert.strictEqual(severityOf((yield* outcomeOf(sqlmap, id, status(0), log(wall, found))).outcome), "critical")
      const { outcome } = yield* outcomeOf(sqlmap, id, status(-9), log(found))
      assert.deepStrictEqual([outcome._tag, severityOf(outcome)], ["Partial", "critical"])
      const { outcome: stopped } = yield* outcomeOf(sqlmap, id, status(-15), log())
      assert.strictEqual(stopped._tag === "Failed" ? stopped.reason.code : stopped._tag, "signal-15")
    }).pipe(Effect.scoped)
  )

  it.live("pages and texts in place of JSON decide nothing: asked again, gone, or in doubt (issue 18)", () =>
    Effect.gen(function* () {
      const text = (status: number, body: string) => ({ status, body, headers: { "content-type": "application/json" } })
      assert.strictEqual((yield* seen(sqlmap, id, text(500, "Internal server error"))).is, "Transient")
      assert.strictEqual((yield* seen(sqlmap, id, text(404, "Nothing here"))).is, "Missing")
      assert.strictEqual((yield* seen(sqlmap, id, text(405, "Method not allowed"))).is, "Broken for good")
      assert.strictEqual((yield* seen(sqlmap, id, text(401, ""))).is, "Denied")
      const started = (answer: Script.Step) =>
        Effect.gen(function* () {
          const { adapter } = yield* world(sqlmap, answer)
          return (yield* Effect.flip(adapter.submit(sqlmap.sample, { task: id }))).kind
        })
      // A second start of one task is refused by the current version, and starts a second engine in Debian's.
      assert.strictEqual(yield* started(ok({ success: false, message: "Scan already running" })), "InDoubt")
      assert.strictEqual(yield* started(text(400, "<html>400</html>")), "InDoubt")
    }).pipe(Effect.scoped)
  )

  it.live("an id that the server has forgotten is a 200, and a scan that is gone (issue 18)", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* seen(sqlmap, id, ok({ success: false, message: "Invalid task ID" }))).is, "Missing")
      for (const body of [{ success: false, message: "?" }, { success: true, status: "terminated" }, {}]) {
        assert.strictEqual((yield* seen(sqlmap, id, ok(body))).is, "Broken")
      }
      assert.strictEqual((yield* seen(sqlmap, id, status(null, "thinking"))).is, "Unrecognised")
    }).pipe(Effect.scoped)
  )

  it.live(
    "a start whose answer was lost is cleared up by the task, and sent again only where it did not arrive (issue 18)",
    () =>
      Effect.gen(function* () {
        const after = (answer: Script.Step) =>
          Effect.gen(function* () {
            const { adapter } = yield* world(sqlmap, answer)
            return yield* Effect.result(adapter.recover?.({ task: id }) ?? Effect.die(0))
          })
        assert.deepStrictEqual(yield* after(status(null, "not running")), Result.succeed(null))
        for (const answer of [status(null, "running"), status(0)]) {
          const ticket = yield* after(answer)
          assert.strictEqual(Result.isSuccess(ticket) ? ticket.success?.scanId : null, id)
        }
        assert.isTrue(Result.isFailure(yield* after(ok({ success: false, message: "Invalid task ID" }))))
      }).pipe(Effect.scoped)
  )

  it.live(
    "findings are named by place, parameter and technique in both versions, never by their payload (issue 18)",
    () =>
      Effect.gen(function* () {
        const point = (data: unknown) =>
          ok({
            success: true,
            data: [{ status: 1, type: 1, value: [{ place: "GET", parameter: "id", data }] }],
            error: []
          })
        const one = { title: "AND boolean-based blind", payload: "id=1 AND 2494=2494", vector: "AND [INFERENCE]" }
        for (const data of [{ "1": one }, [{ ...one, technique: 1 }], [{ ...one, technique: "boolean" }]]) {
          const { findings } = yield* collected(sqlmap, id, status(0), log(found), point(data))
          if (findings._tag === "Failure") return assert.fail(findings.failure.message)
          assert.deepInclude(findings.success, { coverage: "full", total: 1 })
          assert.deepInclude(findings.success.items[0], { findingId: "sqli/boolean GET id", severity: "critical" })
          assert.notInclude(JSON.stringify(findings.success), "2494")
        }
        const { findings: odd } = yield* collected(sqlmap, id, status(0), log(found), point("?"))
        assert.strictEqual(odd._tag === "Success" ? odd.success.coverage : null, "partial")
      }).pipe(Effect.scoped)
  )
})

describe("Probely and GitHub", () => {
  it.live("a scan that completed with errors is partial, and a stored upload assesses nothing (issue 14)", () =>
    Effect.gen(function* () {
      const counts = { lows: 0, mediums: 0, highs: 0 }
      const scan = { id: "s1", target: { id: "t1" }, status: "completed_with_errors", ...counts }
      assert.strictEqual((yield* outcomeOf(probely, "t1/s1", ok(scan))).outcome._tag, "Partial")
      const stored = ok({ processing_status: "complete", analyses_url: "https://api.github.com/x" })
      assert.strictEqual(severityOf((yield* outcomeOf(github, "acme/shop/u1", stored)).outcome), "unknown")
    }).pipe(Effect.scoped)
  )

  it.live("an answer about the scan of another target is not taken for Probely's (issue 14)", () =>
    Effect.gen(function* () {
      const scan = { id: "s1", target: { id: "t2" }, status: "completed", lows: 0, mediums: 0, highs: 0 }
      assert.strictEqual((yield* seen(probely, "t1/s1", ok(scan))).is, "Broken")
    }).pipe(Effect.scoped)
  )
})
