import { assert, describe, it } from "@effect/vitest"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as Severity from "@scanpoll/core/model/Severity"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { assessment, completed, finding, inState, info, partial, score } from "./fixtures.ts"

const gate = (records: ReadonlyArray<ScanRecord>, policy: Partial<Gate.GatePolicy>) =>
  ScanReport.fromRecords(records, info({ policy: { ...Gate.none, ...policy } })).gate

const broken = (records: ReadonlyArray<ScanRecord>, policy: Partial<Gate.GatePolicy>) =>
  gate(records, policy).rules.map((rule) => ({
    rule: rule.rule,
    passed: rule.passed,
    scans: rule.scans.map(HostileText.toKey),
    checked: rule.checked
  }))

const withSeverity = (index: number, severity: Severity.Severity) =>
  completed(index, { assessment: assessment(severity) })

describe("fail-on", () => {
  it("is broken by the threshold and everything worse, and always by unknown", () => {
    const records = Severity.all.map((severity, at) => withSeverity(at, severity))
    assert.deepStrictEqual(broken(records, { failOn: "medium" }), [
      { rule: "fail-on", passed: false, scans: ["clm_3", "clm_4", "clm_5", "clm_6"], checked: 7 }
    ])
    assert.deepStrictEqual(broken(records, { failOn: "critical" }), [
      { rule: "fail-on", passed: false, scans: ["clm_5", "clm_6"], checked: 7 }
    ])
  })

  it("reads the worst of the assessment and the findings that are not resolved", () => {
    const records = [
      completed(0, {
        findings: { coverage: "full", total: 1, items: [finding({ findingId: "a", severity: "high" })] }
      }),
      completed(1, {
        findings: {
          coverage: "full",
          total: 1,
          items: [finding({ findingId: "a", severity: "high", status: "resolved" })]
        }
      })
    ]
    assert.deepStrictEqual(broken(records, { failOn: "high" })[0]?.scans, ["clm_0"])
  })

  it("judges no scan that was not assessed, and says the gate is not conclusive", () => {
    const result = gate([inState(0, "still-running"), inState(1, "failed"), inState(2, "denied")], { failOn: "info" })
    assert.isTrue(result.passed)
    assert.isFalse(result.conclusive)
    assert.strictEqual(result.rules[0]?.checked, 0)
  })

  it("lets a partial scan fail a gate and, unless allowed, leaves the gate inconclusive", () => {
    assert.isFalse(gate([partial(0)], { failOn: "medium" }).passed)
    assert.isFalse(gate([partial(0)], { failOn: "critical" }).conclusive)
    assert.isTrue(gate([partial(0)], { failOn: "critical", allowPartial: true }).conclusive)
  })
})

