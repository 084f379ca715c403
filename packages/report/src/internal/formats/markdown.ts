// Markdown for a ticket, a pull request or a job summary: the worst scans, those without a full result, the others, and the
// worst findings of each.
// Texts are text: nobody is mentioned, nothing is linked but addresses that were checked, no HTML comes out. Where
// something is left out, it is said how much.
import type { PhrasingContent, RootContent } from "mdast"
import * as HostileText from "../../HostileText.ts"
import * as Md from "../markdown.ts"
import * as Words from "../words.ts"
import type { RenderOptions, Renderer } from "../../RenderOptions.ts"
import type { ReportScan } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"

// A piece of the page. Every line of a table but its first two is a row, so a table can be cut where it is full.
interface Piece {
  readonly text: string
  readonly rows: number
  readonly what: string
}

const prose = (...nodes: ReadonlyArray<RootContent>): Piece => ({ text: Md.write(nodes), rows: 0, what: "" })

const tabular = (
  what: string,
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<ReadonlyArray<PhrasingContent>>>
): Piece => {
  // A column that says nothing in any row is left out.
  const told = head.flatMap((_, at) => (rows.some((row) => (row[at] ?? []).length > 0) ? [at] : []))
  const kept = <A>(row: ReadonlyArray<A>): ReadonlyArray<A> => row.filter((_, at) => told.includes(at))
  return { text: Md.write([Md.table(undefined, kept(head), rows.map(kept))]), rows: rows.length, what }
}

const cellOf = (value: string | null): ReadonlyArray<PhrasingContent> => (value === null ? [] : [Md.text(value)])

const subjectCell = (scan: ReportScan): ReadonlyArray<PhrasingContent> => {
  const url = scan.links.report === null ? null : HostileText.toLink(scan.links.report, scan.origin)
  return [url === null ? Md.text(Words.label(scan)) : Md.link(url, Words.label(scan))]
}

const nextCell = (scan: ReportScan): ReadonlyArray<PhrasingContent> => {
  if (scan.next === null) return []
  const advice = HostileText.toLine(scan.next.advice, 120)
  const command = Words.command(scan)
  return command === null ? [Md.text(advice)] : [Md.text(`${advice}:`), Md.space, Md.code(command)]
}

const attention = (report: ScanReport): ReadonlyArray<Piece> => {
  const open = report.scans.filter((scan) => scan.state !== "completed")
  if (open.length === 0) return []
  return [
    prose(Md.heading(2, "Without a full result")),
    tabular(
      "scans",
      ["State", "Vendor", "Subject", "Why", "Next"],
      open.map((scan) => [
        [Md.strong(scan.state)],
        cellOf(scan.vendor),
        subjectCell(scan),
        cellOf(Words.reason(scan)),
        nextCell(scan)
      ])
    )
  ]
}

const overview = (report: ScanReport, title: string, which: (scan: ReportScan) => boolean): ReadonlyArray<Piece> => {
  const assessed = Words.bySeverity(report.scans.filter((scan) => scan.assessment !== null && which(scan)))
  if (assessed.length === 0) return []
  return [
    prose(Md.heading(2, title)),
    tabular(
      "scans",
      ["Severity", "Vendor", "Subject", "Says", "Found", "Change", "Took"],
      assessed.map((scan) => {
        return [
          [Md.strong(scan.state === "completed" ? scan.severity : `${scan.severity} (${scan.state})`)],
          cellOf(scan.vendor),
          subjectCell(scan),
          cellOf(Words.says(scan)),
          cellOf(Words.findings(scan)),
          cellOf(Words.delta(scan)),
          cellOf([Words.took(scan), Words.age(scan)].filter((part) => part !== null).join("; "))
        ]
      })
    )
  ]
}

const statusOf = ({ status, suppression }: ReportScan["findings"]["items"][number]): string | null =>
  suppression !== null ? Words.acceptance(suppression) : status === "unknown" ? null : status

