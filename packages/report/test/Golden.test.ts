import { assert, describe, expect, it } from "@effect/vitest"
import * as Format from "@scanpoll/report/Format"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"
import { readFileSync } from "node:fs"
import { render } from "./formats.ts"

// The run of the demonstration, as its JSON report was saved once. Every other file beside it is rendered from it; after
// a wanted change `vitest -u` writes them anew.
const folder = `${import.meta.dirname}/../../../docs/examples/reports`
const saved = readFileSync(`${folder}/report.json`, "utf8")

describe("the examples of every format", () => {
  it("start from a report that is what was written, and is written the same again", async () => {
    assert.strictEqual(ScanReport.sealOf(saved), "intact")
    const report = await Effect.runPromise(ScanReport.parse(saved))
    assert.strictEqual(await render("json", report), saved)
  })

  // An extension that says which format it is needs no name before it.
  const fileOf = (format: Format.Format): string =>
    ["txt", "xml", "json", "ndjson"].includes(format.extension) && format.name !== "text"
      ? `report.${format.name}.${format.extension}`
      : `report.${format.extension}`

  it.each(Format.all.filter((format) => format.name !== "json").map((format) => [format.name, fileOf(format)]))(
    "%s is what is rendered today: %s",
    async (name, file) => {
      const report = await Effect.runPromise(ScanReport.parse(saved))
      await expect(await render(name, report)).toMatchFileSnapshot(`${folder}/${file}`)
    }
  )
})
