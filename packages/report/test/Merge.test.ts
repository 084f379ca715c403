import { assert, describe, it } from "@effect/vitest"
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Merge from "@scanpoll/report/Merge"
import * as ScanReport from "@scanpoll/report/ScanReport"
import { assessment, completed, inState, info, score, start } from "./fixtures.ts"

const run = (fields: Parameters<typeof info>[0], ...records: ReadonlyArray<ScanRecord>) =>
  ScanReport.fromRecords(records, info(fields))

const rows = (report: ScanReport.ScanReport) =>
  report.scans.map(
    (scan) => `${scan.index} ${scan.claimId === null ? "" : HostileText.toKey(scan.claimId)} ${scan.state}`
  )

describe("merge", () => {
  it("puts shards one after the other; counts and exit code are those of all rows", () => {
    const a = run({ id: "a", startedAt: start + 5 }, completed(0), inState(1, "failed"))
    const b = run({ id: "b", finishedAt: start + 999_000 }, inState(2, "denied"))
    const merged = Merge.merge(a, [b])
    assert.deepStrictEqual(rows(merged), ["0 clm_0 completed", "1 clm_1 failed", "2 clm_2 denied"])
    assert.strictEqual(merged.summary.total, 3)
    assert.strictEqual(merged.exit.code, 4)
    assert.strictEqual(merged.run.startedAt, "2026-04-03T09:00:00.000Z")
    assert.strictEqual(merged.run.finishedAt, "2026-04-03T09:16:39.000Z")
    assert.match(HostileText.toKey(merged.run.id), /^merged-[0-9a-f]{16}$/)
  })

  it("takes what became of a scan later, whatever the order of the files", () => {
    const open = run({ id: "a" }, completed(0), inState(1, "still-running"))
    const later = run({ id: "b" }, { ...completed(1), index: 0, claimId: "clm_other", observedAt: start + 900_000 })
    for (const merged of [Merge.merge(open, [later]), Merge.merge(later, [open])]) {
      assert.strictEqual(merged.summary.total, 2)
      assert.strictEqual(merged.exit.code, 0)
    }
  })

  it("keeps an outcome though another file saw less of the scan later", () => {
    const done = run({ id: "a" }, completed(0))
    const blind = run({ id: "b" }, inState(0, "unreachable", { observedAt: start + 900_000 }))
    assert.strictEqual(Merge.merge(blind, [done]).scans[0]?.state, "completed")
    assert.strictEqual(Merge.merge(done, [blind]).scans[0]?.state, "completed")
  })

  it("is of a part of the plan where no report has all of it (issue 19)", () => {
    const part = (word: string, ...records: ReadonlyArray<ScanRecord>) =>
      run({ id: word, part: { only: [word], of: 3 } }, ...records)
    const one = part("shop", completed(0))
    const two = part("blog", completed(1))
    const words = ({ run: { part: found } }: ScanReport.ScanReport) =>
      found === undefined ? null : { of: found.of, only: found.only.map((word) => HostileText.toLine(word)) }
    assert.deepStrictEqual(words(Merge.merge(one, [two])), { of: 3, only: ["shop", "blog"] })
    assert.isNull(words(Merge.merge(one, [two, part("cafe", completed(2))])))
    assert.isNull(words(Merge.merge(one, [run({ id: "all" }, completed(0), completed(1), completed(2))])))
    const other = Merge.merge(one, [run({ id: "other", plan: "other.yaml" }, completed(5))])
    assert.deepStrictEqual(words(other), { of: 4, only: ["shop"] })
  })

  it("keeps both rows of a target that was given twice", () => {
    const twice = run({ id: "a" }, completed(0), { ...completed(0), index: 1 })
    assert.strictEqual(Merge.merge(twice, [twice]).summary.total, 2)
    assert.strictEqual(Merge.merge(twice, [run({ id: "b" }, completed(5))]).summary.total, 3)
  })

  it("gives one report back as it is, under the gate asked for", () => {
    const alone = run({ id: "a" }, completed(0))
    assert.deepStrictEqual(JSON.stringify(Merge.merge(alone, [])), JSON.stringify(alone))
    assert.strictEqual(Merge.merge(alone, [], { ...Gate.none, failOn: "low" }).exit.code, 1)
  })

  it("holds each row against what its own reports ask, whatever the order of the files (V-05, V-06)", () => {
    const policy = { ...Gate.none, failOn: "low" as const }
    const strict = run({ id: "a", policy }, completed(0))
    const silent = run({ id: "b" }, completed(1))
    const other = run({ id: "c", policy: { ...policy, failOn: "critical" } }, completed(2))
    for (const files of [
      [strict, silent, other],
      [silent, other, strict],
      [other, silent, strict]
    ]) {
      const [first = strict, ...others] = files
      const merged = Merge.merge(first, others)
      assert.strictEqual(merged.exit.code, 1)
      assert.deepStrictEqual(
        merged.gate.rules
          .map(({ passed, scans, threshold }) =>
            [JSON.stringify(threshold), passed, ...scans.map(HostileText.toKey)].join(" ")
          )
          .toSorted(),
        ['"critical" true', '"low" false clm_0']
      )
      // What is merged once more says the same.
      assert.strictEqual(Merge.merge(silent, [merged]).exit.code, 1)
    }
    // Alike everywhere it is the gate of the whole.
    const alike = Merge.merge(strict, [run({ id: "d", policy }, completed(3))])
    assert.deepStrictEqual([alike.gate.policy, alike.scans[0]?.gate], [policy, undefined])
  })

  it("judges a scan that was waited for later as the run does that asked for it (V-08)", () => {
    const policy = { ...Gate.none, failOn: "low" as const }
    const open = run({ id: "a", policy }, inState(0, "still-running"))
    const later = run({ id: "b" }, { ...completed(0), observedAt: start + 900_000 })
    const bare = run({ id: "c" }, inState(0, "still-running"))
    const gate = { failOn: "low" as const }
    const own = ScanReport.withScans(
      bare,
      bare.scans.map((scan) => ({ ...scan, gate }))
    )
    for (const first of [open, own]) {
      for (const merged of [Merge.merge(first, [later]), Merge.merge(later, [first])]) {
        assert.deepStrictEqual([merged.summary.total, merged.exit.code], [1, 1])
      }
    }
    assert.deepStrictEqual(Merge.merge(later, [open]).gate.policy, policy)
  })

  it("keeps an allowance for the rows of the report that gives it (V-08)", () => {
    const allows = { ...Gate.none, failOn: "critical" as const, allowIncomplete: true }
    const lenient = run({ id: "a", policy: allows }, inState(0, "failed"))
    const strict = run({ id: "b", policy: { ...allows, allowIncomplete: false } }, inState(1, "failed"))
    const fine = run({ id: "c", policy: { ...allows, allowIncomplete: false } }, completed(2))
    const codes = (one: ScanReport.ScanReport, other: ScanReport.ScanReport) => [
      Merge.merge(one, [other]).exit.code,
      Merge.merge(other, [one]).exit.code
    ]
    assert.deepStrictEqual(codes(lenient, strict), [3, 3])
    assert.deepStrictEqual(codes(lenient, fine), [0, 0])
    const left = run({ id: "d", policy: fine.gate.policy, leftOut: ["left out: 3 targets"] }, completed(3))
    assert.deepStrictEqual(codes(lenient, left), [3, 3])
  })

  it("keeps faults of ours and an interrupt without rows", () => {
    const faulty = ScanReport.withFault(run({ id: "a" }, completed(0)), { code: 74, message: "disk" })
    assert.strictEqual(Merge.merge(run({ id: "b" }, completed(1)), [faulty]).exit.code, 74)
    const stopped = run({ id: "c", interrupted: true }, completed(2))
    assert.strictEqual(Merge.merge(run({ id: "b" }, completed(1)), [stopped]).exit.code, 130)
  })

  it("stays without a verdict where a file says that targets were left out (V-08)", () => {
    const resumed = run({ id: "a", leftOut: ["left out: 3 targets of the plan"] }, completed(0))
    const other = run({ id: "b" }, completed(1))
    for (const merged of [Merge.merge(resumed, [other]), Merge.merge(other, [resumed])]) {
      assert.deepStrictEqual([resumed.exit.code, merged.exit.code], [3, 3])
    }
  })

  it("takes from the reports of one run what became of rows that were not started (V-08)", () => {
    const stopped = run({ id: "a", interrupted: true }, completed(0), {
      ...inState(1, "not-started"),
      claimId: null,
      ticket: null
    })
    const ended = run({ id: "a", finishedAt: start + 999_000 }, completed(0), completed(1))
    for (const merged of [Merge.merge(stopped, [ended]), Merge.merge(ended, [stopped])]) {
      assert.deepStrictEqual([rows(merged), merged.exit.code], [rows(ended), 0])
    }
    // Another run of the same targets says nothing about the row that was never begun.
    const older = run({ id: "b", finishedAt: start - 999_000 }, completed(0), completed(1))
    assert.strictEqual(Merge.merge(stopped, [older]).summary.byState["not-started"], 1)
  })

  it("keeps no fuller answer of before over a later one that says worse (V-01)", () => {
    const lost = { status: "unavailable", reason: "500" } as const
    const again = completed(0, {
      assessment: assessment("critical"),
      findings: { coverage: "unavailable", total: null, items: [] },
      evidence: {
        assessment: { status: "there", reason: null },
        findings: lost,
        delta: { status: "not-offered", reason: null }
      }
    })
    const fine = run(
      { id: "a", policy: { ...Gate.none, failOn: "high" } },
      completed(0, { assessment: assessment("low") })
    )
    const worse = run({ id: "b" }, { ...again, observedAt: start + 900_000 })
    assert.deepStrictEqual([fine.exit.code, Merge.merge(fine, [worse]).exit.code], [0, 1])
  })

  it("makes one row of a scan that one file knows by its claim, another by its id and a third by both", () => {
    const claimed = run({ id: "a" }, { ...inState(0, "in-doubt"), ticket: null })
    const named = run({ id: "b" }, { ...inState(0, "still-running"), claimId: null })
    const both = run({ id: "c" }, completed(0))
    for (const files of [
      [claimed, named, both],
      [both, claimed, named],
      [named, both, claimed]
    ]) {
      const [first = both, ...others] = files
      assert.deepStrictEqual(rows(Merge.merge(first, others)), ["0 clm_0 completed"])
    }
  })

  it("keeps both rows of two claims to which the vendor gave one id (V-11)", () => {
    const second = { ...completed(0), index: 1, claimId: "clm_second" }
    const both = run({ id: "a" }, completed(0), second)
    const later = run({ id: "b" }, { ...second, index: 0, observedAt: start + 900_000 })
    assert.strictEqual(Merge.merge(both, [later]).summary.total, 2)
    assert.strictEqual(Merge.merge(later, [both]).summary.total, 2)
  })

  it("forgets an interrupt once what it cut off has completed", () => {
    const cut = run({ id: "a", interrupted: true }, inState(0, "interrupted"))
    const resumed = run({ id: "b" }, { ...completed(0), observedAt: start + 900_000 })
    assert.strictEqual(Merge.merge(cut, [resumed]).exit.code, 0)
  })
})