const findings = (report: ScanReport, options: RenderOptions): ReadonlyArray<() => ReadonlyArray<Piece>> => {
  const least = options.minSeverity ?? "none"
  const max = options.maxFindings ?? 20
  return Words.attention(report.scans)
    .filter((scan) => scan.findings.items.length > 0)
    .toSorted((a, b) => Words.rank(a.severity) - Words.rank(b.severity))
    .map((scan) => () => {
      const items = Words.byWeight(
        scan.findings.items.filter((item) => item.status !== "resolved" && Words.shown(item.severity, least))
      )
      if (items.length === 0) return []
      const more = items.length - max
      return [
        prose(Md.heading(3, `${scan.vendor}: ${Words.label(scan)}`)),
        tabular(
          "findings",
          ["Severity", "Finding", "Where", "Status", "What to do"],
          items
            .slice(0, max)
            .map((item) => [
              [Md.strong(item.severity)],
              [Md.text(HostileText.toLine(item.title, 300))],
              cellOf(item.resource === null ? null : HostileText.toLine(item.resource, 300)),
              cellOf(statusOf(item)),
              cellOf(item.remediation === null ? null : HostileText.toLine(item.remediation, 300))
            ])
        ),
        ...(more > 0
          ? [prose(Md.paragraph(Md.text(`${Words.plural(more, "more finding")} in the canonical report.`)))]
          : [])
      ]
    })
}

const ruleWords = { passed: "passed", failed: "failed", unjudged: "open" } as const

const head = (report: ScanReport, options: RenderOptions): ReadonlyArray<Piece> => {
  const rules = report.gate.rules.map((rule) => [
    Md.strong(ruleWords[Words.ruleMark(rule)]),
    Md.text(`: ${HostileText.toLine(rule.message, 1_000)}`)
  ])
  const reasons = report.exit.reasons
    .filter((reason) => reason.code !== 1)
    .map((reason) => [Md.text(`${HostileText.toLine(reason.message, 300)}${reason.masked ? " (allowed)" : ""}`)])
  const severities = Words.counts(report.summary.bySeverity)
  return [
    prose(
      Md.heading(1, Words.title(report, options.title ?? null)),
      Md.paragraph(Md.strong(Words.verdict(report))),
      Md.paragraph(
        Md.text(severities === "" ? Words.gate(report) : `Scans by severity: ${severities}. ${Words.gate(report)}`)
      ),
      ...(rules.length + reasons.length === 0 ? [] : [Md.list([...rules, ...reasons])])
    )
  ]
}

const foot = (report: ScanReport): Piece =>
  prose(
    Md.paragraph(
      Md.text(
        `Run ${HostileText.toLine(report.run.id, 120)}, ${Words.moment(report.run.startedAt)}, by scanpoll ${HostileText.toLine(report.tool.version, 40)}.`
      )
    )
  )

const bytes = (text: string): number => new TextEncoder().encode(text).length

// As much of a table as fits, and a line that says what did not.
const fit = (piece: Piece, budget: number): string | null => {
  const note = (left: number) =>
    Md.write([Md.paragraph(Md.text(`${Words.number(left)} more ${piece.what} in the canonical report.`))])
  const lines = piece.text.trimEnd().split("\n")
  const kept = lines.slice(0, 2)
  let used = bytes(kept.join("\n")) + bytes(note(piece.rows)) + 2
  for (const line of lines.slice(2)) {
    used += bytes(line) + 1
    if (used > budget) break
    kept.push(line)
  }
  const rows = kept.length - 2
  return rows <= 0 ? null : `${kept.join("\n")}\n\n${note(piece.rows - rows)}`
}

/**
 * Renders `markdown` in at most `budget` bytes: a table that does not fit is cut at a row, what comes after it is left
 * out, and both are said.
 *
 * @category constructors
 * @since 0.1.0
 */
export const renderWithin = function* (
  report: ScanReport,
  options: RenderOptions,
  budget: number
): Generator<string, void> {
  const last = foot(report)
  const cut = Md.write([Md.paragraph(Md.text("The rest did not fit here and is in the canonical report."))])
  let left = budget - bytes(last.text) - bytes(cut) - 2
  let first = true
  const isWorst = Words.isWorst(report)
  const sections: ReadonlyArray<() => ReadonlyArray<Piece>> = [
    () => head(report, options),
    () => overview(report, "The worst", isWorst),
    () => attention(report),
    () => overview(report, report.scans.some(isWorst) ? "The others" : "Scans", (scan) => !isWorst(scan)),
    ...findings(report, options)
  ]
  outer: for (const section of sections) {
    for (const piece of section()) {
      const text = `${first ? "" : "\n"}${piece.text}`
      const size = bytes(text)
      if (size > left) {
        const part = piece.rows > 0 ? fit(piece, left - 1) : null
        if (part !== null) yield `\n${part}`
        yield `\n${cut}`
        break outer
      }
      left -= size
      first = false
      yield text
    }
  }
  yield `\n${last.text}`
}

/**
 * Renders `markdown`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = (report: ScanReport, options: RenderOptions = {}) =>
  renderWithin(report, options, Number.POSITIVE_INFINITY)
