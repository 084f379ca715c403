/**
 * What the journal knows of earlier scans of the subjects of a report: the points of its trends.
 *
 * @since 0.2.0
 */
import { ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Identity from "@scanpoll/core/unstable/model/Identity"
import * as History from "@scanpoll/journal/History"
import type { TrendPoint } from "@scanpoll/report/ReportScan"
import * as HostileText from "@scanpoll/report/HostileText"
import * as ScanReport from "@scanpoll/report/ScanReport"
import * as Effect from "effect/Effect"

/**
 * A row that wants its trend. `before`: only what was stored before this time, in milliseconds since 1970.
 *
 * @category models
 * @since 0.2.0
 */
export interface Wanted {
  readonly vendor: string
  readonly account: string
  readonly origin: string | null
  readonly scanType: string | null
  readonly subject: Subject
  readonly claimId: string | null
  readonly scanId: string | null
  readonly before: number
}

// As many points as a reader can take in.
const pointsAtMost = 10
// The rest are other types of scan of the subject, failures, and answers from a cache.
const readAtMost = 25
// Each row costs a look into the journal.
const rowsAtMost = 2_000

const trendOf = (
  wanted: Wanted,
  own: ReadonlySet<string>
): Effect.Effect<ReadonlyArray<TrendPoint>, never, ScanJournal> =>
  Effect.gen(function* () {
    const journal = yield* ScanJournal
    const { account, before, origin, scanId, subject, vendor } = wanted
    const filter = { vendor, account, subject, before, limit: readAtMost, payloads: false }
    const entries = yield* Effect.catch(journal.history(filter), () => Effect.succeed([]))
    const identity = Identity.ofScanned(wanted)
    const mine = entries.filter(
      ({ key, kind, subject: its, ...entry }) =>
        !own.has(entry.claimId) &&
        (origin === null || key.origin === origin) &&
        Identity.ofScanned({ vendor, account, scanType: kind, subject: its }) === identity
    )
    const points = mine.flatMap((entry) => History.point(entry) ?? [])
    return (
      points
        // What lacks evidence would look better than it was, or is about something else.
        .filter((point) => History.isCompared(point) && point.scanId !== scanId)
        .slice(0, pointsAtMost)
        .reverse()
        .map((point): TrendPoint => ({
          at: new Date(point.at).toISOString(),
          scanId: HostileText.of(point.scanId),
          severity: point.severity,
          score: point.score?.value ?? null,
          findings: point.findings
        }))
    )
  })

/**
 * The trend of each row, oldest point first: earlier complete scans of the same subject under scan. What the rows
 * themselves are of is no earlier scan of any of them. Empty where there are none, and for the rows of a run that are
 * beyond the first 2 000.
 *
 * @category constructors
 * @since 0.2.0
 */
export const of = (
  rows: ReadonlyArray<Wanted>
): Effect.Effect<ReadonlyArray<ReadonlyArray<TrendPoint>>, never, ScanJournal> => {
  const own = new Set(rows.flatMap(({ claimId }) => claimId ?? []))
  return Effect.forEach(rows, (row, at) => (at < rowsAtMost ? trendOf(row, own) : Effect.succeed([])))
}

/**
 * The report with the trends of its rows as the journal knows them now; a row that has one keeps it.
 *
 * @category combinators
 * @since 0.2.0
 */
export const fill = (report: ScanReport.ScanReport): Effect.Effect<ScanReport.ScanReport, never, ScanJournal> =>
  Effect.gen(function* () {
    const wanted = report.scans.map((scan): Wanted => {
      const { claimId, origin, scanId, scanType, subject } = scan
      const text = (value: HostileText.HostileText | null) => (value === null ? null : HostileText.toKey(value))
      return {
        vendor: scan.vendor,
        account: HostileText.toKey(scan.account),
        origin: text(origin),
        scanType: scanType === undefined ? null : HostileText.toKey(scanType),
        subject: {
          kind: subject.kind,
          id: HostileText.toKey(subject.id),
          name: HostileText.toKey(subject.name),
          ...(subject.series === undefined ? {} : { series: HostileText.toKey(subject.series) })
        },
        claimId: text(claimId),
        scanId: text(scanId),
        before: Date.parse(scan.timings.observedAt) + 1
      }
    })
    const trends = yield* of(wanted)
    const scans = report.scans.map((scan, at) => {
      const trend = scan.trend.length > 0 ? scan.trend : (trends[at] ?? [])
      return { ...scan, trend, previous: scan.previous ?? trend.at(-1) ?? null }
    })
    return ScanReport.withScans(report, scans)
  })
