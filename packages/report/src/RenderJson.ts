/**
 * The canonical JSON: the report as it is, and the only format from which every other can be made.
 *
 * Lossless, and safe to print: characters that a terminal, a page or a build log could act on are written as escapes,
 * which any JSON reader turns back.
 *
 * @since 0.1.0
 */
import { safeJson } from "./internal/json.ts"
import type { Renderer } from "./RenderOptions.ts"
import type { ScanReport } from "./ScanReport.ts"

const indent = (text: string): string => text.replaceAll("\n", "\n    ")

/**
 * Renders `json`, a row at a time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport) {
  const { scans, gate, exit, ...head } = report
  yield safeJson(head, 2).replace(/\n\}$/, ',\n  "scans": [')
  let first = true
  for (const scan of scans) {
    yield `${first ? "" : ","}\n    ${indent(safeJson(scan, 2))}`
    first = false
  }
  yield first ? "]" : "\n  ]"
  yield safeJson({ gate, exit }, 2).replace(/^\{/, ",")
  yield "\n"
}
