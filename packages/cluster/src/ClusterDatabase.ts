/**
 * The PostgreSQL database that a cluster has in common with its journal: connections to it, and the tables in it that
 * are the cluster's own.
 *
 * What is in those tables decides nothing about a scan: all of it can be dropped while no worker runs, and is made anew.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import * as SqlClient from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as Journal from "@scanpoll/journal/Journal"

/**
 * Connections to the database at a `postgres://` address, without opening its journal. `maxConnections` is from 1,
 * default 4; `applicationName` is what the server lists the sessions under, default `scanpoll`; `connectTimeout` is how long a
 * connection may take to be made, default 5 seconds. A server that does not answer keeps no program from ending.
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: (
  url: string | Redacted.Redacted,
  options?: {
    readonly maxConnections?: number
    readonly applicationName?: string
    readonly connectTimeout?: Duration.Input
  }
) => Layer.Layer<SqlClient.SqlClient, JournalError> = Journal.clientPostgres

// One program at a time makes the tables; the number means nothing but this.
const lockNumber = 7363707

const statements: ReadonlyArray<string> = [
  // How many slices there are: the same for all.
  `CREATE TABLE IF NOT EXISTS scanpoll_cluster (
    one TEXT PRIMARY KEY CHECK (one = 'one'),
    shards DOUBLE PRECISION NOT NULL
  )`,
  // What each worker last said of itself; \`seen_at\` is the database's clock.
  `CREATE TABLE IF NOT EXISTS scanpoll_workers (
    name TEXT PRIMARY KEY,
    label TEXT NOT NULL,
    lease DOUBLE PRECISION NOT NULL,
    since DOUBLE PRECISION NOT NULL,
    seen_at DOUBLE PRECISION NOT NULL,
    said TEXT NOT NULL
  )`,
  // However many scans are open, those that nobody holds are found at once. Not by their times: those change with every
  // poll, and a column of an index cannot be changed in place.
  `CREATE INDEX IF NOT EXISTS scanpoll_claims_free ON scanpoll_claims (claim_id)
    WHERE state = 'submitted' AND owner IS NULL`
]

/**
 * The database's clock as SQL: milliseconds since 1970.
 *
 * @category constructors
 * @since 0.1.0
 */
export const nowText = "(extract(epoch from clock_timestamp()) * 1000)::double precision"

/**
 * Makes what is missing of the cluster's own tables. The journal's must be there.
 *
 * @category constructors
 * @since 0.1.0
 */
export const prepare: Effect.Effect<void, SqlError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  yield* sql.withTransaction(
    Effect.gen(function* () {
      yield* sql`SELECT pg_advisory_xact_lock(${lockNumber})`
      for (const statement of statements) yield* sql.unsafe(statement).unprepared
    })
  )
})
