// What the owner of a baseline should know about it. Passed on by `Baseline`.
import * as HostileText from "../HostileText.ts"
import type { ReportScan } from "../ReportScan.ts"
import type { Baseline, BaselineSubject } from "./baselineShape.ts"
import * as Compare from "./compare.ts"
import * as Identities from "./identities.ts"
import type { ScanReport } from "./reportShape.ts"
import * as Times from "./times.ts"

const subjectName = ({ account, scanType, subject, vendor }: BaselineSubject): string => {
  const type = scanType === undefined ? "" : ` (${HostileText.toLine(scanType, 40)})`
  const label = HostileText.toLine(account, 40)
  return `${vendor} ${HostileText.toLine(subject.name, 80) || HostileText.toLine(subject.id, 80)}${type}${label === "default" ? "" : ` [${label}]`}`
}

// A warning names so many entries.
const namedAtMost = 5

const listed = (names: ReadonlyArray<string>): string =>
  `${names.slice(0, namedAtMost).join("; ")}${names.length > namedAtMost ? `; and ${names.length - namedAtMost} more` : ""}`

const entryCount = (count: number): string => (count === 1 ? "1 entry" : `${count} entries`)

/**
 * What to tell the owner of a baseline that a run is held against at the time `now` (milliseconds since 1970): that it is
 * of version 1, that it matched nothing, which accepted entries expired, and which match nothing in the run. Sentences in
 * harmless text; none where all is well.
 *
 * @category destructors
 * @since 0.2.0
 */
export const review = (report: ScanReport, baseline: Baseline, now: number): ReadonlyArray<string> => {
  const at = Times.format(now)
  const said: Array<string> = []
  if (baseline.readFrom === 1) {
    said.push(
      "is of baselineVersion 1, which does not say types of scans: its entries are matched by their own ids, until it is written again from a run"
    )
  }
  const rowOf = new Map<number, ReportScan>()
  for (const [index, found] of Identities.pair(baseline.subjects, report.scans).entries()) {
    const scan = report.scans[index]
    if (found !== null && scan !== undefined) rowOf.set(found.before, scan)
  }
  if (rowOf.size === 0) {
    said.push("matches no scan of this run, so everything is new; was it written from the same plan and accounts?")
  }
  const expired: Array<string> = []
  const unmatched: Array<string> = []
  for (const [index, subject] of baseline.subjects.entries()) {
    const row = rowOf.get(index) ?? null
    // A run of a part of its plan says nothing of the others.
    if (row === null && report.run.part !== undefined) continue
    const name = subjectName(subject)
    const { assessment, findings } = subject
    const accepted = findings.filter((entry) => entry.reason !== null)
    const mine = row === null ? subject : Compare.sideOf(row)
    const ids = new Set(
      (row?.findings.items ?? [])
        .filter((item) => item.status !== "resolved")
        .map((item) => Compare.keyOf(item, mine, subject))
    )
    for (const entry of accepted) {
      const what = `${name}: ${Compare.nameOf(entry)}`
      if (!Compare.isLive(entry, at)) expired.push(`${what}, until ${entry.until ?? ""}`)
      else if (!ids.has(Compare.keyOf(entry, subject, mine))) unmatched.push(what)
    }
    if (assessment === null || assessment.reason === null) continue
    if (!Compare.isLive(assessment, at)) expired.push(`${name}: the assessment, until ${assessment.until ?? ""}`)
    else if (row === null || row.assessment === null) unmatched.push(`${name}: the assessment`)
  }
  if (expired.length > 0) said.push(`has ${entryCount(expired.length)} that expired: ${listed(expired)}`)
  if (unmatched.length > 0) {
    said.push(`accepts ${entryCount(unmatched.length)} that this run does not have: ${listed(unmatched)}`)
  }
  return said
}