describe("fail-on-new", () => {
  const findings = (status: "new" | "unchanged" | "resolved" | "unknown") => ({
    coverage: "full" as const,
    total: 1,
    items: [finding({ findingId: "a", severity: "high", status })]
  })
  const delta = (fields: Partial<NonNullable<Parameters<typeof completed>[1]>["delta"] & object>) => ({
    source: "vendor" as const,
    new: 0,
    resolved: 0,
    unchanged: 0,
    previousScanId: null,
    previousTotal: null,
    consistent: true,
    comparable: true,
    ...fields
  })

  it.each([
    ["a new finding", { findings: findings("new") }, false],
    ["a finding nothing is known about", { findings: findings("unknown") }, false],
    ["an unchanged finding", { findings: findings("unchanged") }, true],
    ["a resolved finding", { findings: findings("resolved") }, true],
    [
      "new findings that are only counted, in a scan that bad",
      {
        assessment: assessment("high"),
        findings: { coverage: "counts-only", total: 3, items: [] },
        delta: delta({ new: 1, unchanged: 2 })
      },
      false
    ],
    [
      "new findings that are only counted, in a milder scan",
      {
        assessment: assessment("low"),
        findings: { coverage: "counts-only", total: 3, items: [] },
        delta: delta({ new: 1, unchanged: 2 })
      },
      true
    ],
    [
      "nothing new by the vendor's count",
      {
        assessment: assessment("high"),
        findings: { coverage: "counts-only", total: 3, items: [] },
        delta: delta({ unchanged: 3 })
      },
      true
    ],
    ["a delta that cannot be compared", { assessment: assessment("high"), delta: delta({ comparable: false }) }, false],
    [
      "mild findings of a bad scan with nothing to compare",
      {
        assessment: assessment("high"),
        findings: {
          coverage: "full",
          total: 1,
          items: [finding({ findingId: "a", severity: "low", status: "unknown" })]
        }
      },
      false
    ],
    ["a bad scan with nothing to compare", { assessment: assessment("high") }, false],
    ["a mild scan with nothing to compare", { assessment: assessment("low") }, true]
  ] as const)("%s: holds %s", (_, fields, passed) => {
    assert.strictEqual(gate([completed(0, fields)], { failOnNew: "high" }).passed, passed)
  })

  it.each([
    ["more than before", 3, 2, false],
    ["as many as before", 3, 3, true],
    ["some, where nothing tells how many there were", 3, null, false]
  ] as const)(
    "counts findings that are not listed and that nothing compares as new where they are %s (V-01)",
    (_, total, were, passed) => {
      const record = completed(0, {
        assessment: assessment("high"),
        findings: { coverage: "counts-only", total, items: [] }
      })
      const before = {
        at: "2026-04-01T09:00:00.000Z",
        scanId: null,
        severity: "high",
        score: null,
        findings: were
      } as const
      const row = () => ({ trend: [before] })
      const made = ScanReport.fromRecords([record], info({ policy: { ...Gate.none, failOnNew: "high" }, row }))
      assert.strictEqual(made.gate.passed, passed)
    }
  )

  const Sample = Schema.Struct({
    severity: Severity.Severity,
    items: Schema.Array(
      Schema.Struct({
        severity: Severity.Severity,
        status: Schema.Literals(["new", "unchanged", "resolved", "unknown"])
      })
    ).check(Schema.isMaxLength(4)),
    delta: Schema.NullOr(Schema.Struct({ new: Schema.Literals([0, 1, 5]), comparable: Schema.Boolean })),
    threshold: Gate.Threshold
  })

  it.prop("is never broken where fail-on with the same threshold holds", [Sample], ([sample]) => {
    const records = [
      completed(0, {
        assessment: assessment(sample.severity),
        findings: {
          coverage: "full",
          total: sample.items.length,
          items: sample.items.map((item, at) => finding({ findingId: `f${at}`, ...item }))
        },
        delta: sample.delta === null ? null : delta(sample.delta)
      })
    ]
    if (gate(records, { failOn: sample.threshold }).passed) {
      assert.isTrue(gate(records, { failOnNew: sample.threshold }).passed)
    }
  })
})

describe("min-score", () => {
  const scored = (index: number, vendor: string, value: number) =>
    completed(index, { vendor, assessment: assessment("low", { score: score(value) }) })
  const unscored = (index: number, vendor: string) => completed(index, { vendor })

  it("holds exactly at the threshold and leaves scans without a score alone", () => {
    assert.deepStrictEqual(
      broken([scored(0, "appvet", 80), scored(1, "appvet", 79.9), unscored(2, "exona")], {
        minScore: [{ vendor: null, score: 80 }]
      }),
      [{ rule: "min-score", passed: false, scans: ["clm_1"], checked: 2 }]
    )
  })

  it("takes a vendor's own threshold instead of the common one", () => {
    const rules = broken([scored(0, "appvet", 60), scored(1, "other", 60)], {
      minScore: [
        { vendor: null, score: 70 },
        { vendor: "appvet", score: 50 }
      ]
    })
    assert.deepStrictEqual(rules, [
      { rule: "min-score", passed: false, scans: ["clm_1"], checked: 1 },
      { rule: "min-score", passed: true, scans: [], checked: 1 }
    ])
  })

  it("is broken by a scan of the named vendor without a score", () => {
    assert.deepStrictEqual(
      broken([unscored(0, "appvet"), scored(1, "appvet", 90)], { minScore: [{ vendor: "appvet", score: 1 }] }),
      [{ rule: "min-score", passed: false, scans: ["clm_0"], checked: 2 }]
    )
  })

  it("is broken when no scan of the run has a score", () => {
    assert.isFalse(
      gate([unscored(0, "exona"), unscored(1, "exona")], { minScore: [{ vendor: null, score: 1 }] }).passed
    )
  })

  it("turns round where lower is better", () => {
    const risk = (value: number) =>
      completed(0, { assessment: assessment("low", { score: { ...score(value), direction: "lower-is-better" } }) })
    assert.isTrue(gate([risk(20)], { minScore: [{ vendor: null, score: 30 }] }).passed)
    assert.isFalse(gate([risk(40)], { minScore: [{ vendor: null, score: 30 }] }).passed)
  })

  it.each([
    ["80", { vendor: null, score: 80 }],
    ["appvet=72.5", { vendor: "appvet", score: 72.5 }],
    [" 0 ", { vendor: null, score: 0 }]
  ])("reads %j", (text, expected) => {
    assert.deepStrictEqual(Gate.parseMinScore(text), Option.some(expected))
  })

  it.each(["", "x", "80%", "appvet=", "=80", "a b=80", "1e3", "NaN", "Infinity", "appvet=80=90"])(
    "refuses %j",
    (text) => {
      assert.isTrue(Option.isNone(Gate.parseMinScore(text)))
    }
  )
})

