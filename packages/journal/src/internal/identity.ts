// Whether the journal is still the one that was opened. May touch: `stat` of its files, the row with its identity, which
// of the held claims exist. Law: a journal that was deleted, renamed, recreated or restored is noticed at the next write
// or heartbeat, and never taken for this one.
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type { SqlClient } from "effect/sql/SqlClient"
import { isSqlError, type SqlError } from "effect/sql/SqlError"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import { isSqliteClient } from "../SqliteClient.ts"
import { chunksOf } from "./dialect.ts"
import { errorOf, faultOf } from "./faults.ts"
import type { HeldClaims } from "./heldClaims.ts"

export interface Identity {
  // Remembers which journal was opened. The schema is up to date by then.
  readonly learn: Effect.Effect<void, SqlError>
  // Costs a few `stat`s and no statement. Null where nothing speaks against it.
  readonly look: () => ScanJournal.JournalError | null
  // One statement: whether the newest held claim exists.
  readonly verifyNewest: Effect.Effect<void, SqlError | ScanJournal.JournalError>
  // For when this process's own row is missing: compares everything there is to compare.
  readonly verify: Effect.Effect<void, SqlError | ScanJournal.JournalError>
  // What a failure means in a journal that was open: tables that are gone were not ours to lose.
  readonly explain: (error: SqlError | ScanJournal.JournalError) => SqlError | ScanJournal.JournalError
}

// PostgreSQL's code for a database that does not exist.
const noSuchDatabase = "3D000"

const isGone = (error: SqlError): boolean => {
  const { cause } = error.reason
  if (hasProperty(cause, "code") && cause.code === noSuchDatabase) return true
  if (cause instanceof Error && cause.message.startsWith("no such table")) return true
  return faultOf(error) === "foreign"
}

const replaced = (what: string, cause?: unknown): ScanJournal.JournalError => errorOf("replaced", what, cause)
const olderCopy = replaced("an older copy of it took its place")

export const make = (sql: SqlClient, held: HeldClaims): Identity => {
  const files = isSqliteClient(sql) ? sql : null
  let known: string | null = null

  const exist = (claimIds: ReadonlyArray<string>): Effect.Effect<void, SqlError | ScanJournal.JournalError> =>
    Effect.flatMap(sql`SELECT claim_id FROM scanpoll_claims WHERE claim_id IN ${sql.in(claimIds)}`, (rows) =>
      rows.length < claimIds.length ? Effect.fail(olderCopy) : Effect.void
    )

  const stored = Effect.map(
    sql<{ identity: string | null }>`SELECT identity FROM scanpoll_journal`,
    ([row]) => row?.identity ?? null
  )

  return {
    learn: Effect.gen(function* () {
      const found = yield* stored
      if (found === null) {
        const made = (yield* ScanJournal.makeClaimId).replace(/^clm/, "jrn")
        yield* sql`UPDATE scanpoll_journal SET identity = ${made} WHERE identity IS NULL`
      }
      known = found ?? (yield* stored)
    }),
    look: () => {
      const what = files === null ? null : files.whatHappened()
      return what === null ? null : replaced(what)
    },
    verifyNewest: Effect.suspend(() => {
      const newest = held.newest()
      return newest === undefined ? Effect.void : exist([newest])
    }),
    verify: Effect.gen(function* () {
      const found = yield* stored
      if (known !== null && found !== known) return yield* replaced("another database took its place")
      for (const ids of chunksOf(held.ids())) yield* exist(ids)
    }),
    explain: (error) =>
      known !== null && isSqlError(error) && isGone(error)
        ? replaced(`its tables are gone: ${error.message}`, error)
        : error
  }
}
