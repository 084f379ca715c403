import { assert, describe, it } from "@effect/vitest"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import type { Severity } from "@scanpoll/core/model/Severity"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Diff from "@scanpoll/report/Diff"
import * as Format from "@scanpoll/report/Format"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Merge from "@scanpoll/report/Merge"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Arbitrary from "effect/Arbitrary"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { assessment, completed, finding, info, score, start } from "../fixtures.ts"

const day = 24 * 3_600_000

interface Row {
  readonly site?: string
  readonly account?: string
  readonly type?: string
  readonly rules?: ReadonlyArray<string>
  readonly points?: number
}

const record = (
  index: number,
  { account = "default", points = 95, rules = [], site = "https://a.example/", type = "" }: Row
) => ({
  ...completed(index, {
    name: site,
    assessment: assessment(points < 70 ? "high" : "low", { score: score(points) }),
    findings: {
      coverage: "full",
      total: rules.length,
      items: rules.map((rule) =>
        finding({ findingId: `appvet:${type}:${site}:${rule}`, ruleId: rule, severity: "high" })
      )
    }
  }),
  account
})

const report = (rows: ReadonlyArray<Row>): ScanReport.ScanReport =>
  ScanReport.fromRecords(
    rows.map((row, index): ScanRecord => record(index, row)),
    info({ row: ({ index }) => ({ scanType: rows[index]?.type ?? "" }) })
  )

const security: Row = { type: "security", rules: ["csp", "hsts"] }
const seo: Row = { type: "seo", rules: ["title", "meta", "links"] }

const render = (name: string, of: ScanReport.ScanReport) =>
  Effect.gen(function* () {
    const format = Format.byName(name)
    if (format === undefined) return assert.fail(`no format ${name}`)
    return [...(yield* Format.render(format, of))].join("")
  })

const statuses = (of: ScanReport.ScanReport) =>
  of.scans.flatMap((scan) => scan.findings.items.map((item) => item.status))

describe("identity of a subject under scan", () => {
  it("swapping two types of scan of one address in a plan changes nothing in a diff (V-05)", () => {
    const { summary } = Diff.compute(report([security, seo]), report([seo, security]))
    assert.deepStrictEqual([summary.new, summary.resolved, summary.unchanged, summary.comparable], [0, 0, 5, 2])
  })

  it.effect("a baseline keeps its acceptances when plan lines are swapped or added (V-05)", () =>
    Effect.gen(function* () {
      const known = yield* Baseline.make(report([security, seo]), { reason: "known" })
      const held = Baseline.apply(report([{ type: "accessibility" }, seo, security]), known, start)
      assert.deepStrictEqual([...new Set(statuses(held))], ["unchanged"])
      assert.isTrue(ScanReport.regate(held, { ...Gate.none, failOnNew: "high" }).gate.passed)
    })
  )

  it("nothing is resolved or compared across types and accounts (V-05)", () => {
    for (const other of [seo, { ...security, account: "second" }]) {
      const { subjects, summary } = Diff.compute(report([security]), report([other]))
      assert.deepStrictEqual([summary.resolved, summary.comparable, subjects.length], [0, 0, 2])
      assert.isNull(Baseline.apply(report([other]), Baseline.fromReport(report([security])), start).scans[0]?.previous)
    }
  })

  it("a trend follows the type and the account, not the line of the plan (V-05)", () => {
    const points = (points: number) => (row: Row) => ({ ...row, points })
    const now = Merge.withTrend(report([seo, security]), [report([points(11)(security), points(22)(seo)])])
    // The ids of the earlier scans are those of this report's rows in another order.
    assert.deepStrictEqual(
      now.scans.map((scan) => scan.trend.map((point) => point.score)),
      [[22], [11]]
    )
  })

  it("reports without types pair by what they found, and say so (V-05)", () => {
    const untyped = (row: Row, type: string): Row => ({
      rules: (row.rules ?? []).map((rule) => `${type}/${rule}`)
    })
    const typed = (row: Row) => ({ ...row, rules: (row.rules ?? []).map((rule) => rule) })
    const old = report([untyped(security, "x"), untyped(seo, "y")])
    const { subjects, summary } = Diff.compute(old, report([untyped(seo, "y"), untyped(security, "x")]))
    assert.deepStrictEqual([summary.new, summary.resolved], [0, 0])
    assert.include(HostileText.toLine(subjects[0]?.warnings[0] ?? HostileText.of("")), "does not say")
    const one = Diff.compute(report([{ rules: ["csp"] }]), report([typed(security)]))
    assert.strictEqual(one.subjects.length, 1)
    assert.strictEqual(one.subjects[0]?.warnings.length, 1)
  })

  it("a new upload of a dataset pairs with the one before, by policy and mapping (V-22)", () => {
    const upload = (name: string, total: number): ScanReport.ScanReport => {
      const one = completed(0, {
        vendor: "compliance",
        findings: {
          coverage: "counts-only",
          total,
          items: [finding({ findingId: `compliance:violations:p:m`, ruleId: "compliance/violations" })]
        }
      })
      const subject = {
        kind: "dataset" as const,
        id: `policy=p,upload=${name},mapping=m`,
        name,
        series: "policy=p,mapping=m"
      }
      return ScanReport.fromRecords([{ ...one, subject }], info())
    }
    const held = Baseline.apply(upload("u2", 5), Baseline.fromReport(upload("u1", 7)), start)
    assert.deepStrictEqual([held.scans[0]?.delta?.new, held.scans[0]?.delta?.unchanged], [0, 5])
    assert.strictEqual(Diff.compute(upload("u1", 7), upload("u2", 5)).subjects.length, 1)
  })

  const order = Arbitrary.array(Arbitrary.schema(Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 1_000 }))), {
    minLength: 12,
    maxLength: 12
  })
  const rows: ReadonlyArray<Row> = [
    security,
    seo,
    { ...security, account: "second" },
    { ...seo, account: "second" },
    { type: "seo", site: "https://b.example/", rules: ["title"] },
    { type: "security", site: "https://b.example/" }
  ]
  const shuffled = <A>(items: ReadonlyArray<A>, by: ReadonlyArray<number>): ReadonlyArray<A> =>
    [...items.entries()].toSorted(([a], [b]) => (by[a] ?? 0) - (by[b] ?? 0) || a - b).map(([, item]) => item)

  it.prop(
    "no order of plan lines or of a vendor's list and no score changes a pairing (V-05)",
    [order, order],
    ([lines, scores]) => {
      const later = shuffled(rows, lines).map((row, at) => ({
        ...row,
        rules: shuffled(row.rules ?? [], scores),
        points: (scores[at] ?? 0) % 101
      }))
      const { summary } = Diff.compute(report(rows), report(later))
      assert.deepStrictEqual([summary.new, summary.resolved, summary.comparable], [0, 0, rows.length])
    }
  )
})

