// What is over and old is forgotten. May touch: every table, deleting. Law: an open claim is never deleted, and with a claim
// goes all that is known of it.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { JournalError, Operations } from "@scanpoll/core/engine/ScanJournal"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as Deliveries from "./deliveries.ts"
import { chunksOf } from "./dialect.ts"
import * as Polls from "./polls.ts"
import { isAbout } from "./rows.ts"
import * as StoredRuns from "./runs.ts"
import type { Store } from "./store.ts"

export type Purging = Pick<Operations, "purge" | "forgetPolls" | "compact">

// The claims that a purge forgets.
const claimsOver = (sql: SqlClient, before: number, about: ((subject: Subject) => boolean) | undefined) =>
  Effect.map(
    sql<{ claim_id: string; scan_id: string | null; subject: string }>`SELECT claim_id, scan_id, subject
      FROM scanpoll_claims WHERE state IN ('settled', 'refused', 'released') AND changed_at < ${before}`,
    (rows) =>
      rows
        .filter(({ subject }) => about === undefined || isAbout(subject, about))
        .map(({ claim_id: claimId, scan_id: scanId }) => ({ claimId, scanId }))
  )

// SQLite writes the file anew and empties the log; PostgreSQL frees the rows for its own use. Neither does it in a transaction.
const compact = (sql: SqlClient, store: Pick<Store, "read">): Effect.Effect<boolean, JournalError> =>
  store.read(
    sql.onDialectOrElse({
      pg: () =>
        Effect.as(
          sql.unsafe(
            "VACUUM scanpoll_claims, scanpoll_polls, scanpoll_runs, scanpoll_run_rows, scanpoll_lessons, scanpoll_outbox"
          ).unprepared,
          true
        ),
      orElse: () =>
        Effect.gen(function* () {
          yield* sql.unsafe("VACUUM").unprepared
          const [row] = yield* sql.unsafe<{ busy: number }>("PRAGMA wal_checkpoint(TRUNCATE)").unprepared
          return row?.busy === 0
        })
    })
  )

const purge =
  (sql: SqlClient, store: Pick<Store, "read" | "write">): Operations["purge"] =>
  ({ about, before, dryRun = false }) => {
    const over = claimsOver(sql, before, about)
    if (dryRun) return store.read(Effect.map(over, (claims) => claims.length))
    return store.write(() =>
      Effect.gen(function* () {
        const now = yield* Clock.currentTimeMillis
        yield* sql`DELETE FROM scanpoll_pauses WHERE paused_until < ${now} AND COALESCE(submits_until, 0) < ${now}`
        const claims = yield* over
        for (const some of chunksOf(claims)) {
          const scans = some.flatMap(({ scanId }) => scanId ?? [])
          const ids = some.map(({ claimId }) => claimId)
          yield* sql`DELETE FROM scanpoll_claims WHERE claim_id IN ${sql.in(ids)}`
          yield* Polls.forget(sql, ids)
          yield* Deliveries.forget(sql, ids)
          if (about !== undefined && scans.length > 0) {
            yield* sql`DELETE FROM scanpoll_lessons WHERE scan IN ${sql.in(scans)}`
          }
        }
        if (about === undefined) {
          yield* sql`DELETE FROM scanpoll_lessons WHERE learned_at < ${before}`
          yield* Deliveries.forgetBefore(sql, before)
          yield* StoredRuns.purge(sql, before)
        } else yield* StoredRuns.purgeAbout(sql, before, about)
        return claims.length
      })
    )
  }

export const make = (sql: SqlClient, store: Pick<Store, "read" | "write">): Purging => ({
  purge: purge(sql, store),
  forgetPolls: (before) => Polls.forgetBefore(sql, store, before),
  compact: compact(sql, store)
})
