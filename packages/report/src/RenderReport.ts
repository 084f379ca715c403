/**
 * Renders a report as a promise, for code without Effect.
 *
 * @since 0.2.0
 */
import type { ScanRecord } from "@scanpoll/core/model/ScanRecord"
import * as Effect from "effect/Effect"
import * as Format from "./Format.ts"
import type { RenderOptions } from "./RenderOptions.ts"
import * as ScanReport from "./ScanReport.ts"

/**
 * A report in a format, as one text. Rejects with a `RangeError` that names the formats where there is none of that name.
 *
 * **Example** (The records of a batch as JUnit)
 *
 * ```ts
 * import { renderReport } from "@scanpoll/report"
 *
 * const run = { version: "1.0.0", id: "nightly", startedAt: 0, finishedAt: 1000, plan: null }
 * const xml = await renderReport({ records: [], ...run }, "junit")
 * xml.includes("<testsuites") // => true
 * ```
 *
 * @category combinators
 * @since 0.2.0
 */
export const renderReport = async (
  report: ScanReport.ScanReport | ({ readonly records: ReadonlyArray<ScanRecord> } & ScanReport.RunInfo),
  format: string,
  options: RenderOptions = {}
): Promise<string> => {
  const found = Format.byName(format)
  if (found === undefined) {
    throw new RangeError(`there is no format ${JSON.stringify(format)}; there are ${Format.names.join(", ")}`)
  }
  const whole = "records" in report ? ScanReport.fromRecords(report.records, report) : report
  return Effect.runPromise(Format.renderText(found, whole, options))
}
