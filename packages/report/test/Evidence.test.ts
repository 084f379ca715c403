/** What a report, its gate and its exit code say of evidence that is unavailable. */
import { assert, describe, it } from "@effect/vitest"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Evidence from "@scanpoll/report/Evidence"
import * as Format from "@scanpoll/report/Format"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Merge from "@scanpoll/report/Merge"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import { assessment, completed, finding, inState, info, partial, score } from "./fixtures.ts"

const why = "the vendor's findings could not be fetched (500)"

const without = (record: ScanRecord): ScanRecord => {
  if (record.outcome === null) return record
  const outcome = ScanOutcome.withoutFindings(record.outcome, why)
  return { ...record, outcome, warnings: outcome.warnings }
}

const lost = (index: number, fields: Parameters<typeof completed>[1] = {}): ScanRecord =>
  without(completed(index, { name: "https://b.example/", ...fields }))

const reportOf = (records: ReadonlyArray<ScanRecord>, policy: Partial<Gate.GatePolicy> = {}) =>
  ScanReport.fromRecords(records, info({ policy: { ...Gate.none, ...policy } }))

const rulesOf = (report: ScanReport.ScanReport) =>
  report.gate.rules.map(({ passed, rule, scans, unjudged = [] }) => ({ rule, passed, scans, unjudged }))

const high = finding({ findingId: "csp", title: "CSP", severity: "high" })

describe("a row whose findings could not be fetched", () => {
  it("says what is there, not offered and unavailable, and how to get it (V-01)", () => {
    const [row] = reportOf([lost(0)]).scans
    assert.deepStrictEqual(row?.evidence, {
      assessment: { status: "there", reason: null },
      findings: { status: "unavailable", reason: HostileText.of(why) },
      delta: { status: "not-offered", reason: null }
    })
    assert.strictEqual(row?.findings.coverage, "unavailable")
    assert.isTrue(row?.resumable)
    assert.deepStrictEqual(row?.next, {
      advice: HostileText.of("fetch the findings"),
      command: HostileText.of("scanpoll wait appvet:scan_0")
    })
    assert.deepStrictEqual(row?.warnings, [HostileText.of(why)])
  })

  it("does not fail a run that no rule judges by it (V-01)", () => {
    const report = reportOf([lost(0)])
    assert.deepStrictEqual([report.exit.code, report.gate.conclusive], [0, true])
    assert.deepStrictEqual(
      reportOf([lost(0, { assessment: assessment("low", { score: score(90, "A") }) })], {
        minScore: [{ vendor: null, score: 80 }],
        minGrade: "B"
      }).exit,
      { code: 0, reasons: [] }
    )
  })

  it("is unjudged by every rule that needs findings and is broken by none, exit 3, which is maskable (V-01)", () => {
    for (const policy of [{ failOn: "high" }, { failOnNew: "high" }, { maxViolations: 5 }] satisfies ReadonlyArray<
      Partial<Gate.GatePolicy>
    >) {
      const report = reportOf([lost(0), completed(1)], policy)
      const [rule] = rulesOf(report)
      assert.deepStrictEqual(rule?.unjudged, [HostileText.of("clm_0")], JSON.stringify(policy))
      assert.deepStrictEqual([rule?.passed, report.gate.passed, report.gate.conclusive], [true, true, false])
      assert.deepStrictEqual(
        report.exit.reasons.map(({ code, masked, message, scans }) => [code, masked, message, scans]),
        [[3, false, HostileText.of(`1 scan could not be judged: ${why}`), [HostileText.of("clm_0")]]]
      )
      assert.strictEqual(report.exit.code, 3)
      const allowed = reportOf([lost(0), completed(1)], { ...policy, allowIncomplete: true })
      assert.deepStrictEqual([allowed.exit.code, allowed.exit.reasons[0]?.masked], [0, true])
    }
  })

  it("breaks a rule all the same by the evidence that is there (V-01)", () => {
    const worse = lost(0, { assessment: assessment("high", { score: score(30, "D") }) })
    for (const policy of [
      { failOn: "high" },
      { failOnNew: "high" },
      { minScore: [{ vendor: null, score: 80 }] },
      { minGrade: "B" }
    ] satisfies ReadonlyArray<Partial<Gate.GatePolicy>>) {
      const report = reportOf([worse], policy)
      const [rule] = rulesOf(report)
      assert.deepStrictEqual([rule?.passed, rule?.unjudged, report.exit.code], [false, [], 1], JSON.stringify(policy))
    }
  })

  it("is unjudged where it is partial too, and a rule that nobody can answer is not broken by it (V-01)", () => {
    const report = reportOf([without(partial(0, { assessment: assessment("low") }))], {
      failOn: "high",
      allowPartial: true
    })
    assert.deepStrictEqual([report.gate.passed, report.gate.conclusive, report.exit.code], [true, false, 3])
  })

  it("counts for no rule when a report names its assessment unavailable, until a finding breaks it (V-11)", () => {
    const record = completed(0, {
      assessment: assessment("unknown"),
      findings: { coverage: "full", total: 1, items: [high] },
      evidence: {
        assessment: { status: "unavailable", reason: "the answer contradicts itself" },
        findings: { status: "there", reason: null },
        delta: { status: "not-offered", reason: null }
      }
    })
    assert.strictEqual(reportOf([record], { failOn: "high" }).exit.code, 1)
    const rules = rulesOf(reportOf([record], { failOn: "critical", minGrade: "B" }))
    assert.deepStrictEqual(
      rules.map(({ passed, unjudged }) => [passed, unjudged]),
      [
        [true, [HostileText.of("clm_0")]],
        [true, [HostileText.of("clm_0")]]
      ]
    )
  })

  it("of a scan without a result is unjudged, and the exit code keeps the reason of its state (V-01)", () => {
    const report = reportOf([inState(0, "still-running"), completed(1)], { failOn: "high" })
    assert.deepStrictEqual(rulesOf(report)[0]?.unjudged, [HostileText.of("clm_0")])
    assert.strictEqual(report.exit.reasons.length, 1)
    assert.strictEqual(report.scans[0]?.evidence?.findings.status, "unavailable")
  })
})

