// The statements of small writes, a batch in one transaction. May touch: those columns of claims that this process holds,
// the tables of polls, pauses and lessons, the rows of runs. Law: none overwrites what another process wrote since.
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { kindKey } from "@scanpoll/core/engine/DurationModel"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import { chunksOf, type Dialect } from "./dialect.ts"
import type { Batch, Learned } from "./gathered.ts"
import type { Notices } from "./notices.ts"
import * as Polls from "./polls.ts"
import { toJson } from "./rows.ts"

const toColumns = ({ at, lesson }: Learned): Record<string, string | number | null> => ({
  vendor: lesson.vendor,
  origin: lesson.origin,
  kind: toJson(lesson.kind),
  scan: toJson(lesson.scan),
  ended: lesson.ended,
  duration_ms: lesson.durationMs,
  at_least_ms: lesson.atLeastMs ?? null,
  hint_ms: lesson.hintMs ?? null,
  learned_at: at
})

// The distinct kinds of scan among lessons, as their rows have them.
const kindsOf = (lessons: Batch["lessons"]) =>
  new Map(
    lessons.map(([, { lesson }]) => {
      const { kind, origin, vendor } = lesson
      return [kindKey(lesson), { vendor, origin, kind: toJson(kind) }]
    })
  ).values()

// On claims that this process holds.
const claimWrites = (sql: SqlClient, me: () => string, notices: Notices) => {
  // Said so that no index on either column can serve: with old statistics, a planner would read everything held here.
  const isHeldHere = () => sql`(owner = ${me()}) IS TRUE AND (state = 'submitted') IS TRUE`
  const epochRow = ([claimId, epoch]: readonly [string, number]) =>
    sql`(CAST(${claimId} AS TEXT), CAST(${epoch} AS DOUBLE PRECISION))`

  const waits = (all: Batch["waits"]) =>
    Effect.forEach(chunksOf(all), (part) => {
      const values = part.map(
        ([claimId, { at, epoch, until }]) =>
          sql`(CAST(${claimId} AS TEXT), CAST(${epoch} AS DOUBLE PRECISION), CAST(${until} AS DOUBLE PRECISION),
            CAST(${at} AS DOUBLE PRECISION))`
      )
      return sql`UPDATE scanpoll_claims SET not_before = v.column3, waited_at = v.column4, polled_until = NULL FROM (VALUES ${sql.csv(values)}) AS v
        WHERE claim_id = v.column1 AND epoch = v.column2 AND ${isHeldHere()}`
    })

  const faults = (all: Batch["faults"]) =>
    Effect.forEach(chunksOf(all), (part) => {
      const values = part.map(
        ([claimId, { epoch, fault }]) =>
          sql`(CAST(${claimId} AS TEXT), CAST(${epoch} AS DOUBLE PRECISION),
            CAST(${fault === null ? null : toJson(fault)} AS TEXT))`
      )
      return sql`UPDATE scanpoll_claims SET last_fault = v.column3 FROM (VALUES ${sql.csv(values)}) AS v
        WHERE claim_id = v.column1 AND epoch = v.column2 AND ${isHeldHere()}`
    })

  const leaves = (all: Batch["leaves"], stamp: string) =>
    Effect.forEach(
      chunksOf(all),
      (part) => sql`UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp}
        FROM (VALUES ${sql.csv(part.map(epochRow))}) AS v
        WHERE claim_id = v.column1 AND epoch = v.column2 AND ${isHeldHere()}`
    )

  const doubts = (all: Batch["doubts"], stamp: string, now: number) =>
    Effect.forEach(chunksOf(all), (part) =>
      Effect.flatMap(
        sql`UPDATE scanpoll_claims SET state = 'in-doubt', reason = ${toJson(ScanJournal.unstoredReason)},
            owner = NULL, epoch = epoch + 1, stamp = ${stamp}, changed_at = ${now}
            FROM (VALUES ${sql.csv(part.map(epochRow))}) AS v
            WHERE claim_id = v.column1 AND epoch = v.column2 AND owner = ${me()} AND state = 'intent'
            ${sql.literal(notices.isOn ? "RETURNING *" : "")}`,
        notices.doubted
      )
    )
  return { waits, faults, leaves, doubts }
}

