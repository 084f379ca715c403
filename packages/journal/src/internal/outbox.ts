// Small writes that can be lost without harm, gathered and committed together: next poll times, claims left, pauses,
// lessons, rows of runs. May touch: those columns of claims this process holds, the tables of pauses and lessons, the rows
// of runs. Law: nothing waits for them, and none overwrites what another process wrote since.
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Latch from "effect/Latch"
import type { SqlClient } from "effect/sql/SqlClient"
import type { SqlError } from "effect/sql/SqlError"
import type { Fragment } from "effect/sql/Statement"
import { kindKey, type Lesson, lessonKey } from "@scanpoll/core/engine/DurationModel"
import type { RowEnd } from "@scanpoll/core/engine/StoredRuns"
import * as ScanJournal from "@scanpoll/core/engine/ScanJournal"
import * as Account from "@scanpoll/core/model/Account"
import * as SteadyClock from "@scanpoll/core/unstable/time/SteadyClock"
import * as Waits from "@scanpoll/core/unstable/time/Waits"
import { chunksOf, type Dialect } from "./dialect.ts"
import type { HeldClaims } from "./heldClaims.ts"
import type { Owners } from "./owners.ts"
import { toJson } from "./rows.ts"
import type { Store } from "./store.ts"

// `at`: when it was told.
interface Wait {
  readonly epoch: number
  readonly until: number
  readonly at: number
}

interface Fault {
  readonly epoch: number
  readonly fault: ScanJournal.LastFault | null
}

interface Learned {
  readonly lesson: Lesson
  readonly at: number
}

// What became of a row of a run: its claim, its end, or both.
interface Row {
  readonly runId: string
  readonly index: number
  readonly claimId: string | null
  readonly end: RowEnd | null
}

interface Batch {
  readonly waits: ReadonlyArray<readonly [string, Wait]>
  readonly leaves: ReadonlyArray<readonly [string, number]>
  readonly doubts: ReadonlyArray<readonly [string, number]>
  readonly faults: ReadonlyArray<readonly [string, Fault]>
  readonly pauses: ReadonlyArray<ScanJournal.Pause>
  readonly lessons: ReadonlyArray<readonly [string, Learned]>
  readonly rows: ReadonlyArray<readonly [string, Row]>
}

export interface Outbox extends Pick<ScanJournal.Operations, "leave" | "waiting" | "faulted" | "paused" | "learned"> {
  // The next poll time that is not stored yet.
  readonly waitOf: (claimId: string) => number | undefined
  // The claim is held again: it is not left after all.
  readonly keep: (claimId: string) => void
  // The claim is over for this process.
  readonly release: (claimId: string) => void
  readonly row: (runId: string, index: number, change: Partial<Pick<Row, "claimId" | "end">>) => void
  // Writes the rows of a run in the current transaction, forgetting nothing; and forgets them, once that is committed.
  readonly writeRows: (runId: string) => Effect.Effect<unknown, SqlError>
  readonly rowsWritten: (runId: string) => void
  // Writes all of it in the current transaction, forgetting nothing.
  readonly writeAll: (stamp: string) => Effect.Effect<unknown, SqlError>
  // Ends when everything gathered until now is written, or cannot be.
  readonly flushed: Effect.Effect<void>
  // Writes what comes, for ever.
  readonly run: Effect.Effect<never>
}

// Small writes are gathered for this long, in milliseconds.
const gatherFor = 20
// At most this many of each kind in one transaction, so that it holds its locks only briefly.
const mostInOneTransaction = 2_000

const firstOf = <A>(all: ReadonlyMap<string, A>): ReadonlyArray<readonly [string, A]> => {
  const some: Array<readonly [string, A]> = []
  for (const each of all) if (some.push(each) >= mostInOneTransaction) break
  return some
}

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

