import type { KeyedOptions } from "@scanpoll/core/vendor/Vendor"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import { VendorConfigError, VendorHttp } from "@scanpoll/core/http/VendorHttp"
import { assert, describe, it } from "@effect/vitest"
import { AppVet, AppVetAdapter, AppVetSchema } from "@scanpoll/appvet"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { TestClock } from "effect/testing"
import * as Fake from "./Fake.ts"

const request: AppVetSchema.AppVetRequest = { url: "https://example.com", type: "security" }

describe("the check of a request", () => {
  const faults = (change: Partial<AppVetSchema.AppVetRequest>) =>
    AppVetAdapter.check({ ...request, ...change }).map((fault) => fault.path.join("."))

  it.each([
    "https://example.com",
    "http://example.com:8080/a?b=c#d",
    "HTTPS://EXAMPLE.com",
    "https://shop.example/",
    "https://bücher.example/",
    "https://8.8.8.8/",
    "https://172.32.0.1/",
    "https://[2606:4700::1111]/",
    "https://localhost.example.com/",
    "https://my-localhost.com/",
    "https://fd.example.com/"
  ])("lets a public address through: %s", (url) => {
    assert.deepStrictEqual(faults({ url }), [])
  })

  it.each([
    "",
    " ",
    "example.com",
    "//example.com",
    "/path",
    "ftp://example.com",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "data:text/html,x",
    "https://",
    "https://exa mple.com",
    "https://example.com/\nHost: evil",
    "https://exam\tple.com",
    " https://example.com",
    "https://example.com/\u0000",
    "https://example.com/\ufeff",
    "https://example.com/\ud800",
    "https://user@example.com/",
    "https://user:pw@example.com/",
    "https://example.com:99999/"
  ])("refuses what is no plain http(s) address: %j", (url) => {
    assert.deepStrictEqual(faults({ url }), ["url"])
  })

  it.each([
    "http://localhost",
    "http://LOCALHOST:3000/",
    "http://localhost./",
    "http://app.localhost/",
    "http://printer.local/",
    "http://db.internal/",
    "http://127.0.0.1/",
    "http://127.1/",
    "http://2130706433/",
    "http://0x7f.0.0.1/",
    "http://0177.0.0.1/",
    "http://0.0.0.0/",
    "http://10.1.2.3/",
    "http://100.64.0.1/",
    "http://169.254.169.254/latest/meta-data",
    "http://172.16.0.1/",
    "http://172.31.255.255/",
    "http://192.168.0.1/",
    "http://198.18.0.1/",
    "http://224.0.0.1/",
    "http://255.255.255.255/",
    "http://[::1]/",
    "http://[::]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:10.0.0.1]/",
    "http://[fc00::1]/",
    "http://[fd12:3456::1]/",
    "http://[fe80::1]/",
    "http://[ff02::1]/"
  ])("refuses a local or private host, as the vendor would: %s", (url) => {
    assert.deepStrictEqual(faults({ url }), ["url"])
  })

  it("wants the callback to be https", () => {
    assert.deepStrictEqual(faults({ callbackUrl: "https://hooks.example.com/x?token=1" }), [])
    for (const callbackUrl of [
      "http://hooks.example.com",
      "hooks.example.com",
      "",
      "https://",
      "https://a b",
      "https://a.example/\ud800"
    ]) {
      assert.deepStrictEqual(faults({ callbackUrl }), ["callbackUrl"])
    }
  })

  it("names every fault at once", () => {
    assert.deepStrictEqual(faults({ url: "x", callbackUrl: "x" }), ["url", "callbackUrl"])
  })

  it("finds a type that is none, where no compiler has", () => {
    const odd: AppVetSchema.AppVetRequest = JSON.parse('{"url":"https://example.com","type":"speed"}')
    assert.deepStrictEqual(
      AppVetAdapter.check(odd).map((fault) => fault.path),
      [["type"]]
    )
  })

  it.prop(
    "is never a defect, and what it lets through is an http(s) address that stays itself",
    { url: Schema.String, host: Schema.String },
    ({ host, url }) => {
      for (const text of [url, `https://${host}`, `http://${host}/${url}`]) {
        const candidate = { ...request, url: text }
        const subject = AppVetAdapter.subject(candidate)
        if (AppVetAdapter.check(candidate).length > 0) continue
        const parsed = new URL(subject.id)
        assert.match(parsed.protocol, /^https?:$/)
        assert.deepStrictEqual([parsed.username, parsed.password, parsed.hash], ["", "", ""])
        assert.strictEqual(AppVetAdapter.subject({ ...request, url: subject.id }).id, subject.id)
      }
    }
  )

  it("and the schema of a request know the same words", () => {
    const decode = Schema.decodeUnknownExit(AppVetSchema.AppVetRequest)
    assert.isTrue(Exit.isSuccess(decode({ url: "https://a.example", type: "seo", callbackUrl: "https://b.example" })))
    for (const odd of [{ url: "x" }, { url: 5, type: "seo" }, { url: "x", type: "SEO" }, null]) {
      assert.isTrue(Exit.isFailure(decode(odd)))
    }
  })
})