// The longer one stays. One that was written later than now comes from a clock that was set back since: what it had left
// then counts from now.
const mergedPause = (sql: SqlClient, until: string, at: string): Fragment => {
  const wasSetBack = `p.${at} > excluded.${at} + ${Waits.setBackBeyond}`
  const stood = `CASE WHEN ${wasSetBack} THEN excluded.${at} + (p.${until} - p.${at})
    ELSE COALESCE(p.${until}, 0) END`
  return sql.literal(`
    ${at} = CASE WHEN ${stood} < excluded.${until} OR ${wasSetBack} THEN excluded.${at} ELSE p.${at} END,
    ${until} = CASE WHEN ${stood} < excluded.${until} THEN excluded.${until} ELSE ${stood} END`)
}

const writePauses = (sql: SqlClient, pauses: Batch["pauses"]) => {
  const pauseUpdates = sql.csv([
    mergedPause(sql, "paused_until", "paused_at"),
    mergedPause(sql, "submits_until", "submits_at")
  ])
  return Effect.forEach(pauses, ({ account, at = null, kind, origin, until, vendor }) => {
    const ofAll = kind === undefined
    return sql`INSERT INTO scanpoll_pauses AS p
      (vendor, origin, account, paused_until, paused_at, submits_until, submits_at)
      VALUES (${vendor}, ${origin}, ${account}, CAST(${ofAll ? until : 0} AS DOUBLE PRECISION),
        CAST(${ofAll ? at : null} AS DOUBLE PRECISION), CAST(${ofAll ? 0 : until} AS DOUBLE PRECISION),
        CAST(${ofAll ? null : at} AS DOUBLE PRECISION))
      ON CONFLICT (vendor, origin, account) DO UPDATE SET ${pauseUpdates}`
  })
}

const writeLessons = (sql: SqlClient, lessons: Batch["lessons"]) =>
  Effect.gen(function* () {
    for (const part of chunksOf(lessons)) {
      const rows = part.map(([, learned]) => toColumns(learned))
      if (!Arr.isReadonlyArrayNonEmpty(rows)) continue
      yield* sql`INSERT INTO scanpoll_lessons ${sql.insert(rows)}
        ON CONFLICT (vendor, origin, kind, scan) DO UPDATE SET ended = excluded.ended,
        duration_ms = excluded.duration_ms, at_least_ms = excluded.at_least_ms, hint_ms = excluded.hint_ms,
        learned_at = excluded.learned_at`
    }
    for (const { kind, origin, vendor } of kindsOf(lessons)) {
      yield* sql`DELETE FROM scanpoll_lessons WHERE vendor = ${vendor} AND origin = ${origin} AND kind = ${kind}
        AND learned_at < (SELECT learned_at FROM scanpoll_lessons WHERE vendor = ${vendor} AND origin = ${origin}
        AND kind = ${kind} ORDER BY learned_at DESC LIMIT 1 OFFSET ${ScanJournal.lessonsKept - 1})`
    }
  })

const writeRows = (sql: SqlClient, rows: Batch["rows"]) =>
  Effect.forEach(chunksOf(rows), (part) => {
    const values = part.map(
      ([, { claimId, end, index, runId }]) =>
        sql`(CAST(${runId} AS TEXT), CAST(${index} AS DOUBLE PRECISION), CAST(${claimId} AS TEXT),
          CAST(${end === null ? null : end.state} AS TEXT), CAST(${end === null ? null : toJson(end)} AS TEXT))`
    )
    return sql`UPDATE scanpoll_run_rows SET claim_id = COALESCE(v.column3, claim_id),
      state = COALESCE(v.column4, state), ended = COALESCE(v.column5, ended)
      FROM (VALUES ${sql.csv(values)}) AS v WHERE run_id = v.column1 AND position = v.column2`
  })

// Writes one batch, or rows of runs alone, in the current transaction.
export const writerOf = (sql: SqlClient, dialect: Dialect, me: () => string, notices: Notices) => {
  const claims = claimWrites(sql, me, notices)
  const writePolls = Polls.writer(sql)
  const write = (batch: Batch, stamp: string): Effect.Effect<void, SqlError> =>
    Effect.gen(function* () {
      yield* dialect.preferKeys
      const now = yield* Clock.currentTimeMillis
      yield* claims.waits(batch.waits)
      yield* claims.faults(batch.faults)
      yield* writePolls(batch.polls)
      yield* claims.leaves(batch.leaves, stamp)
      yield* claims.doubts(batch.doubts, stamp, now)
      yield* writePauses(sql, batch.pauses)
      yield* writeLessons(sql, batch.lessons)
      yield* writeRows(sql, batch.rows)
      yield* notices.denied(batch.denials.map(([, denial]) => denial))
    })
  return { write, writeRows: (rows: Batch["rows"]) => writeRows(sql, rows) }
}
