import { assert, describe, it } from "@effect/vitest"
import * as Format from "@scanpoll/report/Format"
import * as Gate from "@scanpoll/report/Gate"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import { completed, info } from "./fixtures.ts"
import { webFindings } from "./sample.ts"

// Stated: 10 000 scans with 200 findings each become a report, its JSON and its page in less than 1.5 GB of heap. Measured
// on two cores: 5 s and under 1 GB, garbage included.
const heap = 1_500_000_000

describe("10 000 scans with 200 findings each", () => {
  it("are rendered in pieces, within the stated memory", async () => {
    const items = webFindings(
      "https://site.example.com/",
      Array.from({ length: 200 }, (_, at) => at)
    )
    const records = Array.from({ length: 10_000 }, (_, index) =>
      completed(index, { findings: { coverage: "full", total: items.length, items } })
    )
    const report = ScanReport.fromRecords(
      records,
      info({ policy: { ...Gate.none, failOn: "high", failOnNew: "high" } })
    )
    assert.strictEqual(report.gate.rules[0]?.scans.length, 10_000)
    let most = 0
    const sizes = new Map<string, number>()
    for (const name of ["json", "html", "sarif", "text"]) {
      const format = Format.byName(name)
      if (format === undefined) throw new Error(name)
      let size = 0
      let pieces = 0
      for (const piece of await Effect.runPromise(Format.render(format, report))) {
        size += piece.length
        pieces += 1
        if (pieces % 1_000 === 0) most = Math.max(most, process.memoryUsage().heapUsed)
      }
      sizes.set(name, size)
    }
    assert.isAbove(sizes.get("json") ?? 0, 500_000_000)
    assert.isBelow(sizes.get("html") ?? 0, 20_000_000)
    assert.isBelow(most, heap)
  })
})
