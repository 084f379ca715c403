import * as Format from "@scanpoll/report/Format"
import type { RenderOptions } from "@scanpoll/report/RenderOptions"
import type { ScanReport } from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"

// The whole text of a report in a format, by name.
export const render = (name: string, report: ScanReport, options: RenderOptions = {}): Promise<string> => {
  const format = Format.byName(name)
  if (format === undefined) throw new Error(`no format ${name}`)
  return Effect.runPromise(Format.renderText(format, report, options))
}