describe("the fingerprint", () => {
  const of = (url: string, type: AppVetSchema.ScanType = "security") => AppVetAdapter.fingerprint({ url, type })

  it("is equal for one address in different spellings", () => {
    for (const url of ["https://EXAMPLE.com", "https://example.com/", "https://example.com:443/#top"]) {
      assert.strictEqual(of(url), of("https://example.com"))
    }
  })

  it("differs by address and by type", () => {
    const all = [
      of("https://example.com"),
      of("http://example.com"),
      of("https://example.com/a"),
      of("https://example.com/A"),
      of("https://example.com/a/"),
      of("https://example.com/?a"),
      of("https://www.example.com"),
      of("https://example.com", "seo")
    ]
    assert.strictEqual(new Set(all).size, all.length)
  })

  it("does not look at the callback", () => {
    assert.strictEqual(
      AppVetAdapter.fingerprint({ ...request, callbackUrl: "https://hooks.example.com" }),
      AppVetAdapter.fingerprint(request)
    )
  })

  it("belongs to a subject that is the address", () => {
    assert.deepStrictEqual(AppVetAdapter.subject(request), {
      kind: "url",
      id: "https://example.com/",
      name: "https://example.com/"
    })
  })
})

describe("submitting", () => {
  it.effect("posts the address as it was written, the type and the callback, and brings a ticket", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(1_000)
      const quota = Fake.quota(60, 59, 61_000)
      const { adapter, sent } = yield* Fake.adapter(Fake.response(201, Fake.fixture("created"), { quota }))
      const seen = yield* adapter.submit({ ...request, callbackUrl: "https://hooks.example.com/x" })
      assert.deepStrictEqual(seen, {
        _tag: "Submitted",
        ticket: { ...Fake.ticket, submittedAt: 1_000 },
        hint: Option.none(),
        quota
      })
      assert.deepStrictEqual(sent, [
        {
          method: "POST",
          path: "/v1/scan",
          body: { url: "https://example.com", type: "security", callback_url: "https://hooks.example.com/x" }
        }
      ])
    })
  )

  it.effect("sends no callback where there is none", () =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* Fake.adapter(Fake.response(201, Fake.fixture("created")))
      yield* adapter.submit(request)
      assert.deepStrictEqual(sent[0]?.body, { url: "https://example.com", type: "security" })
    })
  )

  it.effect.each([200, 201, 202, 400, 403, 409, 429, 500, 503])(
    "an id in the answer means accepted, with HTTP %d too",
    (status) =>
      Effect.gen(function* () {
        const hint = Option.some(Duration.seconds(9))
        const { adapter } = yield* Fake.adapter(
          Fake.response(status, { id: "scan_1", code: "X", error: "x" }, { hint })
        )
        const seen = yield* adapter.submit(request)
        assert.isTrue(seen._tag === "Submitted" && seen.ticket.scanId === "scan_1")
        assert.deepStrictEqual(seen._tag === "Submitted" ? seen.hint : null, hint)
      })
  )

  it.effect.each([{}, { id: "" }, { id: 5 }, { id: null }, { id: "../x" }, { id: "a b" }, [], null, "scan_1"])(
    "a 201 without a usable id is in doubt: %j",
    (body) =>
      Effect.gen(function* () {
        const { adapter, sent } = yield* Fake.adapter(Fake.response(201, body))
        const seen = yield* Effect.flip(adapter.submit(request))
        assert.deepStrictEqual([seen.kind, seen.code], ["InDoubt", "no-scan-id"])
        assert.strictEqual(sent.length, 1)
      })
  )

  it.effect("an unreadable 201 is in doubt", () =>
    Effect.gen(function* () {
      const { adapter } = yield* Fake.adapter(Fake.unreadable(201))
      assert.strictEqual((yield* Effect.flip(adapter.submit(request))).kind, "InDoubt")
    })
  )

  it.effect("a request that cannot be good is refused before anything is sent", () =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* Fake.adapter()
      const seen = yield* Effect.flip(adapter.submit({ url: "http://localhost", type: "seo", callbackUrl: "x" }))
      assert.deepStrictEqual([seen.kind, seen.permanent, seen.code], ["Refused", true, "invalid-request"])
      assert.include(seen.message, "url must be publicly reachable")
      assert.include(seen.message, "callbackUrl must be")
      assert.deepStrictEqual(sent, [])
    })
  )

  it.effect("the vendor's no is read from its code", () =>
    Effect.gen(function* () {
      const { adapter } = yield* Fake.adapter(
        Fake.response(400, { code: "URL_NOT_REACHABLE", error: "No answer from https://example.com" })
      )
      const seen = yield* Effect.flip(adapter.submit(request))
      assert.deepStrictEqual(
        [seen.kind, seen.permanent, seen.code, seen.message],
        ["Refused", false, "URL_NOT_REACHABLE", "No answer from https://example.com"]
      )
    })
  )

  it.effect("a lost answer is in doubt, a request that never left was not sent", () =>
    Effect.gen(function* () {
      for (const [sent, kind] of [
        [true, "InDoubt"],
        [false, "NotSent"]
      ] as const) {
        const { adapter } = yield* Fake.adapter(Fake.transportFault(sent, "econnreset"))
        assert.strictEqual((yield* Effect.flip(adapter.submit(request))).kind, kind)
      }
    })
  )
})