describe("min-grade", () => {
  const graded = (index: number, grade: string | null) =>
    completed(index, { assessment: assessment("low", { score: score(50, grade) }) })

  it("orders letters and signs, and is broken by a grade it does not know", () => {
    const grades = ["A+", "A", "A-", "B+", "B", "B-", "C", "F", "pass", null]
    const records = grades.map((grade, at) => graded(at, grade))
    assert.deepStrictEqual(broken(records, { minGrade: "b" }), [
      { rule: "min-grade", passed: false, scans: ["clm_5", "clm_6", "clm_7", "clm_8"], checked: 9 }
    ])
  })
})

describe("max-violations", () => {
  const counted = (index: number, total: number | null, compliance: "pass" | "fail" | null = "fail") =>
    completed(index, {
      assessment: assessment("low", { compliance }),
      findings: { coverage: "counts-only", total, items: [] }
    })

  it("reads scans that say whether their subject complies; an unknown number breaks it", () => {
    assert.deepStrictEqual(
      broken([counted(0, 3), counted(1, 4), counted(2, null), counted(3, 9, null)], { maxViolations: 3 }),
      [{ rule: "max-violations", passed: false, scans: ["clm_1", "clm_2"], checked: 3 }]
    )
  })
})

describe("a gate of a row's own", () => {
  const own = (
    records: ReadonlyArray<ScanRecord>,
    policy: Partial<Gate.GatePolicy>,
    gates: ReadonlyArray<Gate.OwnGate | null>
  ) => {
    const row = ({ index }: ScanRecord) => {
      const gate = gates[index] ?? null
      return gate === null ? {} : { gate }
    }
    return ScanReport.fromRecords(records, info({ policy: { ...Gate.none, ...policy }, row }))
  }
  const rules = (report: ScanReport.ScanReport) =>
    report.gate.rules.map(({ own: isOwn = false, passed, rule, scans, threshold }) => [
      `${rule} ${typeof threshold === "number" ? threshold : HostileText.toLine(threshold)}${isOwn ? " own" : ""}`,
      passed,
      scans.map(HostileText.toKey)
    ])

  it("is held against its row alone, and the stricter of it and the gate of the run wins", () => {
    const records = [withSeverity(0, "medium"), withSeverity(1, "medium"), withSeverity(2, "high")]
    const report = own(records, { failOn: "high" }, [{ failOn: "medium" }, null, { failOn: "critical" }])
    assert.deepStrictEqual(rules(report), [
      ["fail-on high", false, ["clm_2"]],
      ["fail-on medium own", false, ["clm_0"]]
    ])
    assert.strictEqual(report.exit.code, 1)
    // Another gate offline is the gate of the run: the row keeps its own.
    const lenient = ScanReport.regate(report, Gate.none)
    assert.deepStrictEqual(rules(lenient), [
      ["fail-on medium own", false, ["clm_0"]],
      ["fail-on critical own", true, []]
    ])
  })

  it("is broken by a scan without the value it names, unless that may be missing", () => {
    const scored = completed(0, { assessment: assessment("low", { score: score(90, "A") }) })
    const records = [scored, withSeverity(1, "low")]
    for (const gate of [{ minScore: 80 }, { minGrade: "B" }]) {
      const [first] = rules(own(records, {}, [gate, gate]))
      assert.deepStrictEqual(first?.slice(1), [false, ["clm_1"]])
      assert.isTrue(own(records, {}, [gate, { ...gate, allowMissing: true }]).gate.rules[0]?.passed)
    }
    assert.deepStrictEqual(rules(own(records, {}, [null, { maxViolations: 0 }]))[0]?.slice(1), [false, ["clm_1"]])
  })

  it("takes the higher of two scores, or the lower one where lower is better", () => {
    const risk = { ...score(50), direction: "lower-is-better" as const }
    const asks = (value: ReturnType<typeof score>, run: number, row: number) => {
      const records = [completed(0, { assessment: assessment("low", { score: value }) })]
      return own(records, { minScore: [{ vendor: null, score: run }] }, [{ minScore: row }]).gate.passed
    }
    assert.deepStrictEqual(
      [asks(score(50), 40, 60), asks(score(50), 60, 40), asks(score(50), 40, 45)],
      [false, false, true]
    )
    assert.deepStrictEqual([asks(risk, 60, 40), asks(risk, 40, 60), asks(risk, 60, 55)], [false, false, true])
  })

  it("may not do without a score that the run asks of its vendor by name (S-07)", () => {
    const scored = completed(0, { assessment: assessment("low", { score: score(90, "A") }) })
    const records = [scored, withSeverity(1, "low")]
    const policy = { minScore: [{ vendor: "appvet", score: 80 }] }
    assert.isFalse(own(records, policy, []).gate.passed)
    for (const minScore of [70, 80, 81]) {
      const gate = { minScore, allowMissing: true } as const
      assert.isFalse(own(records, policy, [gate, gate]).gate.passed, String(minScore))
    }
  })

  const Own = Gate.OwnGate.mapFields((fields) => ({
    ...fields,
    minScore: Schema.optionalKey(Schema.Literals([75, 80])),
    minGrade: Schema.optionalKey(Schema.Literals(["A", "F"])),
    maxViolations: Schema.optionalKey(Schema.Literals([0, 50]))
  }))
  const Row = Schema.Struct({
    severity: Severity.Severity,
    score: Schema.NullOr(Schema.Literals([40, 90])),
    violations: Schema.NullOr(Schema.Literals([0, 9])),
    // Rows of one vendor or one plan ask alike.
    gate: Schema.NullOr(Schema.Literals([0, 1]))
  })
  const Policy = Schema.Struct({
    failOn: Schema.NullOr(Gate.Threshold),
    failOnNew: Schema.NullOr(Gate.Threshold),
    minScore: Schema.Array(
      Schema.Struct({
        vendor: Schema.NullOr(Schema.Literals(["appvet", "exona"])),
        score: Schema.Literals([50, 75, 80])
      })
    ).check(Schema.isMaxLength(2)),
    minGrade: Schema.NullOr(Schema.Literals(["A", "C"])),
    maxViolations: Schema.NullOr(Schema.Literals([0, 5])),
    allowPartial: Schema.Boolean,
    allowIncomplete: Schema.Boolean,
    exitZero: Schema.Literal(false)
  })
  const Run = Schema.Struct({
    gates: Schema.Tuple([Own, Own]),
    rows: Schema.Array(Row).check(Schema.isMaxLength(4)),
    policy: Policy
  })

  it.prop(
    "never makes a run pass that would fail without it (S-07)",
    [Run],
    ([{ gates: asked, policy, rows: made }]) => {
      const records = made.map(({ score: value, severity, violations }, at) =>
        completed(at, {
          assessment: {
            ...assessment(severity, { score: value === null ? null : score(value, value > 80 ? "A" : "D") }),
            compliance: violations === null ? null : "fail"
          },
          findings: { coverage: "counts-only", total: violations, items: [] }
        })
      )
      const gates = made.map(({ gate }) => (gate === null ? null : asked[gate]))
      const without = own(records, policy, [])
      const withOwn = own(records, policy, gates)
      if (without.exit.code !== 0) assert.notStrictEqual(withOwn.exit.code, 0)
      if (!without.gate.passed) assert.isFalse(withOwn.gate.passed)
    }
  )

  it("takes back what the run allows, for its row alone", () => {
    const records = [partial(0), partial(1)]
    const report = own(records, { allowPartial: true, allowIncomplete: true }, [
      null,
      { allowPartial: false, allowIncomplete: false }
    ])
    assert.isFalse(report.gate.conclusive)
    assert.deepStrictEqual(
      report.exit.reasons.map(({ code, masked, scans }) => [code, masked, scans.map(HostileText.toKey)]),
      [
        [3, true, ["clm_0"]],
        [3, false, ["clm_1"]]
      ]
    )
    assert.strictEqual(report.exit.code, 3)
  })

  it("is stricter together with another one than either is", () => {
    assert.deepStrictEqual(
      Gate.both(
        { failOn: "high", minScore: 70, allowMissing: true },
        { failOn: "medium", minGrade: "B", allowPartial: false }
      ),
      { failOn: "medium", minScore: 70, minGrade: "B", allowPartial: false }
    )
  })
})
