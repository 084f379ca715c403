// The report as one HTML file: for a browser, a ticket, an archive.
// It opens from disk, asks no network for anything, and reads without JavaScript; the script in it sorts and filters what
// is there. Its content security policy allows that script and that style alone. Charts are tables with drawings beside
// the numbers. Texts of vendors are text nodes, links are addresses that were checked. The canonical JSON, without
// payloads, is part of the file where it is not too large, so the file can be read back as a report.
import { attention } from "../html/attention.ts"
import * as Charts from "../html/charts.ts"
import { detail } from "../html/detail.ts"
import { type Node, h, sprite, write } from "../html/dom.ts"
import { header, tiles, verdict } from "../html/glance.ts"
import { list } from "../html/list.ts"
import { byRule } from "../html/rules.ts"
import { script } from "../html/script.ts"
import { style } from "../html/style.ts"
import * as View from "../html/view.ts"
import { islandId, islandJson } from "../json.ts"
import { sha256 } from "../sha256.ts"
import * as Words from "../words.ts"
import * as Payload from "../../Payload.ts"
import type { RenderOptions, Renderer } from "../../RenderOptions.ts"
import type { ReportScan } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"

/**
 * How much one page shows at most, the worst first: rows of the table, scans with details, findings in all, and findings
 * of one scan unless the caller says otherwise. What is left out is counted on the page.
 *
 * @category constructors
 * @since 0.1.0
 */
export const limits = View.limits

const hashOf = (text: string): string => {
  const digest = sha256()
  digest.update(text)
  return `'sha256-${digest.base64()}'`
}

const policy = [
  "default-src 'none'",
  `style-src ${hashOf(style)}`,
  `script-src ${hashOf(script)}`,
  "base-uri 'none'",
  "form-action 'none'"
].join("; ")

const footer = ({ report }: View.View, embedded: boolean): Node =>
  h(
    "footer",
    { class: "foot" },
    h(
      "p",
      null,
      h("b", null, "How to read this. "),
      "A scan's severity is the worst of what the vendor says as a whole and of its findings that are neither resolved nor accepted. Where a vendor gives only a score, 90 and up is info, 80 low, 70 medium, 60 high, and less critical. Unknown means that the vendor used a word we cannot place; it may hide anything. Scores of different vendors are never averaged. A finding is called resolved only where two complete lists were compared."
    ),
    h(
      "p",
      null,
      `Exit code ${report.exit.code}. `,
      embedded
        ? "The canonical JSON of this report is part of this file."
        : "This report is too large to carry its canonical JSON; see the JSON file of the run."
    )
  )

// More scans that nobody has to look at are folded.
const unfolded = 12

const page = (node: Node): string => (node === null ? "" : `${write(node)}\n`)

// What is in `main`, a section at a time; the live page of a run has the same.
export function* sections(view: View.View, ordered: ReadonlyArray<ReportScan>): Generator<string, void> {
  const { report } = view
  yield page(verdict(view))
  yield page(tiles(view))
  yield page(attention(view))
  if (report.scans.length > 0) {
    yield `<div class="cols">\n`
    yield page(Charts.severities(report))
    yield page(Charts.scores(report))
    for (const part of Charts.durations(report)) yield page(part)
    yield page(Charts.changes(report))
    yield `</div>\n`
    yield page(Charts.trends(report, 12))
  }
  yield page(byRule(view))
  yield page(list(view, ordered))
  if (ordered.length > 0) {
    yield `<section class="card long" aria-labelledby="details">\n<h2 id="details">Every scan in detail</h2>\n<div class="scans">\n`
    const budget = { left: limits.findings }
    const detailed = ordered.slice(0, limits.details)
    const breaking = Words.breaking(report)
    const isPlain = (scan: ReportScan): boolean => Words.isUnremarkable(scan) && !breaking.has(scan.id)
    const plain = detailed.filter(isPlain)
    const folded = plain.length > unfolded ? new Set(plain) : new Set<ReportScan>()
    for (const scan of detailed) if (!folded.has(scan)) yield page(detail(scan, view, budget))
    if (folded.size > 0) {
      const words = `${Words.plural(folded.size, "scan")} with nothing of medium or worse, and nothing new`
      yield `<details class="fold">\n${page(h("summary", null, words))}<div class="scans">\n`
      for (const scan of folded) yield page(detail(scan, view, budget))
      yield `</div>\n</details>\n`
    }
    yield `</div>\n`
    const left = ordered.length - limits.details
    if (left > 0) yield page(h("p", { class: "more" }, `${Words.plural(left, "more scan")} in the canonical report.`))
    yield `</section>\n`
  }
}

/**
 * Renders `html`, a section at a time.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport, options: RenderOptions = {}) {
  const view: View.View = {
    report,
    least: options.minSeverity ?? "none",
    max: options.maxFindings ?? limits.findingsOfScan
  }
  const title = Words.title(report, options.title ?? null)
  const ordered = Words.attention(report.scans)
  const found = report.scans.reduce((sum, scan) => sum + scan.findings.items.length, 0)
  const embedded = found + report.scans.length <= limits.embedded

  yield `<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n`
  yield page(h("meta", { "http-equiv": "Content-Security-Policy", content: policy }))
  yield page(h("meta", { name: "viewport", content: "width=device-width, initial-scale=1" }))
  yield page(h("meta", { name: "referrer", content: "no-referrer" }))
  yield page(h("meta", { name: "robots", content: "noindex" }))
  yield page(h("title", null, title))
  yield `<style>${style}</style>\n</head>\n<body>\n`
  yield page(h("a", { class: "skip", href: "#verdict" }, "Skip to the verdict"))
  yield page(sprite())
  yield `<div class="page">\n`
  yield page(header(view, title))
  yield `<main class="page-in">\n`
  yield* sections(view, ordered)
  yield `</main>\n`
  yield page(footer(view, embedded))
  yield `</div>\n`
  if (embedded) {
    yield `<script type="application/json" id="${islandId}">${islandJson(Payload.strip(report))}</script>\n`
  }
  yield `<script>${script}</script>\n</body>\n</html>\n`
}