describe("collecting the findings", () => {
  const finished = {
    ticket: Fake.ticket,
    vendorStatus: "completed",
    assessment: { severity: "medium", vendorSeverity: "C", compliance: null, score: null },
    payload: { id: Fake.scanId, status: "completed", type: "security", url: "https://example.com" }
  } as const
  const outcome = ScanOutcome.makeCompleted(finished)
  const reason = { code: null, message: "x", advice: null, requestId: null }
  const partial = ScanOutcome.makePartial({ ...finished, vendorStatus: "partial", reason })
  const failed = ScanOutcome.makeFailed({ ticket: Fake.ticket, vendorStatus: "failed", reason })

  const ask = (scan: ScanOutcome.ScanOutcome<unknown>, ...steps: ReadonlyArray<Fake.Step>) =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* Fake.adapter(...steps)
      if (adapter.collect === undefined) return yield* Effect.die(new Error("no collect"))
      return { found: yield* Effect.result(adapter.collect(scan)), sent }
    })
  const collect = (scan: ScanOutcome.ScanOutcome<unknown>, step: Fake.Step) =>
    Effect.flatMap(ask(scan, step), ({ found }) =>
      found._tag === "Success" ? Effect.succeed(found.success) : Effect.die(found.failure)
    )
  const fault = (step: Fake.Step) =>
    Effect.flatMap(ask(outcome, step), ({ found }) =>
      found._tag === "Failure" ? Effect.succeed(found.failure) : Effect.die(new Error("findings"))
    )
  const report = (changes: Record<string, unknown> = {}) =>
    Fake.response(200, { ...Fake.fixture("report"), ...changes })
  const checks = (...list: ReadonlyArray<unknown>) =>
    report({ categories: [{ name: "Headers", checks: list }], summary: null })
  const brief = (findings: ScanOutcome.Findings) => findings.items.map((item) => [item.ruleId, item.severity])

  it.effect("asks for the report of the scan, once", () =>
    Effect.gen(function* () {
      const { sent } = yield* ask(outcome, report())
      assert.deepStrictEqual(sent, [{ method: "GET", path: "/v1/report/scan_abc123" }])
    })
  )

  it.effect("makes a finding of every failed check and every warning", () =>
    Effect.gen(function* () {
      const found = yield* collect(outcome, report())
      assert.deepStrictEqual([found.coverage, found.total], ["full", 4])
      assert.deepStrictEqual(brief(found), [
        ["headers-tls-config/csp", "high"],
        ["headers-tls-config/referrer-policy", "low"],
        ["cookies/samesite", "low"],
        ["cookies/httponly", "info"]
      ])
      assert.deepStrictEqual(found.items[0], {
        findingId: "appvet:security:https://example.com/:headers-tls-config/csp",
        ruleId: "headers-tls-config/csp",
        title: "CSP",
        description: "No Content-Security-Policy",
        severity: "high",
        vendorSeverity: "high",
        status: "unknown",
        resource: "https://example.com/",
        remediation: "Send a Content-Security-Policy header",
        references: []
      })
    })
  )

  it.effect("of a partial scan covers only what ran", () =>
    Effect.gen(function* () {
      const found = yield* collect(partial, report())
      assert.deepStrictEqual([found.coverage, found.items.length], ["partial", 4])
    })
  )

  it.effect("of a failed scan asks for nothing", () =>
    Effect.gen(function* () {
      const { found, sent } = yield* ask(failed)
      assert.isTrue(found._tag === "Success" && found.success === ScanOutcome.noFindings)
      assert.deepStrictEqual(sent, [])
    })
  )

  it.effect("takes the vendor's severity word as it stands, and calls an unknown one unknown", () =>
    Effect.gen(function* () {
      const words = ["critical", "high", "medium", "low", "info", "HIGH", "severe", "constructor", ""]
      const found = yield* collect(
        outcome,
        checks(...words.map((severity, index) => ({ name: `c${index}`, status: "fail", severity })))
      )
      assert.deepStrictEqual(
        found.items.map((item) => item.severity),
        ["critical", "high", "medium", "low", "info", "unknown", "unknown", "unknown", "low"]
      )
    })
  )

  it.effect("gives a finding the same id whatever the texts, the scores and the other checks say", () =>
    Effect.gen(function* () {
      const csp = { name: "CSP", status: "fail", severity: "high", message: "a", fix: "b" }
      const other = { name: "HSTS", status: "pass", severity: null, message: "x" }
      const ids = yield* Effect.forEach(
        [
          checks(csp, other),
          checks({ ...other, status: "fail" }, { ...csp, status: "warn", severity: "low", message: "c" }),
          Fake.response(200, {
            ...Fake.fixture("report"),
            url: "https://example.com/",
            score: 3,
            categories: [{ name: "Headers", score: 1, checks: [csp] }]
          })
        ],
        (step) =>
          Effect.map(collect(outcome, step), (found) => found.items.find((item) => item.title === "CSP")?.findingId)
      )
      assert.strictEqual(new Set(ids).size, 1)
    })
  )

  it.effect("keeps the ids of checks apart that look alike or have one name", () =>
    Effect.gen(function* () {
      const failing = (name: string) => ({ name, status: "fail", severity: "low" })
      const found = yield* collect(
        outcome,
        checks(failing("C#"), failing("C++"), failing("C#"), failing("!!"), failing("検査"))
      )
      assert.deepStrictEqual(
        found.items.map((item) => [item.ruleId, item.findingId.split(":").at(-1)]),
        [
          ["headers/c", "headers/c"],
          ["headers/c-2", "headers/c-2"],
          ["headers/c", "headers/c#2"],
          ["headers/other", "headers/other"],
          ["headers/検査", "headers/検査"]
        ]
      )
    })
  )

  it.effect("does not claim full coverage for a report it could not read whole", () =>
    Effect.gen(function* () {
      const good = { name: "CSP", status: "fail", severity: "high" }
      for (const step of [
        checks(good, { name: "HSTS", status: "skipped" }),
        checks(good, { name: "HSTS" }),
        checks(good, "HSTS"),
        checks(good, { name: " ", status: "fail" }),
        report({ categories: [{ name: "Headers", checks: [good] }, { name: "Cookies" }], summary: null }),
        report({ categories: [{ name: "Headers", checks: [good] }, null], summary: null }),
        report({ categories: [{ name: "Headers", checks: [good] }], summary: { failed: 3, warnings: 2 } }),
        report({ categories: [], summary: { failed: 1, warnings: 0 } })
      ]) {
        const found = yield* collect(outcome, step)
        assert.strictEqual(found.coverage, "partial")
      }
    })
  )

  it.effect("keeps the vendor's count, and does not understand a report whose count cannot be read (V-02)", () =>
    Effect.gen(function* () {
      const total = (summary: unknown) => Effect.map(collect(outcome, report({ summary })), (found) => found.total)
      assert.strictEqual(yield* total({ failed: 3, warnings: 2 }), 5)
      for (const none of [null, {}, { failed: 3 }]) assert.isNull(yield* total(none))
      for (const odd of [{ failed: -1, warnings: 2 }, { failed: 1.5, warnings: 2 }, { critical: "1" }, "5"]) {
        assert.strictEqual((yield* fault(report({ summary: odd }))).kind, "Broken")
      }
    })
  )

  it.effect("of a report without an address names the one of the scan", () =>
    Effect.gen(function* () {
      const found = yield* collect(outcome, report({ url: null, type: null }))
      assert.strictEqual(found.items[0]?.findingId, "appvet:security:https://example.com/:headers-tls-config/csp")
    })
  )

  it.effect("is tried again when the report lags behind the status", () =>
    Effect.gen(function* () {
      const seen = yield* fault(Fake.response(409, { code: "SCAN_NOT_COMPLETE", error: "Scan is still running" }))
      assert.deepStrictEqual([seen.kind, seen.permanent, seen.code], ["Transient", false, "SCAN_NOT_COMPLETE"])
    })
  )

  it.effect("accepts a report with an id of its own, not one about another scan", () =>
    Effect.gen(function* () {
      assert.strictEqual((yield* collect(outcome, report({ id: "rpt_1" }))).items.length, 4)
      const seen = yield* fault(report({ id: "scan_other" }))
      assert.deepStrictEqual([seen.kind, seen.code], ["Broken", "id-mismatch"])
    })
  )

  it.effect("does not take a report of another address or type for the scan's (V-11)", () =>
    Effect.gen(function* () {
      const known = {
        ...outcome,
        scanType: "security",
        subject: { kind: "url", id: "https://example.com/", name: "x" }
      }
      for (const changes of [{ url: "https://elsewhere.example" }, { type: "seo" }]) {
        const { found } = yield* ask(known, report(changes))
        assert.isTrue(Result.isFailure(found) && found.failure.code === "id-mismatch")
      }
      for (const changes of [{ url: "https://www.example.com/start" }, { url: null, type: null }]) {
        assert.isTrue(Result.isSuccess((yield* ask(known, report(changes))).found))
      }
    })
  )

  it.effect("finds a grade of the report that is worse than the scan's own answer, or not documented (V-02)", () =>
    Effect.gen(function* () {
      const extra = (step: Fake.Step) =>
        Effect.map(collect(outcome, step), (found) => brief(found).filter(([rule]) => rule === "report/grade"))
      assert.deepStrictEqual(yield* extra(report({ grade: "F", score: 12 })), [["report/grade", "critical"]])
      assert.deepStrictEqual(yield* extra(report({ grade: null, score: 65 })), [["report/grade", "high"]])
      assert.deepStrictEqual(yield* extra(report({ grade: "pass" })), [["report/grade", "unknown"]])
      for (const changes of [{ grade: "C" }, { grade: "B" }, { grade: null, score: null }]) {
        assert.deepStrictEqual(yield* extra(report(changes)), [])
      }
    })
  )

  it.effect("does not understand what is no report", () =>
    Effect.gen(function* () {
      for (const step of [
        Fake.response(200, null),
        Fake.response(200, []),
        report({ id: null }),
        report({ categories: null }),
        report({ categories: {} }),
        Fake.unreadable(200)
      ]) {
        assert.strictEqual((yield* fault(step)).kind, "Broken")
      }
    })
  )

  it.effect("never repeats the key", () =>
    Effect.gen(function* () {
      const echo = `a ${Fake.key} b`
      const check = { name: echo, status: "fail", severity: echo, message: echo, fix: echo }
      const found = yield* collect(
        outcome,
        report({
          type: echo,
          url: echo,
          categories: [{ name: echo, checks: [check] }],
          summary: { failed: 1, warnings: 0 }
        })
      )
      assert.strictEqual(found.items.length, 1)
      assert.notInclude(JSON.stringify(found), Fake.key)
    })
  )
})

