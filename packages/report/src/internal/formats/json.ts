// The canonical JSON: the report as it is, and the only format from which every other can be made.
// Lossless, and safe to print: characters that a terminal, a page or a build log could act on are written as escapes,
// which any JSON reader turns back. The last field is the SHA-256 of all text before it.
import { safeJson } from "../json.ts"
import { sealKey, sha256 } from "../sha256.ts"
import type { Renderer } from "../../RenderOptions.ts"
import type { ScanReport } from "../../ScanReport.ts"

const indent = (text: string): string => text.replaceAll("\n", "\n    ")

const pieces = function* (report: ScanReport): Generator<string, void> {
  const { schemaVersion, tool, run, summary, scans, gate, exit } = report
  yield safeJson({ schemaVersion, tool, run, summary }, 2).replace(/\n\}$/, ',\n  "scans": [')
  let first = true
  for (const scan of scans) {
    yield `${first ? "" : ","}\n    ${indent(safeJson(scan, 2))}`
    first = false
  }
  yield first ? "]" : "\n  ]"
  yield safeJson({ gate, exit }, 2).replace(/^\{/, ",").replace(/\n\}$/, "")
}

/**
 * Renders `json`, a row at a time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport) {
  const digest = sha256()
  for (const piece of pieces(report)) {
    digest.update(piece)
    yield piece
  }
  yield `${sealKey} "sha256:${digest.hex()}"\n}\n`
}
