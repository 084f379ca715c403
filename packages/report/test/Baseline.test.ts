import { assert, describe, it } from "@effect/vitest"
import type { Finding, Findings } from "@scanpoll/core/model/ScanOutcome"
import * as ScanRecord from "@scanpoll/core/model/ScanRecord"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Json from "../src/internal/formats/json.ts"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import { assessment, completed, finding, inState, info, start } from "./fixtures.ts"

const day = 24 * 3_600_000

const full = (...ids: ReadonlyArray<string>): Findings => ({
  coverage: "full",
  total: ids.length,
  items: ids.map((findingId) => finding({ findingId, severity: "high" }))
})

const counted = (total: number, status: Finding["status"] = "unknown"): Findings => ({
  coverage: "counts-only",
  total,
  items:
    total === 0 ? [] : [finding({ findingId: "violations", severity: "high", status, title: `${total} violations` })]
})

const site = (scanId: string, findings: Findings, severity: "low" | "high" = "low"): ScanRecord.ScanRecord => ({
  ...completed(0, { name: "https://a.example/", findings, assessment: assessment(severity) }),
  claimId: scanId
})

const run = (...records: ReadonlyArray<ScanRecord.ScanRecord>) => ScanReport.fromRecords(records, info())

const statuses = (report: ScanReport.ScanReport) =>
  report.scans.flatMap((scan) =>
    scan.findings.items.map(
      (item) => `${HostileText.toKey(item.findingId)} ${item.status}${item.suppression === null ? "" : " accepted"}`
    )
  )

const failsOnNew = (report: ScanReport.ScanReport) =>
  !ScanReport.regate(report, { ...Gate.none, failOnNew: "high" }).gate.passed

const lines = (texts: ReadonlyArray<HostileText.HostileText>) => texts.map((text) => HostileText.toLine(text))

describe("make", () => {
  it.effect.each(ScanRecord.states.filter((state) => state !== "completed"))(
    "refuses a run with a scan that is %s",
    (state) =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(Baseline.make(run(completed(0), inState(1, state))))
        assert.strictEqual(error.reason, "incomplete")
        assert.deepStrictEqual(lines(error.scans), ["clm_1"])
      })
  )

  it.effect("keeps what a run of a part of the plan did not look at, and misses nothing of it (issue 19, V-14)", () =>
    Effect.gen(function* () {
      const other = completed(1, { name: "b", findings: full("y"), assessment: assessment("low") })
      const whole = yield* Baseline.make(run(site("a", full("x")), other), { reason: "known" })
      const part = ScanReport.fromRecords([site("a", full("x", "z"))], info({ part: { only: ["a"], of: 2 } }))
      assert.deepStrictEqual(Baseline.review(part, whole, start), [])
      const again = yield* Baseline.make(part, { previous: whole })
      assert.deepStrictEqual(
        again.subjects.map(({ findings, subject }) => [
          HostileText.toKey(subject.name),
          findings.map(({ findingId, reason }) => [HostileText.toKey(findingId), reason !== null])
        ]),
        [
          ["b", [["y", true]]],
          [
            "https://a.example/",
            [
              ["x", true],
              ["z", false]
            ]
          ]
        ]
      )
    })
  )

  it.effect("refuses a run without scans", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(Baseline.make(run()))
      assert.strictEqual(error.reason, "incomplete")
    })
  )

  it.effect("is read back as it was written", () =>
    Effect.gen(function* () {
      const baseline = yield* Baseline.make(run(site("a", full("x", "y"))), { reason: "seen", until: start + day })
      const read = yield* Baseline.parse(Baseline.toText(baseline))
      assert.deepStrictEqual(read, baseline)
    })
  )

  it.effect("keeps what was accepted before, under its own reason", () =>
    Effect.gen(function* () {
      const first = yield* Baseline.make(run(site("a", full("x"))), { reason: "old reason" })
      const later = Baseline.apply(run(site("b", full("x", "y"))), first, start)
      const second = yield* Baseline.make(later, { reason: "new reason" })
      assert.deepStrictEqual(
        second.subjects[0]?.findings.map((one) => (one.reason === null ? null : HostileText.toLine(one.reason))),
        ["old reason", "new reason"]
      )
    })
  )
})

describe("parse", () => {
  it.effect("takes any report for a baseline in which all is known and nothing accepted", () =>
    Effect.gen(function* () {
      const text = [...Json.render(run(site("a", full("x")), inState(1, "still-running")))].join("")
      const baseline = yield* Baseline.parse(text)
      assert.strictEqual(baseline.subjects.length, 1)
      const held = Baseline.apply(run(site("b", full("x", "y"))), baseline, start)
      assert.deepStrictEqual(statuses(held), ["x unchanged", "y new"])
    })
  )

  it.effect.each([
    ["{", "not-json"],
    ["{}", "wrong-shape"],
    ['{"baselineVersion":3}', "wrong-version"],
    ['{"baselineVersion":2}', "wrong-shape"],
    ['{"baselineVersion":1}', "wrong-shape"],
    ['{"schemaVersion":9}', "wrong-version"]
  ] as const)("refuses %s", ([text, reason]) =>
    Effect.gen(function* () {
      assert.strictEqual((yield* Effect.flip(Baseline.parse(text))).reason, reason)
    })
  )
})

