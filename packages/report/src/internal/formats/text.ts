// The report for a person at a terminal: what needs attention first, the summary last.
// One block a scan that needs a look: state or severity, score and grade, delta, age, how long it took, and the next command
// for every scan that did not complete. A scan with nothing of medium or worse, nothing new and no warning is one line. The
// verdict comes last, with the scans that break it, so that it is what stands above the prompt. Nothing is said by colour alone, and vendors' texts cannot move the cursor.
import * as HostileText from "../../HostileText.ts"
import { fold, make, pad, severityStyles, type Page } from "../page.ts"
import * as Words from "../words.ts"
import type { RenderOptions, Renderer } from "../../RenderOptions.ts"
import type { ReportFinding, ReportScan } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"

const labelled = (label: string, text: string, page: Page): string =>
  fold(text, page, `    ${pad(page.paint(label, "dim"), 10)}`)

/** A command that does not fit stays whole on a line of its own: folded, it would not run as pasted. */
const nextLines = (scan: ReportScan, page: Page): ReadonlyArray<string> => {
  const next = Words.next(scan)
  if (next === null) return []
  const whole = labelled("next", page.paint(next, "bold"), page)
  const command = Words.command(scan)
  if (command === null || !whole.includes("\n")) return [whole]
  return [labelled("next", page.paint(`${Words.advice(scan)}:`, "bold"), page), `  ${page.paint(command, "bold")}`]
}

const findingLine = (finding: ReportFinding, page: Page): string => {
  const marks = finding.status === "unknown" || finding.status === "unchanged" ? "" : ` [${finding.status}]`
  const accepted =
    finding.suppression === null ? "" : ` [accepted: ${HostileText.toLine(finding.suppression.reason, 80)}]`
  const where = finding.resource === null ? "" : ` at ${HostileText.toLine(finding.resource, 120)}`
  const line = HostileText.toLine(finding.title, 160)
  const title = where === "" ? line : line.replace(/\.$/, "")
  const severity = page.paint(pad(finding.severity, 9), ...severityStyles[finding.severity])
  return fold(`${title}${where}${marks}${accepted}`, page, `      ${severity} `)
}

const headline = (scan: ReportScan, page: Page): string => {
  const assessed = scan.assessment !== null
  const mark =
    scan.state === "completed"
      ? page.paint(scan.severity.toUpperCase(), ...severityStyles[scan.severity])
      : assessed
        ? `${page.paint(scan.state.toUpperCase(), "yellow", "bold")} ${page.paint(scan.severity, ...severityStyles[scan.severity])}`
        : page.paint(scan.state.toUpperCase(), scan.state === "interrupted" ? "yellow" : "magenta", "bold")
  return fold(`${mark}  ${page.paint(scan.vendor, "bold")}  ${Words.label(scan)}`, page, "  ")
}

// One line is enough for a scan that nobody has to look at.
const line = (scan: ReportScan, page: Page, indent = "  "): string => {
  const mark = page.paint(pad(scan.severity.toUpperCase(), 8), ...severityStyles[scan.severity])
  const said = [Words.says(scan), Words.findings(scan), Words.delta(scan), Words.age(scan)]
  const rest = said.filter((part) => part !== null).join("; ")
  return fold(`${page.paint(scan.vendor, "bold")}  ${Words.label(scan)}: ${rest}`, page, `${indent}${mark}  `)
}

const block = (scan: ReportScan, page: Page): string => {
  const lines = [headline(scan, page)]
  const add = (label: string, text: string | null) => {
    if (text !== null && text !== "") lines.push(labelled(label, text, page))
  }
  add("says", Words.says(scan))
  add("found", Words.findings(scan))
  add("change", Words.delta(scan))
  add("why", Words.reason(scan))
  add(
    "advice",
    scan.reason === null || scan.reason.advice === null ? null : HostileText.toLine(scan.reason.advice, 300)
  )
  add("progress", Words.progress(scan))
  add("time", [Words.took(scan), Words.age(scan)].filter((part) => part !== null).join("; "))
  for (const warning of scan.warnings) add("warning", HostileText.toLine(warning, 300))
  add("report", scan.links.report === null ? null : HostileText.toLink(scan.links.report, scan.origin))
  add("key", HostileText.toLine(scan.key ?? scan.id, 240))
  lines.push(...nextLines(scan, page))

  const open = Words.byWeight(
    scan.findings.items.filter((item) => item.status !== "resolved" && Words.shown(item.severity, page.least))
  )
  for (const finding of open.slice(0, page.max)) lines.push(findingLine(finding, page))
  if (open.length > page.max)
    lines.push(fold(`and ${Words.number(open.length - page.max)} more in the other formats`, page, "      "))
  return lines.join("\n")
}

const marks: Readonly<Record<ReturnType<typeof Words.ruleMark>, (paint: Page["paint"]) => string>> = {
  passed: (paint) => paint("passed", "green"),
  failed: (paint) => paint("FAILED", "red", "bold"),
  unjudged: (paint) => paint("open  ", "yellow", "bold")
}

// A rule names so many of the scans that fail it.
const failingAtMost = 10

const summary = (report: ScanReport, page: Page): string => {
  const { paint } = page
  const lines = [fold(paint(Words.verdict(report), "bold"), page, "")]
  const severities = Words.counts(report.summary.bySeverity)
  if (severities !== "") lines.push(fold(`Scans by severity: ${severities}.`, page, ""))
  lines.push(fold(Words.gate(report), page, ""))
  for (const rule of report.gate.rules) {
    const mark = marks[Words.ruleMark(rule)](paint)
    const failing = Words.failing(report, rule)
    if (failing.length === 0) {
      lines.push(fold(HostileText.toLine(rule.message, 500), page, `  ${mark}  `))
      continue
    }
    lines.push(fold(Words.ruleSays(rule), page, `  ${mark}  `))
    for (const scan of failing.slice(0, failingAtMost)) lines.push(line(scan, page, "    "))
    const left = failing.length - failingAtMost
    if (left > 0) lines.push(fold(`and ${Words.number(left)} more, all of them above`, page, "    "))
  }
  for (const reason of report.exit.reasons) {
    if (reason.code === 1) continue
    const allowed = reason.masked ? " (allowed)" : ""
    lines.push(fold(`${HostileText.toLine(reason.message, 300)}${allowed}`, page, "  "))
  }
  return lines.join("\n")
}

/**
 * Renders `text`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport, options: RenderOptions = {}) {
  const page = make(options)
  const head = page.paint(Words.title(report, options.title ?? null), "bold")
  const span = Date.parse(report.run.finishedAt) - Date.parse(report.run.startedAt)
  const when = `${Words.moment(report.run.startedAt)}, took ${Words.duration(Math.max(0, span))}`
  yield `${HostileText.guardLines(`${fold(head, page, "")}\n${fold(when, page, "")}`)}\n\n`
  const breaking = Words.breaking(report)
  const isPlain = (scan: ReportScan): boolean => Words.isUnremarkable(scan) && !breaking.has(scan.id)
  const ordered = Words.attention(report.scans)
  for (const scan of ordered) if (!isPlain(scan)) yield `${HostileText.guardLines(block(scan, page))}\n\n`
  const plain = ordered.filter(isPlain)
  for (const scan of plain) yield `${HostileText.guardLines(line(scan, page))}\n`
  if (plain.length > 0) yield "\n"
  yield `${HostileText.guardLines(summary(report, page))}\n`
}
