import { assert, describe, it } from "@effect/vitest"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as History from "@scanpoll/journal/History"
import * as Effect from "effect/Effect"
import { keyOf, lackingOutcomeOf, outcomeOf, subject, ticketOf } from "./support/fixtures.ts"

const settle = (
  name: string,
  scanId: string,
  score: number,
  about: { readonly subject?: Subject; readonly kind?: string } = {}
) =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal.ScanJournal
    const { claimId } = yield* journal.claim(keyOf(name), { subject, ...about, reuseFrom: Number.MAX_SAFE_INTEGER })
    yield* journal.settled(claimId, outcomeOf(scanId, score), ticketOf(scanId))
    yield* Effect.sleep(2)
  })

const trendOf = (...scores: ReadonlyArray<number>) =>
  Effect.gen(function* () {
    for (const [n, score] of scores.entries()) yield* settle("a", `s${n}`, score)
    const [line] = yield* History.read()
    return line?.trend
  }).pipe(Effect.provide(ScanJournal.layerMemory))

const point = (fields: Partial<History.Point>): History.Point => ({
  claimId: "c",
  scanId: "s",
  at: 0,
  state: "completed",
  severity: "low",
  score: null,
  findings: null,
  delta: null,
  cached: false,
  durationMs: null,
  lacks: null,
  ...fields
})

describe("History", () => {
  it.live("tells where the scores of equal requests go", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* trendOf(80, 90), "better")
      assert.strictEqual(yield* trendOf(80, 95, 90), "worse")
      assert.strictEqual(yield* trendOf(90, 90), "same")
      assert.strictEqual(yield* trendOf(90), "unknown")
    })
  )

  it("goes by severity, then by findings, where there is no score; partial, failed and repeated answers say nothing", () => {
    const pairs: ReadonlyArray<readonly [Partial<History.Point>, Partial<History.Point>, History.Trend]> = [
      [{ severity: "low" }, { severity: "high" }, "worse"],
      [{ severity: "high" }, { severity: "low" }, "better"],
      [{ severity: "high" }, { severity: "unknown" }, "worse"],
      [{ findings: 3 }, { findings: 5 }, "worse"],
      [{ findings: 5 }, { findings: 5 }, "same"],
      [{}, { state: "partial" }, "unknown"],
      [{ state: "failed" }, {}, "unknown"],
      [{ severity: "low" }, { severity: "unknown", lacks: "it is about another site" }, "unknown"],
      [{ severity: "low", lacks: "the findings could not be fetched" }, { severity: "high" }, "unknown"],
      [{}, { scanId: "one" }, "unknown"]
    ]
    for (const [before, after, expected] of pairs) {
      const points = [point({ scanId: "one", ...before }), point({ scanId: "two", ...after })]
      assert.strictEqual(History.trend(points), expected, JSON.stringify([before, after]))
    }
  })

  it.live(
    "puts the answers of one subject on one line, the newest line first, and leaves out what cannot be read",
    () =>
      Effect.gen(function* () {
        yield* settle("a", "a1", 50)
        yield* settle("b", "b1", 60, { subject: { ...subject, id: "b" } })
        yield* settle("a", "a2", 70)
        const journal = yield* ScanJournal.ScanJournal
        const { claimId } = yield* journal.claim(keyOf("c"), { subject, reuseFrom: 0 })
        yield* journal.settled(claimId, { nonsense: true })
        const lines = yield* History.read({ vendor: "acme" })
        assert.deepStrictEqual(
          lines.map((line) => line.points.map((each) => [each.scanId, each.score?.value, each.severity])),
          [
            [
              ["a1", 50, "low"],
              ["a2", 70, "low"]
            ],
            [["b1", 60, "low"]]
          ]
        )
        assert.deepStrictEqual(yield* History.read({ vendor: "else" }), [])
      }).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.live(
    "says of an answer about something else that it has no verdict, and takes no score or severity from it (V-11)",
    () =>
      Effect.gen(function* () {
        const journal = yield* ScanJournal.ScanJournal
        const { claimId } = yield* journal.claim(keyOf("a"), { subject, reuseFrom: 0 })
        yield* journal.settled(claimId, lackingOutcomeOf("a1", "it is about another site"), ticketOf("a1"))
        const [line] = yield* History.read()
        assert.deepStrictEqual(
          line?.points.map(({ findings, lacks, score, severity }) => [severity, score, findings, lacks]),
          [["unknown", null, null, "it is about another site"]]
        )
      }).pipe(Effect.provide(ScanJournal.layerMemory))
  )

  it.live("puts new versions of a subject on one line, and each type of scan on its own (V-05, V-22)", () =>
    Effect.gen(function* () {
      const upload = (id: string) => ({ kind: "dataset" as const, id, name: id, series: "policy" })
      yield* settle("a", "a1", 50, { subject: upload("u1"), kind: "x" })
      yield* settle("b", "b1", 60, { subject: upload("u2"), kind: "x" })
      yield* settle("c", "c1", 70, { subject: upload("u2"), kind: "y" })
      const lines = yield* History.read()
      assert.deepStrictEqual(
        lines.map((line) => [line.scanType, line.points.map((each) => each.scanId)]),
        [
          ["y", ["c1"]],
          ["x", ["a1", "b1"]]
        ]
      )
    }).pipe(Effect.provide(ScanJournal.layerMemory))
  )
})
