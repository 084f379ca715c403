// The runs, stored and read back. May touch: the tables of runs and their rows; claims, reading. Law: a run is there with
// all its rows or not at all, and nothing about a run ever changes a claim.
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as StoredRuns from "@scanpoll/core/unstable/engine/StoredRuns"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import { chunksOf } from "./dialect.ts"
import { errorOf } from "./faults.ts"
import type { Notices } from "./notices.ts"
import type { Outbox } from "./outbox.ts"
import type { Owners } from "./owners.ts"
import { isAbout, toJson } from "./rows.ts"
import { type Counts, readRow, readRun } from "./runRows.ts"
import type { Store } from "./store.ts"

type Reads = Pick<StoredRuns.Runs, "get" | "list">

interface Reading {
  readonly sql: SqlClient
  readonly store: Pick<Store, "read">
  readonly owners: Pick<Owners, "all" | "isGone">
}

const orNull = (value: unknown): string | null => (value === null || value === undefined ? null : toJson(value))

const rowColumns = (
  runId: string,
  row: StoredRuns.RowStart,
  position: number
): Record<string, string | number | null> => ({
  run_id: runId,
  position,
  vendor: toJson(row.vendor),
  account: toJson(row.account),
  claim_key: orNull(row.key),
  subject: toJson(row.subject),
  kind: orNull(row.kind),
  request: orNull(row.request),
  forced: row.forced ? 1 : 0,
  written: orNull(row.written),
  claim_id: row.claimId,
  state: null,
  ended: null
})

const runColumns = (run: StoredRuns.RunStart, owner: string): Record<string, string | number | null> => ({
  run_id: run.runId,
  command: toJson(run.command),
  plan: orNull(run.plan),
  plan_digest: run.planDigest,
  options: orNull(run.options),
  owner,
  total: run.rows.length,
  started_at: run.startedAt,
  ended_at: null,
  exit_code: null
})

const forget = (sql: SqlClient, ids: ReadonlyArray<string>): Effect.Effect<void, SqlError> =>
  Effect.gen(function* () {
    for (const some of chunksOf(ids)) {
      yield* sql`DELETE FROM scanpoll_run_rows WHERE run_id IN ${sql.in(some)}`
      yield* sql`DELETE FROM scanpoll_runs WHERE run_id IN ${sql.in(some)}`
    }
  })

// The counts of the rows that ended, by run.
const countsOf = (sql: SqlClient, ids: ReadonlyArray<string>): Effect.Effect<ReadonlyMap<string, Counts>, SqlError> =>
  Effect.gen(function* () {
    const counts = new Map<string, Counts>()
    for (const some of chunksOf(ids)) {
      const rows = yield* sql<{ run_id: string; state: string; count: number }>`SELECT run_id, state,
        CAST(COUNT(*) AS DOUBLE PRECISION) AS count FROM scanpoll_run_rows
        WHERE run_id IN ${sql.in(some)} AND state IS NOT NULL GROUP BY run_id, state`
      for (const { count, run_id, state } of rows) {
        counts.set(run_id, { ...counts.get(run_id), [state]: count })
      }
    }
    return counts
  })

const unreadable = (runId: unknown): Effect.Effect<void> =>
  Effect.logWarning(`a run of the journal cannot be read and is left out: ${String(runId).slice(0, 64)}`)

// The runs of rows, each with the label of the process that runs it.
const runsOf = (
  { owners, sql }: Reading,
  rows: ReadonlyArray<unknown>
): Effect.Effect<ReadonlyArray<StoredRuns.StoredRun>, SqlError> =>
  Effect.gen(function* () {
    const living = new Map(
      (yield* owners.all).filter((owner) => !owners.isGone(owner)).map((o) => [o.owner_id, o.label])
    )
    const read = rows.map(readRun)
    const counts = yield* countsOf(
      sql,
      read.flatMap((run) => run?.runId ?? [])
    )
    const found: Array<StoredRuns.StoredRun> = []
    for (const [at, run] of read.entries()) {
      if (run === null) {
        yield* unreadable(Object(rows[at]).run_id)
        continue
      }
      const { owner, ...stored } = run
      const heldBy = owner === null || run.endedAt !== null ? null : (living.get(owner) ?? null)
      found.push({ ...stored, heldBy, byState: counts.get(run.runId) ?? {} })
    }
    return found
  })

export const reads = (parts: Reading): Reads => {
  const { sql, store } = parts
  return {
    get: (runId) =>
      store.read(
        Effect.gen(function* () {
          const [run] = yield* runsOf(parts, yield* sql`SELECT * FROM scanpoll_runs WHERE run_id = ${runId}`)
          if (run === undefined) return null
          const rows = yield* sql`SELECT * FROM scanpoll_run_rows WHERE run_id = ${runId} ORDER BY position`
          const read = rows.map(readRow)
          if (read.includes(null)) yield* unreadable(runId)
          return read.includes(null) ? null : { run, rows: read.filter((row) => row !== null) }
        })
      ),
    list: (filter) => {
      const { before, beforeId = "" } = filter
      const earlier =
        before === undefined
          ? sql`TRUE`
          : sql`(started_at < ${before} OR (started_at = ${before} AND run_id < ${beforeId}))`
      const limit = Waits.clamp(Math.floor(filter.limit ?? 100), 1, StoredRuns.runsKept)
      return store.read(
        Effect.flatMap(
          sql`SELECT * FROM scanpoll_runs WHERE ${earlier} ORDER BY started_at DESC, run_id DESC LIMIT ${limit}`,
          (rows) => runsOf(parts, rows)
        )
      )
    }
  }
}