describe("identity in formats", () => {
  const three = report([
    { type: "security", points: 60 },
    { type: "seo", points: 60 },
    { type: "seo", points: 60, account: "second" },
    { type: "seo", points: 60 }
  ])

  const ids = (of: ScanReport.ScanReport) =>
    Effect.gen(function* () {
      const sarif = Array.from(
        (yield* render("sarif", of)).matchAll(/"primaryLocationLineHash":"([^"]*)"/g),
        ([, id]) => id
      )
      const dojo = Array.from(
        (yield* render("defectdojo", of)).matchAll(/"unique_id_from_tool": ?"([^"]*)"/g),
        ([, id]) => id
      )
      const ocsf = Array.from((yield* render("ocsf", of)).matchAll(/"finding_info":\{"uid":"([^"]*)"/g), ([, id]) => id)
      return [sarif, dojo, ocsf]
    })

  it.effect("rows of one address differ in every id by type, account and number (V-06)", () =>
    Effect.gen(function* () {
      for (const found of yield* ids(three)) assert.deepStrictEqual([found.length, new Set(found).size], [4, 4])
    })
  )

  it.effect("findings of one address under two accounts have two ids (V-06)", () =>
    Effect.gen(function* () {
      for (const found of yield* ids(report([security, { ...security, account: "second" }]))) {
        assert.deepStrictEqual([found.length, new Set(found).size], [4, 4])
      }
    })
  )

  it.effect("ids do not depend on the order of the plan nor on scores (V-06)", () =>
    Effect.gen(function* () {
      const one = yield* ids(report([security, seo, { type: "seo", account: "second", points: 10 }]))
      const other = yield* ids(report([{ type: "seo", account: "second", points: 20 }, seo, security]))
      assert.deepStrictEqual(
        one.map((found) => new Set(found)),
        other.map((found) => new Set(found))
      )
    })
  )

  it.effect("a JUnit test is named by subject, type and account, the same in every run (U-01)", () =>
    Effect.gen(function* () {
      const text = yield* render("junit", three)
      const names = Array.from(
        text.matchAll(/<testcase classname="scanpoll.appvet" name="([^"]*)"/g),
        ([, name]) => name
      )
      assert.deepStrictEqual(names, [
        "https://a.example/ (security)",
        "https://a.example/ (seo)",
        "https://a.example/ (seo) [second]",
        "https://a.example/ (seo) #2"
      ])
      assert.include(text, "key: appvet:scan_0")
    })
  )

  it.effect("JUnit marks what was accepted, and its root has no skipped (U-01)", () =>
    Effect.gen(function* () {
      const known = yield* Baseline.make(report([security]), { reason: "until the relaunch", by: "Ada" })
      const text = yield* render("junit", Baseline.apply(report([security]), known, start))
      assert.match(text, /- high: Finding [^\n]*csp \(accepted by Ada: until the relaunch\)/)
      assert.notMatch(text, /<testsuites[^>]*skipped=/)
      assert.match(text, /<testsuite [^>]*skipped=/)
    })
  )
})

