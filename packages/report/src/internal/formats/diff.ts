// A diff as text, as JSON and as Markdown.
import type { PhrasingContent, RootContent } from "mdast"
import type { ReportDiff, Side, SubjectDiff } from "../../Diff.ts"
import * as HostileText from "../../HostileText.ts"
import { safeJson } from "../json.ts"
import * as Md from "../markdown.ts"
import { type Page, fold, make, pad, severityStyles } from "../page.ts"
import * as Words from "../words.ts"
import type { DiffRenderer, RenderOptions } from "../../RenderOptions.ts"
import type { ReportFinding } from "../../ReportScan.ts"

const name = ({ account, scanType, subject }: SubjectDiff): string => {
  const type = scanType === undefined ? "" : ` (${HostileText.toLine(scanType, 40)})`
  const label = HostileText.toLine(account, 80)
  return `${HostileText.toLine(subject.name, 200) || HostileText.toLine(subject.id, 200)}${type}${label === "default" ? "" : ` [${label}]`}`
}

const sideWords = (side: Side | null): string => {
  if (side === null) return "nothing"
  const score = side.score === null ? "" : `, score ${Words.number(side.score)}`
  const grade = side.grade === null ? "" : ` (${HostileText.toLine(side.grade, 20)})`
  const found = side.findings === null ? "" : `, ${Words.plural(side.findings, "finding")}`
  const accepted = side.found === undefined ? "" : ` (${side.found} accepted)`
  return `${side.state === "completed" ? `${side.severity}${accepted}` : side.state}${score}${grade}${found}`
}

const verdict = ({ summary }: ReportDiff): string =>
  `${Words.plural(summary.subjects, "subject")}, ${Words.number(summary.comparable)} comparable: ${Words.number(summary.new)} new, ${Words.number(summary.resolved)} resolved, ${Words.number(summary.unchanged)} unchanged; ${Words.number(summary.worse)} worse, ${Words.number(summary.better)} better.`

// What changed first, then what cannot be compared, then the rest.
const ordered = (diff: ReportDiff): ReadonlyArray<SubjectDiff> => {
  const weight = (one: SubjectDiff) => (one.new.length > 0 ? 0 : one.resolved.length > 0 ? 1 : one.comparable ? 3 : 2)
  return diff.subjects.toSorted((a, b) => weight(a) - weight(b))
}

const findingText = (finding: ReportFinding, sign: string, page: Page): string => {
  const severity = page.paint(pad(finding.severity, 9), ...severityStyles[finding.severity])
  const where = finding.resource === null ? "" : ` at ${HostileText.toLine(finding.resource, 160)}`
  const line = HostileText.toLine(finding.title, 200)
  return fold(`${where === "" ? line : line.replace(/\.$/, "")}${where}`, page, `    ${sign} ${severity}`)
}

const listed = (
  items: ReadonlyArray<ReportFinding>,
  sign: string,
  style: "red" | "green",
  page: Page
): ReadonlyArray<string> => {
  const shown = Words.byWeight(items).filter((item) => Words.shown(item.severity, page.least))
  const lines = shown.slice(0, page.max).map((item) => findingText(item, page.paint(sign, style), page))
  const more = shown.length - page.max
  return more > 0 ? [...lines, fold(`${page.paint(sign, style)} and ${Words.number(more)} more`, page, "    ")] : lines
}

