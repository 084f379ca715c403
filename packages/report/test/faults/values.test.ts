/** Values that a format's own syntax could swallow, read back by a parser that is not ours. */
import { assert, describe, it } from "@effect/vitest"
import * as ScanReport from "@scanpoll/report/ScanReport"
import papaparse from "papaparse"
import { assessment, completed, finding, inState, info, score } from "../fixtures.ts"
import { render } from "../formats.ts"

describe("csv", () => {
  it.each(["one, two", 'say "three"', '","', '"', "a;b\tc".replace("\t", " "), "über, 漢字", "'quoted'"])(
    "a parser reads %j back as it was (RP-02)",
    async (title) => {
      const findings = { coverage: "full" as const, total: 1, items: [finding({ findingId: "rule:1", title })] }
      const report = ScanReport.fromRecords([completed(0, { name: title, findings })], info())
      const parsed = papaparse.parse<{ readonly [name: string]: string }>(await render("csv", report), {
        header: true,
        skipEmptyLines: true
      })
      assert.deepStrictEqual(parsed.errors, [])
      assert.strictEqual(parsed.data.length, 2)
      const cells = parsed.data.flatMap((row) => Object.values(row))
      // A cell may carry the mark in front that keeps a spreadsheet from reading a formula.
      assert.isAtLeast(cells.filter((cell) => cell === title || cell === `'${title}`).length, 2)
    }
  )

  it("a text with line breaks stays one cell of one row (RP-02)", async () => {
    const report = ScanReport.fromRecords([completed(0, { name: 'one\r\ntwo\nthree,\r"four"' })], info())
    const parsed = papaparse.parse<{ readonly [name: string]: string }>(await render("csv", report), {
      header: true,
      skipEmptyLines: true
    })
    assert.deepStrictEqual(parsed.errors, [])
    assert.strictEqual(parsed.data.length, 1)
    assert.include(Object.values(parsed.data[0] ?? {}), 'one two three, "four"')
  })
})

describe("json", () => {
  it("has no number JSON lacks, whatever a record holds, and says its version (RP-09)", async () => {
    const odd = [Number.NaN, Number.POSITIVE_INFINITY, -0, 1e21, 5e-324]
    const records = [
      ...odd.map((value, index) =>
        completed(index, { assessment: assessment("low", { score: { ...score(1), value } }), payload: { value } })
      ),
      inState(odd.length, "still-running", { notBefore: Number.POSITIVE_INFINITY, ageMs: Number.NaN }),
      inState(odd.length + 1, "not-started")
    ]
    const text = await render("json", ScanReport.fromRecords(records, info()))
    assert.notMatch(text, /\b(NaN|Infinity|undefined)\b/)
    const value: unknown = JSON.parse(text)
    assert.propertyVal(value, "schemaVersion", 1)
    for (const line of (await render("events", ScanReport.fromRecords(records, info()))).trim().split("\n")) {
      JSON.parse(line)
      assert.notMatch(line, /\b(NaN|Infinity)\b/)
    }
  })
})