describe("every format", () => {
  it.effect("says in words that the findings could not be fetched (V-01)", () =>
    Effect.gen(function* () {
      const report = reportOf([lost(0)], { failOn: "high" })
      for (const format of Format.all) {
        if (format.name === "events") continue
        const text = [...(yield* Format.render(format, report, {}))].join("").replaceAll(/\s+/g, " ")
        const said = /findings could not be fetched|with evidence missing/.test(text.replaceAll("&apos;", "'"))
        assert.isTrue(said, `${format.name}: ${text.slice(0, 2_000)}`)
      }
    })
  )

  it.effect("keeps DefectDojo and code scanning from closing what was not looked for (V-01)", () =>
    Effect.gen(function* () {
      const text = (name: string) => {
        const format = Format.byName(name)
        return format === undefined
          ? Effect.succeed("")
          : Effect.map(Format.render(format, reportOf([lost(0)]), {}), (pieces) => [...pieces].join(""))
      }
      assert.include(yield* text("defectdojo"), "do not let this import close findings")
      assert.include(yield* text("sarif"), '"executionSuccessful":false')
      assert.notInclude(yield* text("junit"), "<error")
    })
  )
})

describe("a report of version 0.1", () => {
  const without = (value: object, name: string) =>
    Object.fromEntries(Object.entries(value).filter(([each]) => each !== name))
  const old = (report: ScanReport.ScanReport) => ({
    ...report,
    scans: report.scans.map((scan) => without(scan, "evidence")),
    gate: { ...report.gate, rules: report.gate.rules.map((rule) => without(rule, "unjudged")) }
  })

  it.effect("is read without evidence, which follows from its rows (V-01)", () =>
    Effect.gen(function* () {
      const report = yield* ScanReport.fromJson(
        JSON.parse(JSON.stringify(old(reportOf([completed(0), inState(1, "failed")], { failOn: "high" }))))
      )
      const [first, second] = report.scans.map((row) => Evidence.of(row))
      assert.deepStrictEqual([first?.findings.status, second?.findings.status], ["not-offered", "unavailable"])
      assert.strictEqual(ScanReport.regate(report, report.gate.policy).exit.code, 3)
    })
  )

  it.effect("does not pass a gate again whose findings a warning says could not be fetched (V-01)", () =>
    Effect.gen(function* () {
      const warned = { ...completed(0), warnings: ["the findings could not be fetched (http-500)"] }
      const report = yield* ScanReport.fromJson(JSON.parse(JSON.stringify(old(reportOf([warned])))))
      const again = ScanReport.regate(report, { ...Gate.none, failOn: "high" })
      assert.deepStrictEqual([again.gate.passed, again.exit.code], [true, 3])
    })
  )
})