describe("looking for a scan whose answer was lost", () => {
  const since = Date.UTC(2026, 2, 30, 12, 0, 0)
  const reconcile = (
    steps: ReadonlyArray<Fake.Step>,
    options: { readonly since?: number; readonly known?: ReadonlyArray<string> } = {}
  ) =>
    Effect.gen(function* () {
      const { adapter, sent } = yield* Fake.adapter(...steps)
      if (adapter.reconcile === undefined) return yield* Effect.die(new Error("no reconcile"))
      const found = yield* Effect.result(
        adapter.reconcile(request, options.since ?? since, new Set(options.known ?? []))
      )
      return { found, sent }
    })
  const ids = (seen: Effect.Success<ReturnType<typeof reconcile>>) =>
    seen.found._tag === "Success" ? seen.found.success.map((ticket) => ticket.scanId) : seen.found.failure.code
  const row = (id: string, second: number, changes: Record<string, unknown> = {}) => ({
    id,
    type: "security",
    url: "https://example.com/",
    status: "queued",
    created_at: new Date(since + second * 1000).toISOString(),
    ...changes
  })
  const page = (...scans: ReadonlyArray<unknown>) => Fake.response(200, { scans, total: scans.length })
  const first = (total: number, ...scans: ReadonlyArray<unknown>) => Fake.response(200, { scans, total })
  const full = (second: number) =>
    first(
      10_000,
      ...Array.from({ length: 100 }, (_, index) => row(`scan_x${index}`, second, { url: "https://x.example/" }))
    )

  it.effect("finds scans of the same address and type, made since, in the vendor's list", () =>
    Effect.gen(function* () {
      const seen = yield* reconcile([Fake.response(200, Fake.fixture("list"))])
      assert.deepStrictEqual(seen.found._tag === "Success" ? seen.found.success : null, [
        { ...Fake.ticket, scanId: "scan_new", submittedAt: since + 5_000 }
      ])
      assert.deepStrictEqual(seen.sent, [
        { method: "GET", path: "/v1/scans", query: { type: "security", limit: 100, offset: 0 } }
      ])
    })
  )

  it.effect("leaves out scans that are known, older, of another kind or address, or unreadable", () =>
    Effect.gen(function* () {
      const seen = yield* reconcile(
        [
          page(
            row("scan_good", 4, { url: "https://EXAMPLE.com:443" }),
            row("scan_known", 3),
            row("scan_kind", 3, { type: "seo" }),
            row("scan_path", 3, { url: "https://example.com/a" }),
            row("scan_url", 3, { url: 7 }),
            row("scan_time", 3, { created_at: "2026-03-30 12:00:03" }),
            row("../scan", 3),
            "scan",
            null,
            row("scan_old", -61)
          )
        ],
        { known: ["scan_known"] }
      )
      assert.deepStrictEqual(ids(seen), ["scan_good"])
    })
  )

  it.effect("allows the vendor's clock to be a minute behind ours", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(ids(yield* reconcile([page(row("scan_a", -60))])), ["scan_a"])
      assert.deepStrictEqual(ids(yield* reconcile([page(row("scan_a", -60.001))])), [])
    })
  )

  it.effect("turns pages until the scans are older than the submission", () =>
    Effect.gen(function* () {
      const seen = yield* reconcile([full(50), full(20), first(900, row("scan_good", 1), row("scan_old", -100))])
      assert.deepStrictEqual(ids(seen), ["scan_good"])
      assert.deepStrictEqual(
        seen.sent.map((request) => request.query?.["offset"]),
        [0, 100, 200]
      )
      const old = yield* reconcile([full(-100)])
      assert.deepStrictEqual([ids(old), old.sent.length], [[], 1])
    })
  )

  it.effect("names a scan once that two pages show", () =>
    Effect.gen(function* () {
      const newest = Array.from({ length: 100 }, (_, index) =>
        row(index === 99 ? "scan_good" : `s${index}`, 9, index === 99 ? {} : { type: "seo" })
      )
      assert.deepStrictEqual(ids(yield* reconcile([first(101, ...newest), first(101, row("scan_good", 9))])), [
        "scan_good"
      ])
    })
  )

  it.effect("does not call a list searched that it could not read to its end", () =>
    Effect.gen(function* () {
      const seen = yield* reconcile(Array.from({ length: 21 }, () => full(50)))
      assert.deepStrictEqual([ids(seen), seen.sent.length], ["list-too-long", 20])
    })
  )

  it.effect("reads a list to its total where the vendor sends fewer rows than it was asked for (V-23)", () =>
    Effect.gen(function* () {
      const some = (from: number, count: number) =>
        Array.from({ length: count }, (_, index) => row(`s${from + index}`, 50 - from, { url: "https://x.example/" }))
      const seen = yield* reconcile([first(31, ...some(0, 20)), first(31, ...some(20, 10), row("scan_good", 1))])
      assert.deepStrictEqual(ids(seen), ["scan_good"])
      assert.deepStrictEqual(
        seen.sent.map((request) => request.query?.["offset"]),
        [0, 20]
      )
    })
  )

  it.effect("does not call a list searched that ended before its total (V-23)", () =>
    Effect.gen(function* () {
      const seen = yield* reconcile([first(31, row("s1", 9, { type: "seo" })), first(31)])
      assert.deepStrictEqual([ids(seen), seen.sent.length], ["list-too-long", 2])
    })
  )

  it.effect("reads a list to an empty page where no total is told, and counts on with what it got (V-23)", () =>
    Effect.gen(function* () {
      const bare = (...scans: ReadonlyArray<unknown>) => Fake.response(200, { scans })
      const seen = yield* reconcile([bare(row("scan_x", 9, { type: "seo" })), bare(row("scan_good", 5)), bare()])
      assert.deepStrictEqual(ids(seen), ["scan_good"])
      assert.deepStrictEqual(
        seen.sent.map((request) => request.query?.["offset"]),
        [0, 1, 2]
      )
    })
  )

  it.effect("has the faults of every other question", () =>
    Effect.gen(function* () {
      assert.strictEqual(
        ids(yield* reconcile([Fake.response(400, { code: "INVALID_PARAMS", error: "x" })])),
        "INVALID_PARAMS"
      )
      assert.strictEqual(ids(yield* reconcile([Fake.response(200, { scans: null })])), "invalid-answer")
      assert.strictEqual(ids(yield* reconcile([Fake.unreadable(200)])), "not-json")
      assert.strictEqual(ids(yield* reconcile([Fake.transportFault(true, "timeout")])), "timeout")
    })
  )
})

