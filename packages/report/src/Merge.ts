/**
 * Several reports put together: the shards of one run, a run and what was waited for later, or runs over time.
 *
 * A scan that occurs in more than one file is one row: an outcome wins over none, then the one with more of its evidence
 * unless a later one says something else, then the later observation. Rows of one run that were not started meet what
 * became of them. What a merged report says is derived from its rows anew.
 *
 * @since 0.1.0
 */
import type * as ExitCode from "./ExitCode.ts"
import * as HostileText from "./HostileText.ts"
import { hash } from "./internal/hash.ts"
import * as Identities from "./internal/identities.ts"
import * as MergedGates from "./internal/mergedGates.ts"
import { both } from "./internal/ownGate.ts"
import type { ReportScan, TrendPoint } from "./ReportScan.ts"
import * as Evidence from "./Evidence.ts"
import * as ScanReport from "./ScanReport.ts"

const isSettled = (scan: ReportScan): boolean =>
  scan.state === "completed" || scan.state === "partial" || scan.state === "failed"

const verdictOf = ({ assessment, state }: ReportScan): string =>
  JSON.stringify([state, assessment?.severity, assessment?.score?.value, assessment?.score?.grade])

const better = (a: ReportScan, b: ReportScan): ReportScan => {
  if (isSettled(a) !== isSettled(b)) return isSettled(a) ? a : b
  const later = b.timings.observedAt > a.timings.observedAt ? b : a
  const lacks = Evidence.missing(a).length - Evidence.missing(b).length
  if (lacks === 0) return later
  const fuller = lacks < 0 ? a : b
  // Evidence of an earlier answer says nothing about a later one that says something else.
  const isStale = later !== fuller && later.timings.observedAt !== fuller.timings.observedAt
  return isStale && verdictOf(later) !== verdictOf(fuller) ? later : fuller
}

const mergedId = "merged-"

// The names under which one scan may be known in several files, the surest first: the journal's claim, its place in the
// run, and the vendor's id. Rows of merged reports have other places.
const names = (scan: ReportScan, run: string): ReadonlyArray<string> => {
  const known = Identities.scanOf(scan)
  return [
    ...(scan.claimId === null ? [] : [`claim ${HostileText.toKey(scan.claimId)}`]),
    ...(run.startsWith(mergedId) ? [] : [`row ${JSON.stringify([run, scan.index])} ${Identities.uidOf(scan)}`]),
    ...(known === null ? [] : [`scan ${known}`])
  ]
}

interface United {
  row: ReportScan
  readonly names: Set<string>
  readonly files: Set<number>
}

// What a file asks of a row holds in every file: a wait by key knows nothing of the plan.
const asked = (a: ReportScan, b: ReportScan): Pick<ReportScan, "gate"> =>
  a.gate === undefined
    ? b.gate === undefined
      ? {}
      : { gate: b.gate }
    : { gate: b.gate === undefined ? a.gate : both(a.gate, b.gate) }

const unite = (reports: ReadonlyArray<ScanReport.ScanReport>): ReadonlyArray<MergedGates.Held> => {
  const rows = new Set<United>()
  // A target given twice makes two rows of one file, which stay two: the n-th of a file meets the n-th of the others.
  const byName = new Map<string, United>()
  for (const [file, report] of reports.entries()) {
    const seen = new Map<string, number>()
    for (const scan of report.scans) {
      const one: United = { row: scan, names: new Set(), files: new Set([file]) }
      for (const name of names(scan, HostileText.toKey(report.run.id))) {
        const nth = seen.get(name) ?? 0
        seen.set(name, nth + 1)
        one.names.add(`${name} ${nth}`)
      }
      // Files may know a part of its names each: all those rows are one, unless one file has them as two.
      let home = one
      for (const name of one.names) {
        const other = byName.get(name)
        if (other === undefined || other === home || [...home.files].some((each) => other.files.has(each))) continue
        other.row = { ...better(other.row, home.row), ...asked(other.row, home.row) }
        for (const each of home.files) other.files.add(each)
        for (const each of home.names) other.names.add(each)
        if (home !== one) {
          rows.delete(home)
          for (const each of home.names) byName.set(each, other)
        }
        home = other
      }
      rows.add(home)
      for (const name of one.names) byName.set(name, home)
    }
  }
  return Array.from(rows, ({ files, row }, index) => ({
    row: row.index === index ? row : { ...row, index },
    policies: [...files].flatMap((file) => reports[file]?.gate.policy ?? [])
  }))
}

// What is no property of a row: of several reports of one run, the last one knows whether it was ended.
const troubleOf = (reports: ReadonlyArray<ScanReport.ScanReport>): Required<ExitCode.RunTrouble> => {
  const last = [...Map.groupBy(reports, (report) => HostileText.toKey(report.run.id)).values()].flatMap((all) =>
    all.toSorted((a, b) => (a.run.finishedAt < b.run.finishedAt ? 1 : -1)).slice(0, 1)
  )
  return {
    interrupted: last.some((report) => ScanReport.troubleOf(report).interrupted === true),
    leftOut: [...new Set(last.flatMap((report) => ScanReport.troubleOf(report).leftOut ?? []))],
    faults: reports.flatMap((report) => ScanReport.troubleOf(report).faults ?? [])
  }
}