// Writes one batch, in the current transaction.
const writerOf = (sql: SqlClient, dialect: Dialect, me: () => string) => {
  // Said so that no index on either column can serve: with old statistics, a planner would read everything held here.
  const isHeldHere = () => sql`(owner = ${me()}) IS TRUE AND (state = 'submitted') IS TRUE`
  const epochRow = ([claimId, epoch]: readonly [string, number]) =>
    sql`(CAST(${claimId} AS TEXT), CAST(${epoch} AS DOUBLE PRECISION))`

  const writeWaits = (waits: Batch["waits"]) =>
    Effect.forEach(chunksOf(waits), (part) => {
      const values = part.map(
        ([claimId, { at, epoch, until }]) =>
          sql`(CAST(${claimId} AS TEXT), CAST(${epoch} AS DOUBLE PRECISION), CAST(${until} AS DOUBLE PRECISION),
            CAST(${at} AS DOUBLE PRECISION))`
      )
      return sql`UPDATE scanpoll_claims SET not_before = v.column3, waited_at = v.column4, polled_until = NULL FROM (VALUES ${sql.csv(values)}) AS v
        WHERE claim_id = v.column1 AND epoch = v.column2 AND ${isHeldHere()}`
    })

  const writeFaults = (faults: Batch["faults"]) =>
    Effect.forEach(chunksOf(faults), (part) => {
      const values = part.map(
        ([claimId, { epoch, fault }]) =>
          sql`(CAST(${claimId} AS TEXT), CAST(${epoch} AS DOUBLE PRECISION),
            CAST(${fault === null ? null : toJson(fault)} AS TEXT))`
      )
      return sql`UPDATE scanpoll_claims SET last_fault = v.column3 FROM (VALUES ${sql.csv(values)}) AS v
        WHERE claim_id = v.column1 AND epoch = v.column2 AND ${isHeldHere()}`
    })

  const writeLeaves = (leaves: Batch["leaves"], stamp: string) =>
    Effect.forEach(
      chunksOf(leaves),
      (part) => sql`UPDATE scanpoll_claims SET owner = NULL, epoch = epoch + 1, stamp = ${stamp}
        FROM (VALUES ${sql.csv(part.map(epochRow))}) AS v
        WHERE claim_id = v.column1 AND epoch = v.column2 AND ${isHeldHere()}`
    )

  const writeDoubts = (doubts: Batch["doubts"], stamp: string, now: number) =>
    Effect.forEach(
      chunksOf(doubts),
      (part) => sql`UPDATE scanpoll_claims SET state = 'in-doubt', reason = ${toJson(ScanJournal.unstoredReason)},
        owner = NULL, epoch = epoch + 1, stamp = ${stamp}, changed_at = ${now}
        FROM (VALUES ${sql.csv(part.map(epochRow))}) AS v
        WHERE claim_id = v.column1 AND epoch = v.column2 AND owner = ${me()} AND state = 'intent'`
    )

  // The longer one stays. One that was written later than now comes from a clock that was set back since: what it had left
  // then counts from now.
  const mergedPause = (until: string, at: string): Fragment => {
    const wasSetBack = `p.${at} > excluded.${at} + ${Waits.setBackBeyond}`
    const stood = `CASE WHEN ${wasSetBack} THEN excluded.${at} + (p.${until} - p.${at})
      ELSE COALESCE(p.${until}, 0) END`
    return sql.literal(`
      ${at} = CASE WHEN ${stood} < excluded.${until} OR ${wasSetBack} THEN excluded.${at} ELSE p.${at} END,
      ${until} = CASE WHEN ${stood} < excluded.${until} THEN excluded.${until} ELSE ${stood} END`)
  }
  const pauseUpdates = sql.csv([mergedPause("paused_until", "paused_at"), mergedPause("submits_until", "submits_at")])

  const writePauses = (pauses: Batch["pauses"]) =>
    Effect.forEach(pauses, ({ account, at = null, kind, origin, until, vendor }) => {
      const ofAll = kind === undefined
      return sql`INSERT INTO scanpoll_pauses AS p
        (vendor, origin, account, paused_until, paused_at, submits_until, submits_at)
        VALUES (${vendor}, ${origin}, ${account}, CAST(${ofAll ? until : 0} AS DOUBLE PRECISION),
          CAST(${ofAll ? at : null} AS DOUBLE PRECISION), CAST(${ofAll ? 0 : until} AS DOUBLE PRECISION),
          CAST(${ofAll ? null : at} AS DOUBLE PRECISION))
        ON CONFLICT (vendor, origin, account) DO UPDATE SET ${pauseUpdates}`
    })

  const writeLessons = (lessons: Batch["lessons"]) =>
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

  const writeRows = (rows: Batch["rows"]) =>
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

  const write = (batch: Batch, stamp: string): Effect.Effect<void, SqlError> =>
    Effect.gen(function* () {
      yield* dialect.preferKeys
      const now = yield* Clock.currentTimeMillis
      yield* writeWaits(batch.waits)
      yield* writeFaults(batch.faults)
      yield* writeLeaves(batch.leaves, stamp)
      yield* writeDoubts(batch.doubts, stamp, now)
      yield* writePauses(batch.pauses)
      yield* writeLessons(batch.lessons)
      yield* writeRows(batch.rows)
    })
  return { write, writeRows }
}

