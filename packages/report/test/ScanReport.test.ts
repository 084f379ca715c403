import { assert, describe, it } from "@effect/vitest"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Gate from "@scanpoll/report/Gate"
import * as Json from "../src/internal/formats/json.ts"
import * as NextStep from "@scanpoll/report/NextStep"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { assessment, completed, finding, inState, info, record, score, start } from "./fixtures.ts"

const plain = (value: unknown): unknown => JSON.parse(JSON.stringify(value))

describe("fromRecords", () => {
  it("takes the type of scan from the vendor's answer where the program names none (U-01, U-17)", () => {
    const records = [completed(0, { scanType: "seo" }), completed(1, { scanType: "seo" }), inState(2, "interrupted")]
    const types = (row?: () => { readonly scanType: string }) =>
      ScanReport.fromRecords(records, info(row === undefined ? {} : { row })).scans.map(({ scanType }) => scanType)
    assert.deepStrictEqual<unknown>(types(), ["seo", "seo", undefined])
    assert.deepStrictEqual<unknown>(
      types(() => ({ scanType: "security" })),
      ["security", "security", "security"]
    )
  })

  it("gives a scan the documented shape", () => {
    const report = ScanReport.fromRecords(
      [
        completed(0, {
          assessment: assessment("medium", { vendorSeverity: "C", score: score(72, "C") }),
          findings: {
            coverage: "full",
            total: 2,
            items: [
              finding({ findingId: "tls:1", severity: "high", status: "new" }),
              finding({ findingId: "csp:1", severity: "low", status: "resolved" })
            ]
          },
          links: { report: "https://appvet.example/report/scan_0" },
          requestId: "req-9"
        })
      ],
      info()
    )
    assert.deepStrictEqual(plain(report), {
      schemaVersion: 1,
      tool: { name: "scanpoll", version: "0.1.0" },
      run: {
        id: "run_1",
        startedAt: "2026-04-03T09:00:00.000Z",
        finishedAt: "2026-04-03T09:01:30.000Z",
        plan: "scans.yaml"
      },
      summary: {
        total: 1,
        incomplete: 0,
        byState: { completed: 1 },
        bySeverity: { high: 1 },
        worstSeverity: "high"
      },
      scans: [
        {
          id: "clm_0",
          key: "appvet:scan_0",
          index: 0,
          claimId: "clm_0",
          vendor: "appvet",
          account: "default",
          origin: "https://appvet.example",
          scanId: "scan_0",
          subject: { kind: "url", id: "https://site-0.example/", name: "https://site-0.example/" },
          declaredAt: null,
          state: "completed",
          because: "outcome",
          vendorStatus: "completed",
          resumable: false,
          notBefore: null,
          next: null,
          severity: "high",
          reason: null,
          assessment: {
            severity: "medium",
            vendorSeverity: "C",
            compliance: null,
            score: { value: 72, min: 0, max: 100, direction: "higher-is-better", grade: "C", basis: "vendor" }
          },
          findings: {
            coverage: "full",
            total: 2,
            bySeverity: { high: 1 },
            items: [
              {
                findingId: "tls:1",
                ruleId: "tls",
                title: "Finding tls:1",
                description: null,
                severity: "high",
                vendorSeverity: null,
                status: "new",
                resource: null,
                remediation: null,
                references: [],
                suppression: null
              },
              {
                findingId: "csp:1",
                ruleId: "csp",
                title: "Finding csp:1",
                description: null,
                severity: "low",
                vendorSeverity: null,
                status: "resolved",
                resource: null,
                remediation: null,
                references: [],
                suppression: null
              }
            ]
          },
          evidence: {
            assessment: { status: "there", reason: null },
            findings: { status: "there", reason: null },
            delta: { status: "not-offered", reason: null }
          },
          delta: null,
          timings: {
            submittedAt: "2026-04-03T09:00:01.000Z",
            createdAt: "2026-04-03T09:00:01.000Z",
            completedAt: "2026-04-03T09:01:16.000Z",
            observedAt: "2026-04-03T09:01:20.000Z",
            durationMs: 75000,
            durationBasis: "vendor",
            polls: 6
          },
          progress: null,
          cached: false,
          reused: false,
          ageMs: null,
          warnings: [],
          links: { report: "https://appvet.example/report/scan_0" },
          requestId: "req-9",
          previous: null,
          trend: [],
          payload: null,
          payloadSha256: null
        }
      ],
      gate: { passed: true, conclusive: true, policy: Gate.none, rules: [] },
      exit: { code: 0, reasons: [] }
    })
  })

  it("has a row for every record, in the order of the requests, and counts that add up", () => {
    const records = ScanRecord.states.flatMap((state, at) => [inState(2 * at, state), inState(2 * at + 1, state)])
    const report = ScanReport.fromRecords(records.toReversed(), info())
    assert.deepStrictEqual(
      report.scans.map((scan) => scan.index),
      records.map((_, at) => at)
    )
    const { summary } = report
    assert.strictEqual(summary.total, records.length)
    assert.strictEqual(
      Object.values(summary.byState).reduce((sum, count) => sum + count, 0),
      summary.total
    )
    assert.strictEqual(summary.incomplete, summary.total - (summary.byState.completed ?? 0))
    for (const state of ScanRecord.states) assert.strictEqual(summary.byState[state], 2)
    assert.deepStrictEqual(plain(summary.bySeverity), { medium: 2, low: 2 })
    assert.strictEqual(summary.worstSeverity, "medium")
  })

  it("says unknown, not none, when nothing was assessed", () => {
    assert.strictEqual(ScanReport.fromRecords([], info()).summary.worstSeverity, "unknown")
    const report = ScanReport.fromRecords([inState(0, "still-running"), inState(1, "failed")], info())
    assert.strictEqual(report.summary.worstSeverity, "unknown")
    assert.deepStrictEqual(plain(report.summary.bySeverity), {})
  })

  it("tells what to do next for exactly the states that leave something to do", () => {
    const next = ScanRecord.states.map((state, at) => {
      const report = ScanReport.fromRecords([inState(at, state)], info())
      const [scan] = report.scans
      return [state, scan?.next?.command ?? scan?.next?.advice ?? null, scan?.resumable]
    })
    assert.deepStrictEqual(plain(next), [
      ["completed", null, false],
      ["partial", null, false],
      ["failed", null, false],
      ["not-found", null, false],
      ["still-running", "scanpoll wait appvet:scan_4", true],
      ["unreachable", "scanpoll wait appvet:scan_5", true],
      ["protocol", "scanpoll wait appvet:scan_6", true],
      ["interrupted", "scanpoll resume", true],
      ["denied", "scanpoll resume", true],
      ["in-doubt", "scanpoll reconcile clm_9", false],
      ["refused", "fix the request and run again", false],
      ["not-started", "run again", false]
    ])
  })

  it("names the account of a scan to wait for, unless it is the usual one", () => {
    const next = (account: string) => {
      const { ticket, ...rest } = inState(0, "still-running", { account })
      const mine = ticket === null ? null : { ...ticket, account }
      return ScanReport.fromRecords([{ ...rest, ticket: mine }], info()).scans[0]?.next?.command
    }
    assert.strictEqual(plain(next("team-b")), "scanpoll wait appvet@team-b:scan_0")
    assert.strictEqual(plain(next("default")), "scanpoll wait appvet:scan_0")
    assert.strictEqual(plain(next("a; rm -rf")), "scanpoll wait 'appvet@a;%20rm%20-rf:scan_0'")
  })

  it("gives rows joined on one claim ids of their own", () => {
    const twice = [0, 1, 2].map((index) => ({ ...completed(index), claimId: "clm_x" }))
    const report = ScanReport.fromRecords([...twice, record(3, { claimId: null, state: "not-started" })], info())
    assert.deepStrictEqual(plain(report.scans.map((scan) => scan.id)), ["clm_x", "clm_x#2", "clm_x#3", "row-4"])
    assert.deepStrictEqual(plain(report.scans.map((scan) => scan.claimId)), ["clm_x", "clm_x", "clm_x", null])
  })

  it.each([
    ["the vendor's own times", {}, {}, 75_000, "vendor"],
    ["our clock where the vendor has no times", { completedAt: null }, {}, 79_000, "client"],
    ["our clock where the vendor's times run backwards", { completedAt: start }, {}, 79_000, "client"],
    ["nothing for an outcome out of the journal", { createdAt: null }, { reused: true }, null, null],
    ["nothing for an answer out of the vendor's cache", { createdAt: null, cached: true }, {}, null, null],
    ["the vendor's times for a cached answer that has them", { cached: true }, {}, 75_000, "vendor"],
    ["nothing for an id we did not submit", { createdAt: null }, { submittedAt: null }, null, null]
  ] as const)("takes the duration from %s", (_, outcome, fields, durationMs, durationBasis) => {
    const [scan] = ScanReport.fromRecords([{ ...completed(0, outcome), ...fields }], info()).scans
    assert.strictEqual(scan?.timings.durationMs, durationMs)
    assert.strictEqual(scan?.timings.durationBasis, durationBasis)
  })

  it("keeps the payload out unless it is given one", () => {
    const without = ScanReport.fromRecords([completed(0)], info())
    assert.notInclude(JSON.stringify(without), 'payload":{')
    const withPayload = ScanReport.fromRecords([completed(0)], info({ row: () => ({ payload: { raw: [1, null] } }) }))
    assert.deepStrictEqual(withPayload.scans[0]?.payload, { raw: [1, null] })
  })

  it("replaces what it is told to replace in every text", () => {
    const canary = "CANARY-7f3a"
    const report = ScanReport.fromRecords(
      [
        completed(0, {
          name: `https://${canary}.example`,
          vendorStatus: canary,
          warnings: [canary],
          links: { report: `https://x.example/?k=${canary}` },
          requestId: canary,
          assessment: assessment("low", { vendorSeverity: canary, score: score(1, canary) }),
          findings: {
            coverage: "full",
            total: 1,
            items: [
              finding({
                findingId: canary,
                title: canary,
                description: canary,
                resource: canary,
                remediation: canary,
                references: [canary],
                vendorSeverity: canary
              })
            ]
          }
        }),
        inState(1, "refused", { reason: { code: canary, message: canary, advice: canary, requestId: canary } }),
        record(2, { account: canary, claimId: canary, warnings: [canary] })
      ],
      info({
        plan: canary,
        id: canary,
        faults: [{ code: 74, message: canary }],
        redact: (text) => text.replaceAll(canary, "***")
      })
    )
    assert.notInclude(JSON.stringify(report), canary)
  })
})