describe("making the adapter", () => {
  const made = (options: KeyedOptions) =>
    Effect.gen(function* () {
      const fake = Fake.make([])
      const adapter = yield* Effect.provide(AppVet.make(options), fake.layer)
      return { adapter, options: fake.made[0] }
    })

  it.effect("names the vendor, its origin and the account", () =>
    Effect.gen(function* () {
      const { adapter, options } = yield* made({ credential: Redacted.make(Fake.key) })
      assert.deepStrictEqual(
        [adapter.vendor, adapter.origin, adapter.account, adapter.environment],
        ["appvet", "https://appvet.dev", "default", ""]
      )
      assert.deepStrictEqual([options?.vendor, options?.baseUrl], ["appvet", "https://appvet.dev"])
      const other = yield* made({ credential: Redacted.make(Fake.key), account: "team", baseUrl: "https://a.example" })
      assert.deepStrictEqual([other.adapter.account, other.options?.baseUrl], ["team", "https://a.example"])
    })
  )

  it.effect("takes a key or an effect that is asked for one", () =>
    Effect.gen(function* () {
      let asked = 0
      const { options } = yield* made({
        credential: Effect.sync(() => {
          asked++
          return Redacted.make(Fake.key)
        })
      })
      assert.strictEqual(asked, 0)
      if (options === undefined) return yield* Effect.die(new Error("no client"))
      assert.strictEqual(Redacted.value(yield* options.credential), Fake.key)
    })
  )

  it.effect("trims a key and refuses one that no header can carry, without showing it", () =>
    Effect.gen(function* () {
      const { options } = yield* made({ credential: Redacted.make(`${Fake.key}\n`) })
      if (options === undefined) return yield* Effect.die(new Error("no client"))
      assert.strictEqual(Redacted.value(yield* options.credential), Fake.key)
      for (const bad of ["", " \n", "secret\nkey", "secret key", "schlüssel", "secret\u0000"]) {
        const seen = yield* Effect.flip(made({ credential: Redacted.make(bad) }))
        assert.isTrue(seen._tag === "CredentialError")
        assert.notInclude(JSON.stringify(seen), "secret")
      }
    })
  )

  it.effect("works as a layer", () =>
    Effect.gen(function* () {
      const adapter = yield* Effect.provide(
        AppVet,
        Layer.provide(AppVet.layer({ credential: Redacted.make(Fake.key) }), Fake.make([]).layer)
      )
      assert.strictEqual(adapter.vendor, "appvet")
    })
  )

  const configured = (env: Record<string, string>) =>
    Effect.gen(function* () {
      const fake = Fake.make([])
      const built = yield* Effect.result(
        Effect.provide(AppVet, Layer.provide(AppVet.layerConfig, fake.layer)).pipe(
          Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromEnv({ env }))
        )
      )
      return { built, options: fake.made[0] }
    })

  it.effect("reads the documented variables", () =>
    Effect.gen(function* () {
      const { built, options } = yield* configured({
        APPVET_API_KEY: Fake.key,
        APPVET_BASE_URL: "http://127.0.0.1:8080",
        SCANPOLL_ALLOW_INSECURE_HOSTS: "127.0.0.1:8080, localhost,"
      })
      assert.strictEqual(built._tag, "Success")
      assert.deepStrictEqual(
        [options?.baseUrl, options?.insecureHosts],
        ["http://127.0.0.1:8080", ["127.0.0.1:8080", "localhost"]]
      )
      const plain = yield* configured({ APPVET_API_KEY: Fake.key, APPVET_BASE_URL: "" })
      assert.deepStrictEqual([plain.options?.baseUrl, plain.options?.insecureHosts], ["https://appvet.dev", []])
    })
  )

  it.effect("names the variable when there is no key in it", () =>
    Effect.gen(function* () {
      for (const env of [{}, { APPVET_API_KEY: "" }, { APPVET_API_KEY: " " }]) {
        const { built, options } = yield* configured(env)
        assert.isTrue(built._tag === "Failure" && built.failure._tag === "CredentialError")
        if (built._tag === "Failure" && built.failure._tag === "CredentialError") {
          assert.strictEqual(built.failure.variable, "APPVET_API_KEY")
        }
        assert.isUndefined(options)
      }
    })
  )

  it.effect("passes on what is wrong with the configuration", () =>
    Effect.gen(function* () {
      const refusing = Layer.succeed(VendorHttp, {
        make: () => Effect.fail(new VendorConfigError({ vendor: "appvet", faults: ["no"] }))
      })
      const seen = yield* Effect.flip(Effect.provide(AppVet.make({ credential: Redacted.make(Fake.key) }), refusing))
      assert.strictEqual(seen._tag, "VendorConfigError")
    })
  )
})
