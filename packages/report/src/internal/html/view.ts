// What every part of the page needs: the report as it is shown, and how a scan is named and linked.
import type { Severity } from "@scanpoll/core/model/Severity"
import * as HostileText from "../../HostileText.ts"
import type { ReportScan } from "../../ReportScan.ts"
import type { ScanReport } from "../../ScanReport.ts"
import * as Words from "../words.ts"
import { h, type Node } from "./dom.ts"

export const limits = { rows: 2_000, details: 1_000, findings: 5_000, findingsOfScan: 200, embedded: 5_000 } as const

export interface View {
  readonly report: ScanReport
  readonly least: Severity
  readonly max: number
}

export const anchor = (scan: ReportScan): string => `scan-${scan.index + 1}`

// An id of a vendor says nothing to a reader after its first letters; the details have all of it.
const shortened = (name: string): string => name.replace(/\b([\da-f]{8})-(?:[\da-f]{4}-){3}[\da-f]{12}\b/gi, "$1…")

export const name = (scan: ReportScan): Node => h("bdi", null, shortened(Words.subjectAndType(scan, 300)))

export const account = (scan: ReportScan): string => {
  const label = HostileText.toLine(scan.account, 80)
  return label === "" || label === "default" ? scan.vendor : `${scan.vendor}, account ${label}`
}

export const link = (url: HostileText.HostileText, scan: ReportScan, label?: string): Node => {
  const href = HostileText.toLink(url, scan.origin)
  if (href === null) return h("span", null, HostileText.toLine(url, 300))
  return h(
    "a",
    { href, rel: "noopener noreferrer nofollow", referrerpolicy: "no-referrer" },
    label ?? HostileText.toLine(url, 300)
  )
}

// Links to the details of scans, where they are short of room by their number. `all` leads to the list, which the script
// then narrows down to them.
export const links = (scans: ReadonlyArray<ReportScan>, most: number, all: Readonly<Record<string, string>>): Node => {
  // "and 1 more" takes the room of the one.
  const shown = scans.length === most + 1 ? scans.length : most
  const left = scans.length - shown
  return h(
    "span",
    { class: "links" },
    scans.slice(0, shown).map((scan, at) => [at === 0 ? null : ", ", h("a", { href: `#${anchor(scan)}` }, name(scan))]),
    left > 0 ? [", ", h("a", { href: "#all", ...all }, `and ${Words.number(left)} more`)] : null
  )
}

// The rows a rule is about: those that break it or, where none does, those it could not judge.
export const rowsOf = (rule: ScanReport["gate"]["rules"][number]): ReadonlySet<HostileText.HostileText> =>
  new Set(rule.passed ? (rule.unjudged ?? []) : rule.scans)

const known = new WeakMap<ScanReport, ReadonlyArray<ReadonlySet<HostileText.HostileText>>>()

const rowsOfRules = (report: ScanReport): ReadonlyArray<ReadonlySet<HostileText.HostileText>> => {
  const rows = known.get(report) ?? report.gate.rules.map(rowsOf)
  known.set(report, rows)
  return rows
}

// What the script filters by.
export const marks = (scan: ReportScan, { report }: Pick<View, "report">) => {
  const rules = rowsOfRules(report).flatMap((rows, at) => (rows.has(scan.id) ? [at] : []))
  return {
    "data-sev": scan.assessment === null ? "" : scan.severity,
    "data-ven": scan.vendor,
    "data-sta": scan.state,
    ...(rules.length === 0 ? {} : { "data-rul": rules.join(" ") })
  }
}