describe("parse", () => {
  const report = ScanReport.fromRecords(
    ScanRecord.states.map((state, at) => inState(at, state)),
    info({ policy: { ...Gate.none, failOn: "high", minScore: [{ vendor: null, score: 80 }] }, interrupted: true })
  )
  const json = [...Json.render(report)].join("")

  it.effect("reads back exactly what was written", () =>
    Effect.gen(function* () {
      const read = yield* ScanReport.parse(json)
      assert.deepStrictEqual(plain(read), plain(report))
      assert.strictEqual([...Json.render(read)].join(""), json)
    })
  )

  it.effect("reads a file of a later version that only adds fields", () =>
    Effect.gen(function* () {
      const value: unknown = JSON.parse(json.replace('"schemaVersion": 1', '"schemaVersion": 1, "more": [1]'))
      assert.deepStrictEqual(plain(yield* ScanReport.fromJson(value)), plain(report))
    })
  )

  it.effect.each([
    ["{", "not-json"],
    ["[]", "wrong-shape"],
    ["null", "wrong-shape"],
    ['{"version":1}', "wrong-shape"],
    ['{"schemaVersion":2}', "wrong-version"],
    ['{"schemaVersion":"\\u001b[2J"}', "wrong-version"],
    ['{"schemaVersion":1,"scans":[]}', "wrong-shape"],
    [json.replace('"state": "completed"', '"state": "clean"'), "wrong-shape"],
    [json.replace('"vendor": "appvet"', '"vendor": "../x"'), "wrong-shape"]
  ] as const)("refuses %.20s with a reason and one printable line", ([text, reason]) =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(ScanReport.parse(text))
      assert.strictEqual(error.reason, reason)
      // oxlint-disable-next-line no-control-regex
      assert.notMatch(error.message, /[\u0000-\u001f]/)
    })
  )

  it.effect("gives the same report again under its own gate", () =>
    Effect.gen(function* () {
      const read = yield* ScanReport.parse(json)
      assert.deepStrictEqual(plain(ScanReport.regate(read, report.gate.policy)), plain(report))
      const open = ScanReport.regate(read, Gate.none)
      assert.deepStrictEqual(open.gate.rules, [])
      assert.strictEqual(open.exit.code, 130)
    })
  )

  it("keeps a fault of ours through another gate", () => {
    const faulty = ScanReport.withFault(ScanReport.fromRecords([completed(0)], info()), {
      code: 74,
      message: "no room on the disk"
    })
    assert.strictEqual(faulty.exit.code, 74)
    assert.strictEqual(ScanReport.regate(faulty, { ...Gate.none, exitZero: true }).exit.code, 74)
  })
})

