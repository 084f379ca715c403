/**
 * Several reports put together: the shards of one run, a run and what was waited for later, or runs over time.
 *
 * A scan that occurs in more than one file is one row: an outcome wins over none, then the one with more of its evidence,
 * then the later observation. What a
 * merged report says is derived from its rows anew.
 *
 * @since 0.1.0
 */
import * as HostileText from "./HostileText.ts"
import { hash } from "./internal/hash.ts"
import * as Identities from "./internal/identities.ts"
import type { ReportScan, TrendPoint } from "./ReportScan.ts"
import * as Evidence from "./Evidence.ts"
import * as ScanReport from "./ScanReport.ts"

const isSettled = (scan: ReportScan): boolean =>
  scan.state === "completed" || scan.state === "partial" || scan.state === "failed"

const better = (a: ReportScan, b: ReportScan): ReportScan => {
  if (isSettled(a) !== isSettled(b)) return isSettled(a) ? a : b
  const lacks = Evidence.missing(a).length - Evidence.missing(b).length
  if (lacks !== 0) return lacks < 0 ? a : b
  return b.timings.observedAt > a.timings.observedAt ? b : a
}

// The names under which one scan may be known in several files: the vendor's id, and the journal's.
const names = (scan: ReportScan): ReadonlyArray<string> => {
  const known = Identities.scanOf(scan)
  return [
    ...(known === null ? [] : [`scan ${known}`]),
    ...(scan.claimId === null ? [] : [`claim ${HostileText.toKey(scan.claimId)}`])
  ]
}

const unite = (reports: ReadonlyArray<ScanReport.ScanReport>): ReadonlyArray<ReportScan> => {
  const rows: Array<ReportScan> = []
  // A target given twice makes two rows of one file, which stay two: the n-th of a file meets the n-th of the others.
  const at = new Map<string, number>()
  for (const report of reports) {
    const seen = new Map<string, number>()
    for (const scan of report.scans) {
      const mine = names(scan).map((name) => {
        const nth = seen.get(name) ?? 0
        seen.set(name, nth + 1)
        return `${name} ${nth}`
      })
      const found = mine.map((name) => at.get(name)).find((index) => index !== undefined)
      const existing = found === undefined ? undefined : rows[found]
      const index = found ?? rows.length
      if (existing === undefined) rows.push(scan)
      else rows[index] = better(existing, scan)
      for (const name of mine) at.set(name, index)
    }
  }
  return rows.map((scan, index) => (scan.index === index ? scan : { ...scan, index }))
}

const least = (a: string, b: string): string => (a < b ? a : b)

const most = (a: string, b: string): string => (a > b ? a : b)

/**
 * One report out of several, in the order given; the gate is that of the first, or the one given. One report alone comes
 * back as it is, under that gate.
 *
 * @category combinators
 * @since 0.1.0
 */
export const merge = (
  first: ScanReport.ScanReport,
  others: ReadonlyArray<ScanReport.ScanReport>,
  policy: ScanReport.ScanReport["gate"]["policy"] = first.gate.policy
): ScanReport.ScanReport => {
  if (others.length === 0) return ScanReport.regate(first, policy)
  const all = [first, ...others]
  const ids = [...new Set(all.map((report) => HostileText.toKey(report.run.id)))]
  const plans = new Set(all.map((report) => (report.run.plan === null ? null : HostileText.toKey(report.run.plan))))
  const troubles = all.map(ScanReport.troubleOf)
  return ScanReport.make({
    version: first.tool.version,
    run: {
      id: ids.length === 1 ? first.run.id : HostileText.of(`merged-${hash(...ids).slice(0, 16)}`),
      startedAt: all.map((report) => report.run.startedAt).reduce(least),
      finishedAt: all.map((report) => report.run.finishedAt).reduce(most),
      plan: plans.size === 1 ? first.run.plan : null
    },
    scans: unite(all).map((scan) => (plans.size === 1 ? scan : { ...scan, declaredAt: null })),
    policy,
    trouble: {
      interrupted: troubles.some((trouble) => trouble.interrupted === true),
      faults: troubles.flatMap((trouble) => trouble.faults ?? [])
    }
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
