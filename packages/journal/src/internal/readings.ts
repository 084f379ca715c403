// What stands in the journal, read back. May touch: every table, reading; `purge` deletes what is over, `compact` gives its room back. Law: a claim
// whose submitter is gone is shown in doubt, and a row that cannot be read is left out with a warning.
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { ClaimEntry, ClaimState, JournalError, Operations, Pause } from "@scanpoll/core/engine/ScanJournal"
import type { Subject } from "@scanpoll/core/model/Subject"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import { unreadable } from "./claimTable.ts"
import { chunksOf } from "./dialect.ts"
import { goneReason, type OwnerRow, type Owners } from "./owners.ts"
import * as Pages from "./pages.ts"
import * as Polls from "./polls.ts"
import * as StoredRuns from "./runs.ts"
import { isAbout, keyHash, readClaim, readLesson, subjectHash, toEntry, writtenAtOf } from "./rows.ts"
import type { Store } from "./store.ts"

interface Parts {
  readonly sql: SqlClient
  readonly store: Pick<Store, "read" | "write">
  readonly owners: Pick<Owners, "all" | "isGone">
}

const historyLimit = 10_000

const entryOf = (parts: Parts, row: unknown, all: ReadonlyMap<string, OwnerRow>, now: number): ClaimEntry | null => {
  const read = readClaim(row, now)
  if (read === null) return null
  const owner = read.owner === null ? undefined : all.get(read.owner)
  const living = owner !== undefined && !parts.owners.isGone(owner)
  const doubtful = read.state === "intent" && !living
  return toEntry(
    doubtful ? { ...read, state: "in-doubt", reason: goneReason } : read,
    living && (read.state === "intent" || read.state === "submitted") ? owner.label : null
  )
}

const entriesOf = (parts: Parts, rows: ReadonlyArray<unknown>): Effect.Effect<ReadonlyArray<ClaimEntry>, SqlError> =>
  Effect.gen(function* () {
    const all = new Map((yield* parts.owners.all).map((owner) => [owner.owner_id, owner]))
    const now = yield* SteadyClock.now
    const entries: Array<ClaimEntry> = []
    for (const row of rows) {
      const entry = entryOf(parts, row, all, now)
      if (entry !== null) entries.push(entry)
      else {
        const id = String(Object(row).claim_id)
        yield* Effect.logWarning(`a row of the journal cannot be read and is left out: ${id}`)
      }
    }
    return entries
  })

const claimsOf = (parts: Parts): Pick<Operations, "get" | "list" | "history"> => {
  const { sql, store } = parts
  const get: Operations["get"] = (claimId) =>
    store.read(
      Effect.gen(function* () {
        const rows = yield* sql`SELECT * FROM scanpoll_claims WHERE claim_id = ${claimId}`
        const [entry] = yield* entriesOf(parts, rows)
        return entry ?? (rows.length === 0 ? null : yield* unreadable(claimId))
      })
    )

  const list: Operations["list"] = (states) =>
    Effect.gen(function* () {
      if (states.length === 0) return []
      const wanted: ReadonlyArray<ClaimState> = states.includes("in-doubt") ? [...states, "intent"] : states
      const entries = yield* store.read(
        Effect.flatMap(
          sql`SELECT * FROM scanpoll_claims WHERE state IN ${sql.in([...new Set(wanted)])}
            ORDER BY claimed_at, claim_id`,
          (rows) => entriesOf(parts, rows)
        )
      )
      return entries.filter((entry) => states.includes(entry.state))
    })

  const history: Operations["history"] = (filter) => {
    if (filter.states?.length === 0) return Effect.succeed([])
    const conditions = [
      sql`state IN ${sql.in([...(filter.states ?? ["settled"])])}`,
      ...(filter.lacking === true ? [sql`state = 'settled' AND reason IS NOT NULL`] : []),
      ...(filter.vendor === undefined ? [] : [sql`vendor = ${filter.vendor}`]),
      ...(filter.account === undefined ? [] : [sql`account = ${filter.account}`]),
      ...(filter.key === undefined ? [] : [sql`key_hash = ${keyHash(filter.key)}`]),
      ...(filter.subject === undefined ? [] : [sql`subject_hash = ${subjectHash(filter.subject)}`]),
      ...(filter.before === undefined ? [] : [sql`changed_at < ${filter.before}`])
    ]
    const limit = Waits.clamp(Math.floor(filter.limit ?? 100), 1, historyLimit)
    return store.read(
      Effect.flatMap(
        sql`SELECT * FROM scanpoll_claims WHERE ${sql.and(conditions)}
          ORDER BY changed_at DESC, claim_id DESC LIMIT ${limit}`,
        (rows) => entriesOf(parts, rows)
      )
    )
  }
  return { get, list, history }
}

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

