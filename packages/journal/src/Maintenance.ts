/**
 * What an operator does with a journal as a whole: checks it, and copies it while it is in use.
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as SqlClient from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import * as Fs from "node:fs"
import { errorOf, ofSqlError } from "./internal/faults.ts"
import { type ClaimRow, readClaim } from "./internal/rows.ts"
import { readVersion } from "./JournalSchema.ts"
import { isSqliteClient } from "./SqliteClient.ts"

/**
 * Something that is wrong: with one claim, or, where `claimId` is null, with the database itself.
 *
 * @category models
 * @since 0.2.0
 */
export interface Finding {
  readonly claimId: string | null
  readonly message: string
}

/**
 * What a check found.
 *
 * - `version`: of the journal's tables. `claims`: how many were read.
 * - `findings`: the first 100; `more`: how many there are beside those.
 *
 * @category models
 * @since 0.2.0
 */
export interface Findings {
  readonly version: number
  readonly claims: number
  readonly findings: ReadonlyArray<Finding>
  readonly more: number
}

const toldAtMost = 100
const rowsAtOnce = 500

const wrongWith = (row: ClaimRow, now: number): string | null => {
  const { notBefore, outcome, state, ticket } = row
  if (state === "submitted" && ticket === null) return "it is open, and the vendor's id of its scan is missing"
  if (state === "intent" && ticket !== null) return "it has a scan although its submission has no answer"
  if (state === "settled" && outcome === null) return "it is settled, and its result is missing"
  if (state === "submitted" && notBefore > now + Waits.longest) return "its next poll is more than 30 days away"
  return null
}

// One page of claims after the other: none is kept in memory.
const checkClaims = (sql: SqlClient.SqlClient, tell: (finding: Finding) => void): Effect.Effect<number, SqlError> =>
  Effect.gen(function* () {
    const now = yield* SteadyClock.now
    let count = 0
    for (let after = ""; ;) {
      const rows = yield* sql<{ claim_id: unknown }>`
        SELECT * FROM scanpoll_claims WHERE claim_id > ${after} ORDER BY claim_id LIMIT ${rowsAtOnce}`
      for (const row of rows) {
        const claimId = String(row.claim_id)
        const read = readClaim(row, now)
        const message =
          read === null
            ? "its row cannot be read: it was changed by something else than scanpoll"
            : wrongWith(read, now)
        if (message !== null) tell({ claimId, message })
        after = claimId
      }
      count += rows.length
      if (rows.length < rowsAtOnce) return count
    }
  })

const toJournal = (error: JournalError | SqlError): JournalError => (isSqlError(error) ? ofSqlError(error) : error)

/**
 * Checks the journal of the database of the context: what the database says of itself (SQLite reads every page of the file),
 * and each claim: that it can be read, an open one has its scan and a settled one its result. Changes nothing.
 *
 * Fails with `missing` where there is no journal, `newer`, `foreign` and whatever keeps the database from being read.
 *
 * @category constructors
 * @since 0.2.0
 */
export const check: Effect.Effect<Findings, JournalError, SqlClient.SqlClient> = Effect.gen(function* () {
  const sql = yield* SqlClient.SqlClient
  const version = yield* readVersion()
  if (version === null) return yield* errorOf("missing", "this database has none")
  const findings: Array<Finding> = []
  let more = 0
  const tell = (finding: Finding): void => {
    if (findings.length < toldAtMost) findings.push(finding)
    else more += 1
  }
  const own = yield* sql.onDialectOrElse({
    pg: () => Effect.succeed<ReadonlyArray<{ integrity_check: unknown }>>([]),
    orElse: () => sql.unsafe<{ integrity_check: unknown }>(`PRAGMA integrity_check(${toldAtMost})`).unprepared
  })
  for (const { integrity_check: said } of own) if (said !== "ok") tell({ claimId: null, message: String(said) })
  const claims = yield* checkClaims(sql, tell)
  return { version, claims, findings, more }
}).pipe(Effect.mapError(toJournal))

/**
 * Copies the journal file of the context to a new file that this user alone can read, as it is at one moment, while other
 * processes use it. The copy is a journal of its own.
 *
 * Fails with `unavailable` where there is such a file already, where it cannot be made, and where the journal is not a file;
 * with `full` where there is no room. No part of a copy is left then.
 *
 * @category constructors
 * @since 0.2.0
 */
export const backup = (file: string): Effect.Effect<void, JournalError, SqlClient.SqlClient> =>
  Effect.gen(function* () {
    const sql = yield* SqlClient.SqlClient
    if (!isSqliteClient(sql)) return yield* errorOf("unavailable", "the journal is not a file; use pg_dump")
    yield* Effect.try({
      // SQLite fills an empty file, and takes no other.
      try: () => Fs.closeSync(Fs.openSync(file, "wx", 0o600)),
      catch: (cause) => errorOf("unavailable", cause instanceof Error ? cause.message : String(cause))
    })
    yield* sql`VACUUM INTO ${file}`.unprepared.pipe(
      Effect.mapError(toJournal),
      Effect.tapError(() => Effect.sync(() => Fs.rmSync(file, { force: true })))
    )
  })
