/**
 * How a cluster stands, read from its database: no worker is asked.
 *
 * What workers say of themselves is a few seconds old; whether one counts as alive is told by the database's clock.
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as SqlClient from "effect/sql/SqlClient"
import { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as ClusterDatabase from "./ClusterDatabase.ts"
import * as Sayings from "./internal/saying.ts"
import type { Lateness } from "./Lateness.ts"

/**
 * A worker. Times are milliseconds since 1970.
 *
 * - `label`: its process, for people. `alive`: it was seen within its `lease`, in milliseconds.
 * - `phase` and all that follows: what it said when it was last seen; null, 0 or empty where that cannot be read.
 * - `open`: the scans it keeps. `polls` and `settled`: since it began. `lateness`: of its polls in the last minute.
 * - `tripMs`: how long the database took to store its word before that; null where an earlier version runs.
 * - `denied`: accounts whose vendor refuses its credential, as JSON of vendor, origin and account.
 *
 * @category models
 * @since 0.1.0
 */
export interface WorkerStatus {
  readonly name: string
  readonly label: string
  readonly since: number
  readonly seenAt: number
  readonly alive: boolean
  readonly phase: (typeof Sayings.phases)[number] | null
  readonly slices: ReadonlyArray<number>
  readonly open: number
  readonly polls: number
  readonly settled: number
  readonly lateness: Lateness | null
  readonly lease: number
  readonly tripMs: number | null
  readonly denied: ReadonlyArray<string>
}

/**
 * An open scan whose last poll failed. Times are milliseconds since 1970.
 *
 * - `code`, `message`: of the fault; `at`: when it was met; `by`: names the process that polled.
 * - `notBefore`: nobody asks again before; 0 where that is not known.
 *
 * @category models
 * @since 0.2.0
 */
export interface TroubledScan {
  readonly claimId: string
  readonly vendor: string
  readonly account: string
  readonly scanId: string
  readonly claimedAt: number
  readonly notBefore: number
  readonly code: string
  readonly message: string
  readonly at: number
  readonly by: string
}

/**
 * A cluster. `at` is the database's clock.
 *
 * - `shards`: the number of slices; null where no worker was ever started. `unowned`: slices that no living worker has.
 * - `scans.open`: bought and not over. Of these, `free` are polled by no process though they are due within half an hour, and
 *   `resting` were given up until later; `byReason` says why, and how many. `submitting`: on their way to a vendor. `inDoubt`: a
 *   person decides.
 * - `scans.troubled`: open scans whose last poll failed; `troubled` has the 20 oldest of them.
 * - `overdue`: polls that are more than 5 seconds late, and by how much the latest one is.
 * - `oldestMs`: how long ago the oldest open scan was claimed; null where none is open.
 *
 * @category models
 * @since 0.1.0
 */
export interface ClusterStatus {
  readonly at: number
  readonly shards: number | null
  readonly workers: ReadonlyArray<WorkerStatus>
  readonly unowned: number
  readonly scans: {
    readonly open: number
    readonly free: number
    readonly resting: number
    readonly submitting: number
    readonly inDoubt: number
    readonly troubled: number
    readonly byReason: Readonly<Record<string, number>>
  }
  readonly troubled: ReadonlyArray<TroubledScan>
  readonly overdue: { readonly count: number; readonly worstMs: number }
  readonly oldestMs: number | null
}

const troubledAtMost = 20
const readFault = Schema.decodeUnknownOption(
  Schema.fromJsonString(
    Schema.Struct({ code: Schema.String, message: Schema.String, at: Schema.Finite, by: Schema.String })
  )
)

const readTroubled = (sql: SqlClient.SqlClient) =>
  Effect.map(
    sql<Record<"claim_id" | "vendor" | "account" | "scan_id" | "claimed_at" | "not_before" | "last_fault", unknown>>`
      SELECT claim_id, vendor, account, scan_id, claimed_at, not_before, last_fault FROM scanpoll_claims
      WHERE state = 'submitted' AND last_fault IS NOT NULL ORDER BY claimed_at, claim_id LIMIT ${troubledAtMost}`,
    (rows) =>
      rows.flatMap((row): ReadonlyArray<TroubledScan> => {
        const fault = Option.getOrNull(readFault(row.last_fault))
        if (fault === null) return []
        return [
          {
            claimId: String(row.claim_id),
            vendor: String(row.vendor),
            account: String(row.account),
            scanId: String(row.scan_id),
            claimedAt: Number(row.claimed_at),
            notBefore: Number(row.not_before),
            ...fault
          }
        ]
      })
  )