interface PauseRow {
  readonly vendor: string
  readonly origin: string
  readonly account: string
  readonly paused_until: unknown
  // A journal of before has none of these.
  readonly submits_until?: unknown
  readonly paused_at?: unknown
  readonly submits_at?: unknown
}

const isTime = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value) && value > 0

const writtenAt = (value: unknown): { readonly at?: number } => {
  const at = writtenAtOf(value)
  return at === null ? {} : { at }
}

// SQLite writes the file anew and empties the log; PostgreSQL frees the rows for its own use. Neither does it in a transaction.
const compact = (sql: SqlClient, store: Pick<Store, "read">): Effect.Effect<boolean, JournalError> =>
  store.read(
    sql.onDialectOrElse({
      pg: () =>
        Effect.as(
          sql.unsafe("VACUUM scanpoll_claims, scanpoll_polls, scanpoll_runs, scanpoll_run_rows, scanpoll_lessons")
            .unprepared,
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

export const make = (
  parts: Parts
): Pick<
  Operations,
  "get" | "list" | "history" | "page" | "changes" | "polls" | "scanIds" | "pauses" | "lessons" | "purge" | "compact"
> => {
  const { sql, store } = parts
  return {
    ...claimsOf(parts),
    ...Pages.make({ sql, store, entriesOf: (rows) => entriesOf(parts, rows) }),
    polls: (claimId) => store.read(Polls.read(sql, claimId)),
    scanIds: ({ account, origin, vendor }) =>
      store.read(
        Effect.map(
          sql<{ scan_id: string }>`SELECT scan_id FROM scanpoll_claims WHERE vendor = ${vendor}
            AND origin = ${origin} AND account = ${account} AND scan_id IS NOT NULL`,
          (rows) => new Set(rows.map((row) => row.scan_id))
        )
      ),
    pauses: store.read(
      Effect.map(sql<PauseRow>`SELECT * FROM scanpoll_pauses`, (rows) =>
        rows.flatMap((row): ReadonlyArray<Pause> => {
          const { account, origin, paused_until: until, submits_until: submits, vendor } = row
          const of = { vendor, origin, account }
          return [
            ...(isTime(until) ? [{ ...of, until, ...writtenAt(row.paused_at) }] : []),
            ...(isTime(submits)
              ? [{ ...of, until: submits, kind: "submit" as const, ...writtenAt(row.submits_at) }]
              : [])
          ]
        })
      )
    ),
    lessons: store.read(
      Effect.map(sql`SELECT * FROM scanpoll_lessons ORDER BY learned_at`, (rows) =>
        rows.map(readLesson).filter((lesson) => lesson !== null)
      )
    ),
    compact: compact(sql, store),
    purge: ({ about, before, dryRun = false }) => {
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
            if (about !== undefined && scans.length > 0) {
              yield* sql`DELETE FROM scanpoll_lessons WHERE scan IN ${sql.in(scans)}`
            }
          }
          if (about === undefined) {
            yield* sql`DELETE FROM scanpoll_lessons WHERE learned_at < ${before}`
            yield* StoredRuns.purge(sql, before)
          } else yield* StoredRuns.purgeAbout(sql, before, about)
          return claims.length
        })
      )
    }
  }
}
