/** A report as the text of its JSON, as `--output json` writes it. */
import * as Format from "@scanpoll/report/Format"
import type { ScanReport } from "@scanpoll/report/ScanReport"
import { assert } from "@effect/vitest"
import * as Effect from "effect/Effect"

export const jsonOf = (report: ScanReport): Effect.Effect<string> => {
  const json = Format.byName("json")
  assert.isDefined(json)
  return Effect.map(Format.render(json, report), (pieces) => [...pieces].join(""))
}
