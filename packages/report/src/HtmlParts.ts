/**
 * The parts that the HTML format is made of, for pages that show the same things live: elements, badges, the look, and the
 * sections of a report. A page made of them looks like a saved report, and says things in the same words.
 *
 * Elements take plain values: no markup and no listener can be handed to one. Texts of vendors become harmless by `safe`.
 *
 * @since 0.2.0
 */
import * as HostileText from "./HostileText.ts"
import { sections as sectionsOf } from "./internal/formats/html.ts"
import { detail } from "./internal/html/detail.ts"
import { type Node, write } from "./internal/html/dom.ts"
import { limits, type View } from "./internal/html/view.ts"
import * as Words from "./internal/words.ts"
import type { ScanReport } from "./ScanReport.ts"

export {
  badge,
  type Children,
  h,
  icon,
  type Node,
  severityBadge,
  sprite,
  stateBadge,
  write
} from "./internal/html/dom.ts"
export { script } from "./internal/html/script.ts"
export { style } from "./internal/html/style.ts"
export { tile } from "./internal/html/glance.ts"
export { trendLine } from "./internal/html/charts.ts"
export { duration, moment, number, plural } from "./internal/words.ts"

const viewOf = (report: ScanReport): View => ({ report, least: "none", max: limits.findingsOfScan })

/**
 * An untrusted text as one harmless line of at most `max` characters, by default 300.
 *
 * @category constructors
 * @since 0.2.0
 */
export const safe = (text: string, max = 300): string => HostileText.toLine(HostileText.of(text), max)

/**
 * The sections of a report as markup: its verdict, numbers, charts, list and details, as the saved file has them.
 *
 * @category destructors
 * @since 0.2.0
 */
export const sections = (report: ScanReport): string =>
  [...sectionsOf(viewOf(report), Words.attention(report.scans))].join("")

/**
 * Every scan of a report in detail as markup, as the saved file has them; unfolded where `open`, which by default is false.
 *
 * @category destructors
 * @since 0.2.0
 */
export const details = (report: ScanReport, open = false): string => {
  const budget = { left: limits.findings }
  const all: ReadonlyArray<Node> = report.scans.map((scan) => detail(scan, viewOf(report), budget, open))
  return write(all)
}