// Forgets, in the current transaction, the runs that began before a time and have no open claim.
export const purge = (sql: SqlClient, before: number): Effect.Effect<void, SqlError> =>
  Effect.flatMap(
    sql<{ run_id: string }>`SELECT run_id FROM scanpoll_runs WHERE started_at < ${before} AND run_id NOT IN (
      SELECT r.run_id FROM scanpoll_run_rows r JOIN scanpoll_claims c ON c.claim_id = r.claim_id
      WHERE c.state IN ('intent', 'submitted', 'in-doubt'))`,
    (rows) =>
      forget(
        sql,
        rows.map(({ run_id }) => run_id)
      )
  )

// Forgets, in the current transaction, the runs that began before a time and name such a subject; none that a living process
// runs.
export const purgeAbout = (
  sql: SqlClient,
  before: number,
  about: (subject: Subject) => boolean
): Effect.Effect<void, SqlError> =>
  Effect.flatMap(
    sql<{ run_id: string; subject: string }>`SELECT DISTINCT r.run_id, r.subject FROM scanpoll_run_rows r
      JOIN scanpoll_runs n ON n.run_id = r.run_id WHERE n.started_at < ${before}
      AND (n.owner IS NULL OR n.owner NOT IN (SELECT owner_id FROM scanpoll_owners))`,
    (rows) =>
      forget(sql, [...new Set(rows.filter(({ subject }) => isAbout(subject, about)).map(({ run_id }) => run_id))])
  )

export const make = (
  parts: Reading & {
    readonly store: Store
    readonly owners: Owners
    readonly outbox: Pick<Outbox, "row" | "writeRows" | "rowsWritten">
    readonly notices: Pick<Notices, "isOn" | "runEnded">
  }
): StoredRuns.Runs => {
  const { notices, outbox, owners, sql, store } = parts

  const begin: StoredRuns.Runs["begin"] = (run) =>
    store.write(() =>
      Effect.gen(function* () {
        yield* owners.ensureRegistered
        // Stored by the first try of this very write, whose answer was lost.
        const [known] = yield* sql`SELECT run_id FROM scanpoll_runs WHERE run_id = ${run.runId}`
        if (known !== undefined) return
        yield* sql`INSERT INTO scanpoll_runs ${sql.insert(runColumns(run, owners.me()))}`
        for (const part of chunksOf([...run.rows.entries()])) {
          const columns = part.map(([position, row]) => rowColumns(run.runId, row, position))
          if (Arr.isReadonlyArrayNonEmpty(columns)) yield* sql`INSERT INTO scanpoll_run_rows ${sql.insert(columns)}`
        }
        const all = yield* sql<{ run_id: string; total: number }>`SELECT run_id, total FROM scanpoll_runs
          ORDER BY started_at DESC, run_id DESC`
        yield* forget(sql, StoredRuns.surplus(all.map(({ run_id, total }) => ({ runId: run_id, total }))))
      })
    )

  const told = (runId: string, endedAt: number) =>
    Effect.gen(function* () {
      const [run] = yield* runsOf(parts, yield* sql`SELECT * FROM scanpoll_runs WHERE run_id = ${runId}`)
      if (run !== undefined) yield* notices.runEnded(run, endedAt)
    })

  const change = (
    runId: string,
    fields: Record<string, string | number | null>,
    more: Effect.Effect<void, SqlError> = Effect.void
  ): Effect.Effect<void, JournalError> =>
    store.write(() =>
      Effect.gen(function* () {
        yield* outbox.writeRows(runId)
        const rows = yield* sql`UPDATE scanpoll_runs SET ${sql.update(fields)} WHERE run_id = ${runId} RETURNING run_id`
        if (rows.length === 0) return yield* errorOf("conflict", `there is no run ${runId}`)
        yield* more
      })
    )

  return {
    ...reads(parts),
    begin,
    reopen: (runId) => Effect.suspend(() => change(runId, { owner: owners.me(), ended_at: null, exit_code: null })),
    claimed: (runId, index, claimId) => outbox.row(runId, index, { claimId }),
    rowEnded: (runId, end) => outbox.row(runId, end.index, { claimId: end.claimId, end }),
    end: (runId, { endedAt, exitCode }) =>
      Effect.tap(
        change(
          runId,
          { owner: null, ended_at: endedAt, exit_code: exitCode },
          notices.isOn ? told(runId, endedAt) : Effect.void
        ),
        () => Effect.sync(() => outbox.rowsWritten(runId))
      )
  }
}