describe("withTrend", () => {
  const at = (scanId: string, value: number, minutes: number): ScanRecord => ({
    ...completed(0, { name: "https://a.example/", assessment: assessment("low", { score: score(value) }) }),
    claimId: scanId,
    ticket: { v: 1, vendor: "appvet", origin: "https://appvet.example", account: "default", scanId, submittedAt: null },
    observedAt: start + minutes * 60_000
  })
  const values = (report: ScanReport.ScanReport) => report.scans[0]?.trend.map((point) => point.score)

  it("lists earlier scans of the subject, oldest first and each once, without the scan itself", () => {
    const [one, two, three] = [at("s1", 60, 1), at("s2", 70, 2), at("s3", 80, 3)].map((record) =>
      run(
        {},
        { ...record, outcome: record.outcome === null ? null : { ...record.outcome, completedAt: record.observedAt } }
      )
    )
    if (one === undefined || two === undefined || three === undefined) throw new Error("three runs")
    assert.deepStrictEqual(values(Merge.withTrend(three, [two, one, two, three])), [60, 70])
    assert.deepStrictEqual(values(Merge.withTrend(three, [Merge.withTrend(two, [one])])), [60, 70])
  })

  it("takes no point from a scan that did not complete", () => {
    const open = run({}, inState(0, "still-running", { subject: { kind: "url", id: "https://a.example/", name: "" } }))
    assert.deepStrictEqual(values(Merge.withTrend(run({}, at("s1", 60, 1)), [open])), [])
  })
})