/**
 * Renders `text`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const renderText: DiffRenderer = function* (diff: ReportDiff, options: RenderOptions = {}) {
  const page = make({ ...options, maxFindings: options.maxFindings ?? 20 })
  const runs = `from run ${HostileText.toLine(diff.base.id, 80)} (${Words.moment(diff.base.startedAt)}) to run ${HostileText.toLine(diff.head.id, 80)} (${Words.moment(diff.head.startedAt)})`
  yield `${HostileText.guardLines(fold(`Changes ${runs}`, page, ""))}\n\n`
  for (const one of ordered(diff)) {
    const lines = [
      fold(`${page.paint(one.vendor, "bold")}  ${name(one)}`, page, "  "),
      fold(`${sideWords(one.base)} -> ${sideWords(one.head)}`, page, "    "),
      ...one.warnings.map((warning) => fold(`warning: ${HostileText.toLine(warning, 300)}`, page, "    ")),
      ...(one.why === null ? [] : [fold(`not comparable: ${HostileText.toLine(one.why, 200)}`, page, "    ")]),
      ...listed(one.new, "+", "red", page),
      ...listed(one.resolved, "-", "green", page),
      ...(one.unchanged === 0 ? [] : [fold(`${Words.number(one.unchanged)} unchanged`, page, "    ")])
    ]
    yield `${HostileText.guardLines(lines.join("\n"))}\n\n`
  }
  const end = [fold(page.paint(verdict(diff), "bold"), page, "")]
  for (const rule of diff.gate.rules) {
    end.push(fold(`${rule.passed ? "passed" : "FAILED"}  ${HostileText.toLine(rule.message, 300)}`, page, "  "))
  }
  yield `${HostileText.guardLines(end.join("\n"))}\n`
}

/**
 * Renders `json`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const renderJson: DiffRenderer = function* (diff: ReportDiff) {
  const { subjects, gate, exit, ...head } = diff
  yield safeJson(head, 2).replace(/\n\}$/, ',\n  "subjects": [')
  let first = true
  for (const subject of subjects) {
    yield `${first ? "" : ","}\n    ${safeJson(subject, 2).replaceAll("\n", "\n    ")}`
    first = false
  }
  yield first ? "]" : "\n  ]"
  yield safeJson({ gate, exit }, 2).replace(/^\{/, ",")
  yield "\n"
}

const rowsOf = (one: SubjectDiff, options: RenderOptions) => {
  const max = options.maxFindings ?? 50
  const least = options.minSeverity ?? "none"
  const all = [
    ...Words.byWeight(one.new).map((item) => ({ item, change: "new" })),
    ...Words.byWeight(one.resolved).map((item) => ({ item, change: "resolved" }))
  ].filter(({ item }) => Words.shown(item.severity, least))
  return { rows: all.slice(0, max), more: Math.max(0, all.length - max) }
}

/**
 * Renders `markdown`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const renderMarkdown: DiffRenderer = function* (diff: ReportDiff, options: RenderOptions = {}) {
  const text = (value: string): ReadonlyArray<PhrasingContent> => [Md.text(value)]
  const table: RootContent = Md.table(
    undefined,
    ["Vendor", "Subject", "Before", "After", "New", "Resolved", "Unchanged", "Comparable"],
    ordered(diff).map((one) => [
      text(one.vendor),
      text(name(one)),
      text(sideWords(one.base)),
      text(sideWords(one.head)),
      text(String(one.new.length)),
      text(one.comparable ? String(one.resolved.length) : "–"),
      text(one.comparable ? String(one.unchanged) : "–"),
      text(one.why === null ? "yes" : `no: ${HostileText.toLine(one.why, 200)}`)
    ])
  )
  yield Md.write([
    Md.heading(1, options.title ?? "What changed"),
    Md.paragraph(Md.strong(verdict(diff))),
    ...(diff.gate.rules.length === 0
      ? []
      : [
          Md.list(
            diff.gate.rules.map((rule) => [
              Md.strong(rule.passed ? "passed" : "failed"),
              Md.text(`: ${HostileText.toLine(rule.message, 300)}`)
            ])
          )
        ]),
    table,
    ...[
      ...new Set(diff.subjects.flatMap((one) => one.warnings.map((warning) => HostileText.toLine(warning, 300))))
    ].map((warning) => Md.paragraph(Md.text(`Warning: ${warning}`)))
  ])
  for (const one of ordered(diff)) {
    const { more, rows } = rowsOf(one, options)
    if (rows.length === 0) continue
    yield `\n${Md.write([
      Md.heading(2, `${one.vendor}: ${name(one)}`),
      Md.table(
        undefined,
        ["Change", "Severity", "Finding", "Where"],
        rows.map(({ change, item }) => [
          [Md.strong(change)],
          text(item.severity),
          text(HostileText.toLine(item.title, 300)),
          item.resource === null ? [] : text(HostileText.toLine(item.resource, 300))
        ])
      ),
      ...(more === 0 ? [] : [Md.paragraph(Md.text(`${Words.number(more)} more in the JSON of this diff.`))])
    ])}`
  }
  yield `\n${Md.write([
    Md.paragraph(
      Md.text(
        `From run ${HostileText.toLine(diff.base.id, 80)}, ${Words.moment(diff.base.startedAt)}, to run ${HostileText.toLine(diff.head.id, 80)}, ${Words.moment(diff.head.startedAt)}.`
      )
    )
  ])}`
}