// What of their plans the merged runs had: of each plan all, where one report has all of it.
const partOf = (
  reports: ReadonlyArray<ScanReport.ScanReport>,
  rows: number
): Pick<ScanReport.ScanReport["run"], "part"> => {
  const only = new Map<string, HostileText.HostileText>()
  let of = 0
  for (const all of Map.groupBy(reports, ({ run }) =>
    run.plan === null ? null : HostileText.toKey(run.plan)
  ).values()) {
    const parts = all.flatMap(({ run }) => run.part ?? [])
    const isPart = parts.length === all.length
    of += Math.max(...all.map(({ run, summary }) => (isPart ? (run.part?.of ?? 0) : summary.total)))
    if (isPart) for (const word of parts.flatMap((one) => one.only)) only.set(HostileText.toKey(word), word)
  }
  return only.size === 0 || rows >= of ? {} : { part: { only: [...only.values()], of } }
}

const least = (a: string, b: string): string => (a < b ? a : b)

const most = (a: string, b: string): string => (a > b ? a : b)

// What each report asks of its rows, as one gate.
const gateOf = (
  reports: ReadonlyArray<ScanReport.ScanReport>,
  held: ReadonlyArray<MergedGates.Held>
): ReturnType<typeof MergedGates.together> =>
  MergedGates.together(
    reports.map(({ gate }) => gate.policy),
    held,
    reports.flatMap((report) => (ScanReport.troubleOf(report).leftOut?.length === 0 ? [] : [report.gate.policy]))
  )

/**
 * One report out of several, in the order given, under the gate that is given. Without one each row stays under the gates of
 * the reports that have it, whatever their order: what all rows are asked is the gate of the whole, the rest stands in the
 * `gate` of the rows. One report alone comes back as it is, under that gate.
 *
 * @category combinators
 * @since 0.1.0
 */
export const merge = (
  first: ScanReport.ScanReport,
  others: ReadonlyArray<ScanReport.ScanReport>,
  policy?: ScanReport.ScanReport["gate"]["policy"]
): ScanReport.ScanReport => {
  if (others.length === 0) return ScanReport.regate(first, policy ?? first.gate.policy)
  const all = [first, ...others]
  const ids = [...new Set(all.map((report) => HostileText.toKey(report.run.id)))]
  const plans = new Set(all.map((report) => (report.run.plan === null ? null : HostileText.toKey(report.run.plan))))
  const held = unite(all)
  const gate = policy === undefined ? gateOf(all, held) : { policy, rows: held.map(({ row }) => row) }
  return ScanReport.make({
    version: first.tool.version,
    run: {
      id: ids.length === 1 ? first.run.id : HostileText.of(`${mergedId}${hash(...ids).slice(0, 16)}`),
      startedAt: all.map((report) => report.run.startedAt).reduce(least),
      finishedAt: all.map((report) => report.run.finishedAt).reduce(most),
      plan: plans.size === 1 ? first.run.plan : null,
      ...partOf(all, held.length)
    },
    scans: gate.rows.map((scan) =>
      plans.size === 1 || scan.plan !== undefined ? scan : { ...scan, declaredAt: null }
    ),
    policy: gate.policy,
    trouble: troubleOf(all)
  })
}

const point = (scan: ReportScan): TrendPoint => ({
  at: scan.timings.completedAt ?? scan.timings.observedAt,
  scanId: scan.scanId,
  severity: scan.severity,
  score: scan.assessment?.score?.value ?? null,
  findings: scan.findings.total
})

/**
 * The same report with the completed scans of earlier reports as the trend of its rows: those of the same identity that have
 * all their evidence, oldest first, each scan once.
 *
 * @category combinators
 * @since 0.1.0
 */
export const withTrend = (
  report: ScanReport.ScanReport,
  earlier: ReadonlyArray<ScanReport.ScanReport>
): ScanReport.ScanReport => {
  const past: ReadonlyArray<Array<TrendPoint>> = report.scans.map(() => [])
  for (const old of earlier) {
    for (const [index, found] of Identities.pair(old.scans, report.scans).entries()) {
      const scan = found === null ? undefined : old.scans[found.before]
      if (scan?.state === "completed" && Evidence.missing(scan).length === 0)
        past[index]?.push(...scan.trend, point(scan))
    }
  }
  const scans = report.scans.map((scan, index) => {
    const points = new Map<string, TrendPoint>()
    for (const one of [...(past[index] ?? []), ...scan.trend]) {
      if (
        one.scanId !== null &&
        scan.scanId !== null &&
        HostileText.toKey(one.scanId) === HostileText.toKey(scan.scanId)
      )
        continue
      points.set(one.scanId === null ? `at ${one.at}` : `id ${HostileText.toKey(one.scanId)}`, one)
    }
    const trend = [...points.values()].toSorted((a, b) => (a.at < b.at ? -1 : a.at > b.at ? 1 : 0))
    return { ...scan, trend }
  })
  return ScanReport.withScans(report, scans)
}