const pauseKey = (account: Account.Account, kind: ScanJournal.Pause["kind"]): string =>
  `${kind ?? ""} ${Account.key(account)}`

// What is gathered, in memory.
class Gathered {
  readonly waits = new Map<string, Wait>()
  readonly leaves = new Map<string, number>()
  // Submissions whose answer could not be stored.
  readonly doubts = new Map<string, number>()
  readonly faults = new Map<string, Fault>()
  readonly pauses = new Map<string, ScanJournal.Pause>()
  readonly lessons = new Map<string, Learned>()
  readonly rows = new Map<string, Row>()

  isEmpty(): boolean {
    const { doubts, faults, leaves, lessons, pauses, rows, waits } = this
    return [doubts, faults, leaves, lessons, pauses, rows, waits].every(({ size }) => size === 0)
  }

  nextBatch(): Batch {
    return {
      waits: firstOf(this.waits),
      // A claim that was left cannot be written to any more, so its wait and its fault go before.
      leaves: Math.max(this.waits.size, this.faults.size) > mostInOneTransaction ? [] : firstOf(this.leaves),
      faults: firstOf(this.faults),
      doubts: [...this.doubts],
      pauses: [...this.pauses.values()],
      lessons: [...this.lessons],
      rows: firstOf(this.rows)
    }
  }

  // The last word about a row counts; what it leaves open stays.
  row(runId: string, index: number, change: Partial<Pick<Row, "claimId" | "end">>): void {
    const name = `${runId} ${index}`
    const { claimId, end } = this.rows.get(name) ?? { claimId: null, end: null }
    this.rows.set(name, { runId, index, claimId: change.claimId ?? claimId, end: change.end ?? end })
  }

  rowsOf(runId: string): Batch["rows"] {
    return [...this.rows].filter(([, row]) => row.runId === runId)
  }

  // What was gathered again while the batch was written stays.
  remove(batch: Batch): void {
    for (const [claimId, wait] of batch.waits) if (this.waits.get(claimId) === wait) this.waits.delete(claimId)
    for (const [claimId, epoch] of batch.leaves) if (this.leaves.get(claimId) === epoch) this.leaves.delete(claimId)
    for (const [claimId, fault] of batch.faults) if (this.faults.get(claimId) === fault) this.faults.delete(claimId)
    for (const [claimId] of batch.doubts) this.doubts.delete(claimId)
    for (const pause of batch.pauses) {
      const key = pauseKey(pause, pause.kind)
      if (this.pauses.get(key) === pause) this.pauses.delete(key)
    }
    for (const [name, row] of batch.rows) if (this.rows.get(name) === row) this.rows.delete(name)
    for (const [scan, learned] of batch.lessons) if (this.lessons.get(scan) === learned) this.lessons.delete(scan)
  }
}

