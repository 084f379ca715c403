// The polls of claims, folded, stored and read back. May touch: the table of polls; claims, reading. Law: a claim has at most
// `pollsKept` entries, and none after it was forgotten.
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import * as StoredPolls from "@scanpoll/core/unstable/engine/StoredPolls"
import type { JournalError } from "@scanpoll/core/engine/ScanJournal"
import { chunksOf } from "./dialect.ts"
import type { Told } from "./gathered.ts"
import { fromJson, toJson } from "./rows.ts"
import type { Store } from "./store.ts"

interface Entry {
  readonly claimId: string
  readonly epoch: number | null
  readonly poll: StoredPolls.StoredPoll
}

const entriesOf = ([claimId, { epoch, notes }]: readonly [string, Told]): ReadonlyArray<Entry> =>
  notes.reduce<ReadonlyArray<StoredPolls.StoredPoll>>(StoredPolls.fold, []).map((poll) => ({ claimId, epoch, poll }))

const Same = Schema.decodeUnknownOption(
  Schema.Tuple([
    StoredPolls.PollNote.fields.kind,
    StoredPolls.PollNote.fields.because,
    StoredPolls.PollNote.fields.seen,
    StoredPolls.PollNote.fields.code,
    StoredPolls.PollNote.fields.percent
  ])
)

interface PollRow {
  readonly seq: unknown
  readonly same: unknown
  readonly message: unknown
  readonly polls: unknown
  readonly first_at: unknown
  readonly last_at: unknown
  readonly due_at: unknown
}

const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value)

// Nothing for a row that says nothing usable.
const readPoll = (row: PollRow): ReadonlyArray<StoredPolls.StoredPoll> => {
  const { due_at: until, first_at: at, last_at: lastAt, polls: count, seq } = row
  const same = Same(fromJson(row.same))
  if (Option.isNone(same)) return []
  if (!isNumber(seq) || !isNumber(count) || !isNumber(at) || !isNumber(lastAt) || !isNumber(until)) return []
  const [kind, because, seen, code, percent] = same.value
  const message = fromJson(row.message)
  const said = typeof message === "string" ? message : null
  return [{ seq, at, kind, because, until, seen, code, percent, message: said, lastAt, count }]
}

export const read = (sql: SqlClient, claimId: string): Effect.Effect<ReadonlyArray<StoredPolls.StoredPoll>, SqlError> =>
  Effect.map(
    sql<PollRow>`SELECT seq, same, message, polls, first_at, last_at, due_at FROM scanpoll_polls
      WHERE claim_id = ${claimId} ORDER BY seq`,
    (rows) => rows.flatMap(readPoll)
  )

export const forget = (sql: SqlClient, claimIds: ReadonlyArray<string>): Effect.Effect<unknown, SqlError> =>
  sql`DELETE FROM scanpoll_polls WHERE claim_id IN ${sql.in(claimIds)}`

// In parts, so that other writers have their turn.
const mostAtOnce = 2_000

export const forgetBefore = (sql: SqlClient, store: Pick<Store, "write">, before: number) => {
  const some = store.write(() =>
    Effect.map(
      // PostgreSQL has an index on `first_at`, SQLite on `last_at`.
      sql`DELETE FROM scanpoll_polls WHERE (claim_id, seq) IN (SELECT claim_id, seq FROM scanpoll_polls
        WHERE first_at < ${before} AND last_at < ${before} LIMIT ${mostAtOnce}) RETURNING seq`,
      (rows) => rows.length
    )
  )
  const all = (forgotten: number): Effect.Effect<number, JournalError> =>
    Effect.flatMap(some, (count) => (count < mostAtOnce ? Effect.succeed(forgotten + count) : all(forgotten + count)))
  return all(0)
}

// Writes what was told, in the current transaction.
export const writer = (sql: SqlClient) => {
  const valueOf = ({ claimId, epoch, poll }: Entry, order: number) =>
    sql`(CAST(${claimId} AS TEXT), CAST(${epoch} AS DOUBLE PRECISION), CAST(${StoredPolls.sameness(poll)} AS TEXT),
      CAST(${poll.message === null ? null : toJson(poll.message)} AS TEXT), CAST(${poll.count} AS DOUBLE PRECISION),
      CAST(${poll.at} AS DOUBLE PRECISION), CAST(${poll.lastAt} AS DOUBLE PRECISION),
      CAST(${poll.until} AS DOUBLE PRECISION), CAST(${order} AS DOUBLE PRECISION))`
  // Not of a claim that is forgotten, nor by a former holder.
  const isHeldBy = sql.literal(`EXISTS (SELECT 1 FROM scanpoll_claims AS c WHERE c.claim_id = v.column1
    AND (v.column2 IS NULL OR c.epoch = v.column2))`)
  const newest = sql.literal(`(SELECT MAX(q.seq) FROM scanpoll_polls AS q WHERE q.claim_id = v.column1)`)

  // Polls equal to the claim's last entry. The answer to this very write may have been lost: then it is there already.
  const count = (entries: ReadonlyArray<Entry>): Effect.Effect<ReadonlySet<string>, SqlError> =>
    Effect.map(
      sql<{ claim_id: string }>`UPDATE scanpoll_polls SET polls = polls + v.column5, message = v.column4,
        last_at = v.column7, due_at = v.column8
        FROM (VALUES ${sql.csv(entries.map((entry) => valueOf(entry, 0)))}) AS v
        WHERE claim_id = v.column1 AND seq = ${newest} AND same = v.column3 AND last_at <> v.column7 AND ${isHeldBy}
        RETURNING claim_id`,
      (rows) => new Set(rows.map(({ claim_id: claimId }) => claimId))
    )

  const add = (entries: ReadonlyArray<readonly [Entry, number]>) =>
    Effect.gen(function* () {
      if (entries.length === 0) return
      const added = yield* sql<{ claim_id: string; seq: number }>`INSERT INTO scanpoll_polls
        (claim_id, seq, same, message, polls, first_at, last_at, due_at)
        SELECT v.column1, COALESCE(${newest}, 0) + v.column9, v.column3, v.column4, v.column5, v.column6, v.column7, v.column8
        FROM (VALUES ${sql.csv(entries.map(([entry, order]) => valueOf(entry, order)))}) AS v
        WHERE ${isHeldBy} AND NOT EXISTS (SELECT 1 FROM scanpoll_polls AS q
          WHERE q.claim_id = v.column1 AND q.last_at = v.column7)
        RETURNING claim_id, seq`
      const surplus = added.flatMap(({ claim_id: claimId, seq }) => {
        const last = seq - StoredPolls.pollsKept
        return last < 1 ? [] : [sql`(claim_id = ${claimId} AND seq <= ${last})`]
      })
      if (surplus.length > 0) yield* sql`DELETE FROM scanpoll_polls WHERE ${sql.or(surplus)}`
    })

  return (told: ReadonlyArray<readonly [string, Told]>): Effect.Effect<void, SqlError> =>
    Effect.gen(function* () {
      for (const part of chunksOf(told)) {
        const entries = part.map(entriesOf)
        const counted = yield* count(entries.flatMap((of) => of.slice(0, 1)))
        const others = entries.flatMap((of) => {
          const left = counted.has(of[0]?.claimId ?? "") ? of.slice(1) : of
          return left.map((entry, at) => [entry, at + 1] as const)
        })
        for (const some of chunksOf(others)) yield* add(some)
      }
    })
}
