/** Files that version 0.1.0 wrote, and those of this version that later ones must read: `versions` has them, byte by byte. */
import { assert, describe, it } from "@effect/vitest"
import * as Baseline from "@scanpoll/report/Baseline"
import * as Diff from "@scanpoll/report/Diff"
import * as Gate from "@scanpoll/report/Gate"
import * as HostileText from "@scanpoll/report/HostileText"
import * as Merge from "@scanpoll/report/Merge"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"

const textOf = (name: string): string => readFileSync(new URL(`versions/${name}`, import.meta.url), "utf8")
const report = (name: string) => ScanReport.parse(textOf(name))
const baseline = (name: string) => Baseline.parse(textOf(name))

const at = Date.parse("2026-12-01T00:00:00Z")

const names = (reasons: ReadonlyArray<HostileText.HostileText | null>) =>
  reasons.map((reason) => (reason === null ? null : HostileText.toKey(reason)))

// The simulated vendors that both runs asked gave their scans the same ids.
const later = Effect.map(report("report-0.2.json"), (of) =>
  ScanReport.withScans(
    of,
    of.scans.map((scan) => ({ ...scan, scanId: HostileText.of(`later-${HostileText.toKey(scan.scanId ?? scan.id)}`) }))
  )
)

// As the first reports were: without a word of their vendor's types.
const untyped = (of: ScanReport.ScanReport): ScanReport.ScanReport =>
  ScanReport.withScans(
    of,
    of.scans.map((scan) => {
      const { scanType: _, ...untold } = scan
      return untold
    })
  )

describe("a report of 0.1.0", () => {
  it.effect("is compared with one of this version, with and without types of scans (V-05)", () =>
    Effect.gen(function* () {
      const [old, now] = [yield* report("report-0.1.json"), yield* later]
      for (const before of [old, untyped(old)]) {
        const { subjects, summary } = Diff.compute(before, now)
        // The compliance API counts and does not list.
        assert.deepInclude(summary, { subjects: 4, comparable: 3, new: 0, resolved: 0, unchanged: 11 })
        // 0.1.0 did not say either that two uploads are of one dataset.
        const warned = subjects.flatMap(({ subject, warnings }) => (warnings.length > 0 ? [subject.kind] : []))
        assert.deepStrictEqual(warned.toSorted(), before === old ? ["dataset"] : ["dataset", "url", "url"])
      }
      const turned = ScanReport.withScans(now, now.scans.toReversed())
      assert.strictEqual(Diff.compute(untyped(old), turned).summary.unchanged, 11)
    })
  )

  it.effect("is merged, gives a trend, and serves as a baseline in which nothing is accepted (V-05)", () =>
    Effect.gen(function* () {
      const [old, now] = [yield* report("report-0.1.json"), yield* later]
      assert.strictEqual(Merge.merge(old, [old]).scans.length, 4)
      assert.strictEqual(Merge.merge(old, [now]).scans.length, 8)
      assert.deepStrictEqual(
        Merge.withTrend(now, [old]).scans.map(({ trend }) => trend.length),
        [1, 1, 1, 1]
      )
      const held = Baseline.apply(now, yield* baseline("report-0.1.json"), at)
      assert.isTrue(ScanReport.regate(held, { ...Gate.none, failOnNew: "info" }).gate.passed)
      assert.isTrue(held.scans.every(({ findings }) => findings.items.every(({ suppression }) => suppression === null)))
    })
  )
})

describe("a baseline of version 1", () => {
  it.effect(
    "is matched by the ids in it, with a warning, and written as version 2 with its reasons and dates (V-14)",
    () =>
      Effect.gen(function* () {
        const known = yield* baseline("baseline-1.json")
        const now = yield* report("report-0.2.json")
        assert.match(Baseline.review(now, known, at).join(), /baselineVersion 1/)
        const held = Baseline.apply(now, known, at)
        const accepted = held.scans.flatMap(({ findings }) => findings.items)
        assert.deepStrictEqual(
          new Set(names(accepted.map(({ suppression }) => suppression?.reason ?? null))),
          new Set(["known since 0.1"])
        )
        assert.lengthOf(accepted, 11)
        const again = yield* Baseline.make(now, { previous: known })
        const written = yield* Baseline.parse(Baseline.toText(again))
        assert.include(JSON.parse(Baseline.toText(again)), { baselineVersion: 2 })
        const kept = written.subjects.flatMap(({ findings }) => findings)
        assert.deepStrictEqual(new Set(names(kept.map(({ reason }) => reason))), new Set(["known since 0.1"]))
        assert.isTrue(kept.every(({ until }) => until !== null))
        assert.deepStrictEqual(Baseline.review(now, written, at), [])
      })
  )
})

describe("a baseline of version 2", () => {
  it.effect("is read without a warning, by a report of 0.1.0 as well (V-14)", () =>
    Effect.gen(function* () {
      const known = yield* baseline("baseline-2.json")
      const now = yield* report("report-0.2.json")
      assert.deepStrictEqual(Baseline.review(now, known, at), [])
      for (const of of [now, yield* report("report-0.1.json")]) {
        const held = Baseline.apply(of, known, at)
        assert.isTrue(ScanReport.regate(held, { ...Gate.none, failOnNew: "info" }).gate.passed)
      }
    })
  )
})
