import { assert, describe, it } from "@effect/vitest"
import * as Format from "@scanpoll/report/Format"
import * as Gate from "@scanpoll/report/Gate"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import { often } from "@scanpoll/test-support/length"
import { completed, info } from "./fixtures.ts"
import { webFindings } from "./sample.ts"

// Stated: 10 000 scans with 200 findings each become a report, its JSON and its page in less than 1.5 GB of heap. Measured
// on two cores: 5 s and under 1 GB, garbage included. A tenth of it is made in each run, all of it at full length.
const scans = often(1_000, 10_000)
const heap = often(500_000_000, 1_500_000_000)
// A piece is a row or a part of one, however many rows there are.
const longestPiece = 1_000_000

describe(`${scans} scans with 200 findings each`, () => {
  it("are rendered in pieces, within the stated memory", async () => {
    const items = webFindings(
      "https://site.example.com/",
      Array.from({ length: 200 }, (_, at) => at)
    )
    const records = Array.from({ length: scans }, (_, index) =>
      completed(index, { findings: { coverage: "full", total: items.length, items } })
    )
    const report = ScanReport.fromRecords(
      records,
      info({ policy: { ...Gate.none, failOn: "high", failOnNew: "high" } })
    )
    assert.strictEqual(report.gate.rules[0]?.scans.length, scans)
    let most = 0
    let longest = 0
    const sizes = new Map<string, number>()
    for (const name of ["json", "html", "sarif", "text"]) {
      const format = Format.byName(name)
      if (format === undefined) throw new Error(name)
      let size = 0
      let pieces = 0
      for (const piece of await Effect.runPromise(Format.render(format, report))) {
        size += piece.length
        // The others are bounded as a whole.
        if (name === "json") longest = Math.max(longest, piece.length)
        pieces += 1
        if (pieces % 100 === 0) most = Math.max(most, process.memoryUsage().heapUsed)
      }
      sizes.set(name, size)
    }
    assert.isAbove(sizes.get("json") ?? 0, 50_000 * scans)
    assert.isBelow(sizes.get("html") ?? 0, 20_000_000)
    assert.isBelow(longest, longestPiece)
    assert.isAbove(most, 0)
    assert.isBelow(most, heap)
  })
})