describe("acceptance", () => {
  const graded = (points: number, ...rules: ReadonlyArray<string>) => report([{ type: "security", points, rules }])
  const gate = { ...Gate.none, failOn: "low", minScore: [{ vendor: null, score: 90 }] } as const

  it.effect("an accepted assessment breaks no gate until it gets worse (V-07)", () =>
    Effect.gen(function* () {
      const known = yield* Baseline.make(graded(65, "csp"), { reason: "planned", assessments: true })
      const verdict = (points: number, at = start) =>
        ScanReport.regate(Baseline.apply(graded(points, "csp"), known, at), gate).gate.passed
      assert.deepStrictEqual([verdict(65), verdict(66), verdict(64)], [true, true, false])
    })
  )

  it.effect("an accepted assessment counts again when it expires, and the row says so (V-07)", () =>
    Effect.gen(function* () {
      const known = yield* Baseline.make(graded(65), { reason: "planned", until: start + day, assessments: true })
      const held = ScanReport.regate(Baseline.apply(graded(65), known, start + 2 * day), gate)
      assert.isFalse(held.gate.passed)
      assert.include(
        HostileText.toLine(held.scans[0]?.warnings.at(-1) ?? HostileText.of("")),
        "accepted until 2026-04-04"
      )
    })
  )

  it.effect("rewriting a baseline keeps who accepted what, why and until when (V-14)", () =>
    Effect.gen(function* () {
      const first = yield* Baseline.make(graded(65, "csp", "hsts"), {
        reason: "planned",
        until: start + day,
        assessments: true,
        by: "Ada"
      })
      const second = yield* Baseline.make(graded(65, "csp", "dns"), { previous: first })
      const told = second.subjects[0]?.findings.map(({ by, reason, until }) => [by ?? null, reason, until])
      assert.deepStrictEqual(JSON.parse(JSON.stringify(told)), [
        ["Ada", "planned", "2026-04-04T09:00:00.000Z"],
        [null, null, null]
      ])
      assert.isNotNull(second.subjects[0]?.assessment?.reason ?? null)
    })
  )

  it.effect("an accepted finding counts again when it gets worse, also after the baseline was rewritten (V-07)", () =>
    Effect.gen(function* () {
      const of = (severity: Severity) => {
        const one = finding({ findingId: "appvet:csp", severity })
        const findings = { coverage: "full", total: 1, items: [one] } as const
        return ScanReport.fromRecords([completed(0, { assessment: assessment("none"), findings })], info())
      }
      const known = yield* Baseline.make(of("low"), { reason: "planned" })
      const verdict = (baseline: Baseline.Baseline, severity: Severity) => {
        const held = Baseline.apply(of(severity), baseline, start)
        const { passed } = ScanReport.regate(held, { ...Gate.none, failOn: "low" }).gate
        return [passed, held.scans[0]?.warnings.length, held.scans[0]?.findings.items[0]?.status]
      }
      const again = yield* Baseline.make(of("high"), { previous: known })
      for (const baseline of [known, again]) {
        assert.deepStrictEqual(verdict(baseline, "low"), [true, 0, "unchanged"])
        assert.deepStrictEqual(verdict(baseline, "info"), [true, 0, "unchanged"])
        assert.deepStrictEqual(verdict(baseline, "high"), [false, 1, "unchanged"])
      }
      const held = Baseline.apply(of("high"), known, start)
      assert.isFalse(ScanReport.regate(held, { ...Gate.none, failOnNew: "high" }).gate.passed)
      // Whoever decides anew accepts it as it is.
      const anew = yield* Baseline.make(of("high"), { previous: known, reason: "still planned" })
      assert.deepStrictEqual(verdict(anew, "high"), [true, 0, "unchanged"])
    })
  )

  it.effect(
    "an acceptance holds to the millisecond before it ends, in whatever time zone its end is written (V-14)",
    () =>
      Effect.gen(function* () {
        const text = Baseline.toText(
          yield* Baseline.make(graded(65, "csp"), { reason: "planned", until: start, assessments: true })
        )
        const end = Date.UTC(2026, 11, 24, 23, 59, 59, 999)
        for (const [written, at] of [
          ["2026-12-24", end],
          ["2026-12-25T00:59:59.999+01:00", end],
          ["2026-12-24T13:59:59.999-10:00", end],
          ["2026-12-24T10:00Z", Date.UTC(2026, 11, 24, 10)]
        ] as const) {
          const known = yield* Baseline.parse(text.replaceAll(/"until": "[^"]*"/g, `"until": "${written}"`))
          const passes = (now: number) =>
            ScanReport.regate(Baseline.apply(graded(65, "csp"), known, now), gate).gate.passed
          assert.deepStrictEqual([passes(at - 1), passes(at), passes(at + 1)], [true, false, false], written)
          assert.deepStrictEqual(Baseline.review(graded(65, "csp"), known, at - 1), [], written)
          assert.include(Baseline.review(graded(65, "csp"), known, at)[0], "2 entries that expired", written)
        }
      })
  )

  it.effect("expired and unmatched entries and a baseline that matches nothing are reported (V-14)", () =>
    Effect.gen(function* () {
      const known = yield* Baseline.make(graded(65, "csp"), { reason: "planned", until: start + day })
      assert.deepStrictEqual(Baseline.review(graded(65, "csp"), known, start), [])
      assert.include(Baseline.review(graded(65, "csp"), known, start + 2 * day)[0], "expired")
      assert.include(Baseline.review(graded(65), known, start)[0], "accepts 1 entry that this run does not have")
      assert.include(Baseline.review(report([seo]), known, start)[0], "matches no scan of this run")
    })
  )

  it.effect("a date written by hand is read as the command reads it, and a wrong one is refused in words (V-14)", () =>
    Effect.gen(function* () {
      const text = Baseline.toText(
        yield* Baseline.make(graded(65, "csp"), { reason: "planned", until: start, assessments: true })
      )
      const until = (date: string) =>
        Baseline.parse(
          text
            .replaceAll('2026-04-03T09:00:00.000Z"\n', `${date}"\n`)
            .replaceAll(/"until": "[^"]*"/g, `"until": "${date}"`)
        )
      const read = yield* until("2026-12-24")
      assert.strictEqual(read.subjects[0]?.findings[0]?.until, "2026-12-24T23:59:59.999Z")
      assert.strictEqual(
        (yield* until("2026-12-24T10:00:00+01:00")).subjects[0]?.findings[0]?.until,
        "2026-12-24T09:00:00.000Z"
      )
      const { message } = yield* Effect.flip(until("2026-02-30"))
      assert.include(message, "subjects[0].assessment.until must be null, a day such as 2027-01-31")
      assert.notInclude(message, "RegExp")
    })
  )

  it.effect("a baseline of version 1 is read, matched by its own ids, and written as version 2 (V-05)", () =>
    Effect.gen(function* () {
      const two = Baseline.fromReport(report([security, seo]))
      const old = {
        ...two,
        baselineVersion: 1,
        subjects: two.subjects.map(({ assessment: _new, scanType: _type, ...subject }, occurrence) => ({
          ...subject,
          occurrence,
          findings: subject.findings.map((entry) => ({ ...entry, reason: "old reason", until: null }))
        }))
      }
      const read = yield* Baseline.parse(JSON.stringify(old))
      const held = Baseline.apply(report([seo, security]), read, start)
      assert.deepStrictEqual(
        statuses(held),
        Array.from({ length: 5 }, () => "unchanged")
      )
      assert.include(Baseline.review(report([seo, security]), read, start)[0], "baselineVersion 1")
      assert.include(Baseline.toText(yield* Baseline.make(report([seo]), { previous: read })), '"baselineVersion": 2')
      const again = yield* Baseline.make(report([seo, security]), { previous: read })
      assert.strictEqual(JSON.stringify(again).match(/old reason/g)?.length, 5)
    })
  )
})

describe("progress", () => {
  it("a row that ended has no progress of an earlier poll (V-09)", () => {
    const ended = { ...completed(0), progress: { fraction: 0.45, done: 8, total: 15 } }
    assert.isNull(ScanReport.fromRecords([ended], info()).scans[0]?.progress)
  })
})
