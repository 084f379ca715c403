/**
 * Annotations for a GitHub Actions job, and the Markdown of its job summary.
 *
 * A step shows ten errors, ten warnings and ten notices and drops the rest without a word; so at most that many are
 * written, the worst first, and the last of a kind says how many it stands for. Each points at the line of the plan.
 * Nothing here masks a secret: that command would write it down.
 *
 * @since 0.1.0
 * @see https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands
 */
import type { Severity } from "@scanpoll/core/model/Severity"
import * as HostileText from "./HostileText.ts"
import * as Scopes from "./internal/gateScopes.ts"
import * as Issues from "./internal/issues.ts"
import * as Words from "./internal/words.ts"
import type { RenderOptions, Renderer } from "./RenderOptions.ts"
import { renderWithin } from "./internal/formats/markdown.ts"
import type { ReportScan } from "./ReportScan.ts"
import type { ScanReport } from "./ScanReport.ts"

/**
 * The annotations of one level that a step shows.
 *
 * @category constructors
 * @since 0.1.0
 */
export const maxAnnotations = 10

/**
 * The bytes of Markdown a job summary is kept under: the limit is 1 MiB a step, shared with other steps' additions.
 *
 * @category constructors
 * @since 0.1.0
 */
export const maxSummaryBytes = 900 * 1024

type Level = "error" | "warning" | "notice"

interface Note {
  readonly level: Level
  readonly title: string
  readonly message: string
  readonly scan: ReportScan | null
}

const data = (text: string): string => HostileText.toCommandData(HostileText.of(text))

const property = (text: string): string => HostileText.toCommandProperty(HostileText.of(text), 250)

const place = (note: Note, ofRun: HostileText.HostileText | null): string => {
  const plan = note.scan?.plan ?? ofRun
  const at = note.scan?.declaredAt ?? null
  return plan === null || at === null
    ? ""
    : `file=${HostileText.toCommandProperty(plan)},line=${at.line},col=${at.column},`
}

const write = (note: Note, plan: HostileText.HostileText | null): string =>
  `::${note.level} ${place(note, plan)}title=${property(note.title)}::${data(note.message)}\n`

const incomplete = (report: ScanReport): ReadonlyArray<Note> => {
  return report.scans
    .filter((scan) => scan.state !== "completed")
    .map((scan) => {
      const { allowIncomplete, allowPartial } = Scopes.allowances(scan, report.gate.policy)
      const allowed = allowIncomplete || (allowPartial && scan.state === "partial")
      const parts = [Words.label(scan), Words.reason(scan), Words.next(scan)].filter((part) => part !== null)
      return {
        level: allowed ? "warning" : "error",
        title: `${scan.vendor}: ${scan.state}`,
        message: parts.join(". "),
        scan
      }
    })
}

// Evidence that is unavailable fails a step only where a rule needs it.
const lacking = (report: ScanReport): ReadonlyArray<Note> => {
  const open = new Set(report.gate.rules.flatMap((rule) => (rule.unjudged ?? []).map(HostileText.toKey)))
  return report.scans.flatMap((scan): ReadonlyArray<Note> => {
    const lost = Words.missing(scan)
    if (lost === null) return []
    const fails = open.has(HostileText.toKey(scan.id)) && !Scopes.allowances(scan, report.gate.policy).allowIncomplete
    const parts = [Words.label(scan), lost, Words.next(scan)].filter((part) => part !== null)
    return [
      {
        level: fails ? "error" : "warning",
        title: `${scan.vendor}: evidence is unavailable`,
        message: parts.join(". "),
        scan
      }
    ]
  })
}

const broken = (report: ScanReport): ReadonlyArray<Note> =>
  report.gate.rules
    .filter((rule) => !rule.passed)
    .map((rule) => ({ level: "error", title: "Gate failed", message: HostileText.toLine(rule.message), scan: null }))

const part = (report: ScanReport): ReadonlyArray<Note> => {
  const message = Words.part(report)
  return message === null ? [] : [{ level: "notice", title: "A part of the plan", message, scan: null }]
}

const kinds: Readonly<Record<Level, ReadonlyArray<Severity>>> = {
  error: ["critical", "unknown", "high"],
  warning: ["medium"],
  notice: ["low"]
}

// Only so many notes are made as can be shown; the others are counted.
const notes = (
  report: ScanReport,
  level: Level,
  least: Severity
): { readonly kept: ReadonlyArray<Note>; readonly total: number } => {
  const kept: Array<Note> = [...broken(report), ...part(report), ...incomplete(report), ...lacking(report)].filter(
    (note) => note.level === level
  )
  let total = kept.length
  const wanted = kinds[level].filter((severity) => Words.shown(severity, least))
  for (const { issue, scan } of Issues.worstFirst(Issues.placed(report.scans), wanted)) {
    if (issue.finding !== null && issue.finding.suppression !== null) continue
    total += 1
    if (kept.length > maxAnnotations) continue
    const message = `${scan.vendor}, ${Words.label(scan)}: ${issue.title}`
    kept.push({ level, title: `${issue.severity}: ${issue.title}`, message, scan })
  }
  return { kept, total }
}

/**
 * Renders `github`: the commands that make the annotations.
 *
 * @category constructors
 * @since 0.1.0
 */
export const render: Renderer = function* (report: ScanReport, options: RenderOptions = {}) {
  const plan = Words.planOf(report, options)
  for (const level of ["error", "warning", "notice"] as const) {
    const { kept: all, total } = notes(report, level, options.minSeverity ?? "none")
    const kept = total > maxAnnotations ? all.slice(0, maxAnnotations - 1) : all
    for (const note of kept) yield write(note, plan)
    const left = total - kept.length
    if (left > 0) {
      const message = `${Words.number(left)} more of this level are in the report; a step shows no more than ${maxAnnotations}.`
      yield write({ level, title: `${Words.number(left)} more`, message, scan: null }, plan)
    }
  }
}

/**
 * The Markdown for the job summary: the report in at most `maxSummaryBytes`, cut at a row and honest about it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const summary = (report: ScanReport, options: RenderOptions = {}): string =>
  [...renderWithin(report, options, maxSummaryBytes)].join("")