const overdueFrom = 5_000
// Why the last wait for a claim ended. A quote inside of a text of the fault has a backslash before it, so only the field matches.
const stoppedText = `substring(last_fault from '"stopped":"([a-z-]+)"')`
// Workers take scans an hour ahead: one that is due earlier than this and free is one that none has taken.
const soon = 30 * 60_000

/**
 * Reads how the cluster of this database stands. The journal must have been opened there once.
 *
 * @category constructors
 * @since 0.1.0
 */
export const read: Effect.Effect<ClusterStatus, JournalError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const now = sql.literal(ClusterDatabase.nowText)
  const stopped = sql.literal(stoppedText)
  const [counts] = yield* sql<
    Record<
      "at" | "open" | "free" | "resting" | "submitting" | "doubtful" | "troubled" | "late" | "worst" | "oldest",
      unknown
    >
  >`
    SELECT max(clock.now) AS at,
      count(*) FILTER (WHERE state = 'submitted') AS open,
      count(*) FILTER (WHERE state = 'submitted' AND owner IS NULL AND not_before < clock.now + ${soon}
        AND parked_at IS NULL AND NOT (not_before > clock.now AND ${stopped} IS NOT NULL)) AS free,
      count(*) FILTER (WHERE state = 'submitted' AND not_before > clock.now AND ${stopped} IS NOT NULL) AS resting,
      count(*) FILTER (WHERE state = 'intent' AND owner IN (SELECT owner_id FROM scanpoll_owners)) AS submitting,
      count(*) FILTER (WHERE state = 'in-doubt'
        OR (state = 'intent' AND (owner IS NULL OR owner NOT IN (SELECT owner_id FROM scanpoll_owners)))) AS doubtful,
      count(*) FILTER (WHERE state = 'submitted' AND last_fault IS NOT NULL) AS troubled,
      count(*) FILTER (WHERE state = 'submitted' AND not_before > 0 AND not_before < clock.now - ${overdueFrom}
        AND parked_at IS NULL) AS late,
      max(clock.now - not_before) FILTER (WHERE state = 'submitted' AND not_before > 0 AND parked_at IS NULL) AS worst,
      max(clock.now - claimed_at) FILTER (WHERE state = 'submitted') AS oldest
    FROM (SELECT ${now} AS now) AS clock
    LEFT JOIN scanpoll_claims ON state IN ('intent', 'submitted', 'in-doubt')`
  const reasons = yield* sql<{ reason: unknown; count: unknown }>`
    SELECT ${stopped} AS reason, count(*) AS count FROM scanpoll_claims
    WHERE state = 'submitted' AND not_before > ${now} AND ${stopped} IS NOT NULL GROUP BY 1 ORDER BY 1`
  const [made] = yield* sql<{ made: unknown }>`SELECT to_regclass('scanpoll_workers') IS NOT NULL AS made`
  const isMade = made?.made === true
  const rows = isMade
    ? yield* sql<Record<"name" | "label" | "lease" | "since" | "seen_at" | "alive" | "said", unknown>>`
        SELECT name, label, lease, since, seen_at, said, seen_at + lease > ${now} AS alive FROM scanpoll_workers
        ORDER BY name`
    : []
  const [one] = isMade ? yield* sql<{ shards: unknown }>`SELECT shards FROM scanpoll_cluster` : []
  const workers = rows.map((row): WorkerStatus => {
    const said = Sayings.read(row.said)
    return {
      name: String(row.name),
      label: String(row.label),
      since: Number(row.since),
      seenAt: Number(row.seen_at),
      alive: row.alive === true,
      phase: said === null ? null : said.phase,
      slices: said === null ? [] : said.slices,
      open: said === null ? 0 : said.open,
      polls: said === null ? 0 : said.polls,
      settled: said === null ? 0 : said.settled,
      lateness: said === null ? null : said.lateness,
      lease: Number(row.lease),
      tripMs: said?.trip ?? null,
      denied: said?.denied ?? []
    }
  })
  const shards = one === undefined ? null : Number(one.shards)
  const owned = new Set(workers.flatMap((worker) => (worker.alive ? worker.slices : [])))
  const late = Number(counts?.late ?? 0)
  return {
    at: Number(counts?.at ?? 0),
    shards,
    workers,
    unowned: shards === null ? 0 : Math.max(0, shards - owned.size),
    scans: {
      open: Number(counts?.open ?? 0),
      free: Number(counts?.free ?? 0),
      resting: Number(counts?.resting ?? 0),
      submitting: Number(counts?.submitting ?? 0),
      inDoubt: Number(counts?.doubtful ?? 0),
      troubled: Number(counts?.troubled ?? 0),
      byReason: Object.fromEntries(reasons.map(({ count, reason }) => [String(reason), Number(count)]))
    },
    troubled: yield* readTroubled(sql),
    overdue: { count: late, worstMs: late === 0 ? 0 : Math.round(Number(counts?.worst ?? 0)) },
    oldestMs: counts === undefined || counts.oldest === null ? null : Math.round(Number(counts.oldest))
  }
}).pipe(
  Effect.mapError(
    (error) =>
      new JournalError({ reason: "unavailable", message: `the cluster cannot be read: ${error.message}`, cause: error })
  )
)