describe("files put together", () => {
  it("take the row with the findings over the one without, in either order (V-01)", () => {
    const whole = completed(0, { findings: { coverage: "full", total: 1, items: [high] } })
    for (const [first, second] of [
      [lost(0), whole],
      [whole, lost(0)]
    ] as const) {
      const merged = Merge.merge(reportOf([first], { failOn: "high" }), [reportOf([second])])
      assert.deepStrictEqual([merged.scans[0]?.findings.coverage, merged.exit.code], ["full", 1])
    }
  })

  it.effect("make no baseline of findings that are not known (V-01)", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Baseline.make(reportOf([lost(0)])))
      assert.strictEqual(error.reason, "incomplete")
      assert.deepStrictEqual(Baseline.fromReport(reportOf([lost(0)])).subjects, [])
      const known = yield* Baseline.make(
        reportOf([
          completed(0, { name: "https://b.example/", findings: { coverage: "full", total: 1, items: [high] } })
        ])
      )
      const compared = Baseline.apply(reportOf([lost(0)], { failOnNew: "high" }), known, 0)
      assert.deepStrictEqual(compared.scans[0]?.findings.items, [])
      assert.deepStrictEqual([compared.gate.passed, compared.exit.code], [true, 3])
    })
  )
})

describe("the line of a broken rule", () => {
  const lineOf = (records: ReadonlyArray<ScanRecord>, policy: Partial<Gate.GatePolicy>) =>
    HostileText.toLine(reportOf(records, policy).gate.rules[0]?.message ?? HostileText.of(""), 1_000)

  it("names the scan and the evidence that breaks it (V-07)", () => {
    const graded = completed(0, {
      name: "https://a.example/",
      assessment: assessment("high", { score: score(40, "D") })
    })
    assert.strictEqual(
      lineOf([graded], { failOn: "high" }),
      "fail-on high: 1 scan is high or worse: appvet https://a.example/ (assessment high, score 40, grade D)"
    )
    const found = completed(0, {
      name: "https://a.example/",
      findings: { coverage: "full", total: 1, items: [high] }
    })
    assert.strictEqual(
      lineOf([found], { failOn: "high" }),
      "fail-on high: 1 scan is high or worse: appvet https://a.example/ (1 finding, worst high: CSP)"
    )
    assert.include(lineOf([graded], { minScore: [{ vendor: null, score: 80 }] }), "https://a.example/ (score 40)")
    assert.include(lineOf([graded], { minGrade: "B" }), "https://a.example/ (grade D)")
  })

  it("names three scans and counts the others, and those that could not be judged (V-07)", () => {
    const bad = [0, 1, 2, 3, 4].map((index) => completed(index, { assessment: assessment("critical") }))
    const line = lineOf([...bad, lost(5)], { failOn: "high" })
    assert.include(line, "; and 2 more; 1 scan could not be judged: appvet https://b.example/ (the vendor's findings")
  })

  it("does not call findings to account that were accepted (V-07)", () => {
    const accepted = completed(0, {
      name: "https://a.example/",
      assessment: assessment("high", { score: score(40, "D") }),
      findings: { coverage: "full", total: 1, items: [high] }
    })
    const report = reportOf([accepted], { failOn: "low" })
    const known = Effect.runSync(Baseline.make(report, { reason: "known" }))
    const line = Baseline.apply(report, known, 0).gate.rules[0]?.message ?? HostileText.of("")
    assert.match(HostileText.toLine(line, 500), /\(assessment high, score 40, grade D\)$/)
  })
})
