/**
 * What the journal knows of earlier scans: a line of answers for each subject under scan, and where it is going.
 *
 * A line has one identity (vendor, account, type of scan and subject) at one address of the vendor, and only complete scans say how it goes: a partial or failed one is shown and
 * compared with nothing, and so is one whose assessment or findings cannot be judged.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { type ClaimEntry, type HistoryFilter, type JournalError, ScanJournal } from "@scanpoll/core/engine/ScanJournal"
import * as Identity from "@scanpoll/core/unstable/model/Identity"
import * as ScanOutcome from "@scanpoll/core/model/ScanOutcome"
import * as Severity from "@scanpoll/core/model/Severity"
import type { Subject } from "@scanpoll/core/model/Subject"

/**
 * One answer. `at` is when it was stored, in milliseconds since 1970; `findings` the vendor's count, or null; `lacks` why
 * its assessment or its findings cannot be judged, in words, or null where both can.
 *
 * @category models
 * @since 0.1.0
 */
export interface Point {
  readonly claimId: string
  readonly scanId: string
  readonly at: number
  readonly state: "completed" | "partial" | "failed"
  readonly severity: Severity.Severity
  readonly score: ScanOutcome.Score | null
  readonly findings: number | null
  readonly delta: ScanOutcome.Delta | null
  readonly cached: boolean
  readonly durationMs: number | null
  readonly lacks: string | null
}

/**
 * Where a line goes between its last two complete answers: by score where both have one, then by severity, then by the
 * number of findings. `unknown` where there are not two.
 *
 * @category models
 * @since 0.1.0
 */
export type Trend = "better" | "worse" | "same" | "unknown"

/**
 * The answers about one subject under scan, oldest first. `scanType` is the vendor's type of scan, or null.
 *
 * @category models
 * @since 0.1.0
 */
export interface Line {
  readonly vendor: string
  readonly account: string
  readonly scanType: string | null
  readonly subject: Subject
  readonly points: ReadonlyArray<Point>
  readonly trend: Trend
}

const decode = Schema.decodeUnknownOption(Schema.toCodecJson(ScanOutcome.schema(Schema.Unknown)))

const states = { Completed: "completed", Partial: "partial", Failed: "failed" } as const

/**
 * The answer that a settled claim holds; null when it cannot be read.
 *
 * @category constructors
 * @since 0.1.0
 */
export const point = (entry: ClaimEntry): Point | null => {
  const read = decode(entry.outcome)
  if (Option.isNone(read)) return null
  const outcome = read.value
  const { completedAt, createdAt, ticket } = outcome
  const missing = ScanOutcome.missing(outcome)
  const isAbout = !missing.some(({ kind }) => kind === "assessment")
  const said = outcome._tag === "Failed" || !isAbout ? null : outcome
  return {
    claimId: entry.claimId,
    scanId: ticket.scanId,
    at: entry.changedAt,
    state: states[outcome._tag],
    severity: ScanOutcome.severity(outcome),
    score: said === null ? null : said.assessment.score,
    findings: said === null ? null : said.findings.total,
    delta: said === null ? null : said.delta,
    cached: outcome.cached,
    durationMs: createdAt === null || completedAt === null || completedAt < createdAt ? null : completedAt - createdAt,
    lacks: missing.find(({ kind }) => kind !== "delta")?.reason ?? null
  }
}

/**
 * Whether an answer is compared with others: it is complete, and nothing that a verdict needs is missing.
 *
 * @category guards
 * @since 0.2.0
 */
export const isCompared = (point: Point): boolean => point.state === "completed" && point.lacks === null

const sign = (better: number): Exclude<Trend, "unknown"> => (better > 0 ? "better" : better < 0 ? "worse" : "same")

/**
 * The last two complete answers of a line, of two scans, and `by` what they are compared: the score where both have one of
 * the same direction, then the severity where they differ in it, then the findings where both count them.
 *
 * @category models
 * @since 0.2.0
 */
export interface Comparison {
  readonly last: Point
  readonly before: Point
  readonly by: "score" | "severity" | "findings" | "nothing"
  readonly trend: Exclude<Trend, "unknown">
}

/**
 * Compares the last two complete answers; null where there are not two. Those that lack evidence tell nothing about it. Cached
 * ones are the same scan again and count for nothing.
 *
 * @category destructors
 * @since 0.2.0
 */
export const compare = (points: ReadonlyArray<Point>): Comparison | null => {
  const complete = points.filter(isCompared)
  const last = complete.at(-1)
  const before = complete.findLast((each) => each.scanId !== last?.scanId)
  if (last === undefined || before === undefined) return null
  const two = { last, before }
  if (last.score !== null && before.score !== null && last.score.direction === before.score.direction) {
    const up = last.score.value - before.score.value
    return { ...two, by: "score", trend: sign(last.score.direction === "higher-is-better" ? up : -up) }
  }
  if (last.severity !== before.severity) {
    const isWorse = Severity.worse(last.severity, before.severity) === last.severity
    return { ...two, by: "severity", trend: sign(isWorse ? -1 : 1) }
  }
  return last.findings !== null && before.findings !== null
    ? { ...two, by: "findings", trend: sign(before.findings - last.findings) }
    : { ...two, by: "nothing", trend: "same" }
}

/**
 * Where the answers go, as `compare` has it.
 *
 * @category destructors
 * @since 0.1.0
 */
export const trend = (points: ReadonlyArray<Point>): Trend => compare(points)?.trend ?? "unknown"

const typeOf = ({ kind }: ClaimEntry): string | null => (kind === null || kind === "" ? null : kind)

const lineOf = (entry: ClaimEntry): string => {
  const { account, environment, origin, vendor } = entry.key
  const scanned = Identity.ofScanned({ vendor, account, scanType: typeOf(entry), subject: entry.subject })
  return JSON.stringify([origin, environment, scanned])
}

/**
 * Puts claims on lines, one for each identity, the line with the newest answer first.
 *
 * @category constructors
 * @since 0.1.0
 */
export const lines = (entries: ReadonlyArray<ClaimEntry>): ReadonlyArray<Line> => {
  const groups = Map.groupBy(
    entries.filter((entry) => entry.state === "settled").toSorted((a, b) => b.changedAt - a.changedAt),
    lineOf
  )
  return [...groups.values()].flatMap((group) => {
    const newest = group[0]
    const points = group.flatMap((entry) => point(entry) ?? []).reverse()
    if (newest === undefined || points.length === 0) return []
    const { key, subject } = newest
    const { account, vendor } = key
    return [{ vendor, account, scanType: typeOf(newest), subject, points, trend: trend(points) }]
  })
}

/**
 * Reads lines from the journal.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read = (
  filter: Omit<HistoryFilter, "states"> = {}
): Effect.Effect<ReadonlyArray<Line>, JournalError, ScanJournal> =>
  Effect.flatMap(ScanJournal, (journal) => Effect.map(journal.history({ ...filter, payloads: false }), lines))