const gauges = {
  scans: Metric.gauge("scanpoll_cluster_scans", { description: "open claims of the cluster, by how they stand" }),
  resting: Metric.gauge("scanpoll_cluster_resting_scans", {
    description: "open scans that workers gave up for a while, by the reason"
  }),
  oldest: Metric.gauge("scanpoll_cluster_oldest_open_seconds", {
    description: "how long ago the oldest open scan was claimed"
  }),
  overdue: Metric.gauge("scanpoll_cluster_overdue_seconds", {
    description: "by how much the most overdue poll of the cluster is late"
  }),
  unowned: Metric.gauge("scanpoll_cluster_unowned_slices", { description: "slices that no living worker has" }),
  workers: Metric.gauge("scanpoll_cluster_workers", { description: "living workers, by how they stand" }),
  denied: Metric.gauge("scanpoll_cluster_denied_accounts", {
    description: "accounts whose vendor refuses the credential of a living worker"
  })
} as const

/**
 * The metrics of a whole cluster, by the names under which they are exported. `measure` sets them.
 *
 * - `scanpoll_cluster_scans`: open claims; attribute `state`: `open`, `free`, `resting`, `submitting`, `in-doubt`, `troubled`,
 *   `overdue`. A claim can count in several.
 * - `scanpoll_cluster_resting_scans`: attribute `reason`: `denied`, `not-found`, `protocol` and further ones.
 * - `scanpoll_cluster_oldest_open_seconds`, `scanpoll_cluster_overdue_seconds`: 0 where there is none.
 * - `scanpoll_cluster_unowned_slices`: slices that no living worker has.
 * - `scanpoll_cluster_workers`: living workers; attribute `phase`: `joining`, `working`, `cut-off` or `leaving`.
 * - `scanpoll_cluster_denied_accounts`: accounts whose vendor refuses the credential of a living worker.
 *
 * @category constructors
 * @since 0.2.0
 */
export const metrics: Readonly<Record<keyof typeof gauges, Metric.Gauge<number>>> = gauges

const reasons = ["deadline", "denied", "not-found", "protocol", "unreachable"]

/**
 * Sets the metrics to what a reading says.
 *
 * @category destructors
 * @since 0.2.0
 */
export const measure = (status: ClusterStatus): Effect.Effect<void> =>
  Effect.gen(function* () {
    const { oldestMs, overdue, scans, unowned, workers } = status
    const set = (gauge: Metric.Gauge<number>, value: number, attributes: Readonly<Record<string, string>> = {}) =>
      Metric.update(Metric.withAttributes(gauge, attributes), value)
    const states = {
      open: scans.open,
      free: scans.free,
      resting: scans.resting,
      submitting: scans.submitting,
      "in-doubt": scans.inDoubt,
      troubled: scans.troubled,
      overdue: overdue.count
    }
    for (const [state, count] of Object.entries(states)) yield* set(gauges.scans, count, { state })
    for (const reason of new Set([...reasons, ...Object.keys(scans.byReason)])) {
      yield* set(gauges.resting, scans.byReason[reason] ?? 0, { reason })
    }
    const living = workers.filter(({ alive }) => alive)
    for (const phase of Sayings.phases) {
      yield* set(gauges.workers, living.filter((worker) => worker.phase === phase).length, { phase })
    }
    yield* set(gauges.oldest, (oldestMs ?? 0) / 1000)
    yield* set(gauges.overdue, overdue.worstMs / 1000)
    yield* set(gauges.unowned, unowned)
    yield* set(gauges.denied, new Set(living.flatMap(({ denied }) => denied)).size)
  })