export const make = (parts: {
  readonly sql: SqlClient
  readonly dialect: Dialect
  readonly store: Store
  readonly owners: Pick<Owners, "me">
  readonly held: HeldClaims
  readonly clock: Clock.Clock
  // Names this process, for people.
  readonly label: string
}): Effect.Effect<Outbox> =>
  Effect.gen(function* () {
    const { clock, held, store } = parts
    const gathered = new Gathered()
    const now = (): number => Math.floor(SteadyClock.nowUnsafe(clock))
    const wake = yield* Latch.make(false)
    const { write, writeRows } = writerOf(parts.sql, parts.dialect, parts.owners.me)

    const writeBatch = (stamp: string): Effect.Effect<Batch, SqlError> =>
      Effect.suspend(() => {
        const batch = gathered.nextBatch()
        return Effect.as(write(batch, stamp), batch)
      })

    const flush: Effect.Effect<void, ScanJournal.JournalError> = Effect.suspend(() =>
      gathered.isEmpty()
        ? Effect.void
        : Effect.map(store.write(writeBatch), (batch) => {
            gathered.remove(batch)
            if (!gathered.isEmpty()) wake.openUnsafe()
          })
    )

    const flushed: Effect.Effect<void> = Effect.suspend(() =>
      gathered.isEmpty() || store.isSick()
        ? Effect.void
        : Effect.andThen(
            Effect.sleep(Duration.millis(gatherFor)),
            Effect.suspend(() => flushed)
          )
    )

    const run = Effect.forever(
      Effect.gen(function* () {
        yield* wake.await
        yield* Effect.sleep(Duration.millis(gatherFor))
        wake.closeUnsafe()
        yield* Effect.catch(flush, () => Effect.sync(() => wake.openUnsafe()))
      })
    )

    return {
      leave: (claimId) => {
        const mine = held.get(claimId)
        if (mine === undefined) return
        const wasSubmitting = held.isSubmitting(claimId)
        ;(wasSubmitting ? gathered.doubts : gathered.leaves).set(claimId, mine.epoch)
        held.release(claimId)
        wake.openUnsafe()
      },
      waiting: (claimId, notBefore) => {
        const mine = held.get(claimId)
        if (mine === undefined || !Number.isFinite(notBefore)) return
        gathered.waits.set(claimId, { epoch: mine.epoch, until: Math.ceil(notBefore), at: now() })
        wake.openUnsafe()
      },
      faulted: (claimId, fault) => {
        const mine = held.get(claimId)
        if (mine === undefined) return
        gathered.faults.set(claimId, {
          epoch: mine.epoch,
          fault: fault === null ? null : { ...fault, by: parts.label }
        })
        wake.openUnsafe()
      },
      paused: (account, until, kind) => {
        const key = pauseKey(account, kind)
        if (!(until > (gathered.pauses.get(key)?.until ?? 0))) return
        gathered.pauses.set(key, { ...Account.of(account), until, at: now(), ...(kind === undefined ? {} : { kind }) })
        wake.openUnsafe()
      },
      learned: (lesson) => {
        gathered.lessons.set(lessonKey(lesson), { lesson, at: clock.currentTimeMillisUnsafe() })
        wake.openUnsafe()
      },
      waitOf: (claimId) => gathered.waits.get(claimId)?.until,
      keep: (claimId) => {
        gathered.leaves.delete(claimId)
      },
      release: (claimId) => {
        gathered.waits.delete(claimId)
        gathered.faults.delete(claimId)
        held.release(claimId)
      },
      row: (runId, index, change) => {
        gathered.row(runId, index, change)
        wake.openUnsafe()
      },
      writeRows: (runId) => Effect.suspend(() => writeRows(gathered.rowsOf(runId))),
      rowsWritten: (runId) => {
        for (const [name] of gathered.rowsOf(runId)) gathered.rows.delete(name)
      },
      writeAll: writeBatch,
      flushed,
      run
    } satisfies Outbox
  })