describe("apply", () => {
  const known = Baseline.fromReport(run(site("a", full("x", "y"))))

  it("tells new, unchanged and resolved apart, and adds them up", () => {
    const held = Baseline.apply(run(site("b", full("y", "z"))), known, start)
    assert.deepStrictEqual(statuses(held), ["y unchanged", "z new", "x resolved"])
    const [scan] = held.scans
    assert.deepStrictEqual(JSON.parse(JSON.stringify(scan?.delta)), {
      source: "computed",
      new: 1,
      unchanged: 1,
      resolved: 1,
      previousScanId: "scan_0",
      previousTotal: 2,
      consistent: true,
      comparable: true
    })
    assert.strictEqual(scan?.findings.bySeverity.high, 2)
    assert.isTrue(failsOnNew(held))
  })

  it("breaks no gate on new findings when there are none", () => {
    assert.isFalse(failsOnNew(Baseline.apply(run(site("b", full("x", "y"))), known, start)))
    assert.isTrue(failsOnNew(run(site("b", full("x", "y")))))
  })

  it("an identical report changes nothing, and an empty one resolves only where both are whole", () => {
    assert.deepStrictEqual(statuses(Baseline.apply(run(site("b", full("x", "y"))), known, start)), [
      "x unchanged",
      "y unchanged"
    ])
    assert.deepStrictEqual(statuses(Baseline.apply(run(site("b", full())), known, start)), ["x resolved", "y resolved"])
    const unknown = { coverage: "none", total: null, items: [] } as const
    const [scan] = Baseline.apply(run(site("b", unknown)), known, start).scans
    assert.deepStrictEqual(scan?.findings.items, [])
    assert.isFalse(scan?.delta?.comparable)
    assert.strictEqual(scan?.delta?.resolved, 0)
  })

  it.each(["still-running", "failed", "denied", "interrupted"] as const)(
    "a scan that is %s resolves nothing",
    (state) => {
      const subject = { kind: "url" as const, id: "https://a.example/", name: "https://a.example/" }
      const [scan] = Baseline.apply(run(inState(0, state, { subject })), known, start).scans
      assert.deepStrictEqual(scan?.findings.items, [])
      assert.isNull(scan?.delta)
    }
  )

  it("calls everything new where the baseline does not know the subject", () => {
    const other = run(completed(0, { name: "https://b.example/", findings: full("x") }))
    assert.deepStrictEqual(statuses(Baseline.apply(other, known, start)), ["x new"])
  })

  it("counts a finding that occurs more often as new", () => {
    assert.deepStrictEqual(statuses(Baseline.apply(run(site("b", full("x", "x", "y"))), known, start)), [
      "x unchanged",
      "x new",
      "y unchanged"
    ])
  })

  it("is new when the scan as a whole got worse, though no finding is", () => {
    assert.isTrue(
      failsOnNew(Baseline.apply(run(site("b", full(), "high")), Baseline.fromReport(run(site("a", full()))), start))
    )
    assert.isFalse(
      failsOnNew(
        Baseline.apply(run(site("b", full(), "high")), Baseline.fromReport(run(site("a", full(), "high"))), start)
      )
    )
  })

  it("compares counts where a vendor only counts, and calls nothing resolved", () => {
    const base = Baseline.fromReport(run(site("a", counted(5))))
    const fewer = Baseline.apply(run(site("b", counted(3))), base, start)
    assert.deepStrictEqual(statuses(fewer), ["violations unchanged"])
    assert.strictEqual(fewer.scans[0]?.delta?.resolved, 0)
    const more = Baseline.apply(run(site("b", counted(6))), base, start)
    assert.deepStrictEqual(statuses(more), ["violations new"])
    assert.strictEqual(more.scans[0]?.delta?.new, 1)
    assert.isTrue(failsOnNew(more))
  })

  it("tells scans of one subject apart by their order", () => {
    const two = (first: Findings, second: Findings) => run(site("a", first), { ...site("b", second), index: 1 })
    const held = Baseline.apply(two(full("x"), full("y")), Baseline.fromReport(two(full("x"), full("y"))), start)
    assert.deepStrictEqual(statuses(held), ["x unchanged", "y unchanged"])
  })
})

describe("an accepted finding", () => {
  const accepted = Baseline.make(run(site("a", full("x"))), { reason: "ticket 7", until: start + day })

  it.effect("counts for no gate and no severity, and stays listed", () =>
    Effect.gen(function* () {
      const held = Baseline.apply(run(site("b", full("x"))), yield* accepted, start)
      assert.deepStrictEqual(statuses(held), ["x unchanged accepted"])
      assert.strictEqual(held.scans[0]?.severity, "low")
      assert.isTrue(ScanReport.regate(held, { ...Gate.none, failOn: "high" }).gate.passed)
      assert.isFalse(failsOnNew(held))
    })
  )

  it.effect("is back when it expires, as new and by name", () =>
    Effect.gen(function* () {
      const held = Baseline.apply(run(site("b", full("x"))), yield* accepted, start + day)
      assert.deepStrictEqual(statuses(held), ["x new"])
      assert.strictEqual(held.scans[0]?.severity, "high")
      assert.isTrue(failsOnNew(held))
      assert.deepStrictEqual(lines(held.scans[0]?.warnings ?? []), [
        "accepted until 2026-04-04T09:00:00.000Z and back: Finding x (x), accepted because: ticket 7"
      ])
    })
  )

  it.effect("that is only counted is accepted up to its number", () =>
    Effect.gen(function* () {
      const baseline = yield* Baseline.make(run(site("a", counted(5))), { reason: "known" })
      assert.deepStrictEqual(statuses(Baseline.apply(run(site("b", counted(5))), baseline, start)), [
        "violations unchanged accepted"
      ])
      assert.deepStrictEqual(statuses(Baseline.apply(run(site("b", counted(6))), baseline, start)), ["violations new"])
    })
  )
})