describe("a hostile file", () => {
  it.effect.each([
    ["[".repeat(8 * 1024 * 1024), /nested deeper than 128 levels/],
    [`[${"0,".repeat(8 * 1024 * 1024)}0]`, /more than 5000000 values/],
    [`{${Array.from({ length: 700_000 }, (_, i) => `"k${i}":0`).join(",")}}`, /more than 500000 different names/]
  ] as const)("is neither a report nor a baseline, and that is found before it is parsed (S-10)", ([text, message]) =>
    Effect.gen(function* () {
      assert.match((yield* Effect.flip(ScanReport.parse(text))).message, message)
      assert.match((yield* Effect.flip(Baseline.parse(text))).message, message)
    })
  )
})

describe("the next step of a row", () => {
  const next = (
    state: "interrupted" | "denied" | "in-doubt" | "not-started" | "unreachable",
    commands: NextStep.Commands
  ) =>
    NextStep.of({
      state,
      because: "stop",
      key: state === "in-doubt" || state === "not-started" ? null : "appvet@team:scan_1",
      claimId: "clm_1",
      commands
    })?.command ?? null

  it("names no journal that forgets, and no claim or run of it", () => {
    for (const state of ["interrupted", "denied"] as const) {
      assert.strictEqual(next(state, {}), "scanpoll resume")
      assert.strictEqual(next(state, { forgetful: true, run: "run_1" }), "scanpoll wait appvet@team:scan_1")
    }
    assert.strictEqual(next("in-doubt", {}), "scanpoll reconcile clm_1")
    assert.isNull(next("in-doubt", { forgetful: true }))
    assert.isNull(next("not-started", { forgetful: true, run: "run_1" }))
  })

  it("has the journal and the account in it, and goes on with the whole run where one is stored (U-05, V-08)", () => {
    const commands = { run: "run_1", plan: "--plan scans.yaml", flags: "--journal 'my journal.db'" }
    const end = "--plan scans.yaml --journal 'my journal.db'"
    assert.strictEqual(next("unreachable", commands), `scanpoll wait appvet@team:scan_1 ${end}`)
    assert.strictEqual(next("in-doubt", commands), `scanpoll reconcile clm_1 ${end}`)
    for (const state of ["interrupted", "denied", "not-started"] as const) {
      assert.strictEqual(next(state, commands), "scanpoll run --continue run_1 --journal 'my journal.db'")
    }
  })
})

describe("jsonSchema", () => {
  it("describes every field of the report and the closed sets", () => {
    const text = JSON.stringify(ScanReport.jsonSchema())
    for (const field of ["schemaVersion", "worstSeverity", "durationBasis", "findingId", "masked", "suppression"]) {
      assert.include(text, `"${field}"`)
    }
    for (const state of ScanRecord.states) assert.include(text, `"${state}"`)
    assert.doesNotThrow(() => Schema.decodeUnknownSync(ScanReport.ScanReport)(ScanReport.fromRecords([], info())))
  })
})
